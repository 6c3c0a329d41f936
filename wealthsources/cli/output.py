"""Bars as a table, CSV or JSON, with the exact text that their sources sent."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

from wealthsources.cli.console import print_table
from wealthsources.model.rows import FIELDS
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources.model.bars import Bar, Bars


def print_as_table(bars: Bars, asked: int) -> None:
    """A row for each bar, and one for each hole; at the end how many came from where."""
    columns = ("open time (UTC)", *FIELDS, "source", "finality")
    print_table(columns, _rows(bars), right=FIELDS)
    counts = Counter(bar.source for bar in bars)
    shares = ", ".join(f"{count} from {name}" for name, count in counts.items())
    number = f"{len(bars)}" if len(bars) == asked else f"{len(bars)} of {asked}"
    sys.stdout.write(f"{number} bars of {bars.symbol} {bars.timeframe}" + (f": {shares}\n" if shares else "\n"))


def _rows(bars: Bars) -> Iterator[tuple[str, ...]]:
    holes = {bars.timeframe.floor(hole.end): hole for hole in bars.holes}
    for bar in bars:
        if hole := holes.get(bar.open_time):
            yield time_text(hole.start), *["-"] * len(FIELDS), "", f"{hole.count} missing"
        finality = str(bar.finality) if bar.finality else "forming"
        yield time_text(bar.open_time), *_texts(bar), bar.source, finality


def print_as_csv(bars: Bars, _asked: int) -> None:
    """A header and a line for each bar; times in ms."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("open_time", *FIELDS, "source"))
    writer.writerows((bar.open_time, *_texts(bar), bar.source) for bar in bars)


def print_as_json(bars: Bars, _asked: int) -> None:
    """One object: the bars, and what there is to know about the answer. Times in ms, values as text."""
    answer = {
        "symbol": bars.symbol,
        "timeframe": bars.timeframe.name,
        "bars": [
            {
                "open_time": bar.open_time,
                **dict(zip(FIELDS, _texts(bar), strict=True)),
                "source": bar.source,
                "closed": bar.closed,
                "finality": bar.finality,
            }
            for bar in bars
        ],
        "holes": [{"start": hole.start, "end": hole.end, "count": hole.count} for hole in bars.holes],
        "behind": bars.behind,
        "failed": [{"source": attempt.source, "reason": attempt.reason} for attempt in bars.failed],
    }
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


def notes(bars: Bars, asked: int) -> Iterator[str]:
    """What the reader of these bars should know."""
    for hole in bars.holes:
        yield f"a hole that no source fills: {hole} UTC"
    if bars.behind:
        yield f"behind: the newest {bars.behind} bars are missing"
    for attempt in bars.failed:
        yield f"failed: {attempt}"
    if len(bars) < asked:
        yield f"no source has more than these {len(bars)} of {asked} bars"


def _texts(bar: Bar) -> Iterator[str]:
    return (bar.exact(field) for field in FIELDS)
