"""What a replay prints of an event: the same line as `wealthsources watch` in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import FIELDS, one_line, time_text

if TYPE_CHECKING:
    from wealthsources import Event


def event_text(event: Event) -> str:
    """One line."""
    series = "" if event.timeframe is None else f"{event.symbol} {event.timeframe.name}"
    bar, hole = event.bar, event.hole
    if bar is not None:
        values = "  ".join(bar.exact(field) for field in FIELDS)
        when = time_text(bar.open_time)
        return f"{when}  {one_line(series)}  {values}  {bar.finality or 'forming'}  {one_line(event.source)}"
    if hole is not None:
        missing = f"{hole.count} bars from {time_text(hole.start)} to {time_text(hole.end)} UTC"
        return one_line(f"{event.source}: {series} {event.kind}: {missing}")
    why = f": {event.reason}" if event.reason else ""
    return one_line(f"{event.source}: {series} {event.state}{why}")
