"""ParquetColumns: a Parquet file, of which the footer and the columns of the row groups that are wanted are read."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Final

from wealthsources_file.arrow import BATCH, Limits, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Of a file on this machine, a column is read so many bytes at a time: a row group may have a hundred MB.
_BUFFER: Final = 1 << 20
_UNITS: Final = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}


class ParquetColumns:
    """As ColumnFile. `metadata` is what an earlier reading of the same state of the file found in its footer.

    A file that is `remote` is read in few large requests rather than in small pieces.
    """

    def __init__(self, file: IO[bytes], metadata: Any = None, *, remote: bool = False) -> None:
        parquet = load("pyarrow.parquet")
        how = {"pre_buffer": True} if remote else {"pre_buffer": False, "buffer_size": _BUFFER}
        self._file = parquet.ParquetFile(file, metadata=metadata, **how)
        self.metadata = self._file.metadata
        self.schema = self._file.schema_arrow
        self.rows = [self.metadata.row_group(group).num_rows for group in range(self.metadata.num_row_groups)]
        self._places = {self.metadata.schema.column(place).path: place for place in range(self.metadata.num_columns)}

    def limits(self, group: int, name: str) -> Limits | None:
        """As in ColumnFile."""
        place = self._places.get(name)
        found = None if place is None else self.metadata.row_group(group).column(place).statistics
        if found is None or not found.has_min_max:
            return None
        kind = json.loads(self.metadata.schema.column(place).logical_type.to_json())
        return Limits(found.min_raw, found.max_raw, _UNITS.get(kind.get("timeUnit", "")))

    def batches(self, group: int, names: Sequence[str]) -> Iterator[Any]:
        """As in ColumnFile."""
        yield from self._file.iter_batches(BATCH, row_groups=[group], columns=list(names), use_threads=False)
