"""Recording: reads what a FrameWriter wrote, whatever became of it since."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wealthsources import time_text
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.frames import BeganRecord
from wealthsources_replay.reading import Damage, Segment
from wealthsources_replay.segments import list_segments, read_first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_replay.frames import Record
    from wealthsources_replay.header import Header, SegmentHeader

#: ms; two stretches of a recording that are nearer than that are told as one.
_NEAR: Final = 60_000
_MOST_TOLD: Final = 3


class Recording:
    """A folder that a FrameWriter wrote to, or is writing to. A second or so of it is in memory at a time.

    losses  goes up whenever `stretch` passes over what cannot be read, before it yields what is behind that
    """

    def __init__(self, folder: str | Path) -> None:
        """Raises RecordingError if it is no recording, if nothing of it can be read, or if its format is another."""
        self._folder = Path(folder)
        self.losses = 0
        self._damage: set[Damage] = set()
        self._broken: set[str] = set()  # segments before which something is not there
        self._segments = self._find_segments()

    @property
    def header(self) -> Header:
        """What was recorded; if more than one process recorded, that of the first: each has a BeganRecord."""
        return self._segments[0].began.header

    @property
    def span(self) -> tuple[int, int]:
        """The earliest and the latest wall time of a record, ms. Raises RecordingError if there is no record."""
        stretches = self._stretches()
        if not stretches:
            raise self._empty()
        return stretches[0][0], stretches[-1][1]

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What could not be read so far, each place once, in order. All of it is known when all has been read."""
        return tuple(sorted(self._damage))

    def frames(self, start_ms: int | None = None, end_ms: int | None = None) -> Iterator[Record]:
        """The records with `start_ms` <= wall time < `end_ms`, in the order of the recording; None: no such bound.

        The first one is a BeganRecord, and so is the first of each process that recorded, with the times of the first
        record of a segment. What is damaged is left out and noted in `damage`. Raises RecordingError, at once, if
        nothing of that span is recorded.
        """
        start = -math.inf if start_ms is None else start_ms
        end = math.inf if end_ms is None else end_ms
        segments = self._segments
        if (start, end) != (-math.inf, math.inf):
            segments = [segment for segment in segments if segment.overlaps(start, end)]
            if not segments:
                raise self._not_recorded(start_ms, end_ms)
        return _read(segments, start, end)

    def stretch(self, start_ms: int | None = None, end_ms: int | None = None) -> Iterator[Record]:
        """The records from the first with `start_ms` <= wall time on, up to the first after it with `end_ms` <= it.

        So none in between is left out, also where the machine's clock ran back. Otherwise as `frames`.
        """
        start = -math.inf if start_ms is None else start_ms
        end = math.inf if end_ms is None else end_ms
        segments = self._segments_of(start_ms, end_ms)
        if not segments:
            raise self._not_recorded(start_ms, end_ms)
        return self._stretch(segments, start, end)

    def runs(self, start_ms: int | None = None, end_ms: int | None = None) -> tuple[SegmentHeader, ...]:
        """What the processes that recorded anything of that stretch said of it, each once, in their order."""
        of_span = [segment.began for segment in self._segments_of(start_ms, end_ms)]
        return tuple({began.run: began for began in reversed(of_span)}.values())[::-1]

    def _segments_of(self, start_ms: int | None, end_ms: int | None) -> list[Segment]:
        """From the first to the last that has something of the span."""
        start = -math.inf if start_ms is None else start_ms
        end = math.inf if end_ms is None else end_ms
        places = [place for place, segment in enumerate(self._segments) if segment.overlaps(start, end)]
        return self._segments[places[0] : places[-1] + 1] if places else []

    def _stretch(self, segments: list[Segment], start: float, end: float) -> Iterator[Record]:
        run = ""
        for segment in segments:
            began = segment.began
            self.losses += bool(run) and segment.name in self._broken
            if began.run != run:
                run = began.run
                yield BeganRecord(began.wall_ms, began.monotonic_ns, began.header)
            for record in segment.read_from(start):
                start = -math.inf
                if record.wall_ms >= end:
                    return
                yield record

    def _note(self, damage: Damage) -> None:
        self.losses += 1
        self._damage.add(damage)

    def _find_segments(self) -> list[Segment]:
        found = self._list()
        for (before, _), (number, path) in pairwise(found):
            if number > before + 1:
                self._damage.add(Damage(path.name, 0, 0, f"{number - before - 1} segments before it are not there"))
                self._broken.add(path.name)
        segments: list[Segment] = []
        lost = False
        for _, path in found:
            try:
                segments.append(Segment(path, read_first_line(path), self._note))
            except (ValueError, OSError) as error:
                if size := path.stat().st_size:  # one without a byte lost nothing
                    self._damage.add(Damage(path.name, 0, size, str(error)))
                    lost = True
                continue
            if lost:
                self._broken.add(path.name)
                lost = False
        if not segments:
            raise RecordingError(f"nothing of the recording {self._folder} can be read{self._told()}")
        return segments

    def _list(self) -> list[tuple[int, Path]]:
        try:
            found = list_segments(self._folder)
            is_empty = not any(self._folder.iterdir())
        except FileNotFoundError:
            raise RecordingError(f"there is no folder {self._folder}") from None
        except NotADirectoryError:
            raise RecordingError(f"{self._folder} is a file; a recording is a folder") from None
        except OSError as error:
            raise RecordingError(f"{self._folder} cannot be read: {error.strerror}") from error
        if is_empty:
            raise RecordingError(f"{self._folder} is empty; nothing was recorded to it")
        if not found:
            raise RecordingError(f"{self._folder} is no recording: it holds no segment, such as 000001-….jsonl.gz")
        return found

    def _stretches(self) -> list[tuple[int, int]]:
        """The wall times that are recorded, ms, in order of time, those near each other as one."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted(segment.bounds for segment in self._segments if segment.bounds is not None):
            if joined and first - joined[-1][1] <= _NEAR:
                joined[-1] = joined[-1][0], max(joined[-1][1], last)
            else:
                joined.append((first, last))
        return joined

    def _not_recorded(self, start_ms: int | None, end_ms: int | None) -> RecordingError:
        asked = " ".join(
            f"{word} {time_text(time)}" for word, time in (("from", start_ms), ("to", end_ms)) if time is not None
        )
        stretches = [f"{time_text(first)} to {time_text(last)}" for first, last in self._stretches()]
        if not stretches:
            return self._empty()
        there = ", ".join(stretches[:_MOST_TOLD])
        more = f" and {len(stretches) - _MOST_TOLD} more" if len(stretches) > _MOST_TOLD else ""
        return RecordingError(f"{self._folder} has nothing {asked}; recorded is {there}{more} (UTC)")

    def _empty(self) -> RecordingError:
        return RecordingError(f"{self._folder} holds no record that can be read{self._told()}")

    def _told(self) -> str:
        damage = [str(each) for each in self.damage[:_MOST_TOLD]]
        return f" ({'; '.join(damage)})" if damage else ": it was ended before there was any"


def _read(segments: list[Segment], start: float, end: float) -> Iterator[Record]:
    run = ""
    for segment in segments:
        began = segment.began
        if began.run != run:
            run = began.run
            yield BeganRecord(began.wall_ms, began.monotonic_ns, began.header)
        yield from segment.read(start, end)
