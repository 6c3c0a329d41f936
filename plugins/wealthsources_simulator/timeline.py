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

    `history` are bars from before the first step: never played, closed all along.
    """

    def __init__(self, bars: Sequence[PlayedBar], *, updates: int = 4, history: Sequence[PlayedBar] = ()) -> None:
        if updates < 0:
            raise SimulatorError(f"updates is {updates}; it must be 0 or more")
        self.bars = tuple(bars)
        self.steps_per_bar = updates + 1
        self.steps = len(self.bars) * self.steps_per_bar
        self._history = tuple(history)

    def bar(self, step: int) -> PlayedBar:
        """The bar that a step is of, as it will be in the end."""
        return self.bars[step // self.steps_per_bar]

    def state(self, step: int) -> PlayedBar:
        """That bar as it is at this step."""
        part, updates = step % self.steps_per_bar, self.steps_per_bar - 1
        return self.bar(step) if part == updates else forming_state(self.bar(step), part, updates)

    def is_final(self, step: int) -> bool:
        """Whether a step is the last of its bar."""
        return step % self.steps_per_bar == self.steps_per_bar - 1

    def closed(self, step: int, count: int) -> list[PlayedBar]:
        """The last `count` bars that are closed when `step` steps were played, oldest first."""
        number = step // self.steps_per_bar
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
