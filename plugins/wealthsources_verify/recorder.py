"""What happens in one run: the answers that the strategy is given and the decisions that it takes, step by step.

Answers are taken down at the adapter, whatever function of wealthdata asked for them: see `watching`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import sys
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import wealthsources
from wealthdata.dates import from_milliseconds
from wealthsources_verify.fingerprint import digest, one_line, short
from wealthsources_verify.repaint_tracker import Repainted, SeenBars

if TYPE_CHECKING:
    from wealthsources import Bars, Hole, Timeframe
    from wealthsources_verify.strategy_module import Strategy


class Event(NamedTuple):
    """Something that the strategy was told or did.

    what    the function and the place that called it, "get_price at strategy.py:9"; an error's type and its place
    call    with which arguments
    result  as short text; `digest` is equal for equal ones
    """

    kind: Literal["answer", "decision", "raised"]
    what: str
    call: str
    result: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.what} ({self.call})" if self.call else self.what


class Value(NamedTuple):
    """A value that the strategy keeps."""

    digest: bytes
    text: str


class Step(NamedTuple):
    """One bar; or the first step, in which the strategy is loaded and initialized. `time` is now, ms.

    first   whether it is that first step
    events  in their order
    values  what the strategy keeps after it: "context.x", "g.x", and its module's own as "global X"
    """

    time: int
    first: bool
    events: tuple[Event, ...]
    values: dict[str, Value]


@dataclasses.dataclass(slots=True)
class Crossing:
    """A hole in answers: the first at `time`, asked for by `what`; `times` answers have it."""

    symbol: str
    timeframe: Timeframe
    hole: Hole
    time: int
    what: str
    times: int = 0


@dataclasses.dataclass(slots=True)
class Repaint:
    """Closed bars of a series that came back with other values: the first at `time`, by `what`; `times` bars in all."""

    symbol: str
    timeframe: Timeframe
    first: Repainted
    time: int
    what: str
    times: int = 0


@dataclasses.dataclass(slots=True)
class Trace:
    """A whole run. `broken`: the strategy could not be loaded or initialized; `errors` are the first few it raised."""

    steps: list[Step] = dataclasses.field(default_factory=list)
    crossings: dict[tuple[object, ...], Crossing] = dataclasses.field(default_factory=dict)
    repaints: dict[tuple[object, ...], Repaint] = dataclasses.field(default_factory=dict)
    broken: bool = False
    errors: list[BaseException] = dataclasses.field(default_factory=list)

    def count(self, kind: str) -> int:
        """How many events of a kind there are."""
        return sum(event.kind == kind for step in self.steps for event in step.events)


_MOST_ERRORS: Final = 3


class Recorder:
    """Takes down one run. `now` is the engine's time, ms; `symbols` are those of the data."""

    def __init__(self, strategy: Strategy, symbols: list[str]) -> None:
        self.trace = Trace()
        self.now = 0
        self._strategy = strategy
        self._events: list[Event] = []
        self._values: dict[str, Value] = {}
        self._symbols = symbols
        self._seen: dict[tuple[str, Timeframe], SeenBars] = {}

    def end_step(self, kept: dict[str, object]) -> None:
        """Close the step: `kept` are the strategy's values by name, the ones that are no values among them."""
        values = {}
        for name, value in kept.items():
            found, before = digest(value), self._values.get(name)
            if found is not None:
                values[name] = before if before and before.digest == found else Value(found, short(value))
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
        self._events.append(Event("answer", what, call, _describe(bars), key.digest()))
        for hole in bars.holes:
            series = self._series(bars)
            crossing = Crossing(*series, hole, self.now, what)
            self.trace.crossings.setdefault((*series, hole.start, hole.end), crossing).times += 1
        self.saw(bars, what)

    def refusal(self, call: str, error: Exception) -> None:
        """The strategy asked for bars and got an error. Its text may hold times that took, so its type has to do."""
        self._events.append(Event("answer", self._what(), call, type(error).__name__, type(error).__name__.encode()))

    def listing(self, symbols: list[str]) -> None:
        """The strategy asked which symbols there are."""
        self._events.append(Event("answer", self._what(), "", short(symbols), digest(symbols) or b""))

    def decision(self, name: str, values: tuple[object, ...], options: dict[str, object]) -> None:
        """The strategy called one of the engine's functions with these arguments."""
        _, place = self._strategy.caller(sys._getframe(1))
        what = f"{name} at {place}" if place else name
        call = ", ".join([short(each) for each in values] + [f"{key}={short(each)}" for key, each in options.items()])
        self._events.append(Event("decision", what, one_line(call), "", digest((values, options)) or b""))

    def raised(self, error: BaseException) -> None:
        """The strategy failed."""
        if len(self.trace.errors) < _MOST_ERRORS:
            self.trace.errors.append(error)
        kind = type(error).__name__
        text = one_line(str(error.msg if isinstance(error, SyntaxError) else error))
        self._events.append(Event("raised", f"{kind} at {self._strategy.place(error)}", text, kind, b""))

    def saw(self, bars: Bars, what: str) -> None:
        """The strategy was handed these bars."""
        series = self._series(bars)
        repainted = self._seen.setdefault(series, SeenBars()).look(bars)
        if repainted is not None:
            repaint = Repaint(*series, repainted, self.now, what)
            self.trace.repaints.setdefault(series, repaint).times += repainted.bars

    def _series(self, bars: Bars) -> tuple[str, Timeframe]:
        """As the data spells it: answers have the spelling of whoever asked."""
        return wealthsources.match_symbol(bars.symbol, self._symbols) or bars.symbol, bars.timeframe

    def _what(self) -> str:
        name, place = self._strategy.caller(sys._getframe(1))
        return f"{name} at {place}" if place else name


def time_text(time: int) -> str:
    """A time in ms as UTC text, to the minute."""
    return f"{from_milliseconds(time, dt.UTC):%Y-%m-%d %H:%M}"


def _describe(bars: Bars) -> str:
    if not len(bars):
        return "no bars"
    last = bars[-1]
    return (
        f"{len(bars)} {'bar' if len(bars) == 1 else 'bars'} to {time_text(last.end)}, the last one's close {last.close}"
    )
