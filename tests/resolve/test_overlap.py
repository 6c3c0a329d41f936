"""What shows where two sources overlap, and what becomes of bars that are stamped with their ends."""

from __future__ import annotations

import dataclasses

import pytest

from wealthsources import Bars, Capabilities, HistoryRequest, SourceError
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.overlap import NO_SEAM, LabelShift, Overlap, Seam
from wealthsources.resolve.query import Query
from wealthsources.testing import ListSource

from ..support.bars import FRAME, HOUR, T0, at, hourly, moving, places, sources

NAMES = ("live", "archive", "cloud")


def chain_of(*held: Bars | ListSource) -> SourceChain:
    links = [one if isinstance(one, ListSource) else ListSource(one) for one in held]
    return SourceChain([ChainLink(name, source) for name, source in zip(NAMES, links, strict=False)])


def query(count: int = 8, now: int = 20, **changes: object) -> Query:
    return dataclasses.replace(Query("BTCUSDT", FRAME, at(now), count), **changes)


def requests(source: ListSource) -> list[tuple[int, int]]:
    """Which hours were asked for: the first (-1: as far back as it takes) and the one after the last."""
    hours = [one for one in source.requests if one.timeframe is FRAME]
    return [(-1 if one.start is None else hour_of(one.start), hour_of(one.end)) for one in hours]


def hour_of(time: int) -> int:
    return (time - T0) // HOUR


SHIFTED = "its bars are those of live, one window later: archive seems to stamp bars with their end (label: end)"


# The answer of a source that stamps ends.


def test_older_bars_of_one_that_stamps_ends_are_not_taken() -> None:
    archive = ListSource(moving(*range(20), by=1))
    resolution = chain_of(moving(*range(16, 20)), archive).resolve(query())
    assert places(resolution.bars) == [16, 17, 18, 19]
    attempt = resolution.attempts[1]
    assert (attempt.outcome, attempt.reason, attempt.stamped) == ("failed", SHIFTED, "archive")
    assert (attempt.differs, resolution.differs) == (1, 1)
    assert requests(archive) == [(-1, 17), (12, 20)]  # and once more around the bar that differs


def test_newer_bars_of_such_a_one_are_not_taken_either() -> None:
    archive = ListSource(moving(*range(21), by=1))
    resolution = chain_of(moving(*range(10, 18)), archive).resolve(query())
    assert (places(resolution.bars), resolution.attempts[1].reason) == ([*range(10, 18)], SHIFTED)
    assert requests(archive) == [(17, 20)]  # which is enough


def test_nor_are_those_between() -> None:
    archive = ListSource(moving(*range(21), by=1))
    resolution = chain_of(moving(12, 13, 14, 17, 18, 19), archive).resolve(query(6))
    assert (places(resolution.bars), resolution.attempts[1].reason) == ([12, 13, 14, 17, 18, 19], SHIFTED)


def test_what_it_would_have_given_comes_from_the_next_source() -> None:
    resolution = chain_of(moving(*range(16, 20)), moving(*range(20), by=1), moving(*range(20))).resolve(query())
    assert places(resolution.bars) == [*range(12, 20)]
    assert sources(resolution.bars) == ["cloud"] * 4 + ["live"] * 4


def test_it_is_not_asked_for_finer_bars_in_the_same_call() -> None:
    archive = ListSource(moving(*range(20), by=1), capabilities=Capabilities(blocking=True))
    chain_of(moving(*range(16, 20)), archive).resolve(query())
    assert {request.timeframe for request in archive.requests} == {FRAME}


def test_an_earlier_source_that_stamps_ends_is_named_and_not_mixed_with_others() -> None:
    resolution = chain_of(moving(*range(16, 20), by=1), moving(*range(20))).resolve(query())
    assert places(resolution.bars) == [16, 17, 18, 19]
    attempt = resolution.attempts[1]
    assert (attempt.outcome, attempt.stamped) == ("failed", "live")
    said = "its bars are those of live, one window earlier: live seems to stamp bars with their end (label: end)"
    assert attempt.reason == f"{said}, or this one is said to and does not"


def test_one_bar_alone_is_named_and_taken() -> None:
    resolution = chain_of(moving(19), moving(15, 19, by=1)).resolve(query(2))
    assert places(resolution.bars) == [15, 19]
    assert (resolution.attempts[1].stamped, resolution.attempts[1].differs) == ("", 1)
    resolution = chain_of(moving(18, 19), moving(15, 18, 19, by=1)).resolve(query(3))
    assert (places(resolution.bars), resolution.attempts[1].stamped) == ([15, 18, 19], "archive")


@pytest.mark.parametrize("live", [True, False])
def test_in_a_backtest_nothing_is_looked_at_that_ends_after_now(live: bool) -> None:
    archive = ListSource(moving(*range(30), by=1))
    chain_of(moving(*range(16, 30)), archive).resolve(query(now=18, live=live))
    assert max(request.end for request in archive.requests) <= at(18)


# What is asked for.


def test_sources_that_agree_are_asked_once_for_one_bar_more() -> None:
    archive = ListSource(moving(*range(20)))
    resolution = chain_of(moving(*range(16, 20)), archive).resolve(query())
    assert requests(archive) == [(-1, 17)]
    assert [attempt.differs for attempt in resolution.attempts] == [0, 0]


def test_a_source_that_has_all_costs_no_other_a_question() -> None:
    archive = ListSource(moving(*range(20)))
    chain_of(moving(*range(20)), archive).resolve(query())
    assert archive.requests == []


def other_volume(*hours: int) -> Bars:
    bars = moving(*hours)
    columns = bars.values.T.copy()
    columns[4] += 1
    return Bars.from_columns("BTCUSDT", "1h", bars.open_times, *columns, closed=True)


def test_bars_that_differ_in_volume_alone_have_the_same_labels_and_are_not_asked_for_again() -> None:
    archive = ListSource(other_volume(*range(20)))
    resolution = chain_of(moving(*range(16, 20)), archive).resolve(query())
    assert (requests(archive), resolution.attempts[1].differs) == ([(-1, 17)], 1)
    assert places(resolution.bars) == [*range(12, 20)]


def test_whoever_has_other_bars_is_asked_around_three_times_and_no_more() -> None:
    archive = ListSource(hourly(*range(20), price=50.0, closed=True))
    chain = chain_of(moving(*range(16, 20)), archive)
    for _ in range(5):
        assert chain.resolve(query()).attempts[1].differs == 1
    assert len(archive.requests) == 5 + 3


def test_whoever_agrees_around_it_is_not_asked_again() -> None:
    odd = moving(*range(20)).values.T.copy()
    odd[3, 16] += 0.5
    archive = ListSource(Bars.from_columns("BTCUSDT", "1h", moving(*range(20)).open_times, *odd, closed=True))
    chain = chain_of(moving(*range(16, 20)), archive)
    for _ in range(3):
        assert chain.resolve(query()).attempts[1].differs == 1
    assert len(archive.requests) == 3 + 1


def test_one_that_stamps_ends_is_told_every_time() -> None:
    chain = chain_of(moving(*range(16, 20)), moving(*range(20), by=1))
    for _ in range(6):
        assert chain.resolve(query()).attempts[1].reason == SHIFTED


def test_an_exchange_is_asked_once_whatever_differs() -> None:
    exchange = ListSource(moving(*range(20), by=1), capabilities=Capabilities(authoritative=True))
    resolution = chain_of(moving(*range(16, 20)), exchange).resolve(query())
    assert (requests(exchange), resolution.attempts[1].differs) == ([(-1, 17)], 1)


@pytest.mark.parametrize("failure", [SourceError("busy"), OSError("no disk"), None])
def test_a_look_that_fails_leaves_the_answer_as_it_is(failure: Exception | None) -> None:
    class Once(ListSource):
        def get_history(self, request: HistoryRequest) -> Bars:
            if not self.requests:
                return super().get_history(request)
            if failure is None:
                return moving(3).replace(symbol="ETHUSDT")
            raise failure

    resolution = chain_of(moving(*range(16, 20)), Once(moving(*range(20), by=1))).resolve(query())
    assert places(resolution.bars) == [*range(12, 20)]
    assert (resolution.attempts[1].outcome, resolution.attempts[1].differs) == ("bars", 1)


# By itself.


def compare(held: Bars, bars: Bars) -> Seam:
    return Overlap().compare(query(), held.named("BTCUSDT", "live"), bars, "archive", None, None)


def test_bars_that_do_not_differ_have_no_seam() -> None:
    assert compare(moving(1, 2), moving(2, 3)) is NO_SEAM
    assert compare(moving(1, 2), moving(5, 6)) is NO_SEAM


def test_a_seam_says_how_many_differ_who_is_late_and_whether_that_is_sure() -> None:
    assert compare(moving(1, 2, 3), moving(2, 3, 4, by=1)) == Seam(2, "archive", "live")
    assert compare(moving(1, 2), moving(2, by=1)) == Seam(1, "archive")
    assert compare(moving(1, 2, by=1), moving(1)) == Seam(1, "live")
    assert compare(moving(1, 2, 3, by=1), moving(1, 2)) == Seam(2, "live", "live")
    assert compare(moving(1, 2), hourly(2, closed=True)) == Seam(1)


def test_the_error_names_both_and_the_remedy() -> None:
    assert str(LabelShift(Seam(1, "archive", "live"))) == SHIFTED
