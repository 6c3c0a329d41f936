"""What exchanges tell of a bar beside its own values, made of these. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar

#: The last millisecond of the year 9999.
_LAST: Final = 253_402_300_799_999


def turnover(bar: PlayedBar) -> str:
    """What was paid, as if all of it had been traded at the close."""
    return f"{Decimal(bar.volume) * Decimal(bar.close):f}"


def times_hundred(volume: str) -> str:
    """A volume in contracts of a hundredth each: never what a client should take for the volume."""
    return f"{Decimal(volume) * 100:f}"


def is_quiet(bar: PlayedBar) -> bool:
    """Whether nobody traded."""
    return Decimal(bar.volume) == 0


def trades(bar: PlayedBar) -> int:
    """A number of trades that grows with the volume, 0 if there was none."""
    return 0 if is_quiet(bar) else int(Decimal(bar.volume)) + 1


def told_at(bar: PlayedBar, closed: bool) -> int:
    """When the message may have been written, ms: in the middle of the window, or a second after its end."""
    return bar.end + 1000 if closed else (bar.open_time + bar.end) // 2


def rfc3339(ms: int, digits: int = 0) -> str:
    """A time as text, with so many digits of the second, the first three of which count; beyond all dates, 9999."""
    seconds, rest = divmod(min(ms, _LAST), 1000)
    whole = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{f'{rest:03d}'.ljust(digits, '0')[:digits]}" if digits else ""
    return f"{whole}{fraction}Z"
