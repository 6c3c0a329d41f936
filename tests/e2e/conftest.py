"""The whole path: a simulator on a real socket, the live source, the chain, get_price; and the file to compare with."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import wealthdata
import wealthsources
from wealthsources_simulator import MarketServer, forming_state

from ..support.bars import HOUR
from ..support.live_source import use_policies
from ..support.markets import ARCHIVE, SAMPLE
from ..support.waiting import wait_until

TOKEN = "a-secret-e2e-token"
VALUES = ["open", "high", "low", "close", "volume"]

Row = Mapping[str, str]


class Context:
    """What an engine hands to a strategy."""

    def __init__(self, rows: list[Row]) -> None:
        bars = [{**row, "open_time": int(row["open_time"])} for row in rows]
        self.market_data_context = [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}]
        self.current_bar = bars[-1]


class Market:
    """A server that plays what it is told, from row `skip` on, and the truth: the rows of its file.

    `heard` is the number of steps after which the client had heard everything; a bar has `per_bar` of them.
    """

    def __init__(self, rows: list[Row], skip: int, updates: int, **options: Any) -> None:
        settings = {"symbol": "BTCUSDT", "timeframe": "1h", "token": TOKEN, "manual": True, **options}
        self.server = MarketServer.from_csv(SAMPLE, skip=skip, updates=updates, **settings)
        self.rows = rows
        self.skip = skip
        self.per_bar = updates + 1
        self.steps = 0
        self.flagged = options.get("closed_flag") is not None
        self.session: wealthsources.Session | None = None
        self._stops: list[wealthsources.Session] = []

    # the deployment

    def mapping(
        self, *, context: bool = True, archive: bool = True, live: Mapping[str, Any] | None = None, **settings: Any
    ) -> dict[str, Any]:
        """The chain live, context, archive, with a live source that is quick to come back."""
        options = {
            "endpoint": self.server.url,
            "csrf_token": TOKEN,
            "symbols": ["BTCUSDT"],
            "resolutions": ["1h"],
            "backoff_base": 0.005,
            "backoff_cap": 0.01,
            "connects_per_minute": 100_000,
            **(live or {}),
        }
        sources: list[dict[str, Any]] = [{"name": "live", "plugin": "websocket", "options": options}]
        if context:
            sources.append({"plugin": "context"})
        if archive:
            sources.append({"name": "archive", "plugin": "file", "options": {"path": ARCHIVE}})
        return {"clock": "feed", "sources": sources, **settings}

    def open(self, config: Mapping[str, Any] | Path | None = None, *, bind: bool = True, **settings: Any) -> Any:
        """Open the session, make it the process's, bind a context with the rows before the first played one."""
        self.session = session = wealthsources.open(self.mapping(**settings) if config is None else config)
        self._stops.append(session)
        session.start()
        session.make_current()
        if bind and self.skip:
            wealthdata.set_context(self.context(), mode="live")
        session.start_live()
        return session

    def context(self) -> Context:
        return Context(self.rows[: self.skip])

    def close(self) -> None:
        # A server that stops while somebody is just connecting leaves that socket behind.
        if all(session.status().sources["live"].state == "connected" for session in self._stops):
            self.server.stop()
        for session in self._stops:
            session.stop()
        self.server.stop()

    @property
    def live(self) -> Any:
        assert self.session is not None
        return self.session.source("live")

    @property
    def adapter(self) -> wealthsources.ContextDataAdapter:
        assert self.session is not None
        return self.session.adapter(self.context() if self.skip else None, mode="live")

    # the time

    def connected(self, epoch: int = 1) -> None:
        wait_until(lambda: (self.live.status().state, self.live.status().epoch) == ("connected", epoch))

    def play(self, steps: int = 1, *, heard: bool = True) -> None:
        """Play so many messages, and wait until the source has the last one."""
        self.server.play_steps(steps)
        self.steps += steps
        if heard and steps:
            self.hear()

    def play_and_check(self, steps: int) -> None:
        """Play on step by step, and compare after each."""
        for _ in range(steps):
            self.play()
            self.check()

    def play_bars(self, bars: int = 1) -> None:
        self.play(bars * self.per_bar)

    def hear(self) -> None:
        """Wait until the source and the clock have taken in the newest message."""
        bar, closed = self.newest()
        texts = [getattr(bar, name) for name in VALUES]

        def there() -> bool:
            found = self.live.cache.get_latest_bar("BTCUSDT", "1h")
            if found is None or found.open_time != bar.open_time:
                return False
            return [found.exact(name) for name in VALUES] == texts and found.closed is closed

        wait_until(there)
        wait_until(lambda: self.session.clock.now() >= (bar.end if closed else bar.open_time))

    def newest(self) -> tuple[Any, bool]:
        """The newest message, and whether it says that its bar is closed."""
        number, part = divmod(self.steps - 1, self.per_bar)
        bar, updates = self.server.bars[number], self.per_bar - 1
        final = part == updates
        return (bar if final else forming_state(bar, part, updates)), final and self.flagged

    def now(self) -> int:
        """What the feed's clock must say when everything has been heard."""
        bar, closed = self.newest()
        return bar.end if closed else bar.open_time

    def cut(self) -> None:
        """End the connection; nobody is let in until `let_in`. Returns when the client has noticed."""
        before = self.server.refused
        self.server.refuse()
        self.server.cut()
        wait_until(lambda: self.server.refused > before)

    def let_in(self) -> None:
        epoch = self.live.status().epoch
        self.server.refuse(False)
        self.connected(epoch + 1)

    def outage(self, steps: int) -> None:
        """Cut, play so many messages to nobody, and let the client in again."""
        self.cut()
        self.play(steps, heard=False)
        self.let_in()

    # the truth

    def due(self, count: int, now: int | None = None) -> list[Row]:
        """The newest `count` rows that are over by now."""
        now = self.now() if now is None else now
        return [row for row in self.rows if int(row["open_time"]) + HOUR <= now][-count:]

    def check(self, count: int = 20, now: int | None = None) -> pd.DataFrame:
        """Ask as a strategy does, and compare every bar of the answer with the file."""
        frame = wealthdata.get_price("BTCUSDT", count=count, frequency="1h")
        self.compare(frame, self.due(count, now))
        assert frame.attrs == {}
        return frame

    def compare(self, frame: pd.DataFrame, rows: list[Row]) -> None:
        """All five values, the labels, their order, none twice, none too many and none missing."""
        assert [int(label.value) // 1_000_000 for label in frame.index] == [
            int(row["open_time"]) + HOUR for row in rows
        ]
        assert frame[VALUES].to_numpy().tolist() == [[float(row[name]) for name in VALUES] for row in rows]

    def compare_bars(self, bars: wealthsources.Bars, rows: list[Row]) -> None:
        """The same of the adapter's answer, text by text; and all of them closed."""
        assert [(bar.open_time, *(bar.exact(name) for name in VALUES)) for bar in bars] == [
            (int(row["open_time"]), *(row[name] for name in VALUES)) for row in rows
        ]
        assert all(bar.closed for bar in bars)


@pytest.fixture(autouse=True)
def _budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    use_policies(monkeypatch)


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The file, read by nothing of ours."""
    with SAMPLE.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def market(rows: list[Row]) -> Iterator[Callable[..., Market]]:
    """Starts markets. By default 30 rows lie in the past, and four updates come before the final values of a bar."""
    markets: list[Market] = []

    def start(*, skip: int = 30, updates: int = 4, **options: Any) -> Market:
        markets.append(Market(rows, skip, updates, **options))
        markets[-1].server.start()
        return markets[-1]

    yield start
    for each in markets:
        each.close()
    while True:
        try:
            wealthdata.get_context()
        except wealthdata.NoContextError:
            return
        wealthdata.clear_context()
