"""A program that reads a store while others write it: its arguments are the store's address, a file of what is true,
and how many bars to ask for. It asks again and again, as strategies do, until a line comes on stdin.

Whenever there is a newer bar it prints that bar's place among the true ones. Whatever is wrong, or fails once there
are bars, ends it with a traceback.
"""

from __future__ import annotations

import json
import pathlib
import select
import sys
from typing import Any

import wealthdata
import wealthsources
from wealthsources import FIELDS, AllSourcesFailed

SERIES = ("BTCUSDT", "1h")
HOUR = 3_600_000
Rows = list[list[Any]]


class Reader:
    """Compares answers with the rows that are true: their open times, ms, and five texts each."""

    def __init__(self, session: wealthsources.Session, rows: Rows, count: int) -> None:
        self.adapter = session.adapter(mode="live")
        self.rows, self.count = rows, count
        self.numbers = [[time, *map(float, texts)] for time, *texts in rows]
        self.places = {row[0]: place for place, row in enumerate(rows)}
        self.first: int | None = None
        self.newest = -1

    def read(self) -> None:
        """Ask both ways; print how far that went, if it went further."""
        before = self.newest
        try:
            bars = self.adapter.get_history(SERIES[0], self.count, SERIES[1])
        except AllSourcesFailed as failure:
            if before < 0 and (
                [attempt.outcome for attempt in failure.attempts] == ["not_here"] or "is locked" in str(failure)
            ):
                return  # the store is being made, which may take long on a busy machine
            raise
        self.compare([[bar.open_time, *(bar.exact(field) for field in FIELDS)] for bar in bars], self.rows)
        assert not bars.holes
        assert all(bar.closed for bar in bars)
        frame = wealthdata.get_price(SERIES[0], count=self.count, frequency=SERIES[1])
        times = [label.value // 1_000_000 - HOUR for label in frame.index]
        values = frame[list(FIELDS)].to_numpy().tolist()
        self.compare([[time, *row] for time, row in zip(times, values, strict=True)], self.numbers)
        if self.newest > before:
            print(self.newest, flush=True)  # noqa: T201

    def compare(self, rows: Rows, truth: Rows) -> None:
        """Bars of the truth, one after the other; all that was recorded up to the newest, which never goes back."""
        places = [self.places[row[0]] for row in rows]
        assert places[-1] >= self.newest, (places[-1], self.newest)
        self.newest = places[-1]
        if self.first is None:
            self.first = places[0]
        assert rows == truth[max(self.first, self.newest + 1 - self.count) : self.newest + 1]


def main() -> None:
    url, truth, count = sys.argv[1:]
    rows = json.loads(pathlib.Path(truth).read_text())
    store = {"plugin": "store", "options": {"url": url}}
    with wealthsources.open({"on_stale": "mark", "sources": [store]}) as session:  # the market's times are old
        reader = Reader(session, rows, int(count))
        while not select.select([sys.stdin], [], [], 0)[0]:
            reader.read()


if __name__ == "__main__":
    main()
