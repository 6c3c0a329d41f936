"""Timeline: what the bars of one series become when they are played. Pure: no socket, no clock, no exchange's words.

A timeline is counted in steps, one message each: `updates` forming states of a bar, then its final values, then the
next bar. A position in bars ("12.5") and a position in steps are the same point; `steps_before` converts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.bars import forming_state
from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar

#: From this fraction of a bar on, all its messages have been played: "12.9" is after the final values of bar 12.
_AFTER_FINAL: Final = Decimal("0.9")


class Timeline:
    """The states of one series, in order: step 0 to `steps` - 1.

    `history` are bars from before the first step: never played, closed all along. `late` is how many steps of the next
    bar come before the final values of a bar.
    """

    def __init__(
        self, bars: Sequence[PlayedBar], *, updates: int = 4, history: Sequence[PlayedBar] = (), late: int = 0
    ) -> None:
        if updates < 0:
            raise SimulatorError(f"updates is {updates}; it must be 0 or more")
        if not 0 <= late <= updates:
            raise SimulatorError(f"flag_late is {late}; a bar has {updates} updates before its final values")
        self.bars = tuple(bars)
        self.steps_per_bar = updates + 1
        self.steps = len(self.bars) * self.steps_per_bar
        self._history = tuple(history)
        self._late = late

    def bar(self, step: int) -> PlayedBar:
        """The bar that a step is of, as it will be in the end."""
        return self.bars[self._place(step)[0]]

    def state(self, step: int) -> PlayedBar:
        """That bar as it is at this step."""
        number, part = self._place(step)
        updates = self.steps_per_bar - 1
        return self.bars[number] if part == updates else forming_state(self.bars[number], part, updates)

    def is_final(self, step: int) -> bool:
        """Whether a step is the last of its bar."""
        return self._place(step)[1] == self.steps_per_bar - 1

    def time(self, step: int) -> float:
        """When a step is due, ms; that of a late final one is in the next bar."""
        number, part = divmod(step, self.steps_per_bar)
        bar = self.bars[number]
        return bar.open_time + (bar.end - bar.open_time) * (part + 1) / self.steps_per_bar

    def whole(self, step: int) -> int:
        """Of how many bars the final values were played when `step` steps were."""
        if step >= self.steps:
            return len(self.bars)
        return max(0, (step - self._late) // self.steps_per_bar)

    def closed(self, step: int, count: int) -> list[PlayedBar]:
        """The last `count` bars that are closed when `step` steps were played, oldest first."""
        number = self.whole(step)
        kept = self.bars[max(0, number - count) : number]
        wanted = min(count - len(kept), len(self._history))
        return [*self._history[len(self._history) - wanted :], *kept]

    def steps_before(self, position: Decimal) -> int:
        """How many steps were played at a position in bars. `12.0`: none of bar 12; `12.9`: all of it.

        In between it is that fraction of its messages, rounded down: with 4 updates `12.5` is after 2 of 5.
        """
        number, fraction = divmod(position, 1)
        part = self.steps_per_bar if fraction >= _AFTER_FINAL else int(fraction * self.steps_per_bar)
        return int(number) * self.steps_per_bar + part

    def _place(self, step: int) -> tuple[int, int]:
        """Which bar a step is of, and which part of it. Without a late one that is a division."""
        updates = self.steps_per_bar - 1
        if not self._late or step < updates or step == self.steps - 1:
            return divmod(step, self.steps_per_bar)
        # The final values of bar n come `late` steps later than they should, and those steps of bar n + 1 move up.
        number, part = divmod(step + 1, self.steps_per_bar)
        if part == self._late:
            return number - 1, updates
        return number, part if part < self._late else part - 1
