"""What a caller asks, what of it makes no sense, and what it means at one moment."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod

import numpy as np
import pytest

from wealthsources import BarRequest, ClockError, ContextDataAdapter, HistoryRequest, RequestError, Timeframe
from wealthsources.model.markets import Market, Markets
from wealthsources.resolve.query import Policy, Query, query_of, takes_arguments_of
from wealthsources.runtime.clocks import FeedClock, SystemClock

from ..support.bars import at, ms
from ..support.hours import hours_of, utc

FRAME = Timeframe("1h")


class Asked:
    """A clock that knows how often it was asked."""

    def __init__(self, now: int = at(10)) -> None:
        self.times = 0
        self._now = now

    def __call__(self) -> int:
        self.times += 1
        return self._now


def meant(request: BarRequest, *, live: bool = True, late_after: int = 0) -> Query:
    return request.query(Asked(), late_after if live else None)


# a request -----------------------------------------------------------------------------------------------------


def test_the_arguments_are_symbol_count_and_timeframe_and_the_others_have_names():
    parameters = inspect.signature(BarRequest).parameters.values()
    assert [(each.name, each.kind.name) for each in parameters] == [
        ("symbol", "POSITIONAL_OR_KEYWORD"),
        ("count", "POSITIONAL_OR_KEYWORD"),
        ("timeframe", "POSITIONAL_OR_KEYWORD"),
        ("start", "KEYWORD_ONLY"),
        ("end", "KEYWORD_ONLY"),
        ("include_now", "KEYWORD_ONLY"),
        ("on_hole", "KEYWORD_ONLY"),
        ("on_stale", "KEYWORD_ONLY"),
    ]


def test_by_default_it_is_hours_up_to_now_without_the_one_that_is_forming():
    request = BarRequest("BTCUSDT", 5)
    assert (request.timeframe, request.start, request.end, request.include_now) == ("1h", None, None, False)
    assert (request.on_hole, request.on_stale) == (None, None)


def test_what_it_means_is_what_was_asked_at_that_moment():
    request = BarRequest("BTCUSDT", 5, "1d", end=at(9), include_now=True)
    assert meant(request, live=False, late_after=7) == Query(
        "BTCUSDT", Timeframe("1d"), at(10), 5, None, at(9), include_now=True, live=False, late_after=0
    )
    assert meant(BarRequest("BTCUSDT", start=at(3))) == Query("BTCUSDT", FRAME, at(10), None, at(3), live=True)


def test_a_numpy_count_will_do():
    query = meant(BarRequest("BTCUSDT", np.int64(2), start=None, end=np.int64(at(9))))
    assert (query.count, query.end) == (2, at(9))
    assert type(query.count) is type(query.end) is int


def test_a_timeframe_will_do_for_its_name():
    assert meant(BarRequest("BTCUSDT", 2, FRAME)).timeframe is meant(BarRequest("BTCUSDT", 2, "1h")).timeframe is FRAME


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"count": 0}, "count must be at least 1, was 0"),
        ({"count": -3}, "count must be at least 1, was -3"),
        ({"count": 2.0}, "count must be a whole number, was 2.0"),
        ({"count": True}, "count must be a whole number, was True"),
        ({"count": "5"}, "count must be a whole number, was '5'"),
        ({}, "give either count or start"),
        ({"count": 5, "start": 1}, "give either count or start, not both"),
        ({"start": "2024-01-01"}, "start must be a whole number of ms"),
        ({"start": at(5), "end": at(4)}, "is after end"),
        ({"start": -(10**30)}, "start must be a time in ms of the years 1 to 9999"),
        ({"count": 1, "end": 10**30}, "end must be a time in ms of the years 1 to 9999"),
        ({"count": 5, "timeframe": "5x"}, "'5x' is not a timeframe; known: 1m"),
        ({"count": 5, "symbol": ""}, "symbol must be text"),
        ({"count": 5, "symbol": None}, "symbol must be text"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_before_anybody_is_asked(arguments, why):
    now = Asked()
    with pytest.raises(RequestError, match=why):
        BarRequest(**{"symbol": "BTCUSDT", **arguments}).query(now, late_after=0)
    assert now.times == 0


def test_a_numpy_bool_is_no_count():
    with pytest.raises(RequestError, match="count must be a whole number"):
        meant(BarRequest("BTCUSDT", np.bool_(True)))


def test_both_or_neither_of_count_and_start_are_told_apart():
    with pytest.raises(RequestError, match=r"^give either count or start$"):
        meant(BarRequest("BTCUSDT"))
    with pytest.raises(RequestError, match=r"^give either count or start, not both$"):
        meant(BarRequest("BTCUSDT", 1, start=at(1)))


def test_a_start_may_be_the_end_but_not_after_it():
    assert meant(BarRequest("BTCUSDT", start=at(4), end=at(4))).start == at(4)
    with pytest.raises(RequestError, match=r"^start \(2020-09-13 16:00:00\.001\) is after end \(2020-09-13 16:00\)$"):
        meant(BarRequest("BTCUSDT", start=at(4) + 1, end=at(4)))


@pytest.mark.parametrize("live", [True, False])
def test_a_start_beyond_now_is_refused_in_words_of_utc(live):
    assert meant(BarRequest("BTCUSDT", start=at(10)), live=live).start == at(10)
    with pytest.raises(RequestError, match=r"start \(2020-09-14 08:00 UTC\) lies beyond now \(2020-09-13 22:00 UTC\)"):
        meant(BarRequest("BTCUSDT", start=at(20)), live=live)


def test_an_end_beyond_now_makes_sense():
    assert meant(BarRequest("BTCUSDT", 1, end=at(20))).limit == at(10)


@pytest.mark.parametrize(("time", "beyond"), [(ms(2, 1, 1), -1), (253_370_764_800_000, 1)])
def test_times_have_a_year_to_spare_at_either_end(time, beyond):
    for name, count in (("start", None), ("end", 1)):
        query = BarRequest("BTCUSDT", count, **{name: time}).query(lambda: 253_370_764_800_000, late_after=0)
        assert getattr(query, name) == time
        with pytest.raises(
            RequestError, match=f"{name} must be a time in ms of the years 1 to 9999, was {time + beyond}"
        ):
            meant(BarRequest("BTCUSDT", count, **{name: time + beyond}))


def test_the_clock_is_asked_once():
    now = Asked()
    BarRequest("BTCUSDT", 1).query(now, late_after=0)
    assert now.times == 1


def test_a_clock_that_has_no_time_is_the_callers_matter():
    def now() -> int:
        raise ClockError("no live bar has come")

    with pytest.raises(ClockError, match="no live bar has come"):
        BarRequest("BTCUSDT", 1).query(now, late_after=0)


# a method that takes its arguments -----------------------------------------------------------------------------


class Adapter:
    """Answers with what it was asked."""

    @takes_arguments_of(BarRequest)
    def ask(self, request: BarRequest) -> tuple[Adapter, BarRequest]:
        """What is asked."""
        return self, request


def test_a_method_is_called_with_the_arguments_of_the_request():
    adapter = Adapter()
    assert adapter.ask("BTCUSDT", 5, "1m", end=7) == (adapter, BarRequest("BTCUSDT", 5, "1m", end=7))
    assert adapter.ask(symbol="BTCUSDT", start=3)[1] == BarRequest("BTCUSDT", start=3)


def test_whoever_looks_at_the_method_sees_these_arguments():
    shown = inspect.signature(Adapter.ask)
    assert list(shown.parameters) == ["self", *inspect.signature(BarRequest).parameters]
    assert shown.parameters["timeframe"].default == "1h"
    assert shown.parameters["end"].kind is inspect.Parameter.KEYWORD_ONLY
    assert shown.return_annotation == "tuple[Adapter, BarRequest]"
    assert (Adapter.ask.__name__, Adapter.ask.__doc__) == ("ask", "What is asked.")
    assert list(inspect.signature(Adapter().ask).parameters) == list(inspect.signature(BarRequest).parameters)


@pytest.mark.parametrize("name", ["get_history", "explain"])
def test_the_adapters_questions_show_them_too(name):
    shown = inspect.signature(getattr(ContextDataAdapter, name))
    assert list(shown.parameters)[1:] == list(inspect.signature(BarRequest).parameters)


@pytest.mark.parametrize(("arguments", "named"), [(("BTCUSDT", 5, "1h", 1), {}), (("BTCUSDT",), {"ende": 1}), ((), {})])
def test_an_argument_too_many_an_unknown_one_and_none_at_all_are_type_errors(arguments, named):
    with pytest.raises(TypeError):
        Adapter().ask(*arguments, **named)


def test_an_abstract_method_stays_abstract():
    class Abstract(ABC):
        @abstractmethod
        @takes_arguments_of(BarRequest)
        def ask(self, request: BarRequest) -> None: ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()


# a query -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "limit"), [(None, at(10)), (at(9), at(9)), (at(10), at(10)), (at(11), at(10))])
def test_no_bar_may_end_after_now_nor_after_what_was_asked_for(end, limit):
    assert Query("BTCUSDT", FRAME, at(10), 3, end=end).limit == limit


def test_a_query_reads_as_what_it_is_after():
    assert str(Query("BTCUSDT", FRAME, at(10), 3)) == "3 bars of BTCUSDT 1h up to 2020-09-13 22:00 UTC"
    assert str(Query("BTCUSDT", FRAME, at(10), start=at(1), end=at(4))) == (
        "bars from 2020-09-13 13:00 of BTCUSDT 1h up to 2020-09-13 16:00 UTC"
    )
    assert str(Query("BTCUSDT", FRAME, at(10), start=0)).startswith("bars from 1970-01-01 00:00 of")


def test_what_a_source_looks_for_in_those_after_it_is_a_live_query():
    request = HistoryRequest("BTCUSDT", FRAME, at(9), at(3), 5, include_forming=True, live=False, now=at(12))
    spread = Market(prices="any")
    assert query_of(request, at(10), 5_000, spread) == Query(
        "BTCUSDT", FRAME, at(10), 5, at(3), at(9), include_now=False, live=True, late_after=5_000, market=spread
    )


def test_a_query_knows_the_market_of_its_symbol():
    spreads = Market(prices="any")
    markets = Markets(others=[(["SPREAD-*"], spreads)])
    assert BarRequest("spread-1", 1).query(Asked(), None, markets).market is spreads
    assert BarRequest("BTCUSDT", 1).query(Asked(), None, markets).market == Market()


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize(("factor", "unit"), [(1e-3, "seconds"), (1e3, "microseconds"), (1e6, "nanoseconds")])
def test_a_time_in_another_unit_is_refused_with_the_unit(name, factor, unit):
    time = int(at(3) * factor)
    arguments = {"start": at(1), name: time} if name == "end" else {"start": time}
    with pytest.raises(RequestError, match=f"{name}.*{time}.*{unit}"):
        BarRequest("BTCUSDT", **arguments).query(Asked(), None)


def test_a_time_in_seconds_is_told_with_the_time_that_it_looks_like():
    with pytest.raises(RequestError, match=r"^end: \d+ looks like seconds \(2020-.* UTC\); times are in ms$"):
        BarRequest("BTCUSDT", start=at(1), end=at(3) // 1000).query(Asked(), None)


# a policy ------------------------------------------------------------------------------------------------------


def test_by_default_holes_are_marked_and_one_bar_may_be_missing_and_five_seconds_late():
    policy = Policy()
    assert (policy.on_hole, policy.on_stale, policy.max_behind, policy.late_after) == ("mark", None, 1, 5_000)


def test_a_bar_may_be_late_only_by_a_clock_that_goes_on_without_bars():
    policy = Policy(late_after=2_500)
    assert [policy.lateness(clock) for clock in (SystemClock(), FeedClock())] == [2_500, 0]


# a market whose hours are known up to some day ------------------------------------------------------------------

KNOWN = Markets(Market(hours=hours_of({"2024-01-02": [("01:30", "07:00")], "2024-01-03": [("01:30", "07:00")]})))


@pytest.mark.parametrize("request_", [BarRequest("A", 3, "1m"), BarRequest("A", timeframe="1d", start=utc(2024, 1, 2))])
def test_bars_up_to_a_time_at_which_it_is_not_known_whether_the_market_was_open_are_refused(request_):
    with pytest.raises(
        RequestError, match=r"TEST is known up to 2024-01-04 00:00 UTC only.*upgrade exchange_calendars"
    ):
        request_.query(Asked(utc(2024, 1, 4)), 0, KNOWN)


def test_bars_up_to_an_end_before_that_are_not_and_neither_are_those_of_the_last_night():
    ended = BarRequest("A", 3, "1m", end=utc(2024, 1, 3, 7)).query(Asked(utc(2024, 2, 1)), 0, KNOWN)
    assert ended.limit == utc(2024, 1, 3, 7)
    assert BarRequest("A", 3, "1m").query(Asked(utc(2024, 1, 3, 23)), 0, KNOWN).limit == utc(2024, 1, 3, 23)
