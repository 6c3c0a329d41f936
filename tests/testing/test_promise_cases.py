"""The cases about several answers: each finds the source that breaks its rule, and no other case does."""

from __future__ import annotations

import time

import numpy as np
import pytest

from wealthsources import Bars, Capabilities, NotHere, SourceError

from .broken import HELD, NEWEST, Right, check_that_it_fails, failures, named, run


def is_whole(request) -> bool:
    return request.symbol == HELD.symbol and request.start is None and request.count is None and request.end == NEWEST


class AnswersOnce(Right):
    also = ("S26", "S30")

    def answer(self, request):
        again = is_whole(request) and request in self.requests
        return self.right(request)[1 if again else 0 :]


class KeepsTheRequest(Right):
    def answer(self, request):
        self.request = request
        time.sleep(0.02)
        return self.right(self.request)


class ReadsTheClock(Right):
    def start(self, host):
        self.clock = host.clock

    def get_history(self, request):
        return self.right(request, end=request.end if request.live else min(request.end, self.clock.now()))


class ServesAStrangeTimeframe(Right):
    said = Capabilities(blocking=False, timeframes=("1h", "60m"))


class DoesNotKnowWhatItHas(Right):
    def get_all_symbols(self):
        return ["ETHUSDT"]


class AnswersOnlyOfThePresent(Right):
    def get_history(self, request):
        if request.now is not None and request.end < request.now:
            raise NotHere("that is over")
        return self.right(request)


class RemembersWhatWasKnown(Right):
    """Says that it can tell, as all bars were known at their end."""

    said = Capabilities(blocking=False, point_in_time=True)

    def answer(self, request):
        known = request.known_at
        return self.right(request, end=request.end if known is None else min(request.end, known))


class ForgetsWhenItWasKnown(RemembersWhatWasKnown):
    def answer(self, request):
        return self.right(request)


class KnewOnlyOneHour(RemembersWhatWasKnown):
    def answer(self, request):
        if request.known_at is not None and request.known_at > NEWEST:
            raise NotHere("who knows")
        return super().answer(request)


class CountsFromTheStart(Right):
    def answer(self, request):
        far = request.start is not None and HELD.oldest - request.start > 1_000 * HELD.timeframe.milliseconds
        if far and request.count:
            return self.right(request, end=request.start + request.count * HELD.timeframe.milliseconds)
        return self.right(request)


class SaysThatNothingIsHereWhenItFails(Right):
    outages = True

    def answer(self, request):
        try:
            return self.right(request)
        except SourceError:
            raise NotHere("has nothing of that time") from None


class LetsErrorsThrough(Right):
    outages = True

    def answer(self, request):
        try:
            return self.right(request)
        except SourceError:
            raise ConnectionRefusedError(111, "Connection refused") from None


class GivesItsOwnArray(Right):
    def __init__(self):
        super().__init__()
        self.own = np.array(HELD.rows)

    def answer(self, request):
        if not is_whole(request):
            return self.right(request)
        return HELD.replace(rows=self.own[:])


class LeavesOutWhatIsInTheMiddle(Right):
    said = Capabilities(blocking=False, authoritative=True)

    def answer(self, request):
        bars = self.right(request)
        if request.start is None or request.count is not None or len(bars) != 3:
            return bars
        return Bars.of([bars[0], bars[2]])


WRONG = [
    ("S12", AnswersOnce),
    ("S13", KeepsTheRequest),
    ("S14", ReadsTheClock),
    ("S19", ServesAStrangeTimeframe),
    ("S19", DoesNotKnowWhatItHas),
    ("S20", AnswersOnlyOfThePresent),
    ("S23", ForgetsWhenItWasKnown),
    ("S23", KnewOnlyOneHour),
    ("S24", CountsFromTheStart),
    ("S25", SaysThatNothingIsHereWhenItFails),
    ("S25", LetsErrorsThrough),
    ("S26", GivesItsOwnArray),
    ("S27", LeavesOutWhatIsInTheMiddle),
]


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=named)
def test_a_source_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    check_that_it_fails(number, kind)


@pytest.mark.parametrize("kind", [RemembersWhatWasKnown, type("Whole", (Right,), {"outages": True})])
def test_a_source_that_can_more_is_asked_more(kind):
    assert failures(kind) == {}
    assert run(kind).keys() < run(Right).keys()
