"""FrameWriter: writes down what is recorded, on a thread of its own, and stops nothing else when it cannot."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources import call_in_child
from wealthsources_replay.backlog import Backlog
from wealthsources_replay.clock import ClockWatch
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.frames import FrameRecord, MissingRecord, StateRecord
from wealthsources_replay.lines import encode
from wealthsources_replay.output import Output, WrittenLine

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from wealthsources_replay.frames import Line
    from wealthsources_replay.header import Header

#: Bytes of lines that are written at once. A reader has a few times as much in memory, or one frame that is larger.
_AT_ONCE: Final = 1 << 20
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_TOO_MANY: Final = "more came than could be written"


class Limits(NamedTuple):
    """How a recording is written.

    flush_every   seconds after which what was added is with the operating system: kill -9 loses no more. With as much
                  again for the writing, nothing is lost that is older than a second
    retry_every   seconds until it is tried again when it could not be written
    segment       bytes after which a file is followed by the next, as it is when the hour is over
    most_records  how many may wait to be written
    most_bytes    how much they may have in their frames
    """

    flush_every: float = 0.5
    retry_every: float = 5.0
    segment: int = 64 << 20
    most_records: int = 100_000
    most_bytes: int = 64 << 20


class FrameWriter:
    """Records to a folder, which is made if it is not there; a recording of the same source that is there goes on.

    When it cannot write (a full disk, a folder that went away, no rights) it says so once, goes on taking records while
    there is room for them, and tries again; what found no room is told in the recording by a MissingRecord.

    written  records that are with the operating system
    paused   why nothing is being written at present; empty if it is
    """

    def __init__(
        self,
        folder: str | Path,
        header: Header,
        *,
        redact: Callable[[str], str],
        redact_connection: Callable[[FrameRecord | StateRecord], Callable[[str], str]] | None = None,
        logger: logging.Logger,
        limits: Limits = Limits(),  # noqa: B008 - a tuple
    ) -> None:
        """`redact` takes the secrets out of text frames and reasons, on the writer's thread, and out of the header.

        `redact_connection` gives what does it for the connection of a record, in their order, where it is not `redact`.

        Raises RecordingError if another writer has the folder, if it holds a recording of another source, or if it
        cannot be made or written to. A full disk is no error: it is waited for.
        """
        self.written = 0
        self.paused = ""
        self._folder = Path(folder)
        self._redact = redact
        self._redact_connection = redact_connection
        self._logger = logger
        self._limits = limits
        self._output = Output(self._folder, header.redacted(redact), limits.segment)
        self._backlog = Backlog(limits.most_records, limits.most_bytes)
        self._clock = ClockWatch()
        self._unwritten: list[WrittenLine] = []
        self._spoilt = 0  # records that could not be made a line, or whose lines could not be written
        self._closing = threading.Event()
        self._open()
        call_in_child(self, FrameWriter._leave_to_parent)
        name = "wealthsources-record"
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def missing(self) -> int:
        """How many records were added and are not in the recording, without those that still wait."""
        return self._backlog.missing + self._spoilt

    def add(self, record: FrameRecord | StateRecord) -> None:
        """Have a record written, from any thread; returns at once. After `close` it only counts as missing."""
        self._backlog.add(record)

    def close(self, timeout: float = 3.0) -> None:
        """Write what is left and end, within `timeout` seconds. May be called more than once."""
        thread = self._thread
        if thread is None:
            return
        self._closing.set()
        self._backlog.fills.set()
        thread.join(timeout)
        if thread.is_alive():
            self._logger.warning("%s did not take the rest of the recording within %g s", self._folder, timeout)

    def _leave_to_parent(self) -> None:
        """In a forked child: the thread is not there, and the recording is the parent's."""
        self._backlog.shut()
        self._thread = None
        self._output.leave_to_parent()

    def _open(self) -> None:
        try:
            self._output.open()
        except OSError as error:
            if error.errno not in _FULL:
                raise RecordingError(f"{self._folder} cannot be recorded to: {_said(error)}") from error
            self._pause(error)

    # the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        fills = self._backlog.fills
        while not self._closing.is_set():
            if self.paused:
                self._closing.wait(self._limits.retry_every)
            else:
                fills.wait(self._limits.flush_every)
                fills.clear()
            self._turn()
        self._turn()
        self._end()

    def _turn(self) -> None:
        """Write all that waits, or pause."""
        try:
            if not self._unwritten:
                self._take()
            while self._unwritten:
                chunk = self._next_chunk()
                self._output.append(chunk)
                del self._unwritten[: len(chunk)]
                self.written += len(chunk)
                if self.paused:
                    self._go_on()
        except (OSError, RecordingError) as error:
            self._pause(error)
        except Exception:  # nothing but `close` ends this thread
            self._logger.exception("%d records were not written to %s", len(self._unwritten), self._folder)
            self._spoilt += len(self._unwritten)
            self._unwritten.clear()

    def _take(self) -> None:
        for record in self._clock.watch(self._backlog.take(self.paused or _TOO_MANY)):
            self._unwritten.append(WrittenLine(self._line(record), record.wall_ms, record.monotonic_ns))
            if isinstance(record, MissingRecord):
                self._logger.warning("%d records are missing in %s: %s", record.records, self._folder, record.reason)

    def _line(self, record: Line) -> str:
        try:
            return encode(record, self._redactor_of(record))
        except Exception as error:  # `redact` is a stranger's, and the other records are to be written
            self._logger.exception("a record could not be written down")
            self._spoilt += 1
            time, reason = record.wall_ms, f"it could not be written down: {type(error).__name__}"
            return encode(MissingRecord(time, record.monotonic_ns, 1, time, time, reason), str)

    def _redactor_of(self, record: Line) -> Callable[[str], str]:
        if self._redact_connection is None or not isinstance(record, FrameRecord | StateRecord):
            return self._redact
        return self._redact_connection(record)

    def _next_chunk(self) -> list[WrittenLine]:
        size = 0
        for number, line in enumerate(self._unwritten, 1):
            size += len(line.text)
            if size >= _AT_ONCE:
                return self._unwritten[:number]
        return self._unwritten[:]

    def _pause(self, error: OSError | RecordingError) -> None:
        if not self.paused:
            self._logger.warning(
                "recording to %s has paused: %s; it is tried again every %g s, and nothing else stops",
                self._folder,
                _said(error),
                self._limits.retry_every,
            )
        self.paused = _said(error)

    def _go_on(self) -> None:
        self._take()  # what is missing by now has the reason of the pause
        self.paused = ""
        self._logger.warning("recording to %s goes on; %d records are missing so far", self._folder, self.missing)

    def _end(self) -> None:
        left = len(self._unwritten) + self._backlog.shut()
        self._output.let_go()
        if left:
            self._spoilt += left
            self._logger.warning("the last %d records were not written to %s: %s", left, self._folder, self.paused)


def _said(error: OSError | RecordingError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
