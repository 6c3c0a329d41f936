"""What a Parquet or Feather file tells of itself, and its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wealthsources_file.arrow import FEATHER, load
from wealthsources_file.arrow_columns import is_local, is_text
from wealthsources_file.column_reader import ColumnReader, opened_columns
from wealthsources_file.layout import NEEDED, UNITS
from wealthsources_file.parts import Part
from wealthsources_file.presets import PRESETS, of_header
from wealthsources_file.telling import Told

if TYPE_CHECKING:
    from pathlib import Path

    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.layout import Layout
    from wealthsources_file.table import Table

_FIRST_ROWS: Final = 100_000


def sample_of(path: Path) -> Told:
    """What a file tells, and what is to be asked. Raises SourceError if it cannot be read."""
    with opened_columns(path) as (_, file):
        types = {name: file.schema.field(name).type for name in file.schema.names}
        kind = "Feather" if path.suffix in FEATHER else "Parquet"
        groups = "1 row group" if len(file.rows) == 1 else f"{len(file.rows):,} row groups"
        facts = {
            "columns": ", ".join(f"{name} ({kind})" for name, kind in types.items()),
            "rows": f"{kind}, {sum(file.rows):,} in {groups}",
        }
    options: dict[str, Any] = {}
    found = of_header(list(types))
    layout = PRESETS[found or "wealthsources"]
    if found not in {None, "wealthsources"}:
        options["format"] = found
    lacking = [name for name in NEEDED if not set(layout.names(name)) & set(types)]
    asked = [(f"columns.{name}", "name", f"which column is {name}?") for name in lacking]
    return Told(options, [*asked, *_of_times(types, layout, options)], facts)


def _of_times(types: dict[str, Any], layout: Layout, options: dict[str, Any]) -> list[tuple[str, str, str]]:
    name = next((name for name in layout.names("open_time") if name in types), None)
    if name is None:
        return []
    kind = types[name]
    if is_local(kind):
        return [("zone", "UTC", f"{name} names no time zone: where do clocks show that?")]
    if load().types.is_integer(kind) and layout.is_written:
        return [("time", "ms", f"{name} counts what since 1970: {', '.join(UNITS)}?")]
    if is_text(kind) and not layout.is_written:
        options["time"] = "iso"
    return []


def first_rows(path: Path, series: FileSeries) -> Table:
    """The first rows of a file, read as that. Raises SourceError."""
    with opened_columns(path) as (_, file):
        reader = ColumnReader(path, file, series)
        (table,) = reader.tables([Part(0, _FIRST_ROWS, 0, 0)], None)
    return table
