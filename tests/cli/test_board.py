"""The table of `wealthsources watch`."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from wealthsources import Bars, ShardStatus, SourceStatus, StreamStatus
from wealthsources.cli.board import board
from wealthsources.cli.watching import SeriesView

from ..support.bars import DAY, HOUR, T0, record

LIVE = StreamStatus("BTC-USDT", "1h", "live", 5, 0.24, holes=2)
SOURCE = SourceStatus("connected", endpoint="wss://host/path", epoch=1)


def view(stream: StreamStatus = LIVE, *, closed: bool | None = True, **changes: str) -> SeriesView:
    (bar,) = Bars.from_records("BTC-USDT", "1h", [record(0, closed=closed, **changes)])
    return SeriesView("okx", stream, bar)


def shown(
    *views: SeriesView, width: int = 120, now: int | None = T0 + HOUR, source: SourceStatus = SOURCE
) -> list[str]:
    file = io.StringIO()
    screen = Console(file=file, width=width, color_system=None, markup=False, emoji=False, highlight=False)
    screen.print(board(screen, now, views, {"okx": source}))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_row_has_the_last_bar_its_age_state_source_and_holes():
    head, row, *_ = shown(view())
    assert head.split() == (
        ["series", "last", "bar", "open", "high", "low", "close", "volume", "bar", "age", "state", "source", "holes"]
    )
    assert row.split() == [
        "BTC-USDT",
        "1h",
        "12:00",
        "10.50",
        "12",
        "9.000",
        "11.1",
        "3",
        "closed",
        "0.2",
        "s",
        "live",
        "okx",
        "2",
    ]


def test_of_another_day_the_bar_has_its_date_and_a_forming_one_says_so():
    row = shown(view(closed=False), now=T0 + DAY)[1]
    assert "2020-09-13 12:00" in row
    assert "forming" in row


def test_a_series_without_a_bar_has_a_row_too():
    row = shown(SeriesView("okx", StreamStatus("X", "1m", "never_received"), None))[1]
    assert row.split() == ["X", "1m", "never_received", "okx", "0"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_number_is_ever_cut_short(width):
    rows = shown(
        view(volume="12345.678901234"),
        view(StreamStatus("X", "1m", "refused", reason="no"), close="11.00"),
        width=width,
    )
    assert all(len(row) <= width for row in rows)
    assert "…" not in "".join(rows)
    assert all("11.1" in rows[1] and "11.00" in row for row in rows[2:3])
    assert ("10.50" in rows[1]) is (width >= 100)


def test_beneath_it_are_the_time_and_the_connection():
    source = SourceStatus(
        "reconnecting", "its clock is off", "reset by peer", "wss://host/path", 3, 3, {"reset": 2, "data_idle": 1}
    )
    assert shown(view(), source=source)[3:] == [
        "2020-09-13 13:00 UTC",
        "okx: reconnecting, wss://host/path, reconnects: 3 (reset 2, data_idle 1)",
        "okx: its clock is off",
        "okx: last error: reset by peer",
    ]
    assert shown(view(), now=None)[3] == "no time yet"


def test_each_of_several_connections_is_told_as_far_as_there_is_room():
    shards = tuple(ShardStatus(number, "connected", 1, 100) for number in range(20))
    shards = (ShardStatus(0, "error", 1, 7, last_error="refused"), *shards[1:])
    lines = shown(view(), source=SourceStatus("error", endpoint="wss://h", shards=shards))[4:]
    assert lines[0] == "okx: error, wss://h, 20 connections, reconnects: 0"
    assert lines[1] == "okx: connection 0: error, 7 series, last error: refused"
    assert len(lines) == 9


def test_what_is_refused_is_told_in_the_servers_words():
    streams = [StreamStatus(f"X{n}", "1m", "refused", reason="no such\npair \x1b[31m") for n in range(7)]
    lines = shown(*(SeriesView("okx", stream, None) for stream in streams))
    assert "X0 1m refused: no such pair \N{REPLACEMENT CHARACTER}[31m" in lines
    assert "2 more series refused" in lines


def test_more_series_than_there_is_room_for_are_counted():
    views = [SeriesView("okx", StreamStatus(f"X{n}", "1m", "live"), None) for n in range(50)]
    file = io.StringIO()
    screen = Console(file=file, width=100, height=20, color_system=None)
    screen.print(board(screen, T0, views, {"okx": SOURCE}, 20))
    lines = file.getvalue().splitlines()
    assert len(lines) <= 20
    shown_rows = [line for line in lines if line.startswith("X")]
    assert f"and {50 - len(shown_rows)} more series, for which there is no room; choose some to see them" in lines
