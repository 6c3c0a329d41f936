"""Market: what is true, and how much of it has been played so far, in the words of one exchange. Knows no socket."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wealthsources import RequestError, Timeframe
from wealthsources_simulator.bars import forming_state
from wealthsources_simulator.csv_bars import read_bars
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.values import is_quiet
from wealthsources_simulator.exchanges.wealthai import WealthAI
from wealthsources_simulator.invented import invent_bars
from wealthsources_simulator.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Self

    from wealthsources_simulator.bars import PlayedBar, Series
    from wealthsources_simulator.exchanges.base import Exchange, Message, State


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
    series those who subscribe are sent first; those of `history` ended before the first message. `exchange` writes the
    messages, by default the WealthAI server's. `flag_late` is how many messages of the next bar come before the one
    that says that a bar is closed. Raises SimulatorError for what cannot be played.
    """

    def __init__(
        self,
        series: Mapping[Series, Sequence[PlayedBar]],
        *,
        exchange: Exchange | None = None,
        updates: int = 4,
        snapshot: int = 0,
        history: Mapping[Series, Sequence[PlayedBar]] | None = None,
        flag_late: int = 0,
    ) -> None:
        if snapshot < 0:
            raise SimulatorError(f"snapshot is {snapshot}; it must be 0 or more bars")
        older = history or {}
        self.exchange = exchange or WealthAI()
        for _, timeframe in series:
            if not self.exchange.has_timeframe(timeframe):
                raise SimulatorError(f"{self.exchange.name} has no bars of {timeframe}")
        if flag_late and not self.exchange.closed_flag:
            raise SimulatorError("flag_late is for an exchange that says that a bar is closed")
        self.timelines = {
            key: Timeline(bars, updates=updates, history=older.get(key, ()), late=flag_late)
            for key, bars in series.items()
        }
        self.snapshot = snapshot
        self.steps_per_bar = updates + 1
        self._steps = dict.fromkeys(self.timelines, 0)
        self._told = {key: _Told() for key in self.timelines}
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
        length = _timeframe(timeframe)
        return cls({(symbol, timeframe): invent_bars(symbol, length, bars, seed) for symbol in symbols}, **options)

    @classmethod
    def from_csv(
        cls, path: str | Path, symbol: str, timeframe: str, *, skip: int = 0, limit: int | None = None, **options: Any
    ) -> Self:
        """The bars of one file: `limit` of them, after the first `skip`, which are history. Raises SimulatorError."""
        bars, key = read_bars(Path(path), _timeframe(timeframe)), (symbol, timeframe)
        return cls({key: _part(bars, skip, limit)}, history={key: bars[:skip]}, **options)

    # What is true.

    @property
    def series(self) -> tuple[Series, ...]:
        """All series."""
        return tuple(self.timelines)

    @property
    def steps(self) -> int:
        """How many steps there are, of the longest series."""
        return max((timeline.steps for timeline in self.timelines.values()), default=0)

    @property
    def steps_played(self) -> int:
        """How many of these were played."""
        with self._changed:
            return max(self._steps.values(), default=0)

    @property
    def finished(self) -> bool:
        """Whether everything was played."""
        with self._changed:
            return all(self._steps[key] == timeline.steps for key, timeline in self.timelines.items())

    def all(self, series: Series) -> list[PlayedBar]:
        """The bars whose final values were played, oldest first; without those of which nothing is ever pushed."""
        with self._changed:
            return self._whole(series)

    def closed(self, series: Series) -> list[PlayedBar]:
        """The bars of which the messages so far prove that they are closed: flagged, or with a successor begun."""
        with self._changed:
            whole = self._whole(series)
            return whole if self.exchange.closed_flag or self._told[series].begun else whole[:-1]

    # Playing.

    def play(self, bars: float = 1) -> None:
        """Play so many more bars of every series, or those left; 2.5 is two and a half, as in `--drop-at`.

        The messages of all series go out in the order of the times they tell of.
        """
        self.play_steps(self.steps_before(bars))

    def play_steps(self, steps: int) -> None:
        """Play so many more messages of every series, or those left."""
        with self._changed:
            due = [moment for key in self.timelines for moment in self._due(key, steps)]
            due.sort(key=lambda moment: moment[0])
            self._log += [played for _, played in due]
            self._changed.notify_all()
            listeners = list(self._listeners)
        for tell in listeners:
            tell()

    def steps_before(self, bars: float) -> int:
        """How many steps so many bars are."""
        timeline = next(iter(self.timelines.values()))  # all have the same number of steps per bar
        return timeline.steps_before(Decimal(str(bars)))

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
            messages = [
                message
                for key in self.timelines
                if key in series and (states := self._newest(key))
                for message in self.exchange.snapshot(key, states)
            ]
            return Joined([self.exchange.text(message) for message in messages], len(self._log))

    def listen(self, tell: Callable[[], None]) -> None:
        """Have `tell` called after every playing, on the thread that plays."""
        with self._changed:
            self._listeners.append(tell)

    def forget(self, tell: Callable[[], None]) -> None:
        """Undo `listen`."""
        with self._changed:
            self._listeners.remove(tell)

    # For those who lie about it. `position` is how much of the log they passed on; nothing later is told.

    def now(self, series: Series, position: int) -> Message:
        """The message of the newest state: of the bar in progress, else the first of the next bar, or the last of all.

        None of these, sent once more, hurts anybody.
        """
        bar, closed = self.state(series, position)
        return self.exchange.bar(series, bar, closed)

    def state(self, series: Series, position: int) -> State:
        """The same as a state, and whether it is the final one."""
        timeline, steps = self.timelines[series], self._steps_at(series, position)
        step = steps - 1 if steps % timeline.steps_per_bar or steps == timeline.steps else steps
        if not self.exchange.forming:
            step = max(1, timeline.whole(steps)) * timeline.steps_per_bar - 1
        return timeline.state(step), timeline.is_final(step)

    def states(self, series: Series, position: int, count: int) -> list[Message]:
        """`count` forming states of the bar in progress, or the next one; of the last bar only its final values."""
        timeline, steps = self.timelines[series], self._steps_at(series, position)
        if steps == timeline.steps:
            return [self.now(series, position)] * count
        bar = timeline.bar(steps)
        return [self.exchange.bar(series, forming_state(bar, number, count), False) for number in range(count)]

    def finals(self, series: Collection[Series], position: int) -> list[Message]:
        """The final message of every whole bar of these series, in the order in which they were played."""
        return [self.exchange.bar(key, bar, True) for key, bar in self.whole(series, position)]

    def whole(self, series: Collection[Series], position: int) -> list[tuple[Series, PlayedBar]]:
        """These bars, each with its series."""
        played = self.messages_since(0, position)
        return [(one.series, one.bar) for one in played if one.final and one.series in series]

    def message(self, series: Series, step: int) -> Message:
        """The message of one step of a series, whether it was played or not."""
        timeline = self.timelines[series]
        return self.exchange.bar(series, timeline.state(step), timeline.is_final(step))

    def _newest(self, series: Series) -> list[State]:
        """What those who subscribe now are told first: closed bars, and the one in progress, as the exchange does."""
        exchange, timeline, steps = self.exchange, self.timelines[series], self._steps[series]
        whole = timeline.closed(steps, self.snapshot) if exchange.past else []
        states: list[State] = [(bar, True) for bar in whole if self._is_pushed(bar)]
        if exchange.present and steps:
            newest = timeline.state(steps - 1), timeline.is_final(steps - 1)
            if self._is_pushed(timeline.bar(steps - 1)) and newest not in states:
                states.append(newest)
        return states

    def _is_pushed(self, bar: PlayedBar) -> bool:
        return self.exchange.quiet == "flat" or not is_quiet(bar)

    def _steps_at(self, series: Series, position: int) -> int:
        """How many messages of a series are in the log before `position`."""
        with self._changed:
            for place in range(position - 1, -1, -1):
                if self._log[place].series == series:
                    return self._log[place].step + 1
        return 0

    def _whole(self, series: Series) -> list[PlayedBar]:
        return [self.timelines[series].bar(step) for step in self._told[series].ends]

    def _due(self, series: Series, steps: int) -> Iterable[tuple[float, Played]]:
        """The next messages of one series, each with the time it tells of."""
        timeline, first, told = self.timelines[series], self._steps[series], self._told[series]
        self._steps[series] = min(first + steps, timeline.steps)
        for step in range(first, self._steps[series]):
            for pushed in self._pushed(timeline, step, told):
                played = self._played(series, pushed)
                told.take(played)
                yield timeline.time(step), played

    def _pushed(self, timeline: Timeline, step: int, told: _Told) -> list[int]:
        """The steps whose messages go out at this one: itself, unless nobody trades in its bar, or it is not closed."""
        if not (self.exchange.forming or timeline.is_final(step)):
            return []
        if self._is_pushed(timeline.bar(step)):
            owed, told.owed = told.owed, []
            return [*owed, step]
        if self.exchange.quiet == "with the next" and timeline.is_final(step):
            told.owed.append(step)
        return []

    def _played(self, series: Series, step: int) -> Played:
        timeline = self.timelines[series]
        text = self.exchange.text(self.message(series, step))
        return Played(series, step, timeline.bar(step), text, timeline.is_final(step))


class _Told:
    """What was pushed of one series: the steps that ended a bar, and whether another one has begun after them.

    `owed` are the steps of quiet bars that go out with the next trade.
    """

    def __init__(self) -> None:
        self.ends: list[int] = []
        self.begun = False
        self.owed: list[int] = []

    def take(self, played: Played) -> None:
        self.begun = not played.final
        if played.final:
            self.ends.append(played.step)


def _timeframe(name: str) -> Timeframe:
    try:
        return Timeframe(name)
    except RequestError as error:
        raise SimulatorError(str(error)) from None


def _part(bars: list[PlayedBar], skip: int, limit: int | None) -> list[PlayedBar]:
    if skip < 0 or (limit is not None and limit < 1):
        raise SimulatorError(f"skip {skip}, limit {limit}: skip must be 0 or more, limit 1 or more")
    played = bars[skip:] if limit is None else bars[skip : skip + limit]
    if not played:
        raise SimulatorError(f"nothing to play: the file has {len(bars)} bars, of which {skip} are skipped")
    return played
