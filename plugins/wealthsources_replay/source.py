"""ReplaySource: a recording, or bars, played as a live source of a session whose clock is that of what is played."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING, Final

from wealthsources import ConfigError, ForkLock, RequestError, Source, time_text
from wealthsources_replay.bars_player import BarsPlayer
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.host import RecordedClock, ReplayHost
from wealthsources_replay.player import Player
from wealthsources_replay.reader import Recording
from wealthsources_replay.replays import facts_of, find_replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wealthsources import Bars, Event, HistoryRequest, Host, SourceStatus, Timeframe
    from wealthsources_replay.header import Header
    from wealthsources_replay.options import ReplayOptions

#: Seconds after which the player looks up, while nothing is due.
_LOOK_EVERY: Final = 0.1
_STOP: Final = 2.0
#: Records after which others have a turn, at full speed.
_AT_ONCE: Final = 256


class ReplaySource(Source):
    """Plays a recording, or the bars of another source, once: on a thread of its own, or step by step.

    Frames are read as when they came, by the plugin that brought them; bars come at their ends. Holes are not filled.

    recording  what is read, if it is a recording
    """

    def __init__(self, options: ReplayOptions) -> None:
        """Raises RecordingError if the recording cannot be played, or nothing of that span is recorded."""
        self.options = options
        self.recording: Recording | None = None
        self._missing = 0
        self._last_missing = ""
        self._player: Player | BarsPlayer
        self._inner: Source
        self._begin: Callable[[Host], None]
        self._finish: Callable[[str], None]
        if options.recording is not None:
            self._play_frames(options.recording)
        else:
            self._play_bars()
        self.capabilities = self._inner.capabilities
        self._host: ReplayHost | None = None
        self._lock = ForkLock()  # one thread at a time plays
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def _play_frames(self, folder: Path) -> None:
        recording = self.recording = Recording(folder)
        header = _one_header(recording, self.options)
        player = Player(recording, self.options.start, self.options.end, self._miss)
        self._recorded_clock = str(header.options.get("clock", "system"))
        replay = find_replay(header.plugin)(facts_of(header), player.time.monotonic, player.time.wall)

        def begin(host: Host) -> None:
            if self._recorded_clock != "feed":  # what time it was, bars did not say: it passes without them too
                player.time.tell = host.clock.saw_open
            replay.source.start(host)
            player.begin(replay)

        self._player, self._inner, self._begin, self._finish = player, replay.source, begin, replay.finish

    def _play_bars(self) -> None:
        player = BarsPlayer(self.options)
        self._recorded_clock = "feed"
        self._player, self._inner, self._begin, self._finish = player, player.source, player.begin, player.finish

    def start(self, host: Host) -> None:
        """Begin to play, unless it is played by steps. Raises ConfigError if the session has a clock of its own.

        Bars: asks for the first of them and waits for that. Raises RecordingError if there is none, or as that source.
        """
        if host.clock.name != "feed":
            raise ConfigError("a replay brings its own time: say `clock: feed` in the configuration")
        clock = host.clock if self._recorded_clock == "feed" else RecordedClock(self._player.time, host.clock)
        self._host = ReplayHost(host, clock)
        self._begin(self._host)
        if self.options.speed != "step":
            self._thread = threading.Thread(target=self._run, name="wealthsources-replay", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End where it is; what came stays."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOP)
        self._inner.stop()

    # playing ---------------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether all was played."""
        return self._player.is_over

    @property
    def played(self) -> int:
        """How many records, or bars, were played."""
        return self._player.played

    @property
    def now_ms(self) -> int:
        """What time it is where that was played, ms; of a recording by the clock of the machine that recorded it.

        0 before its first record.
        """
        return self._player.time.wall_ms

    @property
    def span(self) -> tuple[int, int]:
        """From when to when is played, ms."""
        return self._player.span

    @property
    def next_due(self) -> float:
        """When the next record or bar comes, in seconds by a clock that never goes back."""
        return self._player.next_due

    @property
    def next_ms(self) -> int | None:
        """The time of the next record, ms, as `now_ms`; None if there is none."""
        return self._player.next_wall_ms

    @property
    def recorded_clock(self) -> str:
        """The clock of the session that was recorded, "system" or "feed"."""
        return self._recorded_clock

    def step(self, until: int | None = None) -> list[Event]:
        """Play the next frame that came in, or the next bar; or all that came before `until`, ms, and let it be then.

        Returns what became of it: every event but updates of forming bars. Raises RequestError unless `speed` is step;
        and what a source raised that could not be asked for more bars, once: then it is over.
        """
        host = self._host
        if self.options.speed != "step" or host is None:
            raise RequestError("only a replay that has been started with `speed: step` is played by steps")
        with self._lock:
            told: list[Event] = []
            host.told = told
            try:
                self._step(until)
            finally:
                host.told = None
        return told

    def _step(self, until: int | None) -> None:
        player = self._player
        if until is None:
            while not player.is_over and not player.play():
                pass
            return
        while (following := player.next_wall_ms) is not None and following < until:
            player.play()
        player.pass_by((until - player.time.wall_ms) / 1000)

    def _run(self) -> None:
        try:
            if self.options.speed == "max":
                self._race()
            else:
                self._pace(float(self.options.speed))
        except Exception:  # what was played stays, and nothing more is vouched for
            if self._host is not None:
                self._host.logger.exception("the replay failed after %d records", self._player.played)
            self._finish("the replay failed")

    def _race(self) -> None:
        player = self._player
        while not player.is_over and not self._stop.is_set():
            with self._lock:
                for _ in range(_AT_ONCE):
                    player.play()

    def _pace(self, speed: float) -> None:
        player = self._player
        began, first = time.monotonic(), player.next_due
        while not player.is_over:
            now = first + (time.monotonic() - began) * speed
            with self._lock:
                while not player.is_over and player.next_due <= now and not self._stop.is_set():
                    player.play()
                if not player.is_over:
                    player.pass_by(now - player.time.monotonic())
            left = (player.next_due - now) / speed
            if self._stop.wait(max(0.0, min(_LOOK_EVERY, left))):
                return

    def _miss(self, why: str) -> None:
        where = time_text(self.now_ms)
        self._missing += 1
        self._last_missing = f"{where} UTC: {why}"
        if self._host is not None:
            self._host.logger.warning("%s UTC: %s", where, why)

    # answering -------------------------------------------------------------------------------------------------

    def get_history(self, request: HistoryRequest) -> Bars:
        """What had come of it by now."""
        return self._inner.get_history(request)

    def stale_for(self, symbol: str | None = None, timeframe: Timeframe | None = None) -> float | None:
        """As of the source that was recorded, at the recording's time."""
        return self._inner.stale_for(symbol, timeframe)

    def status(self) -> SourceStatus:
        """As of the source that was recorded. `replayed` counts records, `missing` the places without; or bars."""
        status = self._inner.status()
        counters = dict(status.counters) | {"replayed": self.played}
        if self.recording is not None:
            counters["missing"] = self._missing
        reason = "; ".join(filter(None, [status.reason, self._last_missing]))
        return dataclasses.replace(status, reason=reason, counters=counters)


def _one_header(recording: Recording, options: ReplayOptions) -> Header:
    """What was recorded. Raises RecordingError if that is not the same all through the span."""
    recording.stretch(options.start, options.end)  # raises if there is none
    runs = recording.runs(options.start, options.end)
    first = runs[0].header
    for run in runs[1:]:
        if dataclasses.replace(run.header, wealthsources=first.wealthsources) != first:
            raise RecordingError(
                f"{options.recording}: from {time_text(run.wall_ms)} UTC on it is of other series or options "
                "than before; play each part by itself, with `to` and `from`"
            )
    return first
