"""Where files are: on this machine, or anywhere that fsspec reaches. Nobody else here knows the one from the other.

A place is a `Path` of this machine, or a `RemotePath`: both have `name`, `suffix`, `/` and a text to show.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import importlib
import io
import os
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from wealthsources import Redactor, SourceError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

#: Without an answer for so many seconds a storage counts as silent.
TIMEOUT: Final = 10.0
#: What is read of a remote file at a time, where it is read from its beginning to its end.
_AHEAD: Final = 4 << 20
#: A folder that was changed less than so many ns before it was listed may have been changed again at the same time.
_SETTLED: Final = 2_000_000_000
#: What storages call that which tells one state of an object from another, and when it was written.
_MARKS: Final = ("ETag", "etag", "md5Hash", "content_md5", "generation", "version_id")
_WRITTEN: Final = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
_REMEDIES: Final = {
    PermissionError: "access is denied; may these credentials (storage:) list and read there?",
    FileNotFoundError: "is not there; is the bucket, or the folder, spelled right?",
}

Read = TypeVar("Read")


class Stamp(NamedTuple):
    """What tells one state of a file from another; `written_ns` is 0 where nobody knows when it was written."""

    written_ns: int
    size: int
    mark: int | str


class Entry(Protocol):
    """What is in a folder, as os.scandir tells it."""

    @property
    def name(self) -> str:
        """What it is called there."""

    def is_file(self) -> bool:
        """Whether it is one."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""


class _RemoteEntry(NamedTuple):
    name: str
    has_more: bool

    def is_file(self) -> bool:
        return not self.has_more

    def is_dir(self) -> bool:
        return self.has_more


class ChangedError(Exception):
    """A file that became another one while it was read: what was read may be of both."""


@dataclasses.dataclass(frozen=True)
class RemotePath:
    """A path in a storage that is not this machine's disk; `key` is without the protocol."""

    storage: Storage
    key: str

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(self.storage, f"{self.key}/{name}")

    def __str__(self) -> str:
        return f"{self.storage.protocol}://{self.key}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of it, the first of which is the bucket or the host."""
        return tuple(self.key.split("/"))

    def upto(self, count: int) -> RemotePath:
        """The first so many parts of it."""
        return RemotePath(self.storage, "/".join(self.parts[:count]))

    @property
    def name(self) -> str:
        """The last part of it."""
        return self.key.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """What the name ends in, with its dot."""
        return os.path.splitext(self.name)[1]  # noqa: PTH122 - no path of this machine


Place = Path | RemotePath


class Storage:
    """A file system of fsspec's, and what it is to be told: keys, endpoints, tokens. None of that is ever shown.

    Each call is given up after `timeout` seconds if the file system is asynchronous, as those of object stores are.
    """

    def __init__(self, protocol: str, options: Mapping[str, Any], timeout: float = TIMEOUT) -> None:
        self.protocol = protocol
        self._options = options
        self._timeout = timeout
        self._redact = Redactor(*_secrets(options))
        self._made: tuple[int, Any] = (0, None)

    def __repr__(self) -> str:
        return f"<Storage: {self.protocol}>"

    def ask(self, place: RemotePath, what: str, /, **arguments: Any) -> Any:
        """Call a method of the file system with the key of a place. Raises SourceError, FileNotFoundError."""
        try:
            system = self._system()
            if not getattr(system, "async_impl", False):
                return getattr(system, what)(place.key, **arguments)

            async def answer() -> Any:
                return await asyncio.wait_for(getattr(system, f"_{what}")(place.key, **arguments), self._timeout)

            return importlib.import_module("fsspec.asyn").sync(system.loop, answer)
        except FileNotFoundError as error:
            raise FileNotFoundError(self._redact(one_line(str(error)))) from None
        except TimeoutError:
            within = f"within {self._timeout:g} s"
            raise SourceError(
                f"{place}: the storage did not answer {within}; is it up, and is storage_timeout enough?"
            ) from None
        except PermissionError as error:
            said = self._redact(one_line(str(error)))
            raise SourceError(f"{place}: {_REMEDIES[PermissionError]} ({said})") from None
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            said = self._redact(one_line(str(error)))
            raise SourceError(f"{place}: cannot be read: {said or type(error).__name__}") from None

    def _system(self) -> Any:
        """The file system; a forked child makes one of its own, since connections cannot be shared."""
        process, system = self._made
        if process != os.getpid():
            kind = importlib.import_module("fsspec").get_filesystem_class(self.protocol)
            options = {"skip_instance_cache": True, "use_listings_cache": False, **self._options}
            system = kind(**options)
            self._made = os.getpid(), system
        return system


class _RangedFile(io.RawIOBase):
    """A remote file of which only those bytes are fetched that are asked for."""

    def __init__(self, place: RemotePath, size: int) -> None:
        self._place, self._size, self._at = place, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        try:
            data = self._place.storage.ask(self._place, "cat_file", start=self._at, end=end)
        except FileNotFoundError:
            raise ChangedError from None
        if len(data) != end - self._at:
            raise ChangedError
        buffer[: len(data)] = data
        self._at = end
        return len(data)


def place_of(text: str, folder: Path, options: Mapping[str, Any], timeout: float = TIMEOUT) -> Place:
    """What a text means as a path: one of this machine, from `folder` on if it is relative, or an address of fsspec's.

    Raises ValueError if there is no such storage, or what it needs is not installed.
    """
    protocol, found, key = text.partition("://")
    if not found:
        return folder.absolute() / text
    if protocol in {"file", "local"}:
        return Path("/", key)
    if "@" in key or "::" in text:
        raise ValueError(f"should be as in {protocol}://bucket/folder; names, passwords and more are said in storage:")
    _check_protocol(protocol)
    return RemotePath(Storage(protocol, options, timeout), key.rstrip("/"))


def _check_protocol(protocol: str) -> None:
    try:
        fsspec = importlib.import_module("fsspec")
    except ImportError:
        raise ValueError("is an address, which needs fsspec: pip install 'wealthsources[file]'") from None
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        extra = "; pip install 'wealthsources[s3]'" if protocol in {"s3", "s3a"} else ""
        raise ValueError(f"needs a package that is not installed: {one_line(str(error))}{extra}") from None
    except ValueError:
        raise ValueError(
            f"begins with {protocol}://, which fsspec does not know; it is for s3://, gs:// and others"
        ) from None


def with_storage(places: Iterable[Place], options: Mapping[str, Any], timeout: float) -> list[Place]:
    """The same paths, of a storage that is told these options: one for each protocol, which has its connections."""
    storages: dict[str, Storage] = {}

    def told(place: Place) -> Place:
        if not isinstance(place, RemotePath):
            return place
        protocol = place.storage.protocol
        return RemotePath(storages.setdefault(protocol, Storage(protocol, options, timeout)), place.key)

    return [told(place) for place in places]


def base_of(place: Place, count: int) -> Place:
    """The folder that the first so many parts of a path are."""
    return place.upto(count) if isinstance(place, RemotePath) else Path(*place.parts[:count])


def is_remote(place: Place) -> bool:
    """Whether each read of it is a request to a server."""
    return isinstance(place, RemotePath)


def stamp_of(place: Place) -> Stamp:
    """The state of a file as it is now. Raises SourceError."""
    with explained(place):
        return _stamp_of(place)


def _stamp_of(place: Place) -> Stamp:
    if isinstance(place, RemotePath):
        return _remote_stamp(place.storage.ask(place, "info"))
    return _stamp(place.stat())


def exists(place: Place) -> bool:
    """Whether there is such a file. Raises SourceError where a storage does not say."""
    if not isinstance(place, RemotePath):
        return place.is_file()
    try:
        return bool(place.storage.ask(place, "info")["type"] == "file")
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def opened(place: Place, *, whole: bool = False) -> Iterator[tuple[Stamp, IO[bytes]]]:
    """A file to be read, and the state that it is in: `whole`, from its beginning to its end, or here and there.

    Raises ChangedError if it is not in that state at the end, whatever was found wrong with it until then; but for one
    of this machine that is read whole, which may grow meanwhile: what it had at first is right.
    """
    with _local(place) if isinstance(place, Path) else _remote(place, whole=whole) as (stamp, file):
        is_checked = not (whole and isinstance(place, Path))
        try:
            yield stamp, file
        except Exception:  # no reader knows what half of one state and half of another look like
            if is_checked:
                _check_unchanged(place, stamp)
            raise
        if is_checked:
            _check_unchanged(place, stamp)


@contextlib.contextmanager
def _local(place: Path) -> Iterator[tuple[Stamp, IO[bytes]]]:
    with place.open("rb") as file:
        yield _stamp(os.fstat(file.fileno())), file


@contextlib.contextmanager
def _remote(place: RemotePath, *, whole: bool) -> Iterator[tuple[Stamp, IO[bytes]]]:
    stamp = _remote_stamp(place.storage.ask(place, "info"))
    raw = _RangedFile(place, stamp.size)
    with io.BufferedReader(raw, _AHEAD) if whole else raw as file:
        yield stamp, file  # type: ignore[misc]


def _check_unchanged(place: Place, stamp: Stamp) -> None:
    try:
        unchanged = _stamp_of(place) == stamp
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        raise ChangedError from None


def lister(base: Place) -> Callable[[Place], Sequence[Entry]]:
    """What says what is in `base`, and in each folder below it. That raises OSError.

    A remote storage is asked once for all that is below `base`: one answer has a thousand names, and a request for each
    folder would take as long. Raises SourceError if it does not say.
    """
    if not isinstance(base, RemotePath):
        return _local_entries
    try:
        found = base.storage.ask(base, "find", detail=True)
    except FileNotFoundError as error:
        raise SourceError(f"{base}: {_REMEDIES[FileNotFoundError]} ({error})") from None
    folders: dict[str, dict[str, Entry]] = {}
    for key in found:
        below = key.strip("/").removeprefix(base.key.strip("/")).strip("/").split("/")
        for depth, name in enumerate(below):
            folder = "/".join(below[:depth])
            folders.setdefault(folder, {}).setdefault(name, _RemoteEntry(name, has_more=depth < len(below) - 1))
    start = len(base.key) + 1
    return lambda place: list(folders.get(place.key[start:], {}).values())  # type: ignore[union-attr]


def changed_at(place: Place) -> int | None:
    """When a folder was changed, ns; None if it may change again without being seen. Raises OSError."""
    if not isinstance(place, Path):
        return None
    changed = place.stat().st_mtime_ns
    return changed if time.time_ns() - changed > _SETTLED else None


def is_unchanged(place: Place, changed: int | None) -> bool:
    """Whether a folder was surely not changed since `changed_at` said that. Raises OSError."""
    return changed is not None and isinstance(place, Path) and place.stat().st_mtime_ns == changed


@contextlib.contextmanager
def explained(place: Place) -> Iterator[None]:
    """What goes wrong with a file as a SourceError that names it."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"{place}: has vanished since its folder was listed") from None
    except OSError as error:
        raise SourceError(f"{place}: cannot be read: {error.strerror or error}") from error


def read_unmixed(place: Place, read: Callable[[], Read]) -> Read:
    """What `read` returns of a file that stays the same meanwhile; once more if it changes. Raises SourceError."""
    for _ in range(2):
        with contextlib.suppress(ChangedError):
            return read()
    raise SourceError(f"{place}: was changed while it was read, twice; write it beside, then move it to its place")


def _local_entries(folder: Place) -> Sequence[Entry]:
    with os.scandir(str(folder)) as scan:
        return list(scan)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


def _remote_stamp(info: Mapping[str, Any]) -> Stamp:
    if info["type"] != "file":
        raise IsADirectoryError(None, "Is a directory")
    marks = [f"{name} {info[name]}" for name in _MARKS if info.get(name)]
    written = next((info[name] for name in _WRITTEN if info.get(name)), None)
    return Stamp(_nanoseconds(written), int(info["size"]), " ".join(marks))


def _nanoseconds(written: Any) -> int:
    """What a storage says of when something was written: a datetime, or seconds since 1970; 0 for anything else."""
    if hasattr(written, "timestamp"):
        written = written.timestamp()
    return int(written * 1_000_000_000) if isinstance(written, int | float) else 0


def _secrets(options: object) -> Iterator[str]:
    """All texts in the options but addresses without a name and a password in them."""
    if isinstance(options, dict):
        for value in options.values():
            yield from _secrets(value)
    elif isinstance(options, list | tuple):
        for value in options:
            yield from _secrets(value)
    elif isinstance(options, str) and (not options.startswith(("http://", "https://")) or "@" in options):
        yield options
