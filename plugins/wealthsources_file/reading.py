"""Reads one file: its bytes, its text, its bars. Whatever goes wrong is a SourceError that names the file."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import os
import zlib
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from wealthsources import SourceError
from wealthsources_file.cells import LineError
from wealthsources_file.table import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wealthsources import Bars, Timeframe

#: Of text, unpacked: some eight million bars. A larger file would fill the memory of the process that trades.
MOST_BYTES: Final = 512 << 20


class Stamp(NamedTuple):
    """What tells one state of a file from another."""

    written_ns: int
    size: int
    inode: int


def stamp_of(path: Path) -> Stamp:
    """The state of a file as it is now. Raises SourceError."""
    with _explained(path):
        return _stamp(path.stat())


def read_file(path: Path, symbol: str, timeframe: Timeframe, most_bytes: int = MOST_BYTES) -> tuple[Stamp, Bars]:
    """All bars of a file, and the state that it was in before it was read.

    Raises SourceError, also if it has more than `most_bytes` of text.
    """
    with _explained(path), path.open("rb") as file:
        stamp = _stamp(os.fstat(file.fileno()))
        data = _read(file, path, most_bytes)
    _check_encoding(data, path)
    try:
        # Spreadsheets like to write a byte order mark.
        return stamp, read_table(data.removeprefix(codecs.BOM_UTF8), symbol, timeframe, stamp.written_ns // 1_000_000)
    except LineError as error:
        raise SourceError(f"{path}:{error.line}: {error}") from None


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


def _read(file: IO[bytes], path: Path, most_bytes: int) -> bytes:
    if path.suffix == ".gz":
        with gzip.GzipFile(fileobj=file) as unpacked:
            data = unpacked.read(most_bytes + 1)
    else:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise SourceError(f"{path}: has more than {most_bytes >> 20} MiB of text; split it")
    return data


def _check_encoding(data: bytes, path: Path) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{path}:{line}: is not UTF-8 text (byte 0x{data[error.start]:02x})") from None


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"{path}: has vanished since its folder was listed") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path}: is no whole gzip file: {error}") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
