"""What every source has to do, as tests that the author of one inherits. Needs pytest.

    from wealthsources.testing.contract import SourceContract

    class TestAcme(SourceContract):
        @pytest.fixture
        def source(self, tmp_path) -> Source:
            return AcmeSource(Options(database=tmp_path / "bars.db"))  # new, not started

        @pytest.fixture
        def held(self) -> Bars:
            return Bars.from_records("BTCUSDT", "1h", […])  # all that it has of that series, at least five

Nothing else is needed; the rest of the first part of `SourceContract` is for sources that are unlike others. Every case
has a number, which is in front of what it says when it fails.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from wealthsources.model.bars import Bars
from wealthsources.model.errors import NotHere
from wealthsources.model.status import SourceStatus
from wealthsources.model.symbols import match_symbol
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.validity import first_fault
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.query import Query
from wealthsources.source import Capabilities, HistoryRequest, Source
from wealthsources.testing.fakes import ListSource, LoneHost, SetClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources.model.markets import Prices

_LEAST = 5
#: What identifies a bar, and what it says: open_time -> its five values.
Held = dict[int, tuple[float, ...]]


@dataclasses.dataclass(frozen=True)
class Ready:
    """A source at work: `source` as it was made, and the `view` of it that is asked."""

    source: Source
    view: Source
    held: Bars
    clock: SetClock

    def request(self, **changes: Any) -> HistoryRequest:
        """For all that is held, but for these changes."""
        whole = HistoryRequest(self.held.symbol, self.held.timeframe, int(self.held.ends[-1]))
        return dataclasses.replace(whole, **changes)

    def ask(self, **changes: Any) -> Bars:
        """The answer to such a request."""
        return self.view.get_history(self.request(**changes))

    def refusal(self, **changes: Any) -> str:
        """What comes instead of NotHere with a reason; empty if that came."""
        try:
            answer = self.ask(**changes)
        except NotHere as reason:
            return "" if str(reason) else "NotHere without a reason"
        except Exception as error:  # noqa: BLE001 - a stranger's code
            return repr(error)
        return repr(answer)


class SourceContract:
    """Inherit it in a class whose name begins with Test, and write the fixtures `source` and `held`."""

    #: A symbol that the source does not have.
    unknown_symbol: ClassVar[str] = "NOSUCHSYMBOL"
    #: Seconds in which `stop` must return.
    stop_within: ClassVar[float] = 3.0
    #: What a price may be on its market.
    prices: ClassVar[Prices] = "positive"

    @pytest.fixture
    def source(self) -> Source:
        """A new source, not started. Every case gets one of its own."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `source`; it returns a new source")

    @pytest.fixture
    def held(self) -> Bars:
        """All closed bars that the source has of one series, at least five, oldest first."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `held`; it returns bars that the source has")

    def begin(self, source: Source, clock: SetClock) -> None:
        """Bring a new source to where it has these bars. `clock` is the session's: the newest of them has just ended.

        Override it for a source that is pushed its bars, or that must be waited for.
        """
        source.start(LoneHost(clock))

    def context(self) -> object:
        """The strategy's context that has the bars; None: they belong to none."""
        return None

    @pytest.fixture
    def ready(self, source: Source, held: Bars) -> Iterator[Ready]:
        """A source that was begun, for one case."""
        with self.at_work(source, held) as ready:
            yield ready

    @contextlib.contextmanager
    def at_work(self, source: Source, held: Bars) -> Iterator[Ready]:
        """A source that was begun, and is stopped afterwards."""
        fault = first_fault(held, self.prices)
        assert len(held) >= _LEAST, f"held: {_LEAST} bars are the least to tell right from wrong; it has {len(held)}"
        assert fault is None, f"held: bars[{fault[0]}] can be no bar: {fault[1]}"
        clock, context = SetClock(int(held.ends[-1])), self.context()
        try:
            self.begin(source, clock)
            view = source if context is None else source.for_context(context)
            assert view is not None, "for_context: has no view of the context that `context` returns"
            yield Ready(source, view, held, clock)
        finally:
            with contextlib.suppress(Exception):  # S15, S16 and S22 tell
                source.stop()

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
        wrong = _held(ready.held).items() ^ _held(bars).items()
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
        assert opens in _held(ready.ask(start=opens)), f"S05: the bar that opens at request.start ({opens}) is missing"
        early = [time for time in _held(ready.ask(start=opens + 1)) if time <= opens]
        assert not early, f"S05: bars must open at or after request.start ({opens + 1}); opened {early}"

    def test_s06_there_are_no_more_than_the_count(self, ready: Ready) -> None:
        """S06: of closed bars; a count of more than there are is no error."""
        for count in (1, 2, len(ready.held) + 1):
            closed = sum(bar.closed is not False for bar in ready.ask(count=count))
            assert closed <= count, f"S06: asked for {count} closed bars, got {closed}; cut to request.count"

    def test_s07_of_a_count_they_are_the_newest(self, ready: Ready) -> None:
        """S07: those that end last, not those that open first after a start."""
        missing = _held(ready.held[-2:]).keys() - _held(ready.ask(count=2))
        assert not missing, f"S07: with request.count, the newest bars up to request.end; missing {sorted(missing)}"

    def test_s08_start_and_count_hold_together(self, ready: Ready) -> None:
        """S08: whichever of the two leaves fewer bars decides."""
        opens, end = (int(ready.held.open_times[1]), int(ready.held.ends[3]))
        for count, wanted in ((2, ready.held[2:4]), (9, ready.held[1:4])):
            times = sorted(_held(ready.ask(start=opens, end=end, count=count)))
            assert times == wanted.open_times.tolist(), (
                f"S08: start {opens}, end {end} and count {count} all hold: not {times}"
            )

    # nothing -----------------------------------------------------------------------------------------------------

    def test_s09_where_it_has_nothing_it_raises_not_here(self, ready: Ready) -> None:
        """S09: before its oldest and after its newest bar: not an empty answer, not an error."""
        oldest, newest, window = ready.held.oldest, int(ready.held.ends[-1]), ready.held.timeframe.milliseconds
        for start, end in ((None, oldest), (newest, newest + 3 * window)):
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

    # again, and from where ---------------------------------------------------------------------------------------

    def test_s12_the_same_question_has_the_same_answer(self, ready: Ready) -> None:
        """S12: as long as nothing new came."""
        first, second = _held(ready.ask()), _held(ready.ask())
        assert first == second, (
            f"S12: {len(first)} bars, then {len(second)} or other values, of one question asked twice"
        )

    def test_s13_threads_that_ask_at_once_get_each_their_own_answer(self, ready: Ready) -> None:
        """S13: a session asks from several threads: keep nothing of a request in `self`, or lock."""
        counts = range(1, len(ready.held) + 1)[:8]
        alone = [_held(ready.ask(count=count)) for count in counts]
        together = threading.Barrier(len(counts))

        def ask(count: int) -> Held:
            together.wait(10)
            return _held(ready.ask(count=count))

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
            assert _held(bars) == _held(ready.held), (
                f"S14: with live=False and the clock at {now}: {bars}; read no clock"
            )

    # its life ----------------------------------------------------------------------------------------------------

    def test_s15_it_can_be_stopped_before_it_was_started(self, source: Source) -> None:
        """S15: a session that fails while it opens stops all its sources."""
        _stop(source, "S15: before start")

    def test_s16_it_stops_in_time_from_any_thread(self, ready: Ready) -> None:
        """S16: within 3 s, whoever calls; the process waits for it."""
        errors: list[BaseException] = []

        def stop() -> None:
            try:
                ready.source.stop()
            except BaseException as error:  # noqa: BLE001 - it is told where the test is
                errors.append(error)

        thread = threading.Thread(target=stop, daemon=True)
        thread.start()
        thread.join(self.stop_within)
        assert not thread.is_alive(), (
            f"S16: stop() must return within {self.stop_within} s; give what it waits for a limit"
        )
        assert not errors, f"S16: stop() may be called from any thread; raised {errors[0]!r}"

    def test_s17_it_takes_no_context(self, ready: Ready) -> None:
        """S17: a session without a strategy asks for the view of None."""
        try:
            view = ready.source.for_context(None)
        except Exception as error:  # noqa: BLE001 - a stranger's code
            pytest.fail(f"S17: for_context(None) must return a Source, or None to be skipped; raised {error!r}")
        assert view is None or isinstance(view, Source), f"S17: for_context(None) returned a {type(view).__name__}"

    # what it says of itself --------------------------------------------------------------------------------------

    def test_s18_its_status_is_json_at_any_time(self, source: Source, held: Bars) -> None:
        """S18: a `SourceStatus` of plain values, before start as well."""
        _check_status(source, "before start")
        with self.at_work(source, held):
            _check_status(source, "at work")

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
        assert _held(answer.bars) == _held(held), f"S20: behind a source with the newest two, all together: {told}"

    # as it happens -----------------------------------------------------------------------------------------------

    def test_s21_a_forming_bar_is_one_more_and_the_last(self, ready: Ready) -> None:
        """S21: `include_forming` changes nothing about the closed bars. Skipped for sources that are not live."""
        if not ready.view.capabilities.live:
            pytest.skip("S21: only live sources are asked for a forming bar")
        now = int(ready.held.ends[-1]) + 1
        closed, _ = ready.ask(end=now, count=2, include_forming=True).split_forming()
        assert _held(closed) == _held(ready.held[-2:]), f"S21: with include_forming, count is of closed bars: {closed}"
        stated = [bar.open_time for bar in closed if bar.closed is False]
        assert not stated, f"S21: only the last bar may be stated as not closed; opened {stated}"

    # its life, once more -----------------------------------------------------------------------------------------

    def test_s22_it_can_be_stopped_twice(self, ready: Ready) -> None:
        """S22: who stops it does not know who did before."""
        _stop(ready.source, "S22: once")
        _stop(ready.source, "S22: a second time")


def _check_status(source: Source, when: str) -> None:
    try:
        status = source.status()
        json.dumps(status.as_dict(), allow_nan=False)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"S18: status() {when} must be a SourceStatus of text and finite numbers: {error!r}")
    assert isinstance(status, SourceStatus), f"S18: status() {when} is a {type(status).__name__}"


def _held(bars: Bars) -> Held:
    return {bar.open_time: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}


def _stop(source: Source, when: str) -> None:
    try:
        source.stop()
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"{when}, stop() must do nothing, or what is left to do; raised {error!r}")
