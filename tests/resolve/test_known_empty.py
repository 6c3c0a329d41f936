"""What an exchange's own history said that there never was, and for how long that is believed."""

from __future__ import annotations

import threading

import pytest

from wealthsources import Bars, HistoryRequest, Timeframe
from wealthsources.resolve.known_empty import EmptyWindows, KnownEmpty
from wealthsources.resolve.query import Query

from ..support.bars import at, hourly

FRAME = Timeframe("1h")


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


@pytest.fixture
def known_empty(now) -> KnownEmpty:
    return KnownEmpty(lambda: now[0])


def test_what_was_said_of_a_series_is_remembered(known_empty):
    known_empty.learn("archive", "BTCUSDT", FRAME, [(3, 4), (8, 8)])
    assert known_empty.of("archive", "BTCUSDT", FRAME) == [(3, 4), (8, 8)]


@pytest.mark.parametrize(
    "other", [("live", "BTCUSDT", FRAME), ("archive", "ETHUSDT", FRAME), ("archive", "BTCUSDT", Timeframe("1m"))]
)
def test_it_is_said_of_that_series_by_that_source_alone(known_empty, other):
    known_empty.learn("archive", "BTCUSDT", FRAME, [(3, 4)])
    assert known_empty.of(*other) == []


def test_where_nothing_was_said_nothing_is_known(known_empty):
    assert known_empty.of("archive", "BTCUSDT", FRAME) == []


def test_it_is_believed_for_an_hour(known_empty, now):
    known_empty.learn("archive", "BTCUSDT", FRAME, [(3, 4)])
    now[0] += 3599.9
    assert known_empty.of("archive", "BTCUSDT", FRAME) == [(3, 4)]
    now[0] += 0.1
    assert known_empty.of("archive", "BTCUSDT", FRAME) == []


def test_what_is_said_again_is_believed_for_another_hour(known_empty, now):
    known_empty.learn("archive", "BTCUSDT", FRAME, [(3, 4), (8, 8)])
    now[0] += 3000
    known_empty.learn("archive", "BTCUSDT", FRAME, [(3, 4)])
    now[0] += 3000
    assert known_empty.of("archive", "BTCUSDT", FRAME) == [(3, 4)]


def test_spans_are_remembered_up_to_a_number():
    known_empty = KnownEmpty(most=10)
    for number in range(100):
        known_empty.learn("s", f"SYMBOL{number}", FRAME, [(number, number)])
    assert sum(bool(known_empty.of("s", f"SYMBOL{number}", FRAME)) for number in range(100)) <= 10


def test_what_is_said_again_takes_no_more_room():
    small = KnownEmpty(most=3)
    for _ in range(10):
        small.learn("s", "BTCUSDT", FRAME, [(1, 1), (2, 2)])
    small.learn("s", "ETHUSDT", FRAME, [(1, 1)])
    assert small.of("s", "BTCUSDT", FRAME) == [(1, 1), (2, 2)]


def test_the_number_counts_the_spans_of_all_series():
    small = KnownEmpty(most=3)
    small.learn("s", "BTCUSDT", FRAME, [(1, 1), (2, 2)])
    small.learn("s", "ETHUSDT", FRAME, [(1, 1)])
    small.learn("s", "SOLUSDT", FRAME, [(1, 1)])
    assert [len(small.of("s", symbol, FRAME)) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")] == [0, 0, 1]


def test_after_all_were_forgotten_as_many_are_held_again():
    small = KnownEmpty(most=3)
    for number in range(6):
        small.learn("s", f"SYMBOL{number}", FRAME, [(1, 1)])
    assert [number for number in range(6) if small.of("s", f"SYMBOL{number}", FRAME)] == [3, 4, 5]


def test_many_threads_may_learn_and_ask_at_once():
    shared, failures = KnownEmpty(most=50), []

    def work(number: int) -> None:
        try:
            for place in range(300):
                shared.learn("s", f"SYMBOL{number}", FRAME, [(place, place)])
                assert all(first == last for first, last in shared.of("s", f"SYMBOL{place % 8}", FRAME))
        except Exception as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []


# what one query need not look for ----------------------------------------------------------------------------------


def windows(now: int = 10, known: KnownEmpty | None = None) -> EmptyWindows:
    return EmptyWindows(Query("BTCUSDT", FRAME, at(now), 3), known)


def slot(place: int) -> int:
    return FRAME.slot(at(place))


def learned(bars: Bars, end: int, held: Bars, start: int | None = None, *, now: int = 10) -> list[int]:
    """The hours of which it is known then that they never had a bar."""
    found = windows(now)
    found.learn("exchange", bars, HistoryRequest("BTCUSDT", FRAME, end, start), held.open_times)
    return [place for place in range(-3, 15) if found.holds(slot(place), slot(place))]


def test_at_first_every_window_may_have_had_a_bar():
    assert not windows().holds(slot(3), slot(3))
    assert not windows().holds(None, slot(3))


def test_what_lies_between_two_bars_of_an_answer_never_existed():
    assert learned(hourly(2, 3, 6, 8), at(9), hourly()) == [4, 5, 7]


def test_a_bar_that_somebody_holds_is_not_disproved():
    assert learned(hourly(2, 6), at(9), hourly(4)) == [3, 5]
    assert learned(hourly(4, 6), at(9), hourly(2, 9)) == [5]


def test_a_bar_that_ends_after_what_was_asked_for_proves_nothing():
    assert learned(hourly(2, 4, 8), at(6), hourly()) == [3]


@pytest.mark.parametrize(("now", "known"), [(7, [3, 4]), (6, [])])
def test_an_answer_without_a_bar_is_believed_once_that_is_over_for_an_hour(now, known):
    assert learned(hourly(), at(6) - 1, hourly(), at(3), now=now) == known


def test_without_a_start_it_is_believed_of_all_that_was_before():
    found = windows()
    found.learn("exchange", hourly(), HistoryRequest("BTCUSDT", FRAME, at(4)), hourly().open_times)
    assert found.holds(None, slot(3))
    assert not found.holds(None, slot(4))


@pytest.mark.parametrize(("first", "last", "held"), [(4, 5, True), (5, 5, True), (3, 5, False), (4, 6, False)])
def test_a_span_is_empty_if_one_that_holds_it_is(first, last, held):
    known = KnownEmpty()
    known.learn("exchange", "BTCUSDT", FRAME, [(slot(4), slot(5))])
    found = windows(known=known)
    found.recall("exchange")
    assert found.holds(slot(first), slot(last)) is held


def test_what_is_learned_is_known_to_the_next_query_too():
    known = KnownEmpty()
    first = windows(known=known)
    first.learn("exchange", hourly(2, 4), HistoryRequest("BTCUSDT", FRAME, at(9)), hourly().open_times)
    second = windows(known=known)
    assert not second.holds(slot(3), slot(3))
    second.recall("archive")
    assert not second.holds(slot(3), slot(3))
    second.recall("exchange")
    assert second.holds(slot(3), slot(3))
