"""Reads one file: its bytes, its text, its bars. Whatever goes wrong is a SourceError that names the file."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources import SourceError
from wealthsources_file.header import LineError
from wealthsources_file.packing import PackingError, unpacked
from wealthsources_file.pieces import TooLargeError, read_pieces
from wealthsources_file.table import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.table import Table

#: Of text, unpacked: some eight million bars. A larger file would fill the memory of the process that trades.
MOST_BYTES: Final = 512 << 20


class Stamp(NamedTuple):
    """What tells one state of a file from another."""

    written_ns: int
    size: int
    inode: int


def stamp_of(path: Path) -> Stamp:
    """The state of a file as it is now. Raises SourceError."""
    with explained(path):
        return _stamp(path.stat())


def read_file(path: Path, series: FileSeries, most_bytes: int = MOST_BYTES) -> tuple[Stamp, Table]:
    """What a file holds, and the state that it was in before it was read.

    Raises SourceError, also if it has more than `most_bytes` of text.
    """
    with explained(path), path.open("rb") as file, unpacked(file, path.name) as text:
        stamp = _stamp(os.fstat(file.fileno()))
        return stamp, read_table(read_pieces(text, most_bytes), series, stamp.written_ns // 1_000_000)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Make of what goes wrong with a file a SourceError that names it."""
    try:
        yield
    except LineError as error:
        raise SourceError(f"{path}:{error.line}: {error}") from None
    except TooLargeError as error:
        raise SourceError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise SourceError(f"{path}: has vanished since its folder was listed") from None
    except PackingError as error:
        raise SourceError(f"{path}: {error}") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
