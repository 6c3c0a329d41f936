"""Player: hands the records of a recording to what reads their frames, one after another, on the thread that calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources_replay.frames import BeganRecord, FrameRecord, MissingRecord, StateRecord
from wealthsources_replay.played_time import PlayedTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources import FrameLog, FrameReplay
    from wealthsources_replay.frames import Record
    from wealthsources_replay.reader import Recording

#: Seconds, of recorded time.
_TURN_EVERY: Final = 0.5
_ANOTHER_PROCESS: Final = "the process that recorded it ended; another began"
_DAMAGED: Final = "here a part of the recording is damaged or not there"
_JOINED: Final = "the recording does not say how it ended"
OVER: Final = "the recording is over"


class Player:
    """Plays a stretch of a recording once, see `Recording.stretch`.

    Where records are missing, for whatever reason, every connection counts as lost, and one that goes on as joined
    then: nothing that was forming is closed by what comes behind. What time it is, `time` says.

    played   how many records were played
    is_over  whether all of them were
    """

    def __init__(
        self, recording: Recording, start_ms: int | None, end_ms: int | None, say: Callable[[str], object]
    ) -> None:
        """`say` is told of what is missing. Raises RecordingError if nothing of that span is recorded."""
        self.time = PlayedTime()
        self.played = 0
        self.is_over = False
        self._recording = recording
        self._wanted = start_ms, end_ms
        self._records = recording.stretch(start_ms, end_ms)
        self._losses = 0
        self._say = say
        self._replay: FrameReplay | None = None
        self._open: dict[tuple[int, int], FrameLog] = {}
        self._newest: dict[int, int] = {}  # of each shard, the number of the newest connection
        self._next_turn = 0.0
        self._next: Record | None = None

    def begin(self, replay: FrameReplay) -> None:
        """What reads the frames, and has been started."""
        self._replay = replay
        self._losses = self._recording.losses
        self._fetch()

    @property
    def span(self) -> tuple[int, int]:
        """From when to when is played, ms, as far as it is recorded."""
        first, last = self._recording.span
        start, end = self._wanted
        return max(first, start or first), min(last, end or last)

    @property
    def next_due(self) -> float:
        """When the next record comes, by the monotonic clock of `time`, in seconds."""
        return self.time.monotonic() if self._next is None else self.time.due(self._next)

    @property
    def next_wall_ms(self) -> int | None:
        """The wall time of the next record, ms; None if there is none."""
        return None if self._next is None else self._next.wall_ms

    def play(self) -> bool:
        """Play the next record. Returns whether it is a frame that came in."""
        record, replay = self._next, self._replay
        if record is None or replay is None:
            return False
        if self._recording.losses != self._losses:
            self._losses = self._recording.losses
            self._miss(_DAMAGED)
        self.time.come_to(record)
        self._turn(replay)
        came = isinstance(record, FrameRecord) and self._frame(replay, record)
        if isinstance(record, StateRecord):
            self._state(replay, record)
        elif isinstance(record, MissingRecord):
            self._miss(f"here {record.records} records are missing: {record.reason}")
        elif isinstance(record, BeganRecord):
            self._end_all(_ANOTHER_PROCESS)
            self._newest.clear()
        self.played += 1
        self._fetch()
        return came

    def pass_by(self, seconds: float) -> None:
        """So much of recorded time passes before the next record, or after the last one."""
        if self._replay is not None and seconds > 0:
            self.time.pass_by(seconds)
            if not self.is_over:
                self._turn(self._replay)

    def _fetch(self) -> None:
        self._next = next(self._records, None)
        if self._next is not None or self.is_over:
            return
        if self._recording.losses != self._losses:
            self._say(_DAMAGED)
        self._open.clear()
        if self._replay is not None:
            self._replay.finish(OVER)
        self.is_over = True

    def _turn(self, replay: FrameReplay) -> None:
        now = self.time.monotonic()
        if now >= self._next_turn:
            self._next_turn = now + _TURN_EVERY
            replay.turn()

    def _frame(self, replay: FrameReplay, record: FrameRecord) -> bool:
        if record.direction == "out":
            return False
        log = self._open.get((record.shard, record.epoch))
        if log is None:
            log = self._join(replay, record)
        if log is not None:
            log.frame(record.data, incoming=True)
        return True

    def _join(self, replay: FrameReplay, record: FrameRecord) -> FrameLog | None:
        """A connection of which the beginning is not there; None for one that is followed by another."""
        shard, epoch = record.shard, record.epoch
        if epoch <= self._newest.get(shard, 0):
            return None
        self._end_all(_JOINED, shard)
        self._newest[shard] = epoch
        log = self._open[shard, epoch] = replay.begin(shard, joined=True)
        return log

    def _state(self, replay: FrameReplay, record: StateRecord) -> None:
        key = record.shard, record.epoch
        if record.state == "connecting":
            self._newest[record.shard] = record.epoch
            self._open[key] = replay.begin(record.shard)
        elif record.state == "lost":
            self._newest[record.shard] = max(record.epoch, self._newest.get(record.shard, 0))
            log = self._open.pop(key, None)
            if log is not None:
                log.ended(record.reason)

    def _miss(self, why: str) -> None:
        self._say(why)
        self._end_all(why)
        self._newest = {shard: newest - 1 for shard, newest in self._newest.items()}  # it may go on

    def _end_all(self, reason: str, shard: int | None = None) -> None:
        """The newest first: one beside another is not to take its place."""
        for key in sorted(self._open, reverse=True):
            if shard in (None, key[0]):
                self._open.pop(key).ended(reason)
