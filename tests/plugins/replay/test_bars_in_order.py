"""The closed bars of several series, in the order in which they end."""

from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Bars, HistoryRequest, NotHere, SourceError, Timeframe
from wealthsources.testing import ListSource
from wealthsources_replay import bars_in_order as module
from wealthsources_replay.bars_in_order import bars_in_order

from ...support.bars import FRAME, HOUR, MINUTE, T0, at, hourly, places
from ...support.hours import hours_of, utc

FOUR = Timeframe("4h")
#: The first hour at which a bar of four hours opens.
FIRST = (-T0 // HOUR) % 4


def four_hourly(*wanted: int) -> Bars:
    times = [at(FIRST + 4 * place) for place in wanted]
    ones = [1.0] * len(times)
    return Bars.from_columns("BTCUSDT", "4h", times, ones, ones, ones, ones, ones)


class Asked:
    """Sources of several series, and what they were asked."""

    def __init__(self, *series: Bars) -> None:
        self.source = ListSource(*series)

    def __call__(self, request: HistoryRequest) -> Bars:
        return self.source.get_history(request)

    @property
    def spans(self) -> list[tuple[int, int]]:
        return [((each.start - T0) // HOUR, (each.end - T0) // HOUR) for each in self.source.requests]


def test_they_come_by_their_end_the_shorter_first_then_by_symbol():
    hours = range(FIRST, FIRST + 8)
    ask = Asked(four_hourly(0, 1), hourly(*hours), hourly(*hours, symbol="ADAUSDT"))
    series = [("BTCUSDT", FOUR), ("BTCUSDT", FRAME), ("ADAUSDT", FRAME)]
    played = [(bar.symbol, bar.timeframe.name) for bar in bars_in_order(ask, series, at(0), at(100))]
    hour = [("ADAUSDT", "1h"), ("BTCUSDT", "1h")]
    assert played == ([*hour] * 4 + [("BTCUSDT", "4h")]) * 2


@pytest.mark.parametrize("shift", [0, 1])
def test_a_span_has_the_bars_that_open_and_end_in_it(shift):
    ask = Asked(hourly(*range(10)))
    found = bars_in_order(ask, [("BTCUSDT", FRAME)], at(2) + shift, at(6) + shift)
    assert [(bar.open_time - T0) // HOUR for bar in found] == list(range(2 + shift, 6))


def test_they_are_asked_for_piece_by_piece_as_they_are_wanted(monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    ask = Asked(hourly(*range(10)))
    found = bars_in_order(ask, [("BTCUSDT", FRAME)], at(0), at(10))
    assert places(Bars.of(next(found) for _ in range(3))) == [0, 1, 2]
    assert ask.spans == [(0, 3)]
    assert places(Bars.of(found)) == list(range(3, 10))
    assert ask.spans == [(0, 3), (3, 6), (6, 9), (9, 10)]


def test_pieces_without_a_bar_are_passed_over(monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    found = bars_in_order(Asked(hourly(0, 9)), [("BTCUSDT", FRAME)], at(-5), at(20))
    assert places(Bars.of(found)) == [0, 9]


def test_of_what_is_not_there_nothing_comes():
    assert list(bars_in_order(Asked(), [("BTCUSDT", FRAME)], at(0), at(9))) == []
    assert list(bars_in_order(Asked(hourly(3)), [("BTCUSDT", FRAME)], at(9), at(3))) == []


def test_a_failure_is_passed_on_and_is_no_hole():
    def fail(request: HistoryRequest) -> Bars:
        raise SourceError("no disk")

    assert not issubclass(SourceError, NotHere)
    with pytest.raises(SourceError, match="no disk"):
        next(bars_in_order(fail, [("BTCUSDT", FRAME)], at(0), at(9)))


@pytest.mark.parametrize("minute", [0, 29, 30])
def test_a_span_that_begins_while_the_market_is_closed_begins_with_the_first_bar_after_that(minute):
    hours = Timeframe("1m").on(hours_of({"2024-01-02": [("09:30", "11:30")]}))
    opens = utc(2024, 1, 2, 9, 30) + MINUTE * np.arange(120)
    source = ListSource(Bars.from_columns("A", hours, opens, *np.ones((5, 120))))
    start, end = utc(2024, 1, 2, 9, minute), utc(2024, 1, 3)
    assert len([*bars_in_order(source.get_history, [("A", hours)], start, end)]) == 120
