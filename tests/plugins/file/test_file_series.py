"""What a file is to be read as."""

from __future__ import annotations

import pytest

from wealthsources import Market, Timeframe
from wealthsources_file.file_series import FileSeries
from wealthsources_file.layout import Layout

HOURS = FileSeries("BTCUSDT", Timeframe("1h"), Market())


def test_a_file_that_nothing_is_said_of_has_our_layout_and_tells_by_its_own_time_what_is_closed() -> None:
    assert (HOURS.layout, HOURS.last_row) == (Layout(), "by_mtime")


def test_a_file_is_read_alike_however_its_symbol_is_spelled() -> None:
    assert HOURS.reads_like(FileSeries("BTC/USDT", Timeframe("1h"), Market()))


@pytest.mark.parametrize(
    "other",
    [
        FileSeries("BTCUSDT", Timeframe("1m"), Market()),
        FileSeries("BTCUSDT", Timeframe("1h"), Market(prices="any")),
        FileSeries("BTCUSDT", Timeframe("1h"), Market(), Layout(label="end")),
        FileSeries("BTCUSDT", Timeframe("1h"), Market(), last_row="closed"),
    ],
)
def test_anything_else_that_differs_makes_other_bars_of_it(other: FileSeries) -> None:
    assert not HOURS.reads_like(other)
