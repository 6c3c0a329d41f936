"""Reads one file: its bytes, its text, its bars. Whatever goes wrong is a SourceError that names the file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from wealthsources import SourceError
from wealthsources_file import storage
from wealthsources_file.header import LineError
from wealthsources_file.packing import PackingError, unpacked
from wealthsources_file.pieces import TooLargeError, read_pieces
from wealthsources_file.storage import opened, read_unmixed
from wealthsources_file.text_reader import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.storage import Place, Stamp
    from wealthsources_file.table import Table

#: Of text, unpacked: some eight million bars. A larger file would fill the memory of the process that trades.
MOST_BYTES: Final = 512 << 20


def read_file(path: Place, series: FileSeries, most_bytes: int = MOST_BYTES) -> tuple[Stamp, Table]:
    """What a file holds, and the state that it was in before it was read.

    Raises SourceError, also if it has more than `most_bytes` of text.
    """

    def read() -> tuple[Stamp, Table]:
        with explained(path), opened(path, whole=True) as (stamp, file), unpacked(file, path.name) as text:
            return stamp, read_table(read_pieces(text, most_bytes), series, stamp.written_ns // 1_000_000)

    return read_unmixed(path, read)


@contextlib.contextmanager
def explained(path: Place) -> Iterator[None]:
    """Make of what goes wrong with a text file a SourceError that names it."""
    with storage.explained(path):
        try:
            yield
        except LineError as error:
            raise SourceError(f"{path}:{error.line}: {error}") from None
        except TooLargeError as error:
            raise SourceError(f"{path}: {error}") from None
        except PackingError as error:
            raise SourceError(f"{path}: {error}") from error
