"""The contract is run over a source with what it answers itself, which may take its time to come."""

from __future__ import annotations

import threading

import pytest

from wealthsources import Capabilities, NotHere, RequestError, Timeframe
from wealthsources.testing.checking import check_source, find_held

from .broken import HELD, NEWEST, Right

HOUR = Timeframe("1h")


class Loads(Right):
    """Has its bars a moment after it was started."""

    def __init__(self):
        super().__init__()
        self.is_loaded = threading.Event()

    def start(self, host):
        self.timer = threading.Timer(0.05, self.is_loaded.set)
        self.timer.start()

    def stop(self):
        if hasattr(self, "timer"):
            self.timer.cancel()
            self.timer.join()

    def answer(self, request):
        if not self.is_loaded.is_set():
            raise NotHere("it is loading")
        return self.right(request)


def test_what_it_has_is_waited_for():
    assert len(find_held(Loads, "BTCUSDT", HOUR, NEWEST + 1, 20.0)) == len(HELD)


def test_who_has_nothing_is_told_what_it_answered():
    with pytest.raises(RequestError, match="BTCUSDT 1h: it answered NotHere: it is loading; the contract needs 5"):
        find_held(Loads, "BTCUSDT", HOUR, NEWEST + 1, 0.0)


def raises_key_error(_):
    raise KeyError("bars")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            raises_key_error,
            r"get_history raised KeyError: 'bars' at test_checking\.py:\d+; raise NotHere where",
        ),
        (lambda _: None, r"get_history returned NoneType, not Bars \(see Bars\.from_records\)"),
        (
            lambda _: HELD.take(HELD.rows[::-1]),
            r"get_history returned what is no series: bars\[1\] at .*; sort, and raise",
        ),
    ],
)
def test_what_no_case_could_judge_is_told_once(answer, said):
    class Wrong(Right):
        def answer(self, request):
            return answer(request)

    with pytest.raises(RequestError, match=said):
        find_held(Wrong, "BTCUSDT", HOUR, NEWEST + 1, 0.0)


def test_a_live_source_that_begins_with_nothing_needs_a_test_of_its_own():
    class Once(Right):
        said = Capabilities(blocking=False, live=True)
        made = 0

        def __init__(self):
            super().__init__()
            Once.made += 1

        def answer(self, request):
            if Once.made > 1:
                raise NotHere("has received nothing")
            return self.right(request)

    with pytest.raises(RequestError, match="it is live, and a new one has not got the bars"):
        find_held(Once, "BTCUSDT", HOUR, NEWEST, 0.1)


def test_every_case_is_run_with_a_source_that_has_its_bars():
    class LoadsFromADisk(Loads):
        said = Capabilities(blocking=True)

    outcomes = list(check_source(LoadsFromADisk, HELD, 20.0))
    assert [one for one in outcomes if one.result == "failed"] == []
    assert len(outcomes) > 30
