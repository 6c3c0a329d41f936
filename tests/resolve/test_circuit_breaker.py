from __future__ import annotations

import contextlib
import logging
import queue
import threading

import pytest

from wealthsources import NotHere, SourceError
from wealthsources.model.errors import NotAsked
from wealthsources.resolve.circuit_breaker import CircuitBreaker


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def breaker(clock: Hand) -> CircuitBreaker:
    return CircuitBreaker("archive", 3, 30.0, clock)


def alone(seconds: int) -> str:
    """What is told of a source until it is tried again."""
    return f"left alone (breaker_failures): next probe in {seconds} s (breaker_probe_after)"


def answer(error: BaseException | None) -> None:
    if error is not None:
        raise error


def ask(breaker: CircuitBreaker, error: BaseException | None = None) -> str:
    """Ask a source that answers, or raises `error`: "answered", "raised" or the reason why it was not asked."""
    try:
        with breaker.guard():
            answer(error)
    except NotAsked as refusal:
        return str(refusal)
    except (OSError, NotHere, KeyboardInterrupt):
        return "raised"
    return "answered"


def fail(breaker: CircuitBreaker, times: int = 3) -> None:
    for _ in range(times):
        assert ask(breaker, OSError("no disk")) == "raised"


def test_a_source_that_failed_so_often_in_a_row_is_not_asked(breaker):
    fail(breaker, 2)
    assert ask(breaker, OSError("the last straw")) == "raised"
    assert ask(breaker) == f"not asked: failed 3 times in a row, the last: OSError: the last straw; {alone(30)}"


def test_what_is_refused_is_a_source_error(breaker):
    fail(breaker)
    with pytest.raises(SourceError, match="not asked"), breaker.guard():
        pytest.fail("it was asked")


def test_an_answer_in_between_begins_the_count_anew(breaker):
    fail(breaker, 2)
    assert ask(breaker) == "answered"
    fail(breaker, 2)
    assert ask(breaker) == "answered"


def test_not_here_is_an_answer(breaker):
    fail(breaker, 2)
    assert ask(breaker, NotHere("empty")) == "raised"
    fail(breaker, 2)
    assert ask(breaker) == "answered"


def test_the_time_until_the_probe_is_told_in_whole_seconds_rounded_up(breaker, clock):
    fail(breaker)
    clock.time += 6.2
    assert ask(breaker).endswith(alone(24))
    clock.time += 23.79
    assert ask(breaker).endswith(alone(1))


def test_after_that_time_one_request_is_the_probe_and_the_others_are_still_refused(breaker, clock):
    fail(breaker)
    clock.time += 30
    with breaker.guard():
        assert ask(breaker).endswith("the last: OSError: no disk; left alone (breaker_failures): a probe is under way")
        clock.time += 1_000
        assert ask(breaker).endswith("a probe is under way")


def test_of_many_threads_one_probes(breaker, clock):
    fail(breaker)
    clock.time += 30
    together, release, asked = threading.Barrier(8), threading.Event(), queue.Queue()

    def probe() -> None:
        together.wait(5)
        try:
            with breaker.guard():
                asked.put(True)
                release.wait(5)
        except NotAsked:
            asked.put(False)

    threads = [threading.Thread(target=probe) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert sum(asked.get(timeout=5) for _ in threads) == 1
    release.set()
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize("error", [None, NotHere("empty")])
def test_a_probe_that_is_answered_lets_all_requests_through_again(breaker, clock, error):
    fail(breaker)
    clock.time += 30
    ask(breaker, error)
    fail(breaker, 2)
    assert ask(breaker) == "answered"


def test_a_probe_that_fails_leaves_it_open_for_as_long_again(breaker, clock):
    fail(breaker)
    clock.time += 100
    assert ask(breaker, OSError("still")) == "raised"
    assert ask(breaker) == f"not asked: failed 4 times in a row, the last: OSError: still; {alone(30)}"
    clock.time += 29.9
    assert ask(breaker).startswith("not asked")
    clock.time += 0.2
    assert ask(breaker) == "answered"


def test_a_probe_that_is_interrupted_leaves_the_next_request_to_probe(breaker, clock):
    fail(breaker)
    clock.time += 30
    assert ask(breaker, KeyboardInterrupt()) == "raised"
    assert breaker.why.endswith("the next request is a probe")
    assert ask(breaker) == "answered"


def test_a_source_that_could_not_be_asked_has_neither_failed_nor_answered(breaker):
    fail(breaker, 2)
    for _ in range(3):
        assert ask(breaker, NotAsked("no worker is free")) == "no worker is free"
    assert breaker.why == ""
    fail(breaker, 1)
    assert breaker.why != ""


def test_a_probe_that_could_not_be_asked_leaves_the_next_request_to_probe(breaker, clock):
    fail(breaker)
    clock.time += 30
    assert ask(breaker, NotAsked("no worker is free")) == "no worker is free"
    assert ask(breaker) == "answered"


def test_a_request_from_before_that_fails_late_puts_the_probe_off_no_further(breaker, clock):
    with contextlib.suppress(OSError), breaker.guard():
        fail(breaker)
        clock.time += 29
        answer(OSError("late"))
    assert ask(breaker) == f"not asked: failed 4 times in a row, the last: OSError: late; {alone(1)}"


def test_a_request_from_before_that_is_answered_late_closes_it(breaker):
    with breaker.guard():
        fail(breaker)
        assert breaker.why != ""
    assert breaker.why == ""


def test_why_is_empty_until_the_source_is_left_alone(breaker, clock):
    assert breaker.why == ""
    fail(breaker, 2)
    assert breaker.why == ""
    fail(breaker, 1)
    assert breaker.why == f"failed 3 times in a row, the last: OSError: no disk; {alone(30)}"
    clock.time += 30
    assert breaker.why.endswith("the next request is a probe")
    ask(breaker)
    assert breaker.why == ""


def test_the_log_tells_once_that_it_is_left_alone_and_once_that_it_answers_again(breaker, clock, caplog):
    with caplog.at_level(logging.INFO, "wealthsources.breaker"):
        fail(breaker)
        clock.time += 30
        fail(breaker, 1)
        clock.time += 30
        ask(breaker)
        ask(breaker)
    options = "(breaker_failures); not asked for 30 s (breaker_probe_after)"
    assert caplog.messages == [
        f"source archive failed 3 times in a row {options}: OSError: no disk",
        "source archive answers again",
    ]


def test_by_default_it_is_five_failures_and_thirty_seconds():
    breaker = CircuitBreaker("archive")
    fail(breaker, 4)
    assert breaker.why == ""
    fail(breaker, 1)
    assert breaker.why.startswith("failed 5 times in a row")
    assert breaker.why.endswith(alone(30))


def test_a_server_that_asks_to_be_left_alone_is_after_its_first_failure(breaker: CircuitBreaker, clock: Hand, caplog):
    with pytest.raises(SourceError), breaker.guard():
        raise SourceError("too many requests", retry_after=90.0)
    assert ask(breaker) == ("not asked: it asked to be left alone (Retry-After), for another 90 s: too many requests")
    clock.time += 89.5
    assert breaker.why.startswith("it asked to be left alone (Retry-After), for another 1 s")
    clock.time += 0.5
    assert breaker.why == ""
    assert ask(breaker) == "answered"
    assert "source archive is left alone for 90 s, as it asked (Retry-After)" in caplog.text


def test_it_is_left_alone_for_the_longest_time_it_asked_for_and_a_day_at_most(breaker: CircuitBreaker, clock: Hand):
    with contextlib.ExitStack() as under_way:
        # Two requests at once: what the later one is told does not shorten it.
        under_way.enter_context(contextlib.suppress(SourceError))
        for seconds in (1e9, 5.0):
            breaker._rest(SourceError("x", retry_after=seconds))
    assert "for another 86400 s" in breaker.why


def test_a_rest_and_too_many_failures_hold_both(breaker: CircuitBreaker, clock: Hand):
    fail(breaker)
    breaker._rest(SourceError("x", retry_after=10.0))
    clock.time += 10
    assert ask(breaker) == f"not asked: failed 3 times in a row, the last: OSError: no disk; {alone(20)}"
