"""Defects of the origin, and why each is impossible here: those of its WebSocket, on a real socket."""

from __future__ import annotations

import itertools
import random
import threading

import pandas as pd
import pytest

import wealthdata
import wealthsources
from wealthdata import get_bars, get_price, set_context
from wealthsources_simulator import Market, MarketServer
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.reconnect import Backoff, ConnectPlan
from wealthsources_websocket.errors import ConnectionLost

from ..support.bars import HOUR, MONDAY as T0
from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .origin_feed import QUICK, TOKEN, Feed, listening, numbers, rule

T2030 = 1_893_456_000_000
ONE = ("BTCUSDT", "1h")
CONTEXT = {"plugin": "context"}


@pytest.fixture(autouse=True)
def _budget_of_its_own(monkeypatch):
    use_policies(monkeypatch)


@pytest.fixture
def feed(tmp_path, records):
    """feed(rows=60 bars by rule, skip=40, updates=4): a Feed whose server runs."""
    servers = []

    def make(rows=None, **options):
        made = Feed(tmp_path, records("1h", 60) if rows is None else rows, **options)
        made.server.start()
        servers.append(made.server)
        return made

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def serve():
    """serve(*script, market=..., token=...): a server that does as its script says, on raw sockets."""
    servers = []

    def start(*script, market=None):
        servers.append(MarketServer(market or Market.made(), script, token=TOKEN))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []


@pytest.fixture
def before(context, records):
    """A context with the 40 bars by rule that were before the feed's."""
    return context({"BTCUSDT 1h": records("1h", 40)}, T0 + 40 * HOUR)


def test_origin_01_twenty_five_updates_of_one_bar_are_one_bar(feed, before):
    """The cache was append-only: 25 updates of one bar were 20 rows of one time, and the mean was that of one bar."""
    market = feed(skip=40, updates=30)
    with listening(market.server.url, CONTEXT) as session:
        set_context(before, mode="live")
        market.play(session, steps=25)
        assert session.source("live").cache.get_cache_size() == 1
        assert numbers(get_price("BTCUSDT", count=20, frequency="1h")) == list(range(20, 40))
        shown = get_bars("BTCUSDT", 20, "1h", include_now=True)
        assert numbers(shown.iloc[:-1]) == list(range(21, 40))
        assert shown["volume"].iloc[-1] == 1000 * 25 // 31
        market.play(session, steps=7)
        frame = get_price("BTCUSDT", count=20, frequency="1h")
        assert numbers(frame) == list(range(21, 41))
        assert frame["close"].mean() == 100.5 + 30.5


def test_origin_02_bars_of_the_cache_hide_none_of_the_history(feed, before):
    """Enough rows in the cache, and the context was ignored; else both were put one after the other, unsorted."""
    market = feed(skip=30, updates=24)  # of which the context has ten too
    with listening(market.server.url, CONTEXT) as session:
        set_context(before, mode="live")
        market.play(session, bars=14, steps=20)
        for count in range(1, 50):
            found = numbers(get_price("BTCUSDT", count=count, frequency="1h"))
            assert found == list(range(max(0, 44 - count), 44))


def test_origin_03_a_flood_of_updates_pushes_no_bar_out(feed):
    """The cache's 1000 places counted updates, so some minutes of ticks flushed the history."""
    market = feed(skip=0, updates=600)
    with listening(market.server.url) as session:
        assert session.source("live").options.capacity == 1000
        market.play(session, bars=3, steps=1)
        assert numbers(get_price("BTCUSDT", count=20, frequency="1h")) == [0, 1, 2]
        assert session.source("live").cache.get_cache_size() == 4


@pytest.mark.parametrize("mode", ["backtest", "auto"])
@pytest.mark.parametrize("first", [T0, T2030], ids=["of the same time", "of 2030"])
def test_origin_04_live_bars_are_in_no_backtest(feed, context, records, first, mode):
    """The cache was global and knew no clock: a bar of 2030 was answered while current_dt was in 2023."""
    other = {"open": "9000", "high": "9000", "low": "9000", "close": "9000"}
    market = feed([{**record, **other} for record in records("1h", 60, first=first)])
    with listening(market.server.url, CONTEXT) as session:
        market.play(session, bars=50)
        made = context({"BTCUSDT 1h": records("1h", 30)}, T0 + 20 * HOUR)
        set_context(made, mode=mode)
        newest = list(range(15, 20))
        assert numbers(get_price("BTCUSDT", count=5, frequency="1h")) == newest
        assert numbers(get_price("BTCUSDT", "2024-01-01", "2024-01-01 20:00", "1h")) == list(range(20))
        assert numbers(get_bars("BTCUSDT", 5, "1h", include_now=True)) == newest
        assert numbers(wealthdata.attribute_history("BTCUSDT", 5, "1h")) == newest
        assert wealthdata.history(5, "1h", "close", ["BTCUSDT"])["BTCUSDT"].max() == 119.5
        assert max(bar.close for bar in made.history("BTCUSDT", 50, "1h")) == 119.5
        assert wealthdata.get_last_price("BTCUSDT") == 119.5
        assert wealthdata.get_current_data()["BTCUSDT"].last_price == 119.5
        with pytest.raises(wealthdata.FutureDataError):
            get_price("BTCUSDT", end_date=pd.Timestamp(first + 50 * HOUR, unit="ms"), frequency="1h")


def test_origin_04_a_thread_that_a_backtest_starts_reads_no_live_bars(feed, before):
    """Whatever ran in the process read the one cache, a backtest's own threads too."""
    market = feed()
    with listening(market.server.url, CONTEXT) as session:
        market.play(session, bars=50)
        set_context(before, mode="backtest")
        told = []

        def work():
            try:
                told.append(get_price("BTCUSDT", count=5, frequency="1h"))
            except wealthdata.NoContextError as error:
                told.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert isinstance(told[0], wealthdata.NoContextError)


def test_origin_05_every_way_to_the_bars_is_the_same_way(feed, records):
    """There were two get_price, and one of them and context.history went past the adapter and the WebSocket."""

    class Context:
        """As an engine has it: with a history of its own, which knows of no bar that is live."""

        now_ms = T0 + 40 * HOUR

        def history(self, symbol, count, timeframe):
            return records("1h", 40)[-count:] if timeframe == "1h" else []

    market = feed(skip=40)
    with listening(market.server.url, CONTEXT) as session:
        made = Context()
        set_context(made, mode="live")
        market.play(session, bars=5, steps=1)
        frame = get_price("BTCUSDT", count=20, frequency="1h")
        assert numbers(frame) == list(range(25, 45))
        bars = made.history("BTCUSDT", 20, "1h")
        assert [[bar.open, bar.close, bar.high, bar.low, bar.volume] for bar in bars] == frame.to_numpy().tolist()
        assert [bar.source for bar in bars] == ["context"] * 15 + ["live"] * 5
        pd.testing.assert_frame_equal(wealthdata.bars_to_dataframe(bars)[list(frame)], frame)
        pd.testing.assert_frame_equal(get_bars("BTCUSDT", 20, "1h"), frame)
        pd.testing.assert_frame_equal(wealthdata.attribute_history("BTCUSDT", 20, "1h", list(frame)), frame)
        wide = wealthdata.history(20, "1h", "close", "BTCUSDT")
        assert wide["BTCUSDT"].tolist() == frame["close"].tolist()


def test_origin_16_attempts_to_connect_go_on_for_ever():
    """It gave up after three attempts and 7 s, for the life of the process."""
    plan = ConnectPlan(("wss://a.example/",), Backoff(0.5, 60.0, random.Random(16).uniform), ConnectBudget(), 20)

    def attempts():
        now = 0.0
        while True:
            while (wait := plan.attempt(now)) > 0:
                now += wait
            yield now
            now += plan.lost(ConnectionLost("refused"), now)

    day = 86_400.0  # of virtual time
    times = list(itertools.takewhile(lambda now: now < day, attempts()))
    assert max(late - early for early, late in itertools.pairwise([*times, day])) <= 60.0
    assert len(times) > day / 60


def test_origin_16_a_stale_cache_is_not_read_and_its_hole_is_filled_when_the_feed_is_back(feed, before):
    """Strategies went on reading the stale cache: no age was looked at, and no hole was ever filled."""
    market = feed(skip=40)
    with listening(market.server.url, CONTEXT, market.archive, late_after=0.05) as session:
        set_context(before, mode="live")
        market.play(session, bars=4, steps=2)
        market.server.refuse()
        market.server.cut()
        wait_until(lambda: market.server.refused > 6)  # twice as many as it made
        told = []

        def refused():
            try:
                get_price("BTCUSDT", count=20, frequency="1h")
            except wealthdata.StaleDataError as error:
                told.append(error)
            return told

        wait_until(refused)
        assert "reconnecting" in str(told[0])
        market.play(None, bars=6)  # nobody hears them
        market.server.refuse(False)
        wait_until(lambda: session.status().sources["live"].epoch == 2)
        market.play(session, steps=market.per_bar - 1)
        frame = get_price("BTCUSDT", count=20, frequency="1h")
        assert (numbers(frame), frame.attrs) == (list(range(31, 51)), {})
        wait_until(lambda: session.status().sources["live"].counters.get("backfilled", 0) == 6)


def test_origin_16_a_connection_that_answers_no_ping_is_made_anew(serve):
    """No ping was sent, so a connection that was dead on the other side stayed up for ever."""
    server = serve(lambda peer: (peer.join(), peer.deaf()))
    with listening(server.url, ping_interval=0.05, pong_timeout=0.05) as session:
        wait_until(lambda: session.status().sources["live"].epoch == 2)
        server.market.play(3.5)
        closed = [float(bar.close) for bar in server.market.closed(ONE)]
        wait_until(lambda: session.source("live").cache.get_cache_size() == 4)
        assert get_price("BTCUSDT", count=20, frequency="1h")["close"].tolist() == closed


def test_origin_18_when_the_endpoint_is_down_the_fallback_is_used(serve):
    """The documented backup ports were not implemented."""
    down, backup = serve(), serve()
    down.close_port()
    with listening(down.url, fallbacks=[backup.url]) as session:
        assert session.status().sources["live"].endpoint == backup.url


def test_origin_20_a_bar_without_prices_is_refused_and_counted(serve):
    """Nothing was checked: a BAR without prices was cached as zeros at time 0."""

    def script(peer):
        peer.join()
        whole = peer.bar()
        peer.send({"type": "BAR", "symbol": "BTCUSDT", "timeframe": "1h"})
        for name in ("open_time", "open", "high", "low", "close", "volume"):
            peer.send({key: value for key, value in whole.items() if key != name}, whole | {name: None})
        zeros = dict.fromkeys(("open", "high", "low", "close", "volume"), "0")
        peer.send(whole | zeros, whole | {"open_time": 0, "close_time": HOUR}, whole | {"close": "NaN"})
        peer.follow()

    server = serve(script)
    with listening(server.url) as session:
        wait_until(lambda: session.status().sources["live"].counters.get("bad_bar") == 16)
        assert session.source("live").cache.get_cached_symbols() == []
        server.market.play(5.5)
        truth = server.market.closed(ONE)
        wait_until(lambda: session.source("live").cache.get_cache_size() == 6)
        frame = get_price("BTCUSDT", count=20, frequency="1h")
        assert frame.index.tolist() == [pd.Timestamp(bar.end, unit="ms") for bar in truth]
        assert frame["close"].tolist() == [float(bar.close) for bar in truth]


def test_origin_21_what_is_handed_out_is_not_the_caches_own(feed, before):
    """The cache handed out its own dicts, so a strategy that worked on them changed the bars of all others."""
    market = feed(skip=40)
    with listening(market.server.url, CONTEXT) as session:
        set_context(before, mode="live")
        market.play(session, bars=5, steps=1)
        frame = get_price("BTCUSDT", count=20, frequency="1h")
        frame.loc[:, :] = 0.0
        frame.index += pd.Timedelta(1, "h")
        get_bars("BTCUSDT", 20, "1h", df=False)["close"][:] = 0.0
        wealthdata.attribute_history("BTCUSDT", 20, "1h", df=False)["close"][:] = 0.0
        wealthdata.history(20, "1h", "close", "BTCUSDT", df=False)["BTCUSDT"][:] = 0.0
        bars = before.history("BTCUSDT", 20, "1h")
        with pytest.raises(AttributeError):
            bars[0].close = 0.0
        bars.clear()
        with pytest.raises(ValueError, match="read-only"):
            session.adapter(before).get_history("BTCUSDT", 20).values[:] = 0.0
        assert numbers(get_price("BTCUSDT", count=20, frequency="1h")) == list(range(25, 45))


def test_origin_25_a_callback_is_told_of_every_bar(feed):
    """Specifications promised callbacks for bars, and there were none."""
    market = feed()
    told = []
    with listening(market.server.url) as session:
        end = session.subscribe(told.append)
        market.play(session, bars=3, steps=1)
        wait_until(lambda: sum(event.kind == "bar" and event.bar.closed for event in told) == 3)
        assert [event.bar.close for event in told if event.bar and event.bar.closed] == [rule(n)[1] for n in range(3)]
        end()


def test_origin_25_a_configuration_is_enough_to_start_the_feed(serve, tmp_path, monkeypatch):
    """Specifications promised that the feed starts by itself, and it did not."""
    server = serve()
    path = tmp_path / "config.yaml"
    options = {**QUICK, "endpoint": server.url}
    path.write_text(f"clock: feed\nsources:\n- {{name: live, plugin: websocket, options: {options}}}\n")
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(path))
    with pytest.raises(wealthdata.ClockError, match="no live bar has come"):
        get_price("BTCUSDT", count=5, frequency="1h")
    session = wealthsources.current_session()
    try:
        wait_until(lambda: server.acknowledged)
        server.market.play(3.5)
        wait_until(lambda: session.source("live").cache.get_cache_size() == 4)
        assert len(get_price("BTCUSDT", count=5, frequency="1h")) == 3
    finally:
        session.stop()


def test_origin_25_the_status_tells_when_the_last_message_came(feed):
    """Specifications promised the time of the last message, and there was none."""
    market = feed()
    with listening(market.server.url) as session:
        before = session.status().sources["live"]
        assert (before.last_data, before.streams[0].idle) == (None, None)
        market.play(session, steps=1)
        after = session.status().sources["live"]
        assert 0 <= after.last_data < 15
        assert 0 <= after.streams[0].idle < 15


def test_origin_26_prices_are_numbers_wherever_they_come_from(feed, before):
    """Prices were text, so `bar.close > ma` was a TypeError in a strategy that had been moved here."""
    market = feed(skip=40)
    with listening(market.server.url, CONTEXT) as session:
        set_context(before, mode="live")
        market.play(session, bars=5, steps=1)
        ma = get_price("BTCUSDT", count=20, frequency="1h")["close"].mean()
        assert ma == 135.0
        bars = before.history("BTCUSDT", 20, "1h")
        assert [bar.close > ma for bar in bars] == [False] * 10 + [True] * 10
        assert {type(getattr(bar, name)) for bar in bars for name in ("open", "high", "low", "close", "volume")} == {
            float
        }
        assert (bars[0].source, bars[0].exact("close")) == ("context", "125.5")  # the text is not lost
        assert (bars[-1].source, bars[-1].exact("close")) == ("live", "144.5")


def test_origin_04_a_backtest_that_binds_before_the_first_live_bar_reads_none_later(feed, context, records):
    """The cache was global and knew no clock: a bar of 2030 was answered while current_dt was in 2023."""
    market = feed(records("1h", 60, first=T2030))
    with listening(market.server.url, CONTEXT) as session:
        past = context({"BTCUSDT 1h": records("1h", 30)}, T0 + 20 * HOUR)
        with pytest.raises(wealthdata.ClockError, match="state mode="):
            set_context(past)
        set_context(past, mode="backtest")
        market.play(session, bars=5)
        assert numbers(get_price("BTCUSDT", count=5, frequency="1h")) == list(range(15, 20))


def test_origin_04_a_backtest_beside_a_live_strategy_reads_no_live_bars(feed, context, records):
    """The cache was global and knew no clock: a bar of 2030 was answered while current_dt was in 2023."""
    market = feed(records("1h", 60, first=T2030))
    with listening(market.server.url, CONTEXT) as session:
        market.play(session, bars=5, steps=1)
        set_context(context({}, T2030 + 5 * HOUR))
        wealthdata.clear_context()
        past = context({"BTCUSDT 1h": records("1h", 30)}, T0 + 20 * HOUR)
        with pytest.raises(wealthdata.ParamsError, match="looks like a backtest one"):
            set_context(past)
        set_context(past, mode="backtest")
        assert numbers(get_price("BTCUSDT", count=5, frequency="1h")) == list(range(15, 20))
