"""What a file is, as far as it tells: it is read as its first rows say, and what they do not say is asked for."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources import FIELDS, Market, SourceError, Timeframe, time_text
from wealthsources_file.arrow import SUFFIXES
from wealthsources_file.column_sample import first_rows, sample_of
from wealthsources_file.file_series import FileSeries
from wealthsources_file.layout_options import LayoutOptions
from wealthsources_file.reading import explained, read_file
from wealthsources_file.sample import read_sample
from wealthsources_file.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wealthsources import Bars
    from wealthsources_file.sample import Sample
    from wealthsources_file.table import Table
    from wealthsources_file.telling import Told

_MINUTE: Final = Timeframe("1m")  # all bars open on its grid
_DAY: Final = 86_400_000
_PACKINGS: Final = {".gz": "gzip", ".zst": "Zstandard", ".zip": "zip"}


@dataclasses.dataclass(frozen=True)
class Seen:
    """What is seen of a file.

    symbol     whose bars it has, as far as that is told
    facts      what to show, line by line: a word, and what there is
    options    those that say how it is laid out
    questions  for each option that no file tells: its name, an example, and what is asked
    timeframe  None if it cannot be told
    fault      why it cannot be read; "" if it can, or if questions come first
    """

    symbol: str
    facts: dict[str, str]
    options: dict[str, Any]
    questions: list[tuple[str, str, str]]
    timeframe: Timeframe | None = None
    fault: str = ""


def look_at(path: Path, symbol: str = "") -> Seen:
    """Look at a file, of that symbol if it is said. Raises SourceError if it cannot be read at all."""
    if path.suffix in SUFFIXES:
        told, symbol = sample_of(path), symbol or _symbol_of_path(path)
        return _seen(told, symbol, path, lambda series: first_rows(path, series))
    with explained(path):
        sample = read_sample(path)
    told, symbol = tell(sample), symbol or _symbol(sample, path)
    told.facts = _facts(path, sample, told)
    return _seen(told, symbol, path, lambda series: read_file(path, series)[1])


def _seen(told: Told, symbol: str, path: Path, read: Callable[[FileSeries], Table]) -> Seen:
    """What is seen of a file that tells so much, when it is read so."""
    seen = Seen(symbol, told.facts, told.options, told.questions)
    if seen.questions:
        return seen
    series = FileSeries(symbol, _MINUTE, Market("any"), LayoutOptions(**told.options).layout, "closed")
    try:
        bars = read(series).bars
        timeframe = _timeframe(bars)
        if timeframe is None:
            return dataclasses.replace(seen, facts=seen.facts | _of_bars(bars))
        table = read(dataclasses.replace(series, timeframe=timeframe))
    except SourceError as error:
        return dataclasses.replace(seen, fault=str(error))
    facts = seen.facts | {"timeframe": timeframe.name} | _of_table(table, path)
    return dataclasses.replace(seen, facts=facts, timeframe=timeframe)


def _symbol(sample: Sample, path: Path) -> str:
    """What a column says, else the name of the file without what says a timeframe or a date, else its folder."""
    if sample.names and (places := [place for place, name in enumerate(sample.names) if name.lower() == "symbol"]):
        said = set(sample.column(places[0]))
        if len(said) == 1:
            return said.pop()
    return _symbol_of_path(path)


def _symbol_of_path(path: Path) -> str:
    stem = re.sub(r"\.(csv|txt|gz|zst|zip|parquet|pq|feather|arrow)", "", path.name)
    name = re.sub(r"(^|[-_])(\d{1,4}[A-Za-z]{0,3}|[dhwm])(?=([-_]|$))", "", stem)
    return name or path.absolute().parent.name


def _facts(path: Path, sample: Sample, told: Told) -> dict[str, str]:
    separator = {"\t": "tabs"}.get(sample.separator, f"separated by {sample.separator}")
    header = ", ".join(sample.names) if sample.names else f"no header; {len(sample.rows[0])} columns"
    facts = {
        "text": f"{_PACKINGS.get(path.suffix, 'plain')}, {sample.encoding}, {separator}",
        "columns": header,
    }
    if sample.preamble:
        facts["before"] = sample.preamble
    return facts | told.facts


def _of_table(table: Table, path: Path) -> dict[str, str]:
    facts = _of_bars(table.bars)
    if len(table.bad):
        facts["bad rows"] = f"{len(table.bad)}, the first: {table.bad.named(path)}"
    facts["label"] = "open_time is taken for the time at which a bar opens; if it is that of its end, say label: end"
    return facts


def _of_bars(bars: Bars) -> dict[str, str]:
    if not len(bars):
        return {"bars": "none"}
    decimals = {field: max(map(_decimals, (bar.exact(field) for bar in bars[-1000:]))) for field in FIELDS}
    return {
        "bars": f"{len(bars):,}, from {time_text(bars.oldest)} to {time_text(bars.newest)} UTC, and {_lacking(bars)}",
        "decimals": ", ".join(f"{field} {count}" for field, count in decimals.items()),
    }


def _lacking(bars: Bars) -> str:
    slots = bars.timeframe.slots(bars.open_times[[0, -1]]).tolist()
    return f"{slots[1] - slots[0] + 1 - len(bars):,} missing between"


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _timeframe(bars: Bars) -> Timeframe | None:
    """The length that most bars have, by when the next one opens."""
    steps = np.diff(bars.open_times)
    if not len(steps):
        return None
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[counts.argmax()])
    if 28 * _DAY <= usual <= 31 * _DAY:
        return Timeframe("1M")
    return next((found for name in Timeframe.known() if (found := Timeframe(name)).fixed == usual), None)
