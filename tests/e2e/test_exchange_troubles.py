"""What a deployment does wrong with an exchange, or the exchange with it: told, with the remedy, and nothing leaks."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

import wealthsources
from wealthsources import AllSourcesFailed, Timeframe
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.exchanges.catalogue import make_exchange
from wealthsources_simulator.history.alpaca import Alpaca
from wealthsources_simulator.history.massive import Massive
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

from ..support.live_source import use_policies
from ..support.waiting import wait_until

KEY, SECRET = "a-key-that-is-wrong", "a-secret-that-is-wrong"
QUICK = {"backoff_base": 0.01, "backoff_cap": 0.05, "connects_per_minute": 100_000, "connect_timeout": 5}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)


def market_of(protocol: str, *symbols: str, timeframe: str = "1m", **options: Any) -> Market:
    return Market.made(symbols, timeframe, 20, exchange=make_exchange(protocol, **options))


@contextlib.contextmanager
def live_of(server: MarketServer, protocol: str, symbols: list[str], **options: Any) -> Iterator[Any]:
    """The live source of a session that is connected, or tries to."""
    chosen = {
        "protocol": protocol,
        "endpoint": server.url,
        "symbols": symbols,
        "resolutions": ["1m"],
        **QUICK,
        **options,
    }
    config = {"on_stale": "mark", "sources": [{"name": "live", "plugin": "websocket", "options": chosen}]}
    with wealthsources.open(config) as session:
        session.start_live()
        yield session.source("live")


@pytest.mark.parametrize(
    ("protocol", "token", "keys"),
    [
        ("alpaca", "the-right-key:the-right-secret", {"api_key": KEY, "api_secret": SECRET}),
        ("massive", "the-right-key", {"api_key": KEY}),
    ],
)
def test_a_wrong_key_is_told_and_not_shown(protocol, token, keys, caplog):
    with (
        MarketServer(market_of(protocol, "AAPL"), token=token) as server,
        live_of(server, protocol, ["AAPL"], **keys) as live,
    ):
        wait_until(lambda: live.status().state == "auth_failed")
        status = live.status()
    assert "the server does not accept api_key" in status.last_error
    told = caplog.text + json.dumps(status.as_dict()) + repr(live)
    assert KEY not in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("speaks", "keys", "status"),
    [
        (Alpaca("the-right-key:the-right-secret"), {"exchange": "alpaca", "api_key": KEY, "secret": SECRET}, 403),
        (Massive("the-right-key"), {"exchange": "massive", "api_key": KEY}, 401),
    ],
)
def test_a_wrong_key_of_the_history_is_told_and_not_shown(speaks, keys, status, caplog):
    bars = invent_bars("AAPL", Timeframe("1m"), 20, 7)
    with HistoryServer(speaks, Truth({("AAPL", "1m"): bars}, bars[-1].end)) as server:
        source = {"name": "history", "plugin": "ccxt", "options": {"endpoint": server.url, **keys}}
        with wealthsources.open({"sources": [source]}) as session:
            wanted = rf"turned the key down \(HTTP {status}\)"
            with pytest.raises(AllSourcesFailed, match=wanted) as raised:
                session.adapter().get_history("AAPL", timeframe="1m", start=bars[0].open_time, end=bars[-1].end)
            told = f"{raised.value} {caplog.text} {session.status()} {session!r} {session.sources!r}"
    assert KEY not in told
    assert SECRET not in told


@pytest.mark.parametrize("protocol", ["binance", "kucoin"])
def test_a_region_that_is_shut_out_is_told_with_the_remedy(protocol):
    symbol = "BTC-USDT" if protocol == "kucoin" else "BTCUSDT"
    with (
        MarketServer(market_of(protocol, symbol), ["bad-status:451"] * 50) as server,
        live_of(server, protocol, ["BTCUSDT"]) as live,
    ):
        wait_until(lambda: live.status().state == "error")
        assert "451" in live.status().last_error
        assert "set endpoint to one of the exchange that does" in live.status().last_error


def test_more_series_than_a_connection_takes_are_on_several():
    symbols = [f"C{number:02}USDT" for number in range(70)]
    market = market_of("mexc", *symbols)
    with MarketServer(market) as server, live_of(server, "mexc", symbols) as live:
        wait_until(lambda: sum(len(peer.series) for peer in server.peers if peer.following) == 70)
        market.play(2)
        wait_until(lambda: sum(stream.bars > 0 for stream in live.status().streams) == 70)
        shards = live.status().shards
    assert [shard.series for shard in shards] == [30, 30, 10]
    assert max(len(peer.series) for peer in server.peers) == 30


def test_a_token_that_expired_meanwhile_is_followed_by_another():
    market = market_of("kucoin", "BTC-USDT")
    with MarketServer(market) as server, live_of(server, "kucoin", ["BTCUSDT"]) as live:
        wait_until(lambda: live.status().state == "connected")
        market.exchange.expire_tokens()
        server.cut()
        wait_until(lambda: live.status().epoch == 2)
        market.play(2)
        wait_until(lambda: live.status().streams[0].bars > 0)


def test_who_has_the_only_connection_is_not_fought_for():
    """Another process holds it: the host is left alone for a while, and why is told."""
    market = market_of("alpaca", "AAPL", taken=True)
    keys = {"api_key": KEY, "api_secret": SECRET}
    with MarketServer(market) as server, live_of(server, "alpaca", ["AAPL"], **keys) as live:
        wait_until(lambda: "connection limit exceeded" in live.status().last_error)
        wait_until(lambda: live.status().counters.get("budget_waits", 0) > 0)
        assert server.accepted == 1


def test_the_one_unknown_symbol_of_a_whole_text_costs_no_other():
    market = market_of("bybit", "BTCUSDT", "ETHUSDT")
    with MarketServer(market) as server, live_of(server, "bybit", ["BTCUSDT", "FOOUSDT", "ETHUSDT"]) as live:
        wait_until(lambda: any(len(peer.series) == 2 for peer in server.peers if peer.following))
        market.play(2)
        wait_until(lambda: {stream.state for stream in live.status().streams} == {"live", "refused"})
        states = {stream.symbol: stream for stream in live.status().streams}
    assert states["FOOUSDT"].state == "refused"
    assert "FOOUSDT" in states["FOOUSDT"].reason


def test_all_symbols_unknown_is_told_and_tried_again_later():
    with MarketServer(market_of("okx", "BTC-USDT")) as server, live_of(server, "okx", ["FOOUSDT"]) as live:
        wait_until(lambda: live.status().counters.get("lost.refused_by_server", 0) > 1)
        assert "doesn't exist" in live.status().last_error
        assert live.status().streams[0].state == "refused"
