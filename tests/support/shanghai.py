"""Minutes of Shanghai, which has a lunch break."""

from __future__ import annotations

from .bars import MINUTE, ms
from .markets import HEADER

#: 09:30 and 13:00 of Shanghai on Monday, 2024-02-19, and on the day after, ms.
OPENINGS = [ms(2024, 2, day, hour, minute) for day in (19, 20) for hour, minute in ((1, 30), (5, 0))]
CONFIG = """
calendar: XSHG
sources: [{plugin: file, options: {files: [{path: x.csv, symbol: 600519.XSHG, timeframe: 1m}]}}]
"""


def minutes() -> list[str]:
    """A row for each of the 480 minutes of these two days; no two are alike."""
    opens = [opening + place * MINUTE for opening in OPENINGS for place in range(120)]
    return [f"{time},{100 + n},{102 + n},{99 + n},{101 + n},{n + 1}" for n, time in enumerate(opens)]


def csv(rows: list[str]) -> str:
    """Such rows as a file."""
    return "\n".join([HEADER, *rows]) + "\n"
