"""What an engine hands to a strategy: the context, its lists of bars, and `data`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthdata import current_settings
from wealthsources import match_symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wealthsources import Bar
    from wealthsources_verify.data_files import DataFile


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Record(dict[str, Any]):
    """A dict whose keys are attributes too: engines offer the one or the other."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value


class Context:
    """The strategy may put on it whatever it likes.

    now_ms, current_dt   the time, in ms and as wall time in the zone of `wealthdata.configure`, UTC by default
    current_bar          the newest bar that has ended, None before the first
    previous_date        the date before that of `current_dt`
    universe             the symbols of the data
    market_data_context  the lists: dicts with symbol, timeframe and bars, oldest first
    """

    def __init__(self, market: list[Record], portfolio: object, universe: list[str]) -> None:
        self.market_data_context = market
        self.portfolio = portfolio
        self.universe = universe
        self.current_bar: Bar | None = None
        self.set_time(0)
        self.__dict__["_own"] = frozenset((*vars(self), "_own"))

    @property
    def _market_data_context(self) -> list[Record]:
        """Some engines spell it like this."""
        return self.market_data_context

    def set_time(self, now: int) -> None:
        """It is `now`, ms."""
        self.now_ms = now
        moment = _EPOCH + dt.timedelta(milliseconds=now)
        self.current_dt = moment.astimezone(current_settings().tz).replace(tzinfo=None)
        self.previous_date = self.current_dt.date() - dt.timedelta(days=1)

    def kept(self) -> dict[str, object]:
        """What the strategy has put on it."""
        own = self.__dict__["_own"]
        return {name: value for name, value in vars(self).items() if name not in own}


class MarketLists:
    """The lists of one run. `whole`: they hold all bars from the first moment on, as with careless engines; else only
    those that have ended. Each run has its own, for a strategy may change them.
    """

    def __init__(self, files: Sequence[DataFile], *, whole: bool) -> None:
        self._files = files
        self._ends = [each.bars.ends for each in files]
        self._given = [0] * len(files)
        self.market = [
            Record(symbol=each.symbol, timeframe=each.timeframe.name, bars=[], indicators=[]) for each in files
        ]
        self._bars: list[list[Record]] = [entry["bars"] for entry in self.market]
        self._whole = whole

    def advance(self, now: int) -> None:
        """Put in what has ended by `now`."""
        for at, each in enumerate(self._files):
            last = len(each.bars) if self._whole else int(np.searchsorted(self._ends[at], now, side="right"))
            if last > self._given[at]:
                self._bars[at] += map(_record, each.bars[self._given[at] : last])
                self._given[at] = last

    def identities(self) -> set[int]:
        """The `id` of each list and entry."""
        return {id(self.market), *map(id, self.market), *map(id, self._bars)}

    def newest(self, symbol: str, now: int) -> Bar | None:
        """The newest bar of a symbol that has ended by `now`, of the first of its files; None: there is none."""
        known = match_symbol(symbol, [each.symbol for each in self._files])
        for each, ends in zip(self._files, self._ends, strict=True):
            last = int(np.searchsorted(ends, now, side="right"))
            if each.symbol == known and last:
                return each.bars[last - 1]
        return None


class Data(Mapping[str, "Bar"]):
    """`data` of handle_data: the newest bar of each symbol."""

    def __init__(self, lists: MarketLists, symbols: Sequence[str], now: int) -> None:
        self._lists, self._symbols, self._now = lists, symbols, now

    def __getitem__(self, symbol: str) -> Bar:
        bar = self._lists.newest(symbol, self._now)
        if bar is None:
            raise KeyError(symbol)
        return bar

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)


def _record(bar: Bar) -> Record:
    return Record(
        open_time=bar.open_time,
        close_time=bar.close_time,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
    )
