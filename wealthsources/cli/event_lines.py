"""What `wealthsources watch` prints where nobody looks at a table: a line for each closed bar and change of a state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from wealthsources.model.rows import FIELDS
from wealthsources.model.text import one_line, printable
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wealthsources.cli.watching import SeriesName, SeriesView
    from wealthsources.model.bars import Bar
    from wealthsources.model.events import Event

Facts = dict[str, Any]
#: A stream is late at every bar that takes its time, and of holes there are events.
_NOT_TOLD: Final = ("late", "hole")


def facts_of(event: Event) -> Facts:
    """An event as plain values: texts of values as they were sent, times in ms."""
    named: Facts = {"event": event.kind, "source": event.source}
    if event.timeframe is not None:
        named |= {"symbol": event.symbol, "timeframe": event.timeframe.name}
    if event.bar is not None:
        return named | _bar(event.bar)
    if event.hole is not None:
        named |= {"start": event.hole.start, "end": event.hole.end, "count": event.hole.count}
        return named | ({"by": event.reason} if event.kind == "filled" else {})
    return named | {"state": event.state, "reason": event.reason}


def _bar(bar: Bar) -> Facts:
    values = {field: bar.exact(field) for field in FIELDS}
    finality = str(bar.finality) if bar.finality else None
    return {"open_time": bar.open_time} | values | {"closed": bar.closed, "finality": finality}


def facts_of_series(view: SeriesView) -> Facts:
    """How a series is."""
    stream = view.stream
    named = {"event": "series", "source": view.source, "symbol": stream.symbol, "timeframe": stream.timeframe}
    return named | {"state": stream.state, "reason": stream.reason}


def facts_of_view(view: SeriesView) -> Facts:
    """How a series is, and its last bar; None if there is none."""
    stream, bar = view.stream, view.bar
    last = None if bar is None else {"source": bar.source or view.source} | _bar(bar)
    return facts_of_series(view) | {"idle": stream.idle, "holes": stream.holes, "bar": last}


class SeriesStates:
    """Remembers how each series was, to tell what became of it."""

    def __init__(self) -> None:
        self._before: dict[SeriesName, str] = {}

    def changes(self, views: Iterable[SeriesView]) -> Iterator[SeriesView]:
        """Those that are otherwise now than they were. At first a series has received nothing."""
        for view in views:
            stream = view.stream
            if stream.state in _NOT_TOLD:
                continue
            key = (view.source, stream.symbol, stream.timeframe)
            if self._before.get(key, "never_received") != stream.state:
                yield view
            self._before[key] = stream.state


def as_text(facts: Facts) -> str:
    """One line for people."""
    kind, source = facts["event"], facts["source"]
    series = f"{facts['symbol']} {facts['timeframe']}" if "symbol" in facts else ""
    if kind == "bar":
        values = "  ".join(facts[field] for field in FIELDS)
        line = f"{time_text(facts['open_time'])}  {series}  {values}  {facts['finality'] or 'forming'}  {source}"
        return printable(line)
    if kind in ("hole", "filled"):
        by = f" by {facts['by']}" if facts.get("by") else ""
        missing = f"{facts['count']} bars from {time_text(facts['start'])} to {time_text(facts['end'])} UTC"
        return one_line(f"{source}: {series} {kind}{by}: {missing}")
    why = f": {facts['reason']}" if facts["reason"] else ""
    return one_line(f"{source}: {series} {facts['state']}{why}")


def as_json(facts: Facts) -> str:
    """One line for programs."""
    return json.dumps(facts)


def writer(*, json_lines: bool) -> Callable[[Facts], str]:
    """What makes a line of facts."""
    return as_json if json_lines else as_text
