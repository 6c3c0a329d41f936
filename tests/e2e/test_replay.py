"""Each exchange on a real socket, recorded, and played again: what is held, told and refused is the same."""

from __future__ import annotations

import contextlib
import time

import pytest

import wealthsources
from wealthsources_simulator import MarketServer
from wealthsources_websocket.protocols import binance

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import ALL
from .test_exchanges import Stage


class Recorded(Stage):
    """A stage whose live source is recorded."""

    def __init__(self, exchange, market, server, session) -> None:
        super().__init__(exchange, market, server, session)
        self.events = []

    def hold(self, event) -> None:
        if event.kind != "bar" or event.bar.closed:
            self.events.append(told(event))

    def all_bars(self, source=None):
        cache = self.live.cache if source is None else source._inner.cache
        bars = {symbol: cache.get_bars(symbol, self.exchange.timeframe) for symbol in self.exchange.symbols}
        return {symbol: (held.rows.tobytes(), held.texts) for symbol, held in bars.items()}


def told(event):
    """An event, without the texts of connections, which say where to."""
    bar = event.bar
    shown = None if bar is None else (bar.open_time, bar.finality, bar.revision, bar.exact("close"))
    return event.kind, event.symbol, shown, event.state if event.kind == "state" else event.hole


@contextlib.contextmanager
def recorded(exchange, folder, **options):
    market = exchange.play(60)
    with MarketServer(market, **options) as server:
        config = exchange.config(server, None) | {"recorder": {"frames": {"folder": str(folder)}}}
        with wealthsources.open(config) as session:
            made = Recorded(exchange, market, server, session)
            session.subscribe(made.hold)
            made.joined(1)
            yield made
        assert server.failures == []


@contextlib.contextmanager
def replayed(folder):
    options = {"recording": str(folder / "live"), "speed": "step"}
    source = {"plugin": "replay", "name": "live", "options": options}
    with wealthsources.open({"clock": "feed", "on_stale": "mark", "sources": [source]}) as session:
        session.start_live()
        yield session, session.source("live")


def play_to_the_end(source):
    events = []
    while not source.is_over:
        events += map(told, source.step())
    return events


@pytest.mark.parametrize("exchange", ALL, ids=str)
def test_a_day_with_a_cut_is_the_same_when_it_is_played_again(exchange, tmp_path, monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)
    with recorded(exchange, tmp_path) as live:
        live.play(5.5)
        live.heard()
        live.server.cut()
        live.joined(2)
        live.play(6.5)
        live.heard()
        unknown, state = exchange.unknown
        wait_until(lambda: live.stream(unknown).state == state)
        then = live.all_bars()
    bars = [each for each in live.events if each[0] in ("bar", "hole")]
    with replayed(tmp_path) as (session, source):
        events = play_to_the_end(source)
        assert live.all_bars(source) == then
        assert [each for each in events if each[0] in ("bar", "hole")] == bars
        assert bars
        (stream,) = (each for each in source.status().streams if each.symbol == unknown)
        assert (stream.state == "refused") is (state == "refused")
        assert any(session.adapter().get_history(symbol, 3, exchange.timeframe) for symbol in exchange.symbols)


def test_connections_that_follow_one_another_without_a_break_do_so_again(tmp_path, monkeypatch):
    exchange = next(each for each in ALL if str(each) == "binance-spot")
    use_policies(monkeypatch, close_timeout=0.2, renew_at=(0.2, 0.2))
    shorten(monkeypatch)
    with recorded(exchange, tmp_path) as live:
        for _ in range(200):
            live.market.play_steps(1)
            if live.live.status().counters.get("takeovers", 0) >= 3:
                break
            time.sleep(0.05)
        live.heard()
        assert live.live.status().counters["takeovers"] >= 3
        then = live.all_bars()
    with replayed(tmp_path) as (_, source):
        play_to_the_end(source)
        assert live.all_bars(source) == then
        assert source.status().counters["takeovers"] >= 3
        assert "holes" not in source.status().counters


def shorten(monkeypatch):
    limits = {market: each._replace(lifetime=5.0) for market, each in binance._LIMITS.items()}
    monkeypatch.setattr(binance, "_LIMITS", limits)
