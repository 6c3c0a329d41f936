"""FeatherColumns: a Feather file, which is an Arrow IPC file: batches of rows, and no statistics of them."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from wealthsources_file.arrow import BATCH, Limits, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class FeatherColumns:
    """As ColumnFile. `rows` are those of an earlier reading of the same state of the file."""

    def __init__(self, file: IO[bytes], rows: Sequence[int] | None = None) -> None:
        self._file = file
        self._ipc = load("pyarrow.ipc")
        self.schema = self._ipc.open_file(file).schema
        if rows is None:
            reader = self._reader([0])  # of one column, which tells it as well
            rows = [reader.get_batch(group).num_rows for group in range(reader.num_record_batches)]
        self.rows = self.metadata = rows

    def _reader(self, fields: list[int]) -> Any:
        return self._ipc.open_file(self._file, options=self._ipc.IpcReadOptions(included_fields=fields))

    def limits(self, group: int, name: str) -> Limits | None:  # noqa: ARG002 - there are none
        """As in ColumnFile: such a file does not say."""
        return None

    def batches(self, group: int, names: Sequence[str]) -> Iterator[Any]:
        """As in ColumnFile."""
        batch = self._reader([self.schema.names.index(name) for name in names]).get_batch(group)
        for begin in range(0, batch.num_rows, BATCH):
            yield batch.slice(begin, BATCH)
