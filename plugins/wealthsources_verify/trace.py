"""What one run of a strategy leaves: the answers that it was given and the decisions that it took, step by step."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from wealthsources import Hole, Timeframe
    from wealthsources_verify.repaint_tracker import Repainted


class TraceEvent(NamedTuple):
    """Something that the strategy was told or did.

    what    the function and the place that called it, "get_price at strategy.py:9"; an error's type and its place
    call    with which arguments
    result  as short text; `fingerprint` is equal for equal ones
    """

    kind: Literal["answer", "decision", "raised"]
    what: str
    call: str
    result: str
    fingerprint: bytes

    def __str__(self) -> str:
        return f"{self.what} ({self.call})" if self.call else self.what


class KeptValue(NamedTuple):
    """A value that the strategy keeps."""

    fingerprint: bytes
    text: str


class Step(NamedTuple):
    """One bar; or the first step, in which the strategy is loaded and initialized. `time` is now, ms.

    first   whether it is that first step
    events  in their order
    values  what the strategy keeps after it: "context.x", "g.x", and its module's own as "global X"
    """

    time: int
    first: bool
    events: tuple[TraceEvent, ...]
    values: dict[str, KeptValue]


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
