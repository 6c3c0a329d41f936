"""A source at work, as the cases of the contract ask it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from wealthsources.model.errors import NotHere
from wealthsources.source import HistoryRequest, Source

if TYPE_CHECKING:
    from wealthsources.model.bars import Bars
    from wealthsources.testing.fakes import SetClock

#: What identifies a bar, and what it says: open_time -> its five values.
Held = dict[int, tuple[float, ...]]


@dataclasses.dataclass(frozen=True)
class Ready:
    """A source at work: `source` as it was made, and the `view` of it that is asked."""

    source: Source
    view: Source
    held: Bars
    clock: SetClock

    def request(self, **changes: Any) -> HistoryRequest:
        """For all that is held, but for these changes."""
        whole = HistoryRequest(self.held.symbol, self.held.timeframe, int(self.held.ends[-1]))
        return dataclasses.replace(whole, **changes)

    def ask(self, **changes: Any) -> Bars:
        """The answer to such a request."""
        return self.view.get_history(self.request(**changes))

    def times(self, **changes: Any) -> list[int]:
        """The open times of the answer to such a request; none where it is NotHere."""
        try:
            return [int(time) for time in self.ask(**changes).open_times]
        except NotHere:
            return []

    def refusal(self, **changes: Any) -> str:
        """What comes instead of NotHere with a reason; empty if that came."""
        try:
            answer = self.ask(**changes)
        except NotHere as reason:
            return "" if str(reason) else "NotHere without a reason"
        except Exception as error:  # noqa: BLE001 - a stranger's code
            return repr(error)
        return repr(answer)


def held_of(bars: Bars) -> Held:
    """What these bars are, to be compared."""
    return {bar.open_time: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}


def stop_of(source: Source, when: str) -> None:
    """Stop it; the case fails if that raises."""
    try:
        source.stop()
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"{when}, stop() must do nothing, or what is left to do; raised {error!r}")
