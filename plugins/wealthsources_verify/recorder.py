"""Takes down what happens in one run, as a trace.

Answers are taken down at the adapter, whatever function of wealthdata asked for them: see `observed_session`.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Final

from wealthsources import match_symbol, time_text
from wealthsources_verify.fingerprint import fingerprint
from wealthsources_verify.repaint_tracker import RepaintTracker
from wealthsources_verify.text import short_line, value_text
from wealthsources_verify.trace import Crossing, KeptValue, Repaint, Step, Trace, TraceEvent

if TYPE_CHECKING:
    from wealthsources import Bars, Timeframe
    from wealthsources_verify.strategy_module import Strategy

_MOST_ERRORS: Final = 3


class Recorder:
    """Takes down one run. `now` is the engine's time, ms; `symbols` are those of the data."""

    def __init__(self, strategy: Strategy, symbols: list[str]) -> None:
        self.trace = Trace()
        self.now = 0
        self._strategy = strategy
        self._events: list[TraceEvent] = []
        self._values: dict[str, KeptValue] = {}
        self._symbols = symbols
        self._seen: dict[tuple[str, Timeframe], RepaintTracker] = {}

    def end_step(self, kept: dict[str, object]) -> None:
        """Close the step: `kept` are the strategy's values by name, the ones that are no values among them."""
        values = {}
        for name, value in kept.items():
            new, before = fingerprint(value), self._values.get(name)
            if new is not None:
                values[name] = before if before and before.fingerprint == new else KeptValue(new, value_text(value))
        self._values = values
        self.trace.steps.append(Step(self.now, not self.trace.steps, tuple(self._events), values))
        self._events.clear()

    # events ----------------------------------------------------------------------------------------------------

    def answer(self, call: str, bars: Bars) -> None:
        """The strategy asked for bars and got these."""
        what = self._what()
        key = hashlib.blake2b(bars.open_times.tobytes(), digest_size=16)
        key.update(bars.values.tobytes())
        key.update(f"{bars.holes} {bars.behind}".encode())
        self._events.append(TraceEvent("answer", what, call, _describe(bars), key.digest()))
        for hole in bars.holes:
            series = self._series(bars)
            crossing = Crossing(*series, hole, self.now, what)
            self.trace.crossings.setdefault((*series, hole.start, hole.end), crossing).times += 1
        self.saw(bars, what)

    def refusal(self, call: str, error: Exception) -> None:
        """The strategy asked for bars and got an error. Its text may hold times that took, so its type has to do."""
        kind = type(error).__name__
        self._events.append(TraceEvent("answer", self._what(), call, kind, kind.encode()))

    def listing(self, symbols: list[str]) -> None:
        """The strategy asked which symbols there are."""
        self._events.append(TraceEvent("answer", self._what(), "", value_text(symbols), fingerprint(symbols) or b""))

    def decision(self, name: str, values: tuple[object, ...], options: dict[str, object]) -> None:
        """The strategy called one of the engine's functions with these arguments."""
        _, place = self._strategy.caller(sys._getframe(1))
        what = f"{name} at {place}" if place else name
        arguments = [value_text(each) for each in values]
        arguments += [f"{key}={value_text(each)}" for key, each in options.items()]
        call = short_line(", ".join(arguments))
        self._events.append(TraceEvent("decision", what, call, "", fingerprint((values, options)) or b""))

    def raised(self, error: BaseException) -> None:
        """The strategy failed."""
        if len(self.trace.errors) < _MOST_ERRORS:
            self.trace.errors.append(error)
        kind = type(error).__name__
        text = short_line(str(error.msg if isinstance(error, SyntaxError) else error))
        self._events.append(TraceEvent("raised", f"{kind} at {self._strategy.place(error)}", text, kind, b""))

    def saw(self, bars: Bars, what: str) -> None:
        """The strategy was handed these bars."""
        series = self._series(bars)
        repainted = self._seen.setdefault(series, RepaintTracker()).look(bars)
        if repainted is not None:
            repaint = Repaint(*series, repainted, self.now, what)
            self.trace.repaints.setdefault(series, repaint).times += repainted.bars

    def _series(self, bars: Bars) -> tuple[str, Timeframe]:
        """As the data spells it: answers have the spelling of whoever asked."""
        return match_symbol(bars.symbol, self._symbols) or bars.symbol, bars.timeframe

    def _what(self) -> str:
        name, place = self._strategy.caller(sys._getframe(1))
        return f"{name} at {place}" if place else name


def _describe(bars: Bars) -> str:
    if not len(bars):
        return "no bars"
    last = bars[-1]
    return (
        f"{len(bars)} {'bar' if len(bars) == 1 else 'bars'} to {time_text(last.end)}, the last one's close {last.close}"
    )
