"""What a source is told of the messages that are pushed to it. Any object with these attributes will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from wealthsources.model.bars import Bar


class BarMessage(Protocol):
    """One message: the whole bar so far, as a server states it. Whether it can be a bar is checked when it is stored.

    symbol      in the server's spelling, or in ours
    timeframe   the name of one of ours, or another that can mean no other; `open_time` is in ms
    values      open, high, low, close, volume; `decimals` and `texts` give their own text back, see `read_value`
    closed      the server's flag, None if it sends none
    """

    @property
    def symbol(self) -> str: ...
    @property
    def timeframe(self) -> str: ...
    @property
    def open_time(self) -> int: ...
    @property
    def close_time(self) -> int: ...
    @property
    def values(self) -> tuple[float, float, float, float, float]: ...
    @property
    def decimals(self) -> int: ...
    @property
    def closed(self) -> bool | None: ...
    @property
    def texts(self) -> tuple[str | None, ...] | None: ...


class ClosedBar(NamedTuple):
    """A BarMessage of a bar that is over: for sources that ask, or that play bars of others."""

    symbol: str
    timeframe: str
    open_time: int
    close_time: int
    values: tuple[float, float, float, float, float]
    decimals: int
    texts: tuple[str | None, ...] | None
    closed: bool = True

    @classmethod
    def of(cls, bar: Bar) -> ClosedBar:
        """The same bar. Where nothing was said of it, its close time is its end."""
        close_time = bar.end if bar.close_time is None else bar.close_time
        values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        return cls(bar.symbol, bar.timeframe.name, bar.open_time, close_time, values, bar.decimals, bar.texts)


class LostMessage(Protocol):
    """A message that came and cannot be used: which bar it was for, as far as that could be read.

    why                what is wrong with it, for people
    symbol, timeframe  empty if it may have been for any series; `open_time` None if it may have been for any bar
    may_be_bar         false for what is nothing like a bar, such as a heartbeat in plain text
    """

    @property
    def why(self) -> str: ...

    @property
    def symbol(self) -> str: ...
    @property
    def timeframe(self) -> str: ...
    @property
    def open_time(self) -> int | None: ...
    @property
    def may_be_bar(self) -> bool: ...
