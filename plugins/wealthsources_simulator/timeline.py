"""Timeline: what a file of bars becomes when it is played. Pure: no socket, no clock.

A timeline is counted in steps, one message each: `updates` forming states of a bar, then its final values, then the
next bar. A position in bars ("12.5") and a position in steps are the same point; `steps_before` converts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a subscription names: (symbol, timeframe), as written on the wire.
Series = tuple[str, str]

#: From this fraction of a bar on, all its messages have been played: "12.9" is after the final values of bar 12.
_AFTER_FINAL: Final = Decimal("0.9")

#: The corners a price visits between open and close, in a bar that rises and in one that falls.
_CORNERS: Final = 4


@dataclass(frozen=True, slots=True)
class PlayedBar:
    """One row of the file, or a forming state of it. Times in ms; prices and volume are the file's own text."""

    open_time: int
    end: int
    open: str
    high: str
    low: str
    close: str
    volume: str


class Timeline:
    """The messages of one series, in order: step 0 to `steps` - 1.

    `history` are bars from before the first step: never played, closed all along, so a snapshot may hold them.
    With `closed_flag` every message carries that field: true with the final values, else false.
    """

    def __init__(
        self,
        series: Series,
        bars: Sequence[PlayedBar],
        *,
        updates: int = 4,
        closed_flag: str | None = None,
        history: Sequence[PlayedBar] = (),
    ) -> None:
        if updates < 0:
            raise SimulatorError(f"updates is {updates}; it must be 0 or more")
        self.series = series
        self.bars = tuple(bars)
        self.steps_per_bar = updates + 1
        self.steps = len(self.bars) * self.steps_per_bar
        self._history = tuple(history)
        self._flag = closed_flag
        if closed_flag is not None and self.bars and closed_flag in self._fields(self.bars[0]):
            raise SimulatorError(f"closed flag {closed_flag!r} is already the name of another field of a bar")

    def message(self, step: int) -> str:
        """The text of one step."""
        number, part = divmod(step, self.steps_per_bar)
        bar, updates = self.bars[number], self.steps_per_bar - 1
        if part == updates:
            return self._text(bar, closed=True)
        return self._text(forming_state(bar, part, updates), closed=False)

    def snapshot(self, step: int, count: int) -> list[str]:
        """The final messages of the last `count` bars that are closed when `step` steps were played, oldest first."""
        closed = step // self.steps_per_bar
        kept = self.bars[max(0, closed - count) : closed]
        wanted = min(count - len(kept), len(self._history))
        older = self._history[len(self._history) - wanted :]
        return [self._text(bar, closed=True) for bar in (*older, *kept)]

    def steps_before(self, position: Decimal) -> int:
        """How many steps were played at a position in bars. `12.0`: none of bar 12; `12.9`: all of it.

        In between it is that fraction of its messages, rounded down: with 4 updates `12.5` is after 2 of 5.
        """
        number, fraction = divmod(position, 1)
        part = self.steps_per_bar if fraction >= _AFTER_FINAL else int(fraction * self.steps_per_bar)
        return int(number) * self.steps_per_bar + part

    def _text(self, bar: PlayedBar, *, closed: bool) -> str:
        fields = self._fields(bar)
        if self._flag is not None:
            fields[self._flag] = closed
        return json.dumps(fields, separators=(",", ":"))

    def _fields(self, bar: PlayedBar) -> dict[str, object]:
        values = asdict(bar)
        symbol, timeframe = self.series
        times = {"open_time": values.pop("open_time"), "close_time": values.pop("end")}
        return {"type": "BAR", "symbol": symbol, "timeframe": timeframe, **times, **values}


@dataclass(frozen=True, slots=True)
class Outage:
    """A cut when `start` steps were played, and nobody let in again until `end` were."""

    start: int
    end: int

    @classmethod
    def at(cls, timeline: Timeline, drop_at: str | float | Decimal, drop_for: float | Decimal) -> Outage:
        """The outage that begins at the position `drop_at` and lasts `drop_for` bars of the timeline.

        It ends with the timeline at the latest: after that no bar passes any more. Raises SimulatorError.
        """
        position, length = _decimal("drop-at", drop_at), _decimal("drop-for", drop_for)
        if position >= len(timeline.bars):
            raise SimulatorError(f"drop-at {drop_at} is beyond the {len(timeline.bars)} bars that are played, 0 first")
        start = timeline.steps_before(position)
        # Clamped as a number first: int() of 1e999999 would take for ever.
        bars = min(length, Decimal(len(timeline.bars)))
        return cls(start, min(start + int(bars * timeline.steps_per_bar), timeline.steps))


def forming_state(bar: PlayedBar, number: int, updates: int) -> PlayedBar:
    """Forming state `number` (from 0) of `updates`: at the open, then at low and high, then at the close.

    A rising bar visits its low first, a falling one its high. Prices are the bar's own text; the volume grows evenly.
    """
    corner = number * _CORNERS // updates
    low_first = Decimal(bar.close) >= Decimal(bar.open)
    seen_low = corner >= (1 if low_first else 2)
    seen_high = corner >= (2 if low_first else 1)
    close = (bar.open, bar.low, bar.high, bar.close) if low_first else (bar.open, bar.high, bar.low, bar.close)
    return replace(
        bar,
        high=bar.high if seen_high else bar.open,
        low=bar.low if seen_low else bar.open,
        close=close[corner],
        volume=_share(bar.volume, number + 1, updates + 1),
    )


def _share(volume: str, part: int, whole: int) -> str:
    """`part` of `whole` of a volume, rounded down, with as many decimals."""
    _, digits, exponent = Decimal(volume).as_tuple()
    units = int("".join(map(str, digits))) * part // whole
    return f"{Decimal(f'{units}E{exponent}'):f}"


def _decimal(option: str, value: str | float | Decimal) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise SimulatorError(f"{option} {value!r} is not a number of bars") from None
    if not number.is_finite() or number < 0:
        raise SimulatorError(f"{option} {value} is not a number of bars, 0 or more")
    return number
