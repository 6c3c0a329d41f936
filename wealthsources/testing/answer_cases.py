"""The cases about one answer: what it is, its span, and what comes instead where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wealthsources.model.bars import Bars
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME
from wealthsources.model.validity import first_fault
from wealthsources.testing.hooks import SourceHooks
from wealthsources.testing.ready import held_of

if TYPE_CHECKING:
    from wealthsources.testing.ready import Ready


class AnswerCases(SourceHooks):
    """S01 to S11."""

    # what an answer is -------------------------------------------------------------------------------------------

    def test_s01_an_answer_is_bars_of_the_series_that_was_asked_for(self, ready: Ready) -> None:
        """S01: `Bars`, with the symbol as it was spelled in the request, and its timeframe."""
        bars = ready.ask()
        assert isinstance(bars, Bars), f"S01: return Bars (see Bars.from_records), not {type(bars).__name__}"
        asked = (ready.held.symbol, ready.held.timeframe)
        assert (bars.symbol, bars.timeframe) == asked, f"S01: give Bars request.symbol and request.timeframe; {bars}"

    def test_s02_bars_are_in_order_on_the_grid_and_possible(self, ready: Ready) -> None:
        """S02: oldest first, no open time twice, each on the timeframe's grid, with values that a bar can have."""
        fault = first_fault(ready.ask(), self.prices) or (0, "")
        assert not fault[1], f"S02: bars[{fault[0]}]: {fault[1]}; sort, and raise SourceError for data that is wrong"

    def test_s03_it_answers_with_what_it_holds(self, ready: Ready) -> None:
        """S03: without start and count, all bars that it has up to `end`; one that ends at `end` is among them."""
        bars = ready.ask()
        wrong = held_of(ready.held).items() ^ held_of(bars).items()
        assert not wrong, f"S03: these bars (open time, values) are only here or only in held: {sorted(wrong)[:3]}"
        stated = [bar.open_time for bar in bars if bar.closed is False]
        assert not stated, f"S03: bars in held are closed, and these are stated as not closed: {stated[:3]}"

    # the span ----------------------------------------------------------------------------------------------------

    def test_s04_no_bar_ends_after_the_end(self, ready: Ready) -> None:
        """S04: a bar that has not ended by `end` is not there, though it has begun. Else a backtest sees the future."""
        for end in (int(ready.held.ends[2]) - 1, int(ready.held.ends[2]) + 1):
            late = [bar.open_time for bar in ready.ask(end=end) if bar.end > end]
            assert not late, f"S04: bars must end by request.end ({end}), by the end of their window; opened {late}"

    def test_s05_no_bar_opens_before_the_start(self, ready: Ready) -> None:
        """S05: `start` is inclusive; a bar that opened a moment earlier is not there."""
        opens = int(ready.held.open_times[2])
        assert opens in held_of(ready.ask(start=opens)), (
            f"S05: the bar that opens at request.start ({opens}) is missing"
        )
        early = [time for time in held_of(ready.ask(start=opens + 1)) if time <= opens]
        assert not early, f"S05: bars must open at or after request.start ({opens + 1}); opened {early}"

    def test_s06_there_are_no_more_than_the_count(self, ready: Ready) -> None:
        """S06: of closed bars; a count of more than there are is no error."""
        for count in (1, 2, len(ready.held) + 1):
            closed = sum(bar.closed is not False for bar in ready.ask(count=count))
            assert closed <= count, f"S06: asked for {count} closed bars, got {closed}; cut to request.count"

    def test_s07_of_a_count_they_are_the_newest(self, ready: Ready) -> None:
        """S07: those that end last, not those that open first after a start."""
        missing = held_of(ready.held[-2:]).keys() - held_of(ready.ask(count=2))
        assert not missing, f"S07: with request.count, the newest bars up to request.end; missing {sorted(missing)}"

    def test_s08_start_and_count_hold_together(self, ready: Ready) -> None:
        """S08: whichever of the two leaves fewer bars decides."""
        opens, end = (int(ready.held.open_times[1]), int(ready.held.ends[3]))
        for count, wanted in ((2, ready.held[2:4]), (9, ready.held[1:4])):
            times = sorted(held_of(ready.ask(start=opens, end=end, count=count)))
            assert times == wanted.open_times.tolist(), (
                f"S08: start {opens}, end {end} and count {count} all hold: not {times}"
            )

    # nothing -----------------------------------------------------------------------------------------------------

    def test_s09_where_it_has_nothing_it_raises_not_here(self, ready: Ready) -> None:
        """S09: before its oldest and after its newest bar, however far: not an empty answer, not an error."""
        oldest, newest, window = ready.held.oldest, int(ready.held.ends[-1]), ready.held.timeframe.milliseconds
        far = (None, EARLIEST_TIME + window), (LATEST_TIME - 2 * window, LATEST_TIME - window)
        for start, end in ((None, oldest), (newest, newest + 3 * window), *far):
            came = ready.refusal(start=start, end=end)
            assert not came, f"S09: raise NotHere(why) where no bar is in the span {start} to {end}; came {came}"

    def test_s10_of_a_symbol_that_it_does_not_know_it_raises_not_here(self, ready: Ready) -> None:
        """S10: the sources after it are asked then, and its failures are not counted."""
        came = ready.refusal(symbol=self.unknown_symbol)
        assert not came, f"S10: raise NotHere(why) for the unknown symbol {self.unknown_symbol!r}; came {came}"

    def test_s11_of_a_timeframe_that_it_does_not_serve_it_raises_not_here(self, ready: Ready) -> None:
        """S11: it makes no bars of another timeframe. Skipped where it does not say which it serves."""
        served = ready.view.capabilities.timeframes
        other = next((name for name in Timeframe.known() if served is not None and name not in served), None)
        if other is None:
            pytest.skip("S11: capabilities.timeframes leaves none out")
        came = ready.refusal(timeframe=Timeframe(other))
        assert not came, f"S11: raise NotHere(why) for {other}, which capabilities.timeframes lacks; came {came}"
