"""A whole session that meets a fault, and the truth to compare with."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wealthsources
from wealthsources_simulator import Market, MarketServer, PlayedBar, Series
from wealthsources_websocket.connection.policies import STOP_LIMIT

from ..support.waiting import wait_until

TOKEN = "a-secret-canary-token"
SERIES: Series = ("BTCUSDT", "1h")
VALUES = ("open", "high", "low", "close", "volume")

Message = dict[str, Any]


#: Quick where the defaults are careful, so that a test waits for nothing but what it is about.
QUICK: dict[str, Any] = {
    "symbols": ["BTCUSDT"],
    "resolutions": ["1h"],
    "csrf_token": TOKEN,
    "connect_timeout": 3.0,
    "backoff_base": 0.01,
    "backoff_cap": 0.02,
    "connects_per_minute": 100_000,
}


class Case:
    """A fault server, a session that meets it, and the truth to compare with."""

    def __init__(self, folder: Path) -> None:
        self.market = Market.made(snapshot=2)
        self.servers: list[MarketServer] = []
        self.session: wealthsources.Session | None = None
        self.truth_is_checked = True  # a test without a market to compare with says False, and why
        self._folder = folder
        self._counted: set[str] = set()

    # what a test sets up ---------------------------------------------------------------------------------------

    def serve(self, *script: Any, market: Market | None = None, **options: Any) -> MarketServer:
        """A server that hands connection n to script[n-1], and behaves well after that. The first is the endpoint."""
        if market is not None:
            self.market = market
        server = MarketServer(self.market, script, token=options.pop("token", TOKEN), **options)
        self.servers.append(server)
        server.start()
        return server

    def open(self, endpoint: str | None = None, *, archive: bool = True, clock: str = "feed", **options: Any) -> None:
        """Open a session: the live source, then (unless told otherwise) an archive file with the whole truth."""
        live = {"endpoint": endpoint or self.servers[0].url, **QUICK, **options}
        sources: list[dict[str, Any]] = [{"name": "live", "plugin": "websocket", "options": live}]
        if archive:
            sources.append({"name": "archive", "plugin": "file", "options": {"path": self.write_archive()}})
        self.session = wealthsources.open({"clock": clock, "on_stale": "mark", "sources": sources})
        self.session.start()
        self.session.start_live()

    def write_archive(self) -> str:
        """A file for each series with all of its bars; the path, as the file plugin takes it."""
        for symbol, timeframe in self.market.series:
            folder = self._folder / symbol
            folder.mkdir(exist_ok=True)
            bars = self.market.timelines[symbol, timeframe].bars
            rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in bars]
            text = "\n".join(["open_time,open,high,low,close,volume", *rows, ""])
            (folder / f"{timeframe}.csv").write_text(text)
        return str(self._folder / "{symbol}" / "{timeframe}.csv")

    # what a test looks at --------------------------------------------------------------------------------------

    @property
    def server(self) -> MarketServer:
        return self.servers[0]

    @property
    def live(self) -> Any:
        """The live source."""
        assert self.session is not None
        return self.session.source("live")

    @property
    def status(self) -> wealthsources.SourceStatus:
        return self.live.status()

    def counter(self, name: str) -> int:
        """A counter of the live source, as `session.status()` shows it."""
        assert self.session is not None
        return self.session.status().sources["live"].counters.get(name, 0)

    def counted(self, name: str, times: int = 1, timeout: float = 30.0) -> None:
        """Wait until a counter has moved to at least `times`. Every test says so of the counter its row names."""
        self._counted.add(name)
        wait_until(lambda: self.counter(name) >= times, timeout, f"{name} = {times} (it is {self.counter(name)})")

    def until(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        wait_until(condition, timeout)

    def connected(self, epoch: int = 1) -> None:
        """Wait until connection number `epoch`, or a later one, is acknowledged and up."""
        wait_until(lambda: self.status.state == "connected" and self.status.epoch >= epoch, what=f"epoch {epoch}")

    def play(self, bars: float) -> None:
        """Play on by so many bars of every series."""
        self.market.play(bars)

    def held(self, series: Series = SERIES) -> list[Any]:
        """All bars in the live cache, forming ones too."""
        buffer = self.live.cache.get(series[0], wealthsources.Timeframe(series[1]))
        return [] if buffer is None else list(buffer.all())

    def closed(self, series: Series = SERIES) -> list[Any]:
        """The closed bars in the live cache."""
        return [bar for bar in self.held(series) if bar.closed]

    def answer(self, series: Series = SERIES, **request: Any) -> wealthsources.Bars:
        """What a strategy gets: by default all bars from the first of the market on."""
        assert self.session is not None
        first = self.market.timelines[series].bars[0].open_time
        request = request or {"start": first}
        return self.session.adapter().get_history(series[0], timeframe=series[1], **request)

    # the truth -------------------------------------------------------------------------------------------------

    def check_truth(self) -> None:
        """Play on; then cache and answers must hold what the server closed, every bar, every digit, and no more."""
        self.connected()
        for _ in range(2):
            self.market.play(1.3)
            for series in self.market.series:
                wait_until(lambda series=series: self._answers_the_truth(series), what=f"the truth of {series}")
        for series in self.market.series:
            wanted = facts(self.market.closed(series))
            kept = facts(self.closed(series))
            assert kept == wanted[-len(kept) :], "the cache does not hold what the server closed"
            assert facts(self.answer(series)) == wanted, "the chain does not answer what the server closed"

    def _answers_the_truth(self, series: Series) -> bool:
        wanted = facts(self.market.closed(series))
        kept = facts(self.closed(series))
        return bool(kept) and kept == wanted[-len(kept) :] and facts(self.answer(series)) == wanted

    # the end ---------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        assert self.session is not None, "the test opened no session"
        assert self._counted, "the test names no counter that moved"
        if self.truth_is_checked:
            self.check_truth()
        self.check_stop()

    def check_stop(self) -> None:
        """`stop()` returns within its limit, in whatever state."""
        assert self.session is not None
        began = time.monotonic()
        self.session.stop()
        assert time.monotonic() - began < STOP_LIMIT + 0.5

    def close(self) -> None:
        if self.session is not None:
            self.session.stop()
        for server in self.servers:
            server.stop()
        assert [failure for server in self.servers for failure in server.failures] == []


def losses(case: Case) -> dict[str, int]:
    """Why connections were lost, and how often."""
    return {name: times for name, times in case.status.counters.items() if name.startswith("lost.")}


def facts(bars: Any) -> list[tuple[Any, ...]]:
    """Open times and the exact text of all values, of the market's bars or of ours."""
    if bars and isinstance(bars[0], PlayedBar):
        return [(bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    names = ("open", "high", "low", "close", "volume")
    return [(bar.open_time, *(bar.exact(name) for name in names)) for bar in bars]
