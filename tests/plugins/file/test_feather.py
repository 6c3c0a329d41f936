"""A Feather file: batches of rows, and which of its columns are read."""

from __future__ import annotations

from pathlib import Path

from wealthsources_file.arrow import BATCH
from wealthsources_file.feather import FeatherColumns

from .column_files import table_of, write_feather


def test_its_batches_are_its_groups(tmp_path: Path) -> None:
    with write_feather(tmp_path / "1h.feather", table_of(*range(10)), group=4).open("rb") as file:
        columns = FeatherColumns(file)
        assert list(columns.rows) == [4, 4, 2]
        assert columns.schema.names[0] == "open_time"
        assert columns.limits(0, "open_time") is None
        (batch,) = columns.batches(1, ["open_time", "close"])
        assert batch.schema.names == ["open_time", "close"]
        assert batch.num_rows == 4


def test_a_large_batch_is_given_in_pieces(tmp_path: Path) -> None:
    table = table_of(*[0] * (BATCH + 1))
    with write_feather(tmp_path / "1h.feather", table, group=2 * BATCH).open("rb") as file:
        assert [batch.num_rows for batch in FeatherColumns(file).batches(0, ["open"])] == [BATCH, 1]


def test_of_a_column_that_is_not_asked_for_nothing_is_read(tmp_path: Path) -> None:
    path = write_feather(tmp_path / "1h.feather", table_of(*range(1000)))
    read = 0

    class Counted:
        closed = False

        def __init__(self) -> None:
            self._file = path.open("rb")
            self.seek, self.tell, self.close = self._file.seek, self._file.tell, self._file.close

        def read(self, size: int = -1) -> bytes:
            nonlocal read
            data = self._file.read(size)
            read += len(data)
            return data

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

    file = Counted()
    columns = FeatherColumns(file, [1000])  # type: ignore[arg-type]
    assert sum(batch.num_rows for batch in columns.batches(0, ["open"])) == 1000
    file.close()
    assert read < path.stat().st_size / 2
