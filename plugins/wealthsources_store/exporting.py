"""Writing a series of a store to a Parquet file: whole, or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wealthsources_store.errors import BadFile
from wealthsources_store.packing import FINALITIES, Stored
from wealthsources_store.parquet import load_pyarrow, schema
from wealthsources_store.reading import pages, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from wealthsources import Timeframe
    from wealthsources_store.database import Database
    from wealthsources_store.packing import Form


def path_of(folder: Path, symbol: str, timeframe: Timeframe) -> Path:
    """The file of a series; characters of the symbol that a name may not have are written as in an address."""
    name = quote(symbol, safe=" ")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    # Some disks take 1M.parquet for 1m.parquet. `import` reads either.
    stem = "1mo" if timeframe.name == "1M" else timeframe.name
    return folder / name / f"{stem}.parquet"


def export(
    database: Database, symbol: str, timeframe: Timeframe, path: Path, *, start: int, end: int, newest: bool
) -> int:
    """Write all states of the bars of a span to a file, or of each bar the newest; how many they are.

    The span is that of `read`. A file that is there is replaced once the new one is whole; where there is nothing to
    write, it is left. Raises ConfigError without pyarrow, StoreError, BadFile if the file cannot be written.
    """
    made = schema(symbol, timeframe.name, _spans(database, symbol, timeframe, start, end))
    found = pages(database, symbol, timeframe, start=start, end=end, newest=newest)
    first = next(found, None)
    if first is None:
        return 0
    count = 0
    with _replacing(path) as part, load_pyarrow("pyarrow.parquet").ParquetWriter(part, made, compression="zstd") as out:
        for page in itertools.chain([first], found):
            out.write_table(_table(*page, timeframe, made))
            count += len(page.states)
    return count


def _spans(database: Database, symbol: str, timeframe: Timeframe, start: int, end: int) -> list[tuple[int, int]]:
    """When recorders were at work, as far as bars are written that ended then: ends from `start` on, to `end`."""
    clipped = ((max(span.began, start + 1), min(span.until, end + 1)) for span in recorded(database, symbol, timeframe))
    return [(began, until) for began, until in clipped if began < until]


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of `path` at the end. A power cut leaves the one or the other."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except OSError as error:
        raise BadFile(
            f"{path} cannot be written ({error.strerror or error}); is there room on the disk, and may this user write "
            "there?"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _table(states: list[Stored], forms: Mapping[int, Form], timeframe: Timeframe, made: Any) -> Any:
    pa = load_pyarrow()
    columns = dict(zip(Stored._fields, (list(column) for column in zip(*states, strict=True)), strict=True))
    ends = [timeframe.end(time) for time in columns["open_time"]]
    for name, after in (("close_time", "close_after"), ("known_at", "known_after")):
        columns[name] = [end + (ms or 0) for ms, end in zip(columns[after], ends, strict=True)]
    found = [forms[each] for each in columns["form"]]
    columns["finality"] = [FINALITIES[form.finality].value for form in found]
    columns["source"] = [form.source for form in found]
    columns["decimals"] = [form.decimals for form in found]
    return pa.table([pa.array(columns[field.name], field.type) for field in made], schema=made)
