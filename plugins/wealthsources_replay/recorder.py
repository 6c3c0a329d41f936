"""FramesRecorder: writes down the frames of a session's live sources, so that they can be played again.

recorder:
  frames: {folder: data/frames}
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pydantic

from wealthsources import ConfigError, ForkLock, PushedSource, Recorder, SourceStatus, diagnose_folder
from wealthsources_replay.frames import FrameRecord, StateRecord
from wealthsources_replay.header import Header
from wealthsources_replay.writer import FrameWriter

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from wealthsources import Diagnosis, FrameFacts, FrameLog, RecorderHost
    from wealthsources_replay.frames import ConnectionState

_STOP: Final = 0.9  # seconds; a recorder has one
_NOT_IN_A_NAME: Final = re.compile(r"[^\w.-]|^\.")


class FramesOptions(pydantic.BaseModel):
    """What is recorded, and where.

    folder   each source has a folder of its own in it; a relative one starts at the configuration's
    sources  their names; None: all that have frames
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    folder: Path
    sources: tuple[str, ...] | None = None

    @pydantic.field_validator("folder")
    @classmethod
    def _from_the_configuration_on(cls, folder: Path, info: pydantic.ValidationInfo) -> Path:
        return Path((info.context or {}).get("folder", ".")) / folder


class FramesRecorder(Recorder):
    """Records each source to a folder of its own. When it cannot write it says so, and nothing else stops."""

    options_model = FramesOptions

    def __init__(self, options: FramesOptions) -> None:
        self._options = options
        self._tapped: dict[PushedSource, FrameWriter] = {}

    def start(self, host: RecorderHost) -> None:
        """Record from now on. Raises ConfigError if there is nothing to record, or a folder cannot be recorded to."""
        found = self._sources(host)
        folders = {name: self._options.folder / _NOT_IN_A_NAME.sub("_", name) for name in found}
        _check_folders(folders)
        try:
            for name, (source, facts) in found.items():
                self._tap(source, folders[name], _header(name, facts, host.clock.name), host.logger)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Write what is left, within a second, and let go of the sources."""
        deadline = time.monotonic() + _STOP
        for source, writer in self._tapped.items():
            source.frame_tap = None
            writer.close(max(0.0, deadline - time.monotonic()))

    def status(self) -> SourceStatus:
        """Paused if nothing is being written of a source at present; how many records were written, and are missing."""
        writers = self._tapped.values()
        counters = {
            "records": sum(writer.written for writer in writers),
            "missing": sum(writer.missing for writer in writers),
        }
        reasons = "; ".join(dict.fromkeys(writer.paused for writer in writers if writer.paused))
        return SourceStatus("paused" if reasons else "ready", reasons, counters=counters)

    def diagnose(self, online: bool) -> Iterator[Diagnosis]:  # noqa: ARG002 - it connects to nothing
        """Whether the folder can be written to."""
        yield diagnose_folder(self._options.folder)

    def _sources(self, host: RecorderHost) -> dict[str, tuple[PushedSource, FrameFacts]]:
        wanted = host.sources if self._options.sources is None else self._options.sources
        found = {}
        for name in wanted:
            if name not in host.sources:
                raise ConfigError(f"sources: there is no source {name!r}; there are {', '.join(host.sources)}")
            source = host.sources[name]
            facts = source.frame_facts() if isinstance(source, PushedSource) else None
            if isinstance(source, PushedSource) and facts is not None:
                found[name] = source, facts
            elif source is not None and self._options.sources is not None:
                raise ConfigError(f"sources: {name!r} has no frames that could be recorded")
        if not found:
            raise ConfigError("no source has frames that could be recorded, as one with `plugin: websocket` has")
        return found

    def _tap(self, source: PushedSource, folder: Path, header: Header, logger: logging.Logger) -> None:
        redactors = _Redactors()
        writer = FrameWriter(folder, header, redact=str, redact_connection=redactors, logger=logger)
        self._tapped[source] = writer
        source.frame_tap = _Tap(writer, redactors)


class _Redactors:
    """What takes the secrets out of each connection: another credential may come with each."""

    def __init__(self) -> None:
        self._of: dict[tuple[int, int], Callable[[str], str]] = {}
        self._newest: Callable[[str], str] = str

    def add(self, shard: int, epoch: int, redact: Callable[[str], str]) -> None:
        self._of[shard, epoch] = self._newest = redact

    def __call__(self, record: FrameRecord | StateRecord) -> Callable[[str], str]:
        key = record.shard, record.epoch
        if isinstance(record, StateRecord) and record.state == "lost":
            return self._of.pop(key, self._newest)  # nothing of it follows
        return self._of.get(key, self._newest)


class _Tap:
    """Numbers the connections of each shard from 1 on: that is the `epoch` of their records.

    It is not the epoch of the shard, which counts the acknowledged ones only.
    """

    def __init__(self, writer: FrameWriter, redactors: _Redactors) -> None:
        self._writer = writer
        self._redactors = redactors
        self._lock = ForkLock()
        self._counts: dict[int, int] = {}

    def __call__(self, shard: int, redact: Callable[[str], str]) -> FrameLog:
        with self._lock:  # a connection may be made beside another, by another thread
            epoch = self._counts[shard] = self._counts.get(shard, 0) + 1
            self._redactors.add(shard, epoch, redact)
        return _Log(self._writer, shard, epoch)


class _Log:
    """Adds a record for all that is said on one connection."""

    def __init__(self, writer: FrameWriter, shard: int, epoch: int) -> None:
        self._add = writer.add
        self._shard, self._epoch = shard, epoch
        self._note("connecting", "")

    def frame(self, data: str | bytes, *, incoming: bool) -> None:
        wall, monotonic = time.time_ns() // 1_000_000, time.monotonic_ns()
        self._add(FrameRecord(wall, monotonic, self._shard, self._epoch, "in" if incoming else "out", data))

    def ended(self, reason: str) -> None:
        self._note("lost", reason)

    def _note(self, state: ConnectionState, reason: str) -> None:
        wall, monotonic = time.time_ns() // 1_000_000, time.monotonic_ns()
        self._add(StateRecord(wall, monotonic, self._shard, self._epoch, state, reason))


def _check_folders(folders: dict[str, Path]) -> None:
    """Raise ConfigError if two sources would have one folder."""
    first: dict[Path, str] = {}
    for name, folder in folders.items():
        other = first.setdefault(folder, name)
        if other != name:
            raise ConfigError(f"sources {other!r} and {name!r} would both be recorded to {folder}; rename one")


def _header(name: str, facts: FrameFacts, clock: str) -> Header:
    """With the session's clock, which says whether times were judged by this machine's."""
    said = dict(facts.options) | {"clock": clock}
    return Header(
        name, facts.plugin, facts.protocol, facts.market, facts.environment, facts.symbols, facts.timeframes, said
    )
