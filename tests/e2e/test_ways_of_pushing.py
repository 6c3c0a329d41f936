"""Servers differ in what they push: updates or finished bars only, with a flag or without, with a snapshot or not."""

from __future__ import annotations

import time

import pytest

import wealthdata
import wealthsources
from wealthsources import Finality
from wealthsources_simulator import MarketServer

from ..support.bars import HOUR, MINUTE
from ..support.live_source import use_policies
from ..support.waiting import wait_until

HINT = "this server seems to push closed bars only; set bar_push: closed"


def test_a_flag_closes_a_bar_with_its_last_message(market, rows):
    market = market(closed_flag="x")
    market.open()
    market.connected()
    market.play_and_check(12)
    market.play(3)
    market.compare(market.check(), rows[13:33])
    assert {bar.finality for bar in market.adapter.get_history("BTCUSDT", 3)} == {Finality.FLAG}
    market.outage(7)
    market.play_and_check(12)


@pytest.mark.parametrize("where", [1, 4, 5])
def test_a_flag_and_a_cut(market, where):
    market = market(closed_flag="is_closed")
    market.open()
    market.connected()
    market.play(10 + where)
    market.check()
    market.outage(5)
    market.play_and_check(12)


def test_with_a_flag_the_last_bar_before_a_cut_is_whole(market, rows):
    market = market(closed_flag="confirm")
    market.open(archive=False, on_stale="mark")
    market.connected()
    market.play(3 * 5)
    market.compare(market.check(), rows[13:33])
    market.outage(0)
    market.play(1)
    market.check()
    assert market.live.status().counters.get("holes", 0) == 0


def test_a_server_that_pushes_closed_bars_only_and_says_so(market, rows):
    market = market(updates=0)
    market.open(live={"bar_push": "closed"})
    market.flagged = True  # in effect: every message is the last of its bar
    market.connected()
    market.play_and_check(6)
    market.compare(market.check(), rows[16:36])
    market.outage(3)
    market.play_and_check(4)
    assert market.live.status().reason == ""
    assert {bar.finality for bar in market.adapter.get_history("BTCUSDT", 1)} == {Finality.FLAG}


def test_a_server_that_pushes_closed_bars_only_and_was_not_told_of(market, rows, caplog, monkeypatch):
    # Bars of the first second may be a snapshot, and say nothing of how a server pushes.
    use_policies(monkeypatch, snapshot=0.0)
    market = market(updates=0)
    market.open()
    market.connected()
    assert market.live.status().reason == ""
    market.play_and_check(6)
    # One bar late, since only the next one closes it, but never wrong.
    market.compare(market.check(), rows[15:35])
    assert market.live.status().reason == HINT
    assert market.session.status().sources["live"].reason == HINT
    assert HINT in str(market.adapter.explain("BTCUSDT", 20))
    assert caplog.text.count(HINT) == 1
    market.outage(3)
    market.play_and_check(4)


def test_no_hint_where_updates_are_pushed(market, caplog):
    market = market(updates=1, snapshot=10)
    market.open()
    market.connected()
    market.play_and_check(12)
    assert market.live.status().reason == ""
    assert HINT not in caplog.text


def test_a_snapshot_on_joining_is_history(market, rows):
    market = market(snapshot=10)
    market.open(context=False, archive=False, on_stale="mark")
    market.connected()
    wait_until(lambda: market.live.cache.get_cache_size() == 10)
    market.play(1)
    bars = market.adapter.get_history("BTCUSDT", 20)
    market.compare_bars(bars, rows[20:30])
    assert {bar.source for bar in bars} == {"live"}
    assert {bar.finality for bar in bars} == {Finality.SUCCESSOR}


@pytest.mark.parametrize("where", [0, 2, 5])
@pytest.mark.parametrize("away", [0, 3, 14])
def test_a_snapshot_on_coming_back_leaves_no_hole(market, rows, where, away):
    market = market(snapshot=10)
    market.open(context=False, archive=False, on_stale="mark", bind=False)
    market.connected()
    market.play(3 * 5 + where)
    market.outage(away)
    market.play(6)
    bars = market.session.adapter().get_history("BTCUSDT", 100)
    market.compare_bars(bars, market.due(100)[20:])
    assert bars.holes == ()
    assert bars.behind == 0
    assert {bar.source for bar in bars} == {"live"}


def test_a_snapshot_that_is_too_short_leaves_the_rest_to_the_archive(market, rows):
    market = market(snapshot=2)
    market.open()
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(6 * 5)
    market.play(6)
    market.check()
    bars = market.adapter.get_history("BTCUSDT", 8)
    assert [bar.source for bar in bars] == ["live"] * 1 + ["archive"] * 4 + ["live"] * 3


@pytest.mark.parametrize("skip", [30, 500, 1000])
def test_texts_are_those_of_the_file_whatever_the_source(market, rows, skip):
    market = market(skip=skip)
    market.open()
    market.connected()
    market.play(5 * 5)
    market.outage(17)
    market.play(3 * 5)
    bars = market.adapter.get_history("BTCUSDT", 30 + 8)
    assert {bar.source for bar in bars} == {"live", "context", "archive"}
    market.compare_bars(bars, market.due(38))


def test_texts_that_no_float_gives_back(market, tmp_path, rows):
    header = "open_time,open,high,low,close,volume"
    texts = [
        "10.50,10.500,10.5,10.50,100",
        "0.00000001,0.10,0.00000001,0.00000010,12345678901234.5",
        "1.12345678901234567890,2.0,1.0,1.12345678901234567890,0.000",
        "9007199254740993,9007199254740993.0,1,2.0,9007199254740993",
        "1,1,1,1,1",
    ]
    path = tmp_path / "odd.csv"
    first = int(rows[0]["open_time"])
    lines = [f"{first + place * HOUR},{text}" for place, text in enumerate(texts)]
    path.write_text("\n".join([header, *lines, ""]))
    options = {"endpoint": "", "csrf_token": "t", "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    with MarketServer.from_csv(path, symbol="BTCUSDT", timeframe="1h", token="t", updates=2, manual=True) as server:
        options["endpoint"] = server.url
        mapping = {"clock": "feed", "sources": [{"plugin": "websocket", "options": options}]}
        with wealthsources.open(mapping) as session:
            session.start_live()
            wait_until(lambda: session.status().sources["websocket"].state == "connected")
            server.play_bars(5)
            wait_until(lambda: session.source("websocket").cache.get_cache_size() == 5)
            wait_until(lambda: session.clock.now() == first + 4 * HOUR)
            bars = session.adapter().get_history("BTCUSDT", 4)
            names = ("open", "high", "low", "close", "volume")
            assert [",".join(bar.exact(name) for name in names) for bar in bars] == texts[:4]
            server.stop()


def test_the_systems_clock_and_bars_of_today(tmp_path):
    """Bars of the last minutes, the present one forming; now is what this machine says."""
    present = time.time_ns() // 1_000_000 // MINUTE
    opens = [(present - place) * MINUTE for place in range(30, -1, -1)]
    lines = [
        f"{open_time},{place}.5,{place + 2},{place},{place + 1}.25,{place}" for place, open_time in enumerate(opens, 1)
    ]
    path = tmp_path / "1m.csv"
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *lines, ""]))
    options = {"csrf_token": "t", "symbols": "BTCUSDT", "resolutions": "1m"}
    with MarketServer.from_csv(path, symbol="BTCUSDT", timeframe="1m", token="t", manual=True) as server:
        live = {"name": "live", "plugin": "websocket", "options": {**options, "endpoint": server.url}}
        with wealthsources.open({"sources": [live]}) as session:
            session.start_live()
            wait_until(lambda: session.status().sources["live"].state == "connected")
            server.play_bars(30)
            server.play_steps(2)
            wait_until(lambda: session.source("live").cache.get_cache_size() == 31)
            frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1m")
            assert [int(label.value) // 1_000_000 for label in frame.index] == [time + MINUTE for time in opens[10:30]]
            assert frame["close"].tolist() == [place + 1.25 for place in range(11, 31)]
            bars = session.adapter().get_history("BTCUSDT", 3, "1m", include_now=True)
            assert [bar.open_time for bar in bars] == opens[-3:]
            assert [bar.closed for bar in bars] == [True, True, False]
            server.stop()
