"""A deployment that records is stopped and started again: what is missing then is the time it was down, and nothing
else; a history that is asked, or `wealthsources fetch`, closes that.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import wealthdata
import wealthsources
from wealthsources import Bars, Hole, time_text
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth

from ..support.waiting import wait_until
from .exchanges import stated, told

TOKEN = "tok-0123456789abcdef"
SERIES = ("BTCUSDT", "1h")
BARS = 80
#: Bars of the file; played when the first session begins, and when it ends; when the second one begins.
IN_FILE, BEGAN, STOPPED, BACK = 25, 20, 40, 52
#: The last bar that the first session heard had no successor, which alone would have closed it.
DOWN = slice(STOPPED - 1, BACK)


class Deployment:
    """A market on a socket with a history over HTTP, a file of its older bars, and a configuration of all that."""

    def __init__(self, folder: Path, server: MarketServer, history: HistoryServer) -> None:
        self.folder, self.server, self.history = folder, server, history
        self.bars = server.market.timelines[SERIES].bars
        rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in self.bars]
        (folder / "BTCUSDT-1h.csv").write_text(
            "\n".join(["open_time,open,high,low,close,volume", *rows[:IN_FILE]]) + "\n"
        )

    def sources(self, history: dict[str, Any] | None) -> list[dict[str, Any]]:
        options = {"endpoint": self.server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        sources: list[dict[str, Any]] = [
            {"name": "live", "plugin": "websocket", "options": options},
            {"name": "bars", "plugin": "store", "options": {"url": f"sqlite:///{self.folder}/bars.db"}},
            {"name": "archive", "plugin": "file", "options": {"path": f"{self.folder}/{{symbol}}-{{timeframe}}.csv"}},
        ]
        if history is not None:
            options = {"exchange": "binance", "endpoint": self.history.url}
            sources.append({"name": "history", "plugin": "ccxt", "options": options, **history})
        return sources

    @contextlib.contextmanager
    def running(self, history: dict[str, Any] | None = None) -> Iterator[wealthsources.Session]:
        """A session that listens and records; with a history behind it, if that is said."""
        config = {"clock": "feed", "sources": self.sources(history), "recorder": {"store": {}}, "source_deadline": 10}
        before = self.server.acknowledged
        with wealthsources.open(config) as session:
            session.start_live()
            wait_until(
                lambda: self.server.acknowledged > before and session.status().sources["live"].state == "connected"
            )
            yield session

    def play(self, session: wealthsources.Session, up_to: int) -> None:
        """The market goes on until so many bars were played, and the session hears all that is closed by then."""
        market = self.server.market
        market.play(up_to - market.steps_played // market.steps_per_bar)
        live: Any = session.source("live")
        newest = self.bars[up_to - 1].open_time
        wait_until(lambda: getattr(live.cache.get_latest_bar(*SERIES), "open_time", 0) == newest)

    def ask(self, session: wealthsources.Session) -> Bars:
        """All that there was until now."""
        return session.adapter().get_history("BTCUSDT", BARS, "1h")

    def after_all(self) -> Bars:
        """What the store and the file have in the end, without anybody else."""
        with wealthsources.open({"sources": self.sources(None)[1:]}) as session:
            context = SimpleNamespace(now_ms=self.bars[-1].end)
            return session.adapter(context, mode="backtest").get_history("BTCUSDT", BARS, "1h")

    def fetch(self, *more: str, code: int = 0) -> str:
        """`wealthsources fetch` of all that there was until the second session began."""
        config = self.folder / "config.yaml"
        config.write_text(json.dumps({"sources": self.sources({}), "source_deadline": 10}))
        span = ["--from", _text(self.bars[BEGAN].open_time), "--to", _text(self.bars[BACK].open_time)]
        command = [sys.executable, "-m", "wealthsources", "fetch", "history", *SERIES, *span, *more]
        done = subprocess.run(
            [*command, "--config", str(config)], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


def _text(time: int) -> str:
    return time_text(time).replace(" ", "T")


@pytest.fixture
def deployment(tmp_path) -> Iterator[Deployment]:
    """One that has been running, was stopped, and was away while the market went on."""
    market = Market.made(updates=1, bars=BARS)
    bars = market.timelines[SERIES].bars
    with (
        HistoryServer(Binance(), Truth({("BTC/USDT", "1h"): bars}, bars[-1].end)) as history,
        MarketServer(market, token=TOKEN) as server,
    ):
        made = Deployment(tmp_path, server, history)
        server.play_bars(BEGAN)
        with made.running() as session:
            made.play(session, STOPPED)
        server.play_bars(BACK - STOPPED)
        yield made


def test_after_a_restart_nothing_is_missing_but_the_time_it_was_down_and_that_is_told(deployment, caplog):
    with deployment.running() as session:
        deployment.play(session, BACK + 4)
        bars, down = deployment.ask(session), deployment.bars[DOWN]
        there = [*deployment.bars[: DOWN.start], *deployment.bars[DOWN.stop : BACK + 3]]
        assert told(bars) == [stated(bar) for bar in there]
        assert bars.holes == (Hole(down[0].open_time, down[-1].end, len(down)),)
        assert bars.behind == 0
        sources = [bar.source for bar in bars]
        assert sources == ["archive"] * BEGAN + ["live"] * (len(there) - BEGAN)  # of the store: as it came, live
        explained = str(session.adapter().explain("BTCUSDT", BARS, "1h"))
        assert f"hole: {bars.holes[0]} UTC" in explained
        assert [line.split()[0] for line in explained.splitlines()[2:5]] == ["live", "bars", "archive"]
        assert f"BTCUSDT 1h has a hole that no source fills: {bars.holes[0]} UTC" in caplog.messages
        session.make_current()
        frame = wealthdata.get_price("BTCUSDT", count=BARS, frequency="1h")
        assert [label.value // 1_000_000 for label in frame.index] == [bar.end for bar in there]


def test_a_history_whose_answers_are_kept_closes_it(deployment):
    with deployment.running(history={"keep": True}) as session:
        assert session.source("history").wait_loaded(10)
        deployment.play(session, BACK + 4)
        bars = deployment.ask(session)
        assert told(bars) == [stated(bar) for bar in deployment.bars[: BACK + 3]]
        assert [bar.source for bar in bars[DOWN]] == ["history"] * len(bars[DOWN])
        wait_until(lambda: session.status().sources["bars"].counters.get("kept.new", 0) >= len(bars[DOWN]))
        deployment.play(session, BARS)
    assert told(deployment.after_all()) == [stated(bar) for bar in deployment.bars[:-1]]


def test_fetching_it_closes_it_for_who_is_running_too(deployment):
    with deployment.running() as session:
        deployment.play(session, BACK + 4)
        assert len(deployment.ask(session).holes) == 1
        missing = len(deployment.bars[DOWN])
        assert f"{missing} of {BACK - BEGAN} bars are missing" in deployment.fetch("--check", code=1)
        assert deployment.fetch().startswith(f"{missing} new, 0 revised, {BACK - BEGAN - missing} were there already")
        bars = deployment.ask(session)
        assert told(bars) == [stated(bar) for bar in deployment.bars[: BACK + 3]]
        assert not bars.holes
        deployment.play(session, BARS)
    assert told(deployment.after_all()) == [stated(bar) for bar in deployment.bars[:-1]]
