"""A stand-in of an exchange on this machine, and a source that asks it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from wealthsources import Bars, HistoryRequest, Timeframe
from wealthsources.testing.fakes import LoneHost, SetClock
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.source import CcxtSource
from wealthsources_simulator.bars import PlayedBar
from wealthsources_simulator.history.base import HistoryExchange
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

MINUTE = Timeframe("1m")
SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"


def minutes(count: int) -> list[PlayedBar]:
    return invent_bars(SPOT, MINUTE, count, 7)


class Stage(NamedTuple):
    """What a test works with; `bars` is all that is true of the series, `now` a time that may be set in `clock`."""

    server: HistoryServer
    source: CcxtSource
    bars: list[PlayedBar]
    clock: SetClock

    def ask(self, symbol: str = "BTCUSDT", frame: Timeframe = MINUTE, **changes: Any) -> Bars:
        """All there is, but for these changes."""
        request = {"end": self.bars[-1].end, "start": self.bars[0].open_time, **changes}
        return self.source.get_history(HistoryRequest(symbol, frame, **request))


@contextlib.contextmanager
def stage(
    speaks: HistoryExchange | None = None,
    bars: list[PlayedBar] | None = None,
    symbol: str = SPOT,
    frame: Timeframe = MINUTE,
    script: tuple[Any, ...] = (),
    loaded: bool = True,
    **options: Any,
) -> Iterator[Stage]:
    """A source at work, whose markets are loaded; the exchange's clock shows the end of the last bar."""
    bars = minutes(40) if bars is None else bars
    clock = SetClock(bars[-1].end)
    with HistoryServer(speaks or Binance(), Truth({(symbol, frame.name): bars}, clock.now), script) as server:
        source = CcxtSource(CcxtOptions(**{"exchange": "binance", "endpoint": server.url, **options}))
        # Nothing here may wait for a limit of requests.
        source._connection.exchange.rateLimit = 0
        try:
            source.start(LoneHost(clock))
            if loaded:
                assert source.wait_loaded(10), source.status()
            yield Stage(server, source, bars, clock)
        finally:
            source.stop()


def values(bars: Bars) -> list[tuple[Any, ...]]:
    """What the bars say, in the text that was sent."""
    return [(bar.open_time, *(bar.exact(name) for name in ("open", "high", "low", "close", "volume"))) for bar in bars]


def truth(bars: list[PlayedBar]) -> list[tuple[Any, ...]]:
    """The same of played bars."""
    return [(bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
