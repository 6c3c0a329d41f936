"""A changed list of symbols for a session that runs, on real sockets: what stays is not disturbed."""

from __future__ import annotations

import pytest
import yaml

import wealthsources
from wealthsources import ConfigError
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.invented import invent_bars

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import ALL, Exchange, numbers, stated, told

#: MEXC's markets speak differently.
ONE_OF_EACH = list(
    {(exchange.name, exchange.name == "mexc" and exchange.market): exchange for exchange in ALL}.values()
)
BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"


class Deployment:
    """A config.yaml with a live source that runs, and its server."""

    def __init__(self, folder, config, server) -> None:
        self.path = folder / "config.yaml"
        self.config = config
        self.server = server
        self.write()
        self.session = wealthsources.open(self.path)
        self.events = []

    @property
    def live(self):
        return self.session.source("live")

    def write(self, **options) -> None:
        self.config["sources"][0]["options"].update(options)
        self.path.write_text(yaml.safe_dump(self.config))

    def reload(self, **options) -> None:
        self.write(**options)
        self.session.reload()

    def hold(self, event) -> None:
        self.events.append(event)

    def bars(self, symbol: str, timeframe: str):
        series = self.live.cache.get(symbol, wealthsources.Timeframe(timeframe))
        return None if series is None else series.snapshot()

    def served(self) -> set:
        """What the server sends, on all connections."""
        return {series for peer in self.server.peers if peer.following for series in peer.series}


@pytest.fixture
def deployed(tmp_path, monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)
    sessions = []

    def make(config, server):
        made = Deployment(tmp_path, config, server)
        sessions.append(made.session)
        made.session.start()
        made.session.subscribe(made.hold)
        return made

    yield make
    for session in sessions:
        session.stop()


@pytest.mark.parametrize("exchange", ONE_OF_EACH, ids=str)
def test_a_symbol_comes_and_another_goes_while_one_stays_unbroken(deployed, exchange: Exchange):
    stays, moves = exchange.symbols
    key = exchange.series
    market = exchange.play(40)
    with MarketServer(market) as server:
        config = exchange.config(server, None)
        config["sources"][0]["options"]["symbols"] = [stays]
        made = deployed(config, server)
        wait_until(lambda: made.served() == {key[stays]})
        market.play(4.5)
        wait_until(lambda: (held := made.bars(stays, exchange.timeframe)) is not None and len(held) >= 4)
        made.reload(symbols=[stays, moves])
        wait_until(lambda: made.served() == {key[stays], key[moves]})
        market.play(4.5)
        wait_until(lambda: (held := made.bars(moves, exchange.timeframe)) is not None and len(held) >= 3)
        made.reload(symbols=[stays])
        wait_until(lambda: made.served() == {key[stays]}, what="the server to have been told to stop")
        told_of = len([event for event in made.events if event.symbol == moves])
        market.play(4.5)
        closed = [stated(bar) for bar in market.closed(key[stays])]
        wait_until(lambda: numbers(told(made.bars(stays, exchange.timeframe))) == numbers(closed))
        status = made.live.status()
        assert (status.epoch, server.accepted) == (1, 1)
        assert status.counters.get("holes", 0) == 0
        assert status.counters.get("ignored_messages", 0) == 0
        assert made.bars(stays, exchange.timeframe).holes == ()
        assert len([event for event in made.events if event.symbol == moves]) == told_of
    assert server.failures == []


# The protocol whose texts take the place of one another, and what is refused.


@pytest.fixture
def server(tmp_path):
    """A server of WealthAI's protocol that has three symbols in two timeframes."""
    played = {
        (symbol, name): invent_bars(symbol, wealthsources.Timeframe(name), 30, 7)
        for symbol in (BTC, ETH, SOL)
        for name in ("1h", "4h")
    }
    with MarketServer(Market(played, updates=4)) as server:
        yield server
    assert server.failures == []


@pytest.fixture
def made(deployed, server):
    """BTCUSDT and ETHUSDT in hours, four of them played; a file behind it."""
    live = {"endpoint": server.url, "symbols": [BTC, ETH], "resolutions": ["1h"]}
    sources = [
        {"name": "live", "plugin": "websocket", "options": live},
        {"name": "archive", "plugin": "file", "options": {"path": "data/{symbol}/{timeframe}.csv"}},
    ]
    made = deployed({"clock": "feed", "on_stale": "mark", "sources": sources}, server)
    wait_until(lambda: made.served() == {(BTC, "1h"), (ETH, "1h")})
    play_to(made, 4)
    return made


def play_to(made, bars: int) -> None:
    made.server.market.play(bars + 0.5)
    wait_until(lambda: all(len(made.bars(*key) or ()) >= bars for key in made.served()))


def subscriptions(made) -> int:
    return [message["type"] for message in made.server.received].count("CONNECT")


def series(made) -> set:
    return {(stream.symbol, stream.timeframe) for stream in made.live.status().streams}


def test_where_a_text_takes_the_place_of_the_one_before_the_series_that_stays_is_unbroken_too(made):
    before = list(made.bars(BTC, "1h"))
    made.reload(symbols=[BTC, SOL], resolutions=["1h"])
    wait_until(lambda: made.served() == {(BTC, "1h"), (SOL, "1h")})
    play_to(made, 4)
    bars = made.bars(BTC, "1h")
    assert list(bars)[: len(before)] == before
    assert bars.holes == ()
    status = made.live.status()
    assert (status.epoch, made.server.accepted, status.counters.get("holes", 0)) == (1, 1, 0)
    assert len(made.bars(SOL, "1h")) >= 4


def test_what_is_subscribed_no_more_is_not_answered_from_the_cache(made):
    made.reload(symbols=[BTC])
    adapter = made.session.adapter()
    assert len(adapter.get_history(BTC, 3, "1h")) == 3
    with pytest.raises(wealthsources.AllSourcesFailed, match="live: skipped - does not know ETHUSDT"):
        adapter.get_history(ETH, 3, "1h")
    assert made.session.source("live").get_all_symbols() == (BTC,)


def test_a_new_timeframe_comes(made):
    made.reload(resolutions=["1h", "4h"])
    wait_until(lambda: (ETH, "4h") in made.served())
    play_to(made, 4)
    assert series(made) == {(symbol, name) for symbol in (BTC, ETH) for name in ("1h", "4h")}


def test_it_may_be_reloaded_before_the_live_sources_start(deployed, server):
    live = {"endpoint": server.url, "symbols": [BTC], "resolutions": ["1h"]}
    made = deployed({"clock": "feed", "sources": [{"name": "live", "plugin": "websocket", "options": live}]}, server)
    made.session.stop()
    with wealthsources.open(made.path) as session:
        made.write(symbols=[ETH])
        session.reload()
        session.start_live()
        wait_until(lambda: made.served() == {(ETH, "1h")})


def test_the_same_file_again_asks_for_nothing(made):
    assert subscriptions(made) == 1
    made.session.reload()
    made.reload(symbols=[ETH, BTC])
    play_to(made, 8)
    assert subscriptions(made) == 1
    assert made.live.capabilities.symbols == (ETH, BTC)


def test_every_other_change_is_refused_with_its_key_and_then_nothing_is_applied(made):
    made.config |= {"clock": "system", "max_behind": 3, "plugins": {"allow": ["websocket", "file"]}}
    made.config["sources"][1]["options"]["path"] = "other/{symbol}/{timeframe}.csv"
    before = made.session.config
    with pytest.raises(ConfigError) as caught:
        made.reload(symbols=[SOL], capacity=50, market_type="another")
    said = [line.split(": ", 1)[1] for line in caught.value.brief.splitlines()]
    places = {line.split(": ")[0] for line in said}
    assert places == {
        "clock",
        "max_behind",
        "plugins.allow",
        "sources[0].options.capacity",
        "sources[0].options.market",
        "sources[1].options.path",
    }
    assert all(
        line.endswith("cannot be changed while the session runs; restart it, or take the change back") for line in said
    )
    assert series(made) == {(BTC, "1h"), (ETH, "1h")}
    assert made.session.config is before


def test_a_broken_file_changes_nothing_and_all_its_mistakes_are_told(made):
    made.path.write_text(made.path.read_text() + "clok: feed\nmax_behind: soon\n")
    with pytest.raises(ConfigError) as caught:
        made.session.reload()
    assert len(caught.value.mistakes) == 2
    made.write(symbols=[BTC, "  "], resolutions=["5x"])
    with pytest.raises(ConfigError) as caught:
        made.session.reload()
    assert [line.split(": ")[1] for line in caught.value.brief.splitlines()] == [
        "sources[0].options.resolutions[0]",
        "sources[0].options.symbols[1]",
    ]
    made.path.unlink()
    with pytest.raises(ConfigError, match="no such file"):
        made.session.reload()
    assert series(made) == {(BTC, "1h"), (ETH, "1h")}
    assert made.live.status().epoch == 1


def test_a_mapping_may_take_the_place_of_the_file(made):
    changed = yaml.safe_load(made.path.read_text())
    changed["sources"][0]["options"]["symbols"] = [SOL]
    made.session.reload(changed)
    wait_until(lambda: made.served() == {(SOL, "1h")})


def test_how_a_symbol_is_spelled_cannot_be_changed_while_it_is_subscribed(made):
    with pytest.raises(ConfigError, match=r"sources\[0\].options: symbols: how BTCUSDT is spelled cannot be changed"):
        made.reload(symbols={BTC: "BTC-USDT", ETH: ETH})
    made.reload(symbols={BTC: BTC, "mine": SOL})
    wait_until(lambda: made.served() == {(BTC, "1h"), (SOL, "1h")})
    made.server.market.play(3)
    wait_until(lambda: len(made.bars("mine", "1h") or ()) >= 2)
