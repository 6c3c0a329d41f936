"""get_current_data: what JoinQuant tells of securities as of now, worked out when it is asked for."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from wealthdata.arguments.fields import CONSTANTS
from wealthdata.binding.stack import current_reader
from wealthdata.errors import DataUnavailable, ParamsError, SecurityNotFound, StaleDataError
from wealthsources import Timeframe

if TYPE_CHECKING:
    from wealthdata.binding.adapter_access import BarReader

_DAY: Final = Timeframe("1d")


def get_current_data() -> CurrentData:
    """A read-only mapping of symbol to `Current`, for the moment of this call; take a new one with each bar.

    `data['BTCUSDT']` is looked up when it is first asked for, so any symbol will do, and the mapping cannot list what
    there is: iterating gives the symbols asked for so far, and `in` looks the symbol up. What will not be found raises
    SecurityNotFound or DataUnavailable, as in get_price. No bar that ends after the moment of the call is looked at.

    Raises NoContextError, ClockError.
    """
    return CurrentData(current_reader().as_of_now())


class Current:
    """One security at one moment. Prices are worked out when first asked for.

    paused, is_st              False: a market that never closes has neither
    high_limit, low_limit      inf and 0.0, there are none
    name, industry_code        the symbol as it was given, and ''
    """

    paused: Final = False
    is_st: Final = False
    high_limit: Final = CONSTANTS["high_limit"]
    low_limit: Final = CONSTANTS["low_limit"]
    industry_code: Final = ""

    def __init__(self, moment: BarReader, code: str) -> None:
        self._moment = moment
        self.name: Final = code

    @functools.cached_property
    def last_price(self) -> float:
        """As `get_last_price` has it. Raises DataUnavailable, and StaleDataError if it is too old."""
        return self._moment.latest_price(self.name)

    @functools.cached_property
    def day_open(self) -> float:
        """The open of today's bar, today being the day of UTC that holds now; NaN if it is not known."""
        try:
            bars = self._moment.get_history(self.name, _DAY, 1, include_now=True)
        except StaleDataError as error:
            bars = error.bars
        except DataUnavailable:
            return math.nan
        today = self._moment.timeframe(self.name, _DAY).floor(self._moment.now())
        return bars[-1].open if len(bars) and bars[-1].open_time == today else math.nan

    def __repr__(self) -> str:
        return f"<Current {self.name}>"


class CurrentData(Mapping[str, Current]):
    """What `get_current_data` returns."""

    def __init__(self, moment: BarReader) -> None:
        self._moment = moment
        self._seen: dict[str, Current] = {}

    def __getitem__(self, code: str) -> Current:
        current = self._seen.get(code) if isinstance(code, str) else None
        if current is None:
            current = self._seen[code] = self._look_up(code)
        return current

    def _look_up(self, code: object) -> Current:
        if not isinstance(code, str) or not code:
            raise ParamsError(f"the key must be a symbol like 'BTCUSDT', was {code!r}")
        current = Current(self._moment, code)
        with contextlib.suppress(StaleDataError):  # it is there, and `last_price` says so once more
            _ = current.last_price
        return current

    def __contains__(self, code: object) -> bool:
        try:
            self[code]  # type: ignore[index]
        except (SecurityNotFound, DataUnavailable, ParamsError):
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._seen))

    def __len__(self) -> int:
        return len(self._seen)

    def __repr__(self) -> str:
        return f"<CurrentData of {', '.join(self._seen) or 'no symbol yet'}>"
