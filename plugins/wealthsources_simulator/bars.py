"""A bar as the market has it, and the states it goes through before its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

#: What a subscription names: (symbol, timeframe), as written on the wire.
Series = tuple[str, str]

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
