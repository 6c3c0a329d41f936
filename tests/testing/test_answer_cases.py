"""The cases about one answer: each finds the source that breaks its rule, and no other case does."""

from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Bars, Capabilities, NotHere, SourceError

from .broken import HELD, NEWEST, Right, check_that_it_fails, named


def is_whole(request) -> bool:
    return request.start is None and request.count is None and request.end == NEWEST


class SpellsTheSymbolItsOwnWay(Right):
    def answer(self, request):
        return self.right(request).replace(symbol="btc-usdt")


class AnswersNewestFirst(Right):
    def answer(self, request):
        bars = self.right(request)
        return bars.replace(rows=np.array(bars.rows[::-1]))


class LeavesTheOldestOut(Right):
    def answer(self, request):
        return self.right(request)[1 if is_whole(request) else 0 :]


class StatesThemAsNotClosed(Right):
    def answer(self, request):
        bars = self.right(request)
        columns = bars.open_times, *bars.values.T
        return Bars.from_columns(bars.symbol, "1h", *columns, closed=False) if is_whole(request) else bars


class GivesTheBarThatHasBegun(Right):
    def answer(self, request):
        frame = request.timeframe
        return self.right(request, end=frame.floor(request.end + frame.milliseconds - 1))


class GivesTheBarOfTheStart(Right):
    def answer(self, request):
        start = request.start
        return self.right(request, start=None if start is None else request.timeframe.floor(start))


class LeavesTheStartOut(Right):
    def answer(self, request):
        alone = request.start is not None and request.count is None
        return self.right(request, start=request.start + 1 if alone else request.start)


class GivesMoreThanTheCount(Right):
    def answer(self, request):
        return self.right(request, count=request.count if request.start is not None else None)


class GivesTheOldest(Right):
    def answer(self, request):
        return self.right(request, count=None)[: request.count] if request.start is None else self.right(request)


class ForgetsTheCountAfterAStart(Right):
    def answer(self, request):
        return self.right(request, count=request.count if request.start is None else None)


class ForgetsTheStartBeforeACount(Right):
    def answer(self, request):
        return self.right(request, start=request.start if request.count is None else None)


class OfSpansWithoutBars(Right):
    def answer(self, request):
        try:
            return self.right(request)
        except NotHere:
            if (request.symbol, request.timeframe) != (HELD.symbol, HELD.timeframe):
                raise
            return self.instead(request)


class AnswersWithoutABar(OfSpansWithoutBars):
    def instead(self, request):
        return Bars.empty(request.symbol, request.timeframe)


class AnswersWithTheNearest(OfSpansWithoutBars):
    def instead(self, request):
        return HELD[:1]


class FailsWhereNothingIs(OfSpansWithoutBars):
    def instead(self, request):
        raise IndexError("list index out of range")


class SaysNoReason(OfSpansWithoutBars):
    def instead(self, request):
        raise NotHere


class FailsOnAStrangeSymbol(Right):
    def answer(self, request):
        if request.symbol != HELD.symbol:
            raise SourceError("404")
        return self.right(request)


class TakesAnyTimeframe(Right):
    said = Capabilities(blocking=False, timeframes=("1h", "1d"))

    def answer(self, request):
        return self.right(request, timeframe=HELD.timeframe).replace(timeframe=request.timeframe)


class FailsInTheFarPast(OfSpansWithoutBars):
    def instead(self, request):
        if request.end < HELD.oldest - 10**11:
            raise OverflowError("date value out of range")
        raise NotHere("has nothing of that time")


WRONG = [
    ("S01", SpellsTheSymbolItsOwnWay),
    ("S02", AnswersNewestFirst),
    ("S03", LeavesTheOldestOut),
    ("S03", StatesThemAsNotClosed),
    ("S04", GivesTheBarThatHasBegun),
    ("S05", GivesTheBarOfTheStart),
    ("S05", LeavesTheStartOut),
    ("S06", GivesMoreThanTheCount),
    ("S07", GivesTheOldest),
    ("S08", ForgetsTheCountAfterAStart),
    ("S08", ForgetsTheStartBeforeACount),
    ("S09", AnswersWithoutABar),
    ("S09", AnswersWithTheNearest),
    ("S09", FailsWhereNothingIs),
    ("S09", SaysNoReason),
    ("S10", FailsOnAStrangeSymbol),
    ("S11", TakesAnyTimeframe),
    ("S09", FailsInTheFarPast),
]


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=named)
def test_a_source_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    check_that_it_fails(number, kind)
