"""Files that are named one by one in the options."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from wealthsources import HistoryRequest, NotHere, Timeframe
from wealthsources_file.file_list import FileList
from wealthsources_file.options import FileOptions
from wealthsources_file.source import FileSource

from ...support.bars import HOUR, T0

TEXT = f"open_time,open,high,low,close,volume\n{T0},10.0,12.50,9,11.0,100.00\n"


def options(folder: Path, *files: dict[str, Any], **others: Any) -> FileOptions:
    return FileOptions.model_validate({"files": list(files), **others}, context={"folder": folder})


def named(path: str, symbol: str = "BTC/USDT", timeframe: str = "1h") -> dict[str, str]:
    return {"path": path, "symbol": symbol, "timeframe": timeframe}


def test_a_named_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "some {prices}.txt").write_text(TEXT)
    source = FileSource(options(tmp_path, named("some {prices}.txt")))
    bars = source.get_history(HistoryRequest("btcusdt", Timeframe("1h"), count=9, end=T0 + HOUR))
    assert (bars.symbol, bars.open_times.tolist()) == ("btcusdt", [T0])
    assert source.get_all_symbols() == {"BTC/USDT"}


def test_a_packed_one_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "prices.gz").write_bytes(gzip.compress(TEXT.encode()))
    source = FileSource(options(tmp_path, named("prices.gz")))
    assert len(source.get_history(HistoryRequest("BTC/USDT", Timeframe("1h"), count=9, end=T0 + HOUR))) == 1


def test_only_what_is_there_is_listed_and_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text(TEXT)
    there, gone = tmp_path / "there.csv", tmp_path / "gone.csv"
    listing = FileList({("A", "1h"): there, ("B", "1h"): gone}).scan()
    assert listing.files == {("A", "1h"): there}
    assert listing.unreadable == (f"{gone}: no such file",)


def test_what_there_is_is_said_of_a_series_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text(TEXT)
    source = FileSource(options(tmp_path, named("there.csv", "A"), named("gone.csv", "B")))
    said = f"no file of `files` for B 1h; symbols: A; not listed: {tmp_path / 'gone.csv'}: no such file"
    with pytest.raises(NotHere, match=re.escape(said)):
        source.get_history(HistoryRequest("B", Timeframe("1h"), count=9, end=T0 + HOUR))
