"""A market that pushes a bar only when something is traded: `continuous: false`, over a real socket and a real file."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import wealthdata
import wealthsources
from wealthsources import Hole

from ..support.bars import MINUTE, T0, sources
from ..support.markets import HEADER, fault_servers
from ..support.waiting import wait_until

TOKEN = "a-secret-e2e-token"


def at(minute: int) -> int:
    return T0 + minute * MINUTE


def message(minute: int) -> dict:
    values = {"open": "10", "high": "12", "low": "9", "close": f"10.{minute:02}", "volume": "3"}
    series = {"symbol": "DOGEUSDT", "timeframe": "1m", "open_time": at(minute), "close_time": at(minute + 1)}
    return {"type": "BAR", **series, **values}


class Exchange:
    """Pushes the trades of some minutes on its first connection, cuts it, and pushes others on the next."""

    def __init__(self, folder: Path, archived: tuple[int, ...]) -> None:
        self.cut = threading.Event()
        self.more = threading.Event()
        file = folder / "DOGEUSDT" / "1m.csv"
        file.parent.mkdir()
        rows = [f"{at(minute)},10,12,9,10.{minute:02},3" for minute in archived]
        file.write_text("\n".join([HEADER, *rows, ""]))
        self._path = str(folder / "{symbol}" / "{timeframe}.csv")

    def first(self, peer) -> None:
        peer.accept()
        peer.send(message(0), message(3), message(4))
        self.cut.wait(30)

    def second(self, peer) -> None:
        peer.accept()
        self.more.wait(30)
        peer.send(message(9), message(20), message(21))
        peer.stay()

    def config(self, url: str) -> dict:
        live = {"endpoint": url, "csrf_token": TOKEN, "symbols": ["DOGEUSDT"], "resolutions": ["1m"]}
        live |= {"backoff_base": 0.01, "backoff_cap": 0.02, "connects_per_minute": 100_000}
        archive = {"name": "archive", "plugin": "file", "options": {"path": self._path}}
        named = {"name": "live", "plugin": "websocket", "options": live}
        quiet = [{"symbols": "DOGE*", "continuous": False}]
        return {"clock": "feed", "markets": quiet, "sources": [named, archive]}


@pytest.fixture
def opened(tmp_path) -> Iterator:
    def open_(*archived: int):
        exchange = Exchange(tmp_path, archived)
        stack.callback(exchange.cut.set)
        stack.callback(exchange.more.set)
        url = start(exchange.first, exchange.second).url
        session = stack.enter_context(wealthsources.open(exchange.config(url)))
        session.start_live()
        wait_until(lambda: session.status().sources["live"].streams[0].bars == 3)
        return session, exchange

    with fault_servers() as start, contextlib.ExitStack() as stack:
        yield open_


def reconnect(session, exchange: Exchange) -> None:
    exchange.cut.set()
    wait_until(lambda: session.status().sources["live"].epoch == 2)


def opens(bars) -> list[int]:
    return [(bar.open_time - T0) // MINUTE for bar in bars]


def test_quiet_minutes_are_not_missing(opened):
    session, _ = opened(0, 1, 2, 3, 4)
    bars = session.adapter().get_history("DOGEUSDT", 2, "1m")
    assert (opens(bars), sources(bars)) == ([0, 3], ["live"] * 2)
    assert (bars.holes, bars.behind) == ((), 0)
    assert session.status().sources["live"].streams[0].state == "live"


def test_what_a_lost_connection_cost_is_filled_from_the_archive(opened):
    session, exchange = opened(0, 3, 4, 6, 9)
    reconnect(session, exchange)
    exchange.more.set()
    wait_until(lambda: session.status().sources["live"].streams[0].bars == 7)
    wait_until(lambda: session.status().sources["live"].streams[0].holes == 0)
    answer = session.adapter().explain("DOGEUSDT", 6, "1m")
    assert opens(answer.bars) == [0, 3, 4, 6, 9, 20]
    assert sources(answer.bars) == ["live", "live", "archive", "archive", "live", "live"]
    assert (answer.bars.holes, answer.bars.behind) == ((), 0)
    assert [attempt.outcome for attempt in answer.attempts] == ["bars", "not_asked"]


def test_where_nobody_has_it_it_is_a_hole(opened):
    session, exchange = opened(0)
    reconnect(session, exchange)
    exchange.more.set()
    wait_until(lambda: session.status().sources["live"].streams[0].bars == 6)
    bars = session.adapter().get_history("DOGEUSDT", 4, "1m")
    assert (opens(bars), bars.holes) == ([0, 3, 9, 20], (Hole(at(4), at(9), 5),))


def test_a_strategy_sees_five_minutes_that_are_made_of_three_trades(opened):
    session, exchange = opened(0, 3, 4, 6, 9)
    reconnect(session, exchange)
    exchange.more.set()
    wait_until(lambda: session.status().sources["live"].streams[0].bars == 7)
    wait_until(lambda: session.status().sources["live"].streams[0].holes == 0)
    frame = wealthdata.get_price("DOGEUSDT", count=2, frequency="5m", fields=["close", "volume"])
    assert frame["volume"].tolist() == [9.0, 6.0]
    assert frame["close"].tolist() == [10.04, 10.09]
    assert frame.attrs == {}
