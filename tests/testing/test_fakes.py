"""The source and the clock that say what they were told."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Event, HistoryRequest, NotHere, RequestError, Source, Timeframe
from wealthsources.testing import ListSource, LoneHost, SetClock
from wealthsources.testing.contract import SourceContract

from ..support.bars import at, hourly, places, recorded


def request(symbol: str = "BTCUSDT", end: int = 9, **wanted) -> HistoryRequest:
    return HistoryRequest(symbol, Timeframe("1h"), at(end), **wanted)


def test_a_list_answers_with_the_newest_of_its_bars_that_end_by_then():
    source = ListSource(hourly(0, 1, 2, 3))
    assert places(source.get_history(request(end=3))) == [0, 1, 2]
    assert places(source.get_history(request(count=2))) == [2, 3]
    assert places(source.get_history(request(start=at(1), end=3))) == [1, 2]


@pytest.mark.parametrize(
    ("question", "why"), [(request("ETHUSDT"), "has no such series"), (request(end=0), "has nothing of that time")]
)
def test_a_list_says_what_it_has_not(question, why):
    with pytest.raises(NotHere, match=why):
        ListSource(hourly(0, 1)).get_history(question)


def test_a_list_remembers_what_it_was_asked_and_fails_where_a_test_wants_it_to():
    def fail(_: HistoryRequest) -> None:
        raise OSError("no disk")

    source = ListSource(hourly(0), before=fail)
    with pytest.raises(OSError, match="no disk"):
        source.get_history(request())
    assert source.requests == [request()]


def test_a_list_names_its_symbols():
    assert ListSource(hourly(0), hourly(0, symbol="ETHUSDT")).get_all_symbols() == ["BTCUSDT", "ETHUSDT"]


def test_a_clock_says_what_it_was_told():
    clock = SetClock(at(1))
    assert clock.now() == at(1)
    clock.time = at(2)
    assert clock.now() == at(2)


def test_a_lone_host_has_nobody_to_ask_or_tell():
    host, came = LoneHost(SetClock(at(1))), []
    host.backfill(request(), lambda bars, reason: came.append((bars, reason)))
    host.emit(Event("state", host.name))
    assert came == [(None, "no other source")]
    assert (host.clock.now(), host.listening, host.wants_forming) == (at(1), False, False)


class TestListSource(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        return ListSource(recorded(9))

    @pytest.fixture
    def held(self) -> Bars:
        return recorded(9)


def test_a_lone_host_has_no_other_source():
    with pytest.raises(RequestError, match="there is no source 'archive'"):
        LoneHost(SetClock(0)).history("archive", request())
