"""What now is: by the system, by the feed, by the engine."""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace

import pytest

from wealthsources import ClockError
from wealthsources.runtime.clocks import EngineClock, FeedClock, SystemClock, make_clock, wall_time

from ..support.bars import HOUR, T0, record

T_2024 = 1_704_067_200_000
NAIVE = dt.datetime(2024, 1, 1, 8)  # noqa: DTZ001 - that is the case


def test_the_system_clock_is_the_systems():
    wall = [T0]
    clock = SystemClock(lambda: wall[0])
    assert clock.now() == T0
    wall[0] += 5
    assert clock.now() == T0 + 5


def test_the_system_clock_is_never_behind_the_newest_closed_bar():
    clock = SystemClock(lambda: T0)
    clock.saw_closed(T0 + 300)
    clock.saw_closed(T0 + 200)
    assert clock.now() == T0 + 300


def test_a_forming_bar_proves_nothing_to_the_system_clock():
    clock = SystemClock(lambda: T0)
    clock.saw_open(T0 + 300)
    assert clock.now() == T0


def test_the_feed_clock_has_no_time_before_its_first_bar():
    with pytest.raises(ClockError, match="no live bar has come"):
        FeedClock().now()


def test_what_keeps_the_feed_clock_from_a_time_is_told():
    with pytest.raises(ClockError, match=r"could be taken; live: auth_failed \(bad token\)\. Wait for one, or bind"):
        FeedClock(lambda: "live: auth_failed (bad token)").now()


def test_who_tells_the_causes_may_ask_what_time_it_is():
    def causes() -> str:
        with pytest.raises(ClockError, match=r"could be taken\. Wait") as inner:
            clock.now()
        return f"live: {type(inner.value).__name__}"

    clock = FeedClock(causes)
    for _ in range(2):
        with pytest.raises(ClockError, match="could be taken; live: ClockError"):
            clock.now()


def test_causes_that_cannot_be_told_keep_nobody_from_asking_again():
    def causes() -> str:
        asked.append(1)
        raise ZeroDivisionError

    asked: list[int] = []
    clock = FeedClock(causes)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            clock.now()
    assert len(asked) == 2


def test_once_it_has_a_time_nobody_is_asked_for_causes():
    clock = FeedClock(lambda: pytest.fail("it has a time"))
    clock.saw_open(T0)
    assert clock.now() == T0


def test_the_feed_clock_is_the_latest_time_that_bars_prove():
    clock = FeedClock()
    clock.saw_open(T0)
    assert clock.now() == T0
    clock.saw_closed(T0 + HOUR)
    assert clock.now() == T0 + HOUR
    clock.saw_open(T0 + 5)
    assert clock.now() == T0 + HOUR


def test_the_engines_now_ms_comes_before_its_current_bar():
    context = SimpleNamespace(now_ms=T0 + 7, current_bar=record(0, timeframe="1h"))
    assert EngineClock(context).now() == T0 + 7


def test_without_now_ms_it_is_the_end_of_the_current_bar():
    assert EngineClock(SimpleNamespace(current_bar=record(2, timeframe="1h"))).now() == T0 + 3 * HOUR


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ({}, "no now_ms .*, it has no current_bar, and it has no current_dt"),
        ({"current_bar": None}, "it has no current_bar, and"),
        ({"current_bar": {"close": 1}}, "its current_bar has no open_time, and"),
        ({"current_bar": record(0)}, "its current_bar has no timeframe, and no series of the context holds it, and"),
        ({"current_dt": NAIVE}, "and its current_dt has no time zone, and none is stated"),
    ],
)
def test_a_context_without_a_clock_is_an_error_that_says_what_is_missing(context, why):
    with pytest.raises(ClockError, match=why):
        EngineClock(SimpleNamespace(**context)).now()


def test_a_current_bar_that_ends_in_the_future_is_still_forming():
    ahead = wall_time() // HOUR * HOUR
    context = SimpleNamespace(current_bar={"open_time": ahead, "timeframe": "1h"})
    assert ahead <= EngineClock(context).now() < ahead + HOUR


def test_the_wall_clock_is_in_ms():
    before = time.time()
    assert before * 1000 - 1 <= wall_time() <= time.time() * 1000


def test_the_system_clock_shows_the_wall_clock_unless_told_otherwise():
    assert abs(SystemClock().now() - wall_time()) < 5_000


@pytest.mark.parametrize(("name", "kind"), [("system", SystemClock), ("feed", FeedClock)])
def test_a_session_has_the_clock_of_that_name(name, kind):
    clock = make_clock(name)
    assert type(clock) is kind
    assert clock.name == name


def test_the_engines_clock_has_a_name_too_and_listens_to_nobody():
    clock = EngineClock(SimpleNamespace(now_ms=T0))
    clock.saw_closed(T0 + HOUR)
    clock.saw_open(T0 + HOUR)
    assert (clock.name, clock.now()) == ("engine", T0)


def test_an_engine_may_say_that_it_is_in_the_future():
    ahead = wall_time() + HOUR
    assert EngineClock(SimpleNamespace(now_ms=ahead)).now() == ahead


def test_a_clock_that_was_proven_wrong_shows_the_wall_again_once_that_is_past():
    wall = [T0]
    clock = SystemClock(lambda: wall[0])
    clock.saw_closed(T0 + 300)
    wall[0] = T0 + 301
    assert clock.now() == T0 + 301
