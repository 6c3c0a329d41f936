"""Files of hours, and a source that reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import wealthsources
from wealthsources import Bars, ConfigError, HistoryRequest, Market, Timeframe
from wealthsources_file.file_series import FileSeries
from wealthsources_file.options import FileOptions
from wealthsources_file.source import FileSource

from ...support.bars import at
from ...support.markets import HEADER

#: What the files are read as, where nothing else is said.
HOURS = FileSeries("BTCUSDT", Timeframe("1h"), Market())


def lines(*places: int) -> str:
    return "".join(f"{line}\n" for line in [HEADER, *(f"{at(place)},10.0,12.50,9,11.0,100.00" for place in places)])


def write(path: Path, text: str | bytes, written: int | None = None) -> Path:
    """Write a file; `written` is its modification time in ms."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if written is not None:
        os.utime(path, ns=(written * 1_000_000, written * 1_000_000))
    return path


def source_of(folder: Path, path: str = "{symbol}/{timeframe}.csv", **options: str) -> FileSource:
    return FileSource(FileOptions.model_validate({"path": path, **options}, context={"folder": folder}))


def refuse(folder: Path, options: str, problem: str) -> None:
    """A configuration with these options, in YAML on line 3, is refused there with that problem, a pattern."""
    config = write(folder / "config.yaml", f"sources:\n- plugin: file\n  options: {options}\n")
    with (
        pytest.raises(ConfigError, match=rf"config.yaml:3:\d+: sources\[0\].options.*{problem}"),
        wealthsources.open(config),
    ):
        pass


def ask(source: FileSource, symbol: str = "BTCUSDT", timeframe: str = "1h", **request: Any) -> Bars:
    return source.get_history(HistoryRequest(symbol, Timeframe(timeframe), **({"end": at(10_000)} | request)))
