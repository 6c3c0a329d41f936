"""What an exchange's own history said that there never was, and for how long that is believed."""

from __future__ import annotations

import threading

import pytest

from wealthsources import Timeframe
from wealthsources.resolve.known_empty import KnownEmpty

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
