"""What is seen of a file. What is seen of one of each layout is in test_layouts.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from wealthsources import SourceError, Timeframe
from wealthsources_file.inspecting import Seen, look_at

from ...support.bars import DAY, HOUR, MINUTE, T0, ms
from ...support.markets import HEADER
from .files import lines, write


def seen(tmp_path: Path, *times: int, name: str = "a.csv", extra: str = "") -> Seen:
    return look_at(write(tmp_path / name, f"{HEADER}\n" + "".join(f"{time},1,2,1,1.25,9\n" for time in times) + extra))


def test_a_file_is_read_and_counted(tmp_path: Path) -> None:
    found = look_at(write(tmp_path / "a.csv", lines(0, 1, 2, 5)))
    assert (found.timeframe, found.options, found.questions, found.fault) == (Timeframe("1h"), {}, [], "")
    assert found.facts["bars"] == "4, from 2020-09-13 12:00 to 2020-09-13 17:00 UTC, and 2 missing between"
    assert found.facts["decimals"] == "open 1, high 2, low 0, close 1, volume 2"


@pytest.mark.parametrize(
    ("times", "timeframe"),
    [
        ((T0, T0 + MINUTE, T0 + 5 * MINUTE, T0 + 6 * MINUTE), "1m"),
        ((ms(2024, 1, 1), ms(2024, 1, 2)), "1d"),
        ((ms(2024, 1, 1), ms(2024, 1, 8)), "1w"),
        ((ms(2024, 1, 1), ms(2024, 2, 1), ms(2024, 3, 1)), "1M"),
    ],
)
def test_the_timeframe_is_that_of_most_steps(tmp_path: Path, times: tuple[int, ...], timeframe: str) -> None:
    assert seen(tmp_path, *times).timeframe is Timeframe(timeframe)


@pytest.mark.parametrize("times", [(T0,), (T0, T0 + 7 * MINUTE)])
def test_a_timeframe_that_cannot_be_told_is_none(tmp_path: Path, times: tuple[int, ...]) -> None:
    assert seen(tmp_path, *times).timeframe is None


def test_bad_rows_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    found = seen(tmp_path, T0, T0 + HOUR, extra=f"{T0 + 2 * HOUR},x,2,1,1,9\n{T0 + 3 * HOUR},1\n")
    assert found.facts["bad rows"] == f"2, the first: {tmp_path}/a.csv:4: open: 'x' is not a number"


def test_a_file_of_which_nothing_is_right_has_a_fault(tmp_path: Path) -> None:
    found = seen(tmp_path, *(ms(2024, 1, day) + 5 * HOUR for day in (2, 3)))
    assert (found.timeframe, "none of the 2 rows of this file is a bar" in found.fault) == (None, True)


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.csv:1: is empty"):
        look_at(write(tmp_path / "a.csv", ""))
    with pytest.raises(SourceError, match=r"b\.csv: "):
        look_at(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-1h-2024-01.csv", "BTCUSDT"),
        ("XBTUSD_60.csv", "XBTUSD"),
        ("Binance_BTCUSDT_d.csv", "Binance_BTCUSDT"),
        ("600519.XSHG-1m.csv", "600519.XSHG"),
        ("ETHUSDT/1h.csv", "ETHUSDT"),
    ],
)
def test_the_symbol_is_what_is_left_of_the_name(tmp_path: Path, name: str, symbol: str) -> None:
    assert seen(tmp_path, T0, T0 + DAY, name=name).symbol == symbol


def test_a_symbol_that_is_said_comes_first(tmp_path: Path) -> None:
    assert look_at(write(tmp_path / "a.csv", lines(0, 1)), "BTC/USDT").symbol == "BTC/USDT"


def test_a_file_with_a_header_alone_has_no_bars(tmp_path: Path) -> None:
    found = seen(tmp_path)
    assert (found.facts["bars"], found.timeframe, found.questions, found.fault) == ("none", None, [], "")
