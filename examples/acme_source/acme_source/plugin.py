"""A whole plugin: bars from a table of an SQLite database.

The table has the columns symbol, timeframe, open_time (ms), open, high, low, close and volume.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pydantic

from wealthsources import Bars, HistoryRequest, NotHere, Register, Source, SourceError, hookimpl

COLUMNS = ("open_time", "open", "high", "low", "close", "volume")


class Options(pydantic.BaseModel, extra="forbid", frozen=True):
    """What stands under `options:` in config.yaml; a relative path starts at the folder of that file."""

    database: Path

    @pydantic.field_validator("database")
    @classmethod
    def _from_the_folder(cls, path: Path, info: pydantic.ValidationInfo) -> Path:
        return (info.context or {}).get("folder", Path()) / path


class AcmeSource(Source):
    """The bars of the table `bars`."""

    def __init__(self, options: Options) -> None:
        self._address = f"{options.database.absolute().as_uri()}?mode=ro"

    def get_history(self, request: HistoryRequest) -> Bars:
        """The newest `count` bars that end by `end`, or those from `start`."""
        timeframe = request.timeframe
        last = timeframe.open_time(timeframe.slot(request.end) - 1)  # of the last window that is over by then
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM bars WHERE symbol = ? AND timeframe = ? "
            "AND open_time BETWEEN ? AND ? ORDER BY open_time DESC LIMIT ?"
        )
        start = -(1 << 62) if request.start is None else request.start
        values = (request.symbol, timeframe.name, start, last, -1 if request.count is None else request.count)
        try:
            with closing(sqlite3.connect(self._address, uri=True)) as database:
                rows = database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise SourceError(f"the database cannot be read: {error}") from error
        if not rows:
            raise NotHere(f"the table has none of {request.symbol} {timeframe} in that span")
        records = [dict(zip(COLUMNS, row, strict=True)) for row in reversed(rows)]
        return Bars.from_records(request.symbol, timeframe, records)


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source under the name of the entry point."""
    register("acme", AcmeSource, Options)
