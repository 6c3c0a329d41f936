"""Market: what is true, and how much of it has been played so far. Knows no socket."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wealthsources import RequestError, Timeframe
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.rows import read_bars
from wealthsources_simulator.timeline import PlayedBar, Series, Timeline, forming_state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Self

#: 2020-09-13 12:00 UTC, ms.
BEGINNING: Final = 1_599_998_400_000


@dataclass(frozen=True, slots=True)
class Played:
    """One message that went out to all: its text, the bar as it will be in the end, and whether this is its end.

    `step` counts the messages of its series, from 0.
    """

    series: Series
    step: int
    bar: PlayedBar
    text: str
    final: bool


class Joined(NamedTuple):
    """What someone who subscribes is given: the final messages of closed bars, and from where to follow."""

    snapshot: list[str]
    position: int


class Market:
    """The bars of one or more series, and the log of the messages played so far. For any number of threads.

    A bar is `updates` forming messages, then one with its final values. `snapshot` is how many closed bars of each
    series those who subscribe are sent first. With `closed_flag` every message says in that field whether its bar is
    closed. Raises SimulatorError for what cannot be played.
    """

    def __init__(
        self,
        series: Mapping[Series, Sequence[PlayedBar]],
        *,
        updates: int = 4,
        snapshot: int = 0,
        closed_flag: str | None = None,
    ) -> None:
        self._timelines = {
            key: Timeline(key, bars, updates=updates, closed_flag=closed_flag) for key, bars in series.items()
        }
        self._updates = updates
        self._snapshot = snapshot
        self.closed_flag = closed_flag
        self._steps = dict.fromkeys(self._timelines, 0)
        self._log: list[Played] = []
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def made(
        cls,
        symbols: Collection[str] = ("BTCUSDT",),
        timeframe: str = "1h",
        bars: int = 48,
        seed: int = 7,
        **options: Any,
    ) -> Self:
        """Invented bars from 2020-09-13 12:00 UTC on, the same for the same seed. `options` are those of a Market."""
        frame = _timeframe(timeframe)
        return cls({(symbol, timeframe): _invent(symbol, frame, bars, seed) for symbol in symbols}, **options)

    @classmethod
    def from_csv(cls, path: str | Path, symbol: str, timeframe: str, **options: Any) -> Self:
        """The bars of one file. Raises SimulatorError."""
        return cls({(symbol, timeframe): read_bars(Path(path), _timeframe(timeframe))}, **options)

    # What is true.

    @property
    def series(self) -> tuple[Series, ...]:
        """All series."""
        return tuple(self._timelines)

    @property
    def steps_per_bar(self) -> int:
        """How many messages a bar is."""
        return self._updates + 1

    @property
    def finished(self) -> bool:
        """Whether everything was played."""
        with self._changed:
            return all(self._steps[key] == timeline.steps for key, timeline in self._timelines.items())

    def all(self, series: Series) -> list[PlayedBar]:
        """The bars whose final values were played, oldest first."""
        with self._changed:
            return self._whole(series)

    def closed(self, series: Series) -> list[PlayedBar]:
        """The bars of which the messages so far prove that they are closed: flagged, or with a successor begun."""
        with self._changed:
            whole = self._whole(series)
            begun = self._steps[series] % self._timelines[series].steps_per_bar > 0
        return whole if self.closed_flag or begun else whole[:-1]

    # Playing.

    def play(self, bars: float = 1) -> None:
        """Play so many more bars of every series, or those left; 2.5 is two and a half, as in `--drop-at`.

        The messages of all series go out in the order of the times they tell of.
        """
        timeline = next(iter(self._timelines.values()))  # all have the same number of steps per bar
        self.play_steps(timeline.steps_before(Decimal(str(bars))))

    def play_steps(self, steps: int) -> None:
        """Play so many more messages of every series, or those left."""
        with self._changed:
            due = [moment for key in self._timelines for moment in self._due(key, steps)]
            due.sort(key=lambda moment: moment[0])
            self._log += [played for _, played in due]
            self._changed.notify_all()
            listeners = list(self._listeners)
        for tell in listeners:
            tell()

    # For those who follow.

    @property
    def length(self) -> int:
        """How many messages were played."""
        return len(self._log)

    def messages_since(self, position: int, limit: int | None = None) -> list[Played]:
        """The messages from `position` on, counted from 0, at most `limit`; empty if there are none yet."""
        with self._changed:
            return self._log[position : None if limit is None else position + limit]

    def wait(self, position: int, timeout: float | None = None) -> bool:
        """Wait until there is a message at `position`; False if that took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._log) > position, timeout)

    def join(self, series: Collection[Series]) -> Joined:
        """What someone who subscribes to `series` now is to be sent, and where to follow from."""
        with self._changed:
            wanted = [(self._timelines[key], self._steps[key]) for key in self._timelines if key in series]
            messages = [text for timeline, step in wanted for text in timeline.snapshot(step, self._snapshot)]
            return Joined(messages, len(self._log))

    def listen(self, tell: Callable[[], None]) -> None:
        """Have `tell` called after every playing, on the thread that plays."""
        with self._changed:
            self._listeners.append(tell)

    def forget(self, tell: Callable[[], None]) -> None:
        """Undo `listen`."""
        with self._changed:
            self._listeners.remove(tell)

    # For those who lie about it. `position` is how much of the log they passed on; nothing later is told.

    def now(self, series: Series, position: int) -> dict[str, Any]:
        """The message of the newest state: of the bar in progress, else the first of the next bar, or the last of all.

        None of these, sent once more, hurts anybody.
        """
        timeline, steps = self._timelines[series], self._steps_at(series, position)
        step = steps - 1 if steps % timeline.steps_per_bar or steps == timeline.steps else steps
        return _read(timeline.message(step))

    def states(self, series: Series, position: int, count: int) -> list[dict[str, Any]]:
        """`count` forming states of the bar in progress, or the next one; of the last bar only its final values."""
        message = self.now(series, position)
        timeline, steps = self._timelines[series], self._steps_at(series, position)
        if steps == timeline.steps:
            return [message] * count
        bar = timeline.bars[steps // timeline.steps_per_bar]
        return [message | _values(forming_state(bar, number, count)) for number in range(count)]

    def finals(self, series: Collection[Series], position: int) -> list[dict[str, Any]]:
        """The final message of every whole bar of these series, in the order in which they were played."""
        played = self.messages_since(0, position)
        return [_read(one.text) for one in played if one.final and one.series in series]

    def _steps_at(self, series: Series, position: int) -> int:
        """How many messages of a series are in the log before `position`."""
        with self._changed:
            for place in range(position - 1, -1, -1):
                if self._log[place].series == series:
                    return self._log[place].step + 1
        return 0

    def _whole(self, series: Series) -> list[PlayedBar]:
        timeline = self._timelines[series]
        return list(timeline.bars[: self._steps[series] // timeline.steps_per_bar])

    def _due(self, series: Series, steps: int) -> Iterable[tuple[float, Played]]:
        """The next messages of one series, each with the time it tells of."""
        timeline, first = self._timelines[series], self._steps[series]
        self._steps[series] = min(first + steps, timeline.steps)
        for step in range(first, self._steps[series]):
            number, part = divmod(step, timeline.steps_per_bar)
            bar, final = timeline.bars[number], part == self._updates
            time = bar.open_time + (bar.end - bar.open_time) * (part + 1) / timeline.steps_per_bar
            yield time, Played(series, step, bar, timeline.message(step), final)


def _timeframe(name: str) -> Timeframe:
    try:
        return Timeframe(name)
    except RequestError as error:
        raise SimulatorError(str(error)) from None


def _invent(symbol: str, timeframe: Timeframe, count: int, seed: int) -> list[PlayedBar]:
    rng = random.Random(f"{seed}:{symbol}:{timeframe}")  # noqa: S311 - the same bars again are the point
    open_time, price = timeframe.floor(BEGINNING), rng.randint(1_000, 2_000_000)
    bars = []
    for _ in range(count):
        end = timeframe.end(open_time)
        bar, price = _invent_bar(rng, open_time, end, price)
        bars.append(bar)
        open_time = end
    return bars


def _invent_bar(rng: random.Random, open_time: int, end: int, opened: int) -> tuple[PlayedBar, int]:
    """A bar that opens at a price in hundredths, and the price at which the next one opens."""
    reach = max(opened // 200, 2)
    close = max(opened + rng.randint(-reach, reach), 10)
    high = max(opened, close) + rng.randint(0, reach)
    low = max(min(opened, close) - rng.randint(0, reach), 1)
    o, h, l, c = (f"{price // 100}.{price % 100:02d}" for price in (opened, high, low, close))  # noqa: E741
    volume = f"{rng.randint(1, 900)}.{rng.randint(0, 999):03d}"
    return PlayedBar(open_time, end, o, h, l, c, volume), close


def _read(text: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(text)
    return message


def _values(bar: PlayedBar) -> dict[str, Any]:
    """The fields of a message that its state decides."""
    times = {"open_time": bar.open_time, "close_time": bar.end}
    return times | {name: getattr(bar, name) for name in ("open", "high", "low", "close", "volume")}
