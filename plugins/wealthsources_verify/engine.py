"""One run of a strategy over the bars of the files, by an engine that is careful or careless about the future."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Final, NamedTuple

import wealthsources
from wealthsources_verify.context import Context, Data, MarketLists
from wealthsources_verify.engine_api import BEFORE_OPEN, EngineApi
from wealthsources_verify.errors import Unusable
from wealthsources_verify.isolation import bound, isolated
from wealthsources_verify.observed_session import open_observed
from wealthsources_verify.portfolio import Portfolio
from wealthsources_verify.recorder import Recorder
from wealthsources_verify.strategy_module import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from wealthsources_verify.data_files import DataFile
    from wealthsources_verify.engine_api import Daily
    from wealthsources_verify.trace import Trace

_DAY: Final = 86_400_000


class Inputs(NamedTuple):
    """What to run: bars `first` to `last` (exclusive) of the first file, one after the other.

    The bars before `first` have ended when the strategy is initialized.
    """

    strategy: Path
    files: Sequence[DataFile]
    first: int
    last: int


def run(inputs: Inputs, *, whole: bool, show: bool) -> Trace:
    """Run the strategy from its loading to the last bar.

    whole  the context's lists hold all bars of the files from the first moment on; else those that have ended
    show   what the strategy prints goes to stderr; else nowhere

    Raises Unusable for a strategy that cannot be run in any way; what it raises itself is in the trace.
    """
    with isolated(show=show), Strategy(inputs.strategy) as strategy:
        # What the strategy binds or clears is forgotten with the copy.
        return contextvars.copy_context().run(_Run(inputs, strategy, whole=whole).trace)


class _Run:
    """A day is one of UTC. Everything that happens up to the handlers of a bar is part of the step of that bar."""

    def __init__(self, inputs: Inputs, strategy: Strategy, *, whole: bool) -> None:
        self._bars = inputs.files[0].bars[: inputs.last]
        self._first = inputs.first
        self._symbols = list(dict.fromkeys(each.symbol for each in inputs.files))
        self._strategy = strategy
        self._recorder = Recorder(strategy, self._symbols)
        self._lists = MarketLists(inputs.files, whole=whole)
        self._portfolio = Portfolio(self._price)
        self._context = Context(self._lists.market, self._portfolio, list(self._symbols))
        self._api = EngineApi(self._recorder, self._context, self._portfolio)
        self._session = open_observed(self._recorder)
        self._day: int | None = None
        self._ran: set[Daily] = set()  # on this day

    def trace(self) -> Trace:
        trace = self._recorder.trace
        with bound(self._context, self._session, self._api.names()):
            trace.broken = not self._start()
            if not trace.broken:
                self._require_handler()
                for at in range(self._first, len(self._bars)):
                    self._step(at)
        return trace

    def _start(self) -> bool:
        """Load and initialize the strategy. False if that fails."""
        before = self._bars[self._first - 1] if self._first else None
        self._set_time(before.end if before else self._bars[0].open_time)
        self._context.current_bar = before
        done = self._call(self._strategy.load) and self._handle("initialize", self._context)
        self._end_step()
        return done

    def _require_handler(self) -> None:
        if not (self._strategy.handler("handle_bar") or self._strategy.handler("handle_data") or self._api.daily):
            raise Unusable(
                f"{self._strategy.path.name} has nothing to run: it defines neither handle_bar(context, bar) nor "
                "handle_data(context, data), and registers nothing with run_daily"
            )

    def _step(self, at: int) -> None:
        bar, context = self._bars[at], self._context
        day = bar.open_time // _DAY
        if self._day != day:
            self._end_day()
            self._set_time(bar.open_time)
            self._begin_day(day, bar.open_time)
        self._set_time(bar.end)
        context.current_bar = bar
        self._recorder.saw(self._bars[at : at + 1], "handed over as it closed")
        self._portfolio.update()
        self._handle("handle_bar", context, bar)
        self._handle("handle_data", context, Data(self._lists, self._symbols, bar.end))
        self._run_daily(bar.end - day * _DAY, at_bar=True)
        if bar.end >= (day + 1) * _DAY:
            self._end_day()
        self._end_step()

    # days ------------------------------------------------------------------------------------------------------

    def _begin_day(self, day: int, now: int) -> None:
        self._day = day
        self._ran.clear()
        self._handle("before_trading_start", self._context)
        self._run_daily(BEFORE_OPEN)
        self._run_daily(now - day * _DAY)

    def _end_day(self) -> None:
        """The day is over, be it without its last bars."""
        if self._day is not None:
            self._run_daily(_DAY)
            self._handle("after_trading_end", self._context)
            self._day = None

    def _run_daily(self, passed: int, *, at_bar: bool = False) -> None:
        """Run what is due `passed` ms into the day and has not run on it."""
        for daily in list(self._api.daily):
            if at_bar if daily.after is None else daily not in self._ran and passed >= daily.after:
                self._ran.add(daily)
                self._call(daily.function, self._context)

    # the strategy's code ---------------------------------------------------------------------------------------

    def _handle(self, name: str, *arguments: object) -> bool:
        handler = self._strategy.handler(name)
        return handler is None or self._call(handler, *arguments)

    def _call(self, function: Callable[..., object], *arguments: object) -> bool:
        """Call it and take down what it raises. False if it raised something."""
        try:
            function(*arguments)
            done = True
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is a strategy; whatever it is, it is a finding
            self._recorder.raised(error)
            done = False
        if wealthsources.current_session() is not self._session:
            raise Unusable(
                f"{self._strategy.path.name} opens a session of its own (wealthdata.configure, wealthsources.open): "
                "verify reads the data files alone, so leave that to whoever runs the strategy"
            )
        return done

    def _set_time(self, now: int) -> None:
        self._recorder.now = now
        self._lists.advance(now)
        self._context.set_time(now)

    def _end_step(self) -> None:
        kept = {f"context.{name}": value for name, value in self._context.kept().items()}
        kept |= {f"g.{name}": value for name, value in vars(self._api.g).items()}
        kept |= {f"global {name}": value for name, value in self._strategy.values().items()}
        # Another name for what it was handed is nothing that the strategy decided.
        handed = {id(self._api.g), *self._lists.identities()}
        self._recorder.end_step({name: value for name, value in kept.items() if id(value) not in handed})

    def _price(self, security: str) -> float | None:
        bar = self._lists.newest(security, self._recorder.now)
        return None if bar is None else bar.close
