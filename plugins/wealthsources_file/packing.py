"""Text that is packed: gzip, Zstandard, or a zip with one file in it, as the name of the file says."""

from __future__ import annotations

import contextlib
import gzip
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_file.pieces import Readable

_MOST_NAMED: Final = 3


class PackingError(ValueError):
    """What is wrong with a packed file, or with what is in it."""


@contextlib.contextmanager
def unpacked(file: IO[bytes], name: str) -> Iterator[Readable]:
    """The text of a file with that name. Raises PackingError, also while it is read."""
    kind = next((kind for kind in ("gz", "zst", "zip") if name.endswith(f".{kind}")), "")
    try:
        if kind == "gz":
            with gzip.GzipFile(fileobj=file) as text:
                yield text
        elif kind == "zst":
            yield _zstandard(file)
        elif kind == "zip":
            with zipfile.ZipFile(file) as packed, packed.open(_only_file(packed)) as text:
                yield text
        else:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise PackingError(f"is no whole {kind.replace('gz', 'gzip')} file: {error}") from error
    except NotImplementedError as error:
        raise PackingError(f"is packed in a way that is not known here: {error}") from error


def _only_file(packed: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The file in a zip. What a Mac puts beside each is none."""
    files = [one for one in packed.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if not files:
        raise PackingError("is a zip without a file in it")
    if len(files) > 1:
        names = ", ".join(one.filename for one in files[:_MOST_NAMED]) + (", …" if len(files) > _MOST_NAMED else "")
        raise PackingError(f"has {len(files)} files in it ({names}); a zip has one: unpack it, or pack each by itself")
    if files[0].flag_bits & 1:
        raise PackingError("is a zip with a password; pack it without")
    return files[0]


def _zstandard(file: IO[bytes]) -> Readable:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only for who has such files
    except ImportError:
        raise PackingError("is packed with Zstandard, which needs: pip install 'wealthsources[file]'") from None
    return _Stream(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))


class _Stream:
    """Reads a stream of pyarrow's, whose errors are those of the disk."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise PackingError(f"is no whole Zstandard file: {error}") from error
