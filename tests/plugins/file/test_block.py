"""Rows as columns of numbers, and which of them are no bars."""

from __future__ import annotations

from typing import Any

import pytest

from wealthsources import Market, Timeframe
from wealthsources_file.bad_rows import Found
from wealthsources_file.block import Block, read_block
from wealthsources_file.cells import Cutter
from wealthsources_file.file_series import FileSeries
from wealthsources_file.header import read_header
from wealthsources_file.layout import Layout
from wealthsources_file.line_numbers import LineNumbers

from ...support.bars import HOUR, T0, ms
from ...support.markets import HEADER

VALUES = "10.0,12.50,9,11.0,100.00"


def block_of(*lines: str, header: str = HEADER, timeframe: str = "1h", **layout: Any) -> Block:
    found = read_header(header.encode(), 1, Layout(), "BTCUSDT")
    cells, _ = Cutter(2, found, LineNumbers(), Found()).cut("".join(f"{line}\n" for line in lines).encode())
    market = layout.pop("market", Market())
    return read_block(FileSeries("BTCUSDT", Timeframe(timeframe), market, Layout(**layout)), cells, found.places)


def why(line: str, **options: object) -> str:
    """What is wrong with a row between two good ones."""
    step = Timeframe(str(options.get("timeframe", "1h"))).milliseconds
    block = block_of(f"{T0 - step},{VALUES}", line, f"{T0 + 9 * step},{VALUES}", **options)
    assert block.bad.tolist() == [False, True, False]
    assert len(block.bars()) == 2
    return block.why(1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("abc,12,9,11,1", "open: 'abc' is not a number"),
        ("10,12,9,11,", "volume is missing"),
        ("10,12,9,nan,1", "close: 'nan' is not a number"),
        ("10,inf,9,11,1", "high: 'inf' is not a number"),
        ("10,1e999,9,11,1", "high: '1e999' is too large"),
        ("10,12,9,1_1,1", "close: '1_1' is not a number"),
        ("10,12,9, 11,1", "close: ' 11' is not a number"),
        ("10,12,9,\u0661\u0661,1", "close: '\u0661\u0661' is not a number"),
        ("10,8,9,8,1", "high 8.0 is below low 9.0"),
        ("13,12,9,11,1", "open 13.0 or close 11.0 is above high 12.0"),
        ("10,12,9,8,1", "open 10.0 or close 8.0 is below low 9.0"),
        ("10,12,9,11,-1", "volume: -1.0 is negative"),
        ("0,0,0,0,5", "open: 0.0 is not positive"),
        ("1,2,0,1,5", "low: 0.0 is not positive"),
        ("x,y,9,11,1", "open: 'x' is not a number"),
    ],
)
def test_what_is_wrong_with_values(values: str, said: str) -> None:
    assert why(f"{T0},{values}") == said


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (f"{T0 + 60_000}", f"open_time: {T0 + 60_000} is not on the 1h grid"),
        (f"{T0 // 1000}", f"open_time: {T0 // 1000} is not a time in ms of 1980 to 2200; in seconds it would be"),
        (f"{T0}000", f"open_time: {T0}000 is not a time in ms of 1980 to 2200; in microseconds it would be"),
        ("2020-09-13", "open_time: 2020-09-13 is not a time in ms; say time: iso"),
        (f"{T0}.0", f"open_time: {T0}.0 is not a time in ms"),
        (f"{T0}e0", f"open_time: {T0}e0 is not a time in ms"),
        (f"+{T0}", f"open_time: +{T0} is not a time in ms"),
        ("", "open_time is missing"),
        ("-1", "open_time: -1 is not a time in ms"),
    ],
)
def test_what_is_wrong_with_times(time: str, said: str) -> None:
    assert why(f"{time},{VALUES}").startswith(said)


@pytest.mark.parametrize(
    ("time", "said"), [("later", "later is not a time in ms"), ("5", "5 is not a time in ms of 1980 to 2200")]
)
def test_what_is_wrong_with_a_close_time(time: str, said: str) -> None:
    block = block_of(f"{T0},{VALUES},{time}", header=f"{HEADER},close_time")
    assert (block.bad.tolist(), block.why(0)) == ([True], f"close_time: {said}")


def test_prices_may_be_anything_where_a_market_says_so() -> None:
    block = block_of(f"{T0},-37.63,-30,-40.32,-35,5", market=Market(prices="any"))
    assert [bar.exact("low") for bar in block.bars()] == ["-40.32"]


@pytest.mark.parametrize(
    ("timeframe", "opened", "end"),
    [
        ("1M", ms(2020, 2, 1), ms(2020, 3, 1)),
        ("1w", ms(2020, 1, 6), ms(2020, 1, 13)),
        ("1h", ms(2020, 1, 1, 5), ms(2020, 1, 1, 6)),
    ],
)
def test_a_bar_may_be_labelled_by_its_end(timeframe: str, opened: int, end: int) -> None:
    (bar,) = block_of(f"{end},{VALUES}", timeframe=timeframe, label="end").bars()
    assert (bar.open_time, bar.end, bar.close_time) == (opened, end, end)


def test_a_label_that_is_the_end_of_no_bar_is_told_as_it_is() -> None:
    assert why(f"{T0 + 1},{VALUES}", label="end") == f"open_time: {T0 + 1} is not on the 1h grid"


def test_bars_are_closed_and_have_their_own_text() -> None:
    (bar,) = block_of(f"{T0},1e-7,12345678901234567.25,.5e-9,+1,000").bars()
    texts = [bar.exact(name) for name in HEADER.split(",")[1:]]
    assert (bar.closed, texts) == (True, ["1e-7", "12345678901234567.25", ".5e-9", "+1", "000"])


def test_the_text_of_a_bad_row_is_not_kept() -> None:
    assert block_of(f"{T0},1e-7,x,1e-8,1e-7,0").bars().texts == {}


def test_the_close_time_is_kept_as_sent_and_else_is_the_end() -> None:
    assert (
        block_of(f"{T0},{VALUES},{T0 + HOUR - 1}", header=f"{HEADER},close_time").bars()[0].close_time == T0 + HOUR - 1
    )
    assert block_of(f"{T0},{VALUES}").bars()[0].close_time == T0 + HOUR
