"""Explanation: how one answer came about, as a table to read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from wealthsources.model.notebook import html_lines, html_table
from wealthsources.model.text import short_repr
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from wealthsources.model.attempt import Attempt
    from wealthsources.model.bars import Bars
    from wealthsources.model.errors import WealthSourcesError

_COLUMNS: Final = ("source", "outcome", "bars", "ms", "reason")


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """How one answer came about. `str()` of it is a table; `bars` is the answer, or `error` why there is none."""

    request: str
    now: int
    attempts: tuple[Attempt, ...]
    bars: Bars | None
    error: WealthSourcesError | None

    def __repr__(self) -> str:
        """What was asked, and what came of it, in one line."""
        return short_repr(self, lambda: self.request, lambda: self._verdict()[0])

    def __str__(self) -> str:
        rows = [_COLUMNS, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [self.request]
        for row in rows:
            cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
            lines.append("  ".join([*cells, row[4]]).rstrip())
        return "\n".join([*lines, *self._verdict()])

    def _repr_html_(self) -> str:
        """As a table, for a notebook."""
        table = html_table(_COLUMNS, self._rows(), right=("bars", "ms"))
        return html_lines(self.request) + table + html_lines(*self._verdict())

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                attempt.asked,
                attempt.outcome.replace("_", " "),
                str(attempt.bars) if attempt.outcome == "bars" else "",
                f"{attempt.elapsed * 1000:.2f}" if attempt.elapsed else "",
                "; ".join(filter(None, (attempt.said, f"{attempt.differs} differ" if attempt.differs else ""))),
            )
            for attempt in self.attempts
        ]

    def _verdict(self) -> list[str]:
        if self.error is not None:
            first = str(self.error).splitlines()[0].removesuffix(":")  # what follows it stands above
            return [f"{type(self.error).__name__}: {first}"]
        bars = self.bars
        if bars is None or not len(bars):
            return ["no bar fits"]
        counts = dict.fromkeys(bars.sources, 0)
        for code in bars.source_codes.tolist():
            counts[bars.sources[code]] += 1
        shares = ", ".join(f"{count} from {name}" for name, count in counts.items() if count)
        lines = [f"{len(bars)} bars, {time_text(bars[0].open_time)} to {time_text(bars[-1].end)} UTC: {shares}"]
        lines += [f"hole: {hole} UTC" for hole in bars.holes]
        if bars.behind:
            lines.append(f"behind: the newest {bars.behind} bars are missing")
        return lines
