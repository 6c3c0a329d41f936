"""A plugin for tests: a source that holds what a test puts into it."""

from __future__ import annotations

import numpy as np
import pydantic

from wealthsources import Bars, Capabilities, NotHere, Source, hookimpl


class Options(pydantic.BaseModel, extra="forbid", frozen=True):
    live: bool = False
    authoritative: bool = False
    blocking: bool = False
    symbols: tuple[str, ...] | None = None
    timeframes: tuple[str, ...] | None = None


class MemorySource(Source):
    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(states_closed=True, **dict(options))
        self.failure: Exception | None = None
        self.asked = []
        self._series = {}
        self._clock = None

    def start(self, host):
        self._clock = host.clock

    def put(self, bars: Bars) -> None:
        self._series[bars.symbol, bars.timeframe] = bars
        if self.capabilities.live:
            newest = bars[-1]
            if newest.closed is False:
                self._clock.saw_open(newest.open_time)
            else:
                self._clock.saw_closed(newest.end)

    def get_history(self, request):
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        bars = self._series.get((request.symbol, request.timeframe))
        if bars is None:
            raise NotHere(f"nothing was put in for {request.symbol} {request.timeframe}")
        fits = (bars.states != 1) & (bars.ends <= request.end)
        if request.start is not None:
            fits &= bars.open_times >= request.start
        rows = bars.rows[fits]
        if request.count is not None:
            rows = rows[max(0, len(rows) - request.count) :]
        if request.include_forming:
            rows = np.concatenate([rows, bars.rows[bars.states == 1]])
        return bars.take(np.array(rows))


@hookimpl
def wealthsources_register(register):
    register("memory", MemorySource, Options)
