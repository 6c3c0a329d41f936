"""SessionStatus: how a session is, with all of its sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wealthsources.model.notebook import html_lines
from wealthsources.model.status import html_states, html_streams
from wealthsources.model.text import short_repr
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from wealthsources.model.status import SourceStatus


@dataclasses.dataclass(frozen=True, slots=True)
class SessionStatus:
    """A snapshot of a session. `now` is ms, None if its clock has no time yet.

    slow_consumer  how often callbacks fell more than a second behind
    disagreements  bars that two sources have with different values, as "live against archive"; the earlier one wins
    recorders      how those are who write down what the live sources bring
    label_shifts   of which of the two it seems that it stamps bars with their end, and the series that showed it first
    """

    clock: str
    now: int | None
    mode: str
    sources: Mapping[str, SourceStatus]
    events_lost: int = 0
    events_conflated: int = 0
    handler_errors: int = 0
    slow_consumer: int = 0
    disagreements: Mapping[str, int] = dataclasses.field(default_factory=dict)
    label_shifts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    recorders: Mapping[str, SourceStatus] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain lists, dicts, text and numbers."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        of_status = {"sources": self.sources, "recorders": self.recorders}
        plain = {kind: {name: each.as_dict() for name, each in held.items()} for kind, held in of_status.items()}
        return {**fields, **plain}

    def __repr__(self) -> str:
        told = [f"{name} {source.state}" for name, source in self.sources.items()]
        return short_repr(
            self, lambda: f"clock {self.clock}", self._now_text, lambda: self.mode, lambda: ", ".join(told)
        )

    def _repr_html_(self) -> str:
        """As tables, for a notebook: the sources, their streams, the recorders, and what was counted if it is bad."""
        head = html_lines(" · ".join(filter(None, (f"clock {self.clock}", self._now_text(), self.mode))))
        recorders = html_lines("recorders") + html_states(self.recorders) if self.recorders else ""
        return head + html_states(self.sources) + html_streams(self.sources) + recorders + html_lines(*self._troubles())

    def _now_text(self) -> str:
        return "no time yet" if self.now is None else f"{time_text(self.now)} UTC"

    def _troubles(self) -> list[str]:
        counted = {
            "events were lost": self.events_lost,
            "errors of subscribers": self.handler_errors,
            "times subscribers were slow": self.slow_consumer,
        }
        told = [f"{times} {what}" for what, times in counted.items() if times]
        told += [f"{pair}: {count} bars differ" for pair, count in self.disagreements.items()]
        return [*told, *(f"{pair}: {said}" for pair, said in self.label_shifts.items())]
