"""The cases about answers beside one another, and about what a source says of itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from wealthsources.model.errors import SourceError
from wealthsources.model.symbols import match_symbol
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.query import Query
from wealthsources.source import Capabilities
from wealthsources.testing.fakes import ListSource
from wealthsources.testing.hooks import SourceHooks
from wealthsources.testing.ready import held_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.bars import Bars
    from wealthsources.testing.hooks import Outage
    from wealthsources.testing.ready import Held, Ready


class PromiseCases(SourceHooks):
    """S12 to S14, S19 and S20, S23 to S27."""

    # again, and from where ---------------------------------------------------------------------------------------

    def test_s12_the_same_question_has_the_same_answer(self, ready: Ready) -> None:
        """S12: as long as nothing new came."""
        first, second = held_of(ready.ask()), held_of(ready.ask())
        assert first == second, (
            f"S12: {len(first)} bars, then {len(second)} or other values, of one question asked twice"
        )

    def test_s13_threads_that_ask_at_once_get_each_their_own_answer(self, ready: Ready) -> None:
        """S13: a session asks from several threads: keep nothing of a request in `self`, or lock."""
        counts = range(1, len(ready.held) + 1)[:8]
        alone = [held_of(ready.ask(count=count)) for count in counts]
        together = threading.Barrier(len(counts))

        def ask(count: int) -> Held:
            together.wait(10)
            return held_of(ready.ask(count=count))

        with ThreadPoolExecutor(len(counts)) as threads:
            for count, wanted, bars in zip(counts, alone, threads.map(ask, counts), strict=True):
                assert bars == wanted, f"S13: asked for {count} bars while others asked for theirs, got {len(bars)}"

    def test_s14_a_backtest_is_not_judged_by_the_sessions_clock(self, ready: Ready) -> None:
        """S14: with `live=False` the answer is the same at any time. Skipped for live sources."""
        if ready.view.capabilities.live:
            pytest.skip("S14: a live source takes no part in a backtest")
        for now in (int(ready.held.ends[1]), ready.clock.now()):
            ready.clock.time = now
            bars = ready.ask(live=False, now=int(ready.held.ends[-1]))
            assert held_of(bars) == held_of(ready.held), (
                f"S14: with live=False and the clock at {now}: {bars}; read no clock"
            )

    def test_s19_its_capabilities_fit_what_it_has(self, ready: Ready) -> None:
        """S19: names of timeframes that are known, the held one among them; symbols with the held one, or None."""
        can, held = ready.view.capabilities, ready.held
        assert isinstance(can, Capabilities), f"S19: capabilities is a {type(can).__name__}"
        if can.timeframes is not None:
            strange = sorted(set(can.timeframes) - set(Timeframe.known()))
            assert not strange, f"S19: capabilities.timeframes has {strange}; known: {', '.join(Timeframe.known())}"
            assert held.timeframe.name in can.timeframes, f"S19: capabilities.timeframes lacks {held.timeframe}"
        for said, where in ((can.symbols, "capabilities.symbols"), (ready.view.get_all_symbols(), "get_all_symbols()")):
            knows = not said or match_symbol(held.symbol, said) is not None
            assert knows, f"S19: {where} lacks {held.symbol}, which it has bars of; if it cannot tell: None, or ()"

    # in a chain --------------------------------------------------------------------------------------------------

    def test_s20_in_a_chain_it_gives_what_the_source_before_it_lacks(self, ready: Ready) -> None:
        """S20: a request that is only about a part, for an earlier time than now."""
        held, live = ready.held, ready.view.capabilities.live
        chain = SourceChain([ChainLink("earlier", ListSource(held[-2:])), ChainLink("yours", ready.view)])
        answer = chain.resolve(Query(held.symbol, held.timeframe, ready.clock.now(), len(held), live=live))
        told = "; ".join(str(attempt) for attempt in answer.attempts)
        assert held_of(answer.bars) == held_of(held), f"S20: behind a source with the newest two, all together: {told}"

    # and more of answers -----------------------------------------------------------------------------------------

    def test_s23_it_answers_with_what_was_known_then(self, ready: Ready) -> None:
        """S23: with `known_at`, a backtest sees what a strategy saw then. Skipped for those not `point_in_time`."""
        if not ready.view.capabilities.point_in_time:
            pytest.skip("S23: capabilities.point_in_time is False")
        for known_at in (ready.held.oldest, int(ready.held.ends[2]), int(ready.held.ends[-1])):
            early = [time for time in ready.times(known_at=known_at) if ready.held.timeframe.end(time) > known_at]
            assert not early, f"S23: at {known_at} (known_at) the bars that open at {early} were not over, nor known"
        late = LATEST_TIME - ready.held.timeframe.milliseconds
        assert ready.times(known_at=late) == ready.times(), f"S23: by {late} (known_at) all is known that is known now"

    def test_s24_a_start_long_before_its_oldest_bar_changes_nothing(self, ready: Ready) -> None:
        """S24: the newest `count` are counted from the end, though a server's own limit counts from the start."""
        start = max(EARLIEST_TIME, ready.held.oldest - 5_000 * ready.held.timeframe.milliseconds)
        for count, wanted in ((2, ready.held[-2:]), (None, ready.held)):
            missing = sorted(set(wanted.open_times.tolist()) - set(ready.times(start=start, count=count)))
            assert not missing, (
                f"S24: with a start 5,000 windows before its oldest bar and count {count}, still the newest up to "
                f"request.end: missing {missing[:3]}; page backwards from request.end"
            )

    def test_s25_what_fails_is_a_source_error(self, ready: Ready, failing: Outage | None) -> None:
        """S25: NotHere says that there is no bar; who could not look must not say so. Skipped without `failing`."""
        if failing is None:
            pytest.skip("S25: the fixture `failing` makes what the source asks fail; there is none")
        with failing():
            try:
                came: object = ready.ask()
            except Exception as error:  # noqa: BLE001 - a stranger's code
                came = error
        right = isinstance(came, SourceError) and str(came)
        assert right, f"S25: raise SourceError(why) where it cannot look; came {came!r}"

    def test_s26_what_is_done_to_an_answer_changes_no_later_one(self, ready: Ready) -> None:
        """S26: answers are shared: by strategies, and by threads. Give a copy, or an array that is read-only."""
        wanted = held_of(ready.ask())
        answer = ready.ask()
        for array in _arrays_of(answer):
            array[...] = 1.5 if array.dtype.kind == "f" else 1
        again = ready.ask()
        assert held_of(again) == wanted, "S26: an answer was written to, and the next one differs; copy what is kept"

    def test_s27_an_authoritative_source_leaves_nothing_out(self, ready: Ready) -> None:
        """S27: of what it leaves out between two bars it is believed that it never existed. Skipped for the others."""
        if not ready.view.capabilities.authoritative:
            pytest.skip("S27: capabilities.authoritative is False")
        held = ready.held[-6:]
        for first in range(len(held)):
            for last in range(first, len(held)):
                span = {"start": int(held.open_times[first]), "end": int(held.ends[last])}
                times = ready.times(**span)
                assert times == held.open_times[first : last + 1].tolist(), (
                    f"S27: of {span}, bars are missing that there are: only {times}; answer with all, or raise "
                    "SourceError, or do not say authoritative"
                )


def _arrays_of(bars: Bars) -> list[NDArray[Any]]:
    """The arrays of an answer, and those behind them, that can be written to."""
    arrays: list[NDArray[Any]] = []
    for array in (bars.rows, bars.values, bars.open_times, bars.ends):
        behind: Any = array
        while isinstance(behind, np.ndarray):
            arrays += [behind] if behind.flags.writeable and behind.dtype.kind in "fiu" else []
            behind = behind.base
    return arrays
