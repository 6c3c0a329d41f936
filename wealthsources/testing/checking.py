"""The contract, run over a source without a test file: what it has is what it answers itself."""

from __future__ import annotations

import contextlib
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wealthsources.model.bars import Bars
from wealthsources.model.errors import NotHere, RequestError, SourceError
from wealthsources.model.text import describe
from wealthsources.model.times import time_text
from wealthsources.model.validity import first_fault
from wealthsources.source import HistoryRequest
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.fakes import LoneHost, SetClock
from wealthsources.testing.ready import held_of
from wealthsources.testing.running import Outcome, run_cases, source_makers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.model.timeframe import Timeframe
    from wealthsources.source import Source

#: So many bars are the least to tell right from wrong.
LEAST: Final = 5
_PAUSE: Final = 0.05


def find_held(make: Callable[[], Source], symbol: str, timeframe: Timeframe, now: int, patience: float) -> Bars:
    """All closed bars that a new source answers with, of which there must be some within `patience` seconds.

    Raises RequestError, which says what it answered instead; and if another new source has not got the same bars, as
    it is with live ones, which begin with nothing.
    """
    request = HistoryRequest(symbol, timeframe, now)
    with _started(make, now) as source:
        held, is_live = _wait_for_bars(source, request, patience), source.capabilities.live
    if is_live:
        with _started(make, now) as source:
            _wait_for_the_same(source, request, held, patience)
    return held


def check_source(make: Callable[[], Source], held: Bars, patience: float) -> Iterator[Outcome]:
    """Run every case, one after the other, each with a source of its own that has `held` within `patience` seconds."""
    kit = _Kit(held, patience)
    return run_cases(kit, source_makers(kit, make, held))


class _Kit(SourceContract):
    """Waits for a source that is pushed its bars, or that has to load something first."""

    def __init__(self, held: Bars, seconds: float) -> None:
        self._held, self._seconds = held, seconds

    def begin(self, source: Source, clock: SetClock) -> None:
        """Start it, and wait until it has what it had, as long as there is patience."""
        source.start(LoneHost(clock))
        request = HistoryRequest(self._held.symbol, self._held.timeframe, int(self._held.ends[-1]))
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):  # the cases tell
                if held_of(source.get_history(request)) == held_of(self._held):
                    return
            if not source.capabilities.blocking and not source.capabilities.live:
                return  # it waits for nothing, so it will have no more
            time.sleep(_PAUSE)


@contextlib.contextmanager
def _started(make: Callable[[], Source], now: int) -> Iterator[Source]:
    source = make()
    try:
        source.start(LoneHost(SetClock(now)))
        yield source
    finally:
        with contextlib.suppress(Exception):  # S15 and S22 tell
            source.stop()


def _wait_for_the_same(source: Source, request: HistoryRequest, held: Bars, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(NotHere, SourceError):
            if held_of(source.get_history(request)).items() >= held_of(held).items():
                return
        time.sleep(_PAUSE)
    raise RequestError(
        "it is live, and a new one has not got the bars that the one before had: write a test with SourceContract, "
        "whose `begin` brings a source to the bars of `held`"
    )


def _wait_for_bars(source: Source, request: HistoryRequest, patience: float) -> Bars:
    deadline = time.monotonic() + patience
    while True:
        try:
            bars = _answer(source, request).split_forming()[0]
            said = f"it answered with {len(bars)} closed bars"
        except (NotHere, SourceError) as error:
            bars, said = None, f"it answered {type(error).__name__}: {error}"
        if bars is not None and len(bars) >= LEAST:
            return bars
        if time.monotonic() > deadline:
            raise RequestError(
                f"{request.symbol} {request.timeframe}: {said}; the contract needs {LEAST} closed bars of one series: "
                "name one that it has with --symbol and --timeframe"
            )
        time.sleep(_PAUSE)


def _answer(source: Source, request: HistoryRequest) -> Bars:
    """What it answers. Raises RequestError for what no case could judge: each of them would say the same."""
    try:
        bars = source.get_history(request)
    except (NotHere, SourceError):
        raise
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{describe(error)} at {Path(at.filename).name}:{at.lineno}"
        raise RequestError(
            f"get_history raised {where}; raise NotHere where it has nothing, SourceError for what is wrong"
        ) from error
    if not isinstance(bars, Bars):
        raise RequestError(f"get_history returned {type(bars).__name__}, not Bars (see Bars.from_records)")
    fault = first_fault(bars, "any")
    if fault is not None:
        which = f"bars[{fault[0]}] at {time_text(int(bars.open_times[fault[0]]))}"
        raise RequestError(
            f"get_history returned what is no series: {which}: {fault[1]}; sort, and raise SourceError for wrong data"
        )
    return bars
