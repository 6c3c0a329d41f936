"""The cases of the contract: each finds the source that breaks its rule, and no other case does."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wealthsources import Bars, Capabilities, HistoryRequest, NotHere, Source, SourceError, SourceStatus, Timeframe
from wealthsources.testing import ListSource
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.running import Outcome, cases_of, run_cases

from ..support.bars import recorded

HELD = recorded(6)
NEWEST = int(HELD.ends[-1])
CASES = cases_of(SourceContract)


class Right(ListSource):
    """Breaks no rule. Those below answer wrongly where `now` is not told: in a chain it would show a second time."""

    said = Capabilities(blocking=False)

    def __init__(self) -> None:
        super().__init__(HELD, capabilities=self.said)

    def get_history(self, request: HistoryRequest) -> Bars:
        return self.answer(request) if request.now is None else self.right(request)

    def answer(self, request: HistoryRequest) -> Bars:
        return self.right(request)

    def right(self, request: HistoryRequest, **changes: Any) -> Bars:
        return super().get_history(dataclasses.replace(request, **changes))


def is_whole(request: HistoryRequest) -> bool:
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


class AnswersOnce(Right):
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


class StopsOnlyWhatWasStarted(Right):
    def start(self, host):
        self.host = host

    def stop(self):
        assert self.host


class StopsOnce(Right):
    stopped = False

    def stop(self):
        if self.stopped:
            raise RuntimeError("already stopped")
        self.stopped = True


class StopsOnItsOwnThread(Right):
    def stop(self):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("not my thread")


class StopsLate(Right):
    def stop(self):
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.5)


class NeedsAContext(Right):
    def for_context(self, context):
        return self if context.history else None


class HasAStrangeView(Right):
    def for_context(self, context):
        return {}


class HasAnObjectInItsStatus(Right):
    def status(self):
        return SourceStatus(counters={"asked": object()})


class HasNoStatusYet(Right):
    def start(self, host):
        self.asked = 0

    def status(self):
        return SourceStatus(counters={"asked": self.asked})


class HasADictForItsStatus(Right):
    class Dict(dict):
        as_dict = dict.copy

    def status(self):
        return self.Dict(state="ready")


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


class CountsTheFormingBar(Right):
    said = Capabilities(blocking=False, live=True)

    def answer(self, request):
        return self.right(request)[1 if request.include_forming else 0 :]


WRONG: list[tuple[str, type[Right]]] = [
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
    ("S12", AnswersOnce),
    ("S13", KeepsTheRequest),
    ("S14", ReadsTheClock),
    ("S15", StopsOnlyWhatWasStarted),
    ("S22", StopsOnce),
    ("S16", StopsOnItsOwnThread),
    ("S16", StopsLate),
    ("S17", NeedsAContext),
    ("S17", HasAStrangeView),
    ("S18", HasAnObjectInItsStatus),
    ("S18", HasNoStatusYet),
    ("S18", HasADictForItsStatus),
    ("S19", ServesAStrangeTimeframe),
    ("S19", DoesNotKnowWhatItHas),
    ("S20", AnswersOnlyOfThePresent),
    ("S21", CountsTheFormingBar),
]


class Kit(SourceContract):
    """The contract, for sources that are in a hurry."""

    stop_within = 0.1


def run(make: Callable[[], object], held: Bars = HELD, kit: SourceContract | None = None) -> dict[str, Outcome]:
    """By number, the cases that were not passed."""
    kit = kit or Kit()
    makers = {"source": make, "held": lambda: held, "ready": at_work(kit)}
    return {one.number: one for one in run_cases(kit, makers) if one.result != "ok"}


def at_work(kit: SourceContract):
    def ready(source, held):
        with kit.at_work(source, held) as ready:
            yield ready

    return ready


def failures(make: Callable[[], object], held: Bars = HELD, kit: SourceContract | None = None) -> dict[str, str]:
    return {number: one.said for number, one in run(make, held, kit).items() if one.result == "failed"}


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=lambda value: getattr(value, "__name__", value))
def test_a_source_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    failed = failures(kind)
    assert failed.keys() == {number}, failed
    assert failed[number].startswith(f"{number}: ")


def test_every_case_has_a_number_and_a_source_that_fails_it():
    numbers = [f"S{n:02}" for n in range(1, len(CASES) + 1)]
    assert list(CASES) == numbers
    assert sorted({number for number, _ in WRONG}) == numbers
    assert all(getattr(SourceContract, name).__doc__.startswith(number) for number, name in CASES.items())


def test_a_source_that_breaks_no_rule_skips_what_it_is_not():
    assert run(Right).keys() == {"S11", "S21"}

    class Live(Right):
        said = Capabilities(live=True, timeframes=Timeframe.known())

    assert run(Live).keys() == {"S11", "S14"}


def test_a_source_of_spreads_says_that_its_prices_may_be_anything():
    spreads = Bars.from_columns("X", "1h", HELD.open_times, *[[-1.0] * len(HELD)] * 4, [1.0] * len(HELD))

    class OfSpreads(Kit):
        prices = "any"

    def make() -> Source:
        return ListSource(spreads)

    assert failures(make, spreads, OfSpreads()).keys().isdisjoint({"S01", "S02", "S03"})
    assert "bars[0] can be no bar: open: -1.0 is not positive" in failures(make, spreads)["S01"]


def test_a_list_is_no_answer():
    class AnswersAList(Right):
        def answer(self, request):
            return list(self.right(request))

    assert "not list" in failures(AnswersAList)["S01"]


@pytest.mark.parametrize(
    ("held", "why"),
    [(HELD[:4], "5 bars are the least"), (HELD.replace(rows=np.array(HELD.rows[::-1])), "can be no bar")],
)
def test_bars_that_tell_nothing_are_named(held, why):
    with pytest.raises(AssertionError, match=why), Kit().at_work(Right(), held):
        pass


def test_a_kit_without_its_fixtures_says_so(tmp_path):
    (tmp_path / "test_half.py").write_text(
        "from wealthsources.testing.contract import SourceContract\nclass TestHalf(SourceContract): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "s01 or s15", "test_half.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.count("TestHalf has no fixture `source`; it returns a new source") >= 2, done.stdout
    assert "2 errors" in done.stdout


def test_a_source_without_a_view_of_the_context_is_named():
    class Blind(Right):
        def for_context(self, context):
            return None

    class Bound(Kit):
        def context(self):
            return object()

    with pytest.raises(AssertionError, match="has no view of the context"), Bound().at_work(Blind(), HELD):
        pass


def test_whoever_uses_the_fakes_alone_needs_no_pytest():
    code = "import wealthsources.testing, sys; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
