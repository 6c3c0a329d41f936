"""Event: something that happened in a live source."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wealthsources.model.bars import Bar
    from wealthsources.model.holes import Hole
    from wealthsources.model.timeframe import Timeframe

EventKind = Literal["bar", "state", "hole", "filled"]


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a live source, as `session.subscribe` hands it out.

    bar     `bar` is new, was updated or was closed
    state   the connection's `state` changed, for `reason`
    hole    bars are missing: `hole`
    filled  the chain filled `hole`, or as many bars as it counts in that span; `reason` names the source

    known_at  when it came to be known, ms by the session's clock; None where that has no time yet
    epoch     the connection that brought the bar
    """

    kind: EventKind
    source: str
    symbol: str = ""
    timeframe: Timeframe | None = None
    bar: Bar | None = None
    hole: Hole | None = None
    state: str = ""
    reason: str = ""
    known_at: int | None = None
    epoch: int = 0
