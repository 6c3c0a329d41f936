"""Cuts before, within and after a bar: whatever is lost on the way, a strategy gets the bars of the file.

The server plays message by message, and after each of them the strategy asks. Every bar of every answer is compared.
"""

from __future__ import annotations

import queue
import random

import pytest

import wealthdata
import wealthsources

from ..support.markets import ROOT
from ..support.waiting import wait_until
from .conftest import TOKEN

#: With four updates a bar has five messages: a cut after none of them is before the bar, after all five after it.
WHERE = {"before the bar": 0, "after 1 of 5": 1, "after 2 of 5": 2, "after 3 of 5": 3, "after 4 of 5": 4, "after it": 5}


def test_without_a_cut(market):
    market = market()
    market.open()
    market.connected()
    market.play_and_check(25 * 5)
    assert market.check(25)["close"].iloc[-1] == float(market.server.bars[23].close)
    assert market.live.status().reconnects == 0


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
@pytest.mark.parametrize("away", [0, 1, 4, 5, 7, 10, 38])
def test_a_cut(market, where, away):
    market = market()
    market.open()
    market.connected()
    market.play(3 * 5 + where)
    market.check()
    market.cut()
    market.check()
    market.play(away, heard=False)
    # Nothing was heard, so no time has passed, and the archive's newer bars are not shown.
    heard = market.steps - away
    market.check(now=int(market.server.bars[(heard - 1) // 5].open_time))
    market.let_in()
    market.check(now=int(market.server.bars[(heard - 1) // 5].open_time))
    market.play_and_check(11)
    assert market.live.status().epoch == 2


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_many_cuts_at_the_same_place_of_a_bar(market, where):
    market = market()
    market.open()
    market.connected()
    for away in (0, 0, 2, 5, 11):
        market.play(5 - market.steps % 5 + where)
        market.check()
        market.outage(away)
        market.play_and_check(2)
    market.play_bars(2)
    market.check(200)


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_night(market, seed):
    chance = random.Random(seed)
    market = market()
    market.open()
    market.connected()
    market.play(7)
    for _ in range(15):
        market.outage(chance.choice([0, 0, 1, 2, 3, 5, 8, 13, 21]))
        market.play(chance.randint(1, 12))
        market.check(chance.choice([1, 2, 5, 20, 60]))
    assert market.live.status().epoch == 16
    market.play_bars(2)
    market.check(400)


def test_cut_again_before_anything_came(market):
    market = market()
    market.open()
    market.connected()
    market.play(17)
    for _ in range(3):
        market.outage(6)
        market.check(now=market.server.bars[3].open_time)
    market.play_and_check(12)


def test_two_cuts_in_one_bar(market):
    market = market()
    market.open()
    market.connected()
    market.play(16)
    market.outage(0)
    market.play_and_check(1)
    market.outage(0)
    market.play_and_check(8)
    assert market.live.status().counters.get("holes", 0) == 0


def test_the_half_state_of_an_interrupted_bar_is_never_shown(market, rows):
    market = market()
    market.open(archive=False, on_stale="mark")
    market.connected()
    market.play(3 * 5 + 2)
    half = market.live.cache.get_latest_bar("BTCUSDT", "1h")
    assert half.exact("volume") != rows[33]["volume"]
    market.outage(20)
    for _ in range(12):
        market.play()
        frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
        bars = market.adapter.get_history("BTCUSDT", 20)
        assert half.open_time not in bars.open_times
        assert half.volume not in frame["volume"].tolist()
    # It is still there, in its half state, and still not closed.
    assert [bar.closed for bar in market.live.cache.get_bars("BTCUSDT", "1h") if bar.open_time == half.open_time] == [
        False
    ]


def test_a_server_that_is_down_at_first(market):
    market = market()
    market.server.refuse()
    market.open()
    wait_until(lambda: market.server.refused >= 2)
    # The context tells the time as long as the feed does not.
    market.check(now=market.server.bars[0].open_time)
    market.server.refuse(False)
    market.connected()
    market.play_and_check(12)


def test_a_market_by_the_clock_and_a_strategy_that_is_called_for_every_bar_that_closes(market, rows):
    market = market(manual=False, rate=100, limit=120, drop_at="50.5", drop_for=20)
    session = market.open()
    events: queue.Queue[wealthsources.Event] = queue.Queue()
    session.subscribe(events.put)
    asked: list[int] = []
    while len(asked) < 2 or asked[-1] < market.server.bars[118].end:
        event = events.get(timeout=15)
        if event.kind != "bar" or not event.bar.closed:
            continue
        frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
        newest = int(frame.index[-1].value) // 1_000_000
        assert event.bar.end <= newest <= market.server.bars[min(market.server.position, 119)].open_time
        market.compare(frame, market.due(20, newest))
        asked.append(event.bar.end)
    assert asked == sorted(set(asked))
    assert 50 <= len(asked) <= 120
    assert session.status().sources["live"].reconnects == 1


def test_the_repositorys_own_configuration(market, monkeypatch):
    market = market()
    monkeypatch.setenv("WEALTHSOURCES_CLOCK", "feed")
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", market.server.url)
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", TOKEN)
    monkeypatch.setenv("WEBSOCKET_SYMBOLS", "BTCUSDT")
    monkeypatch.setenv("WEBSOCKET_RESOLUTIONS", "1h")
    market.open(ROOT / "config.yaml")
    market.connected()
    market.play_and_check(12)
    market.outage(17)
    market.play_and_check(12)
    assert list(market.session.sources) == ["live", "context", "archive"]


def test_the_context_is_bound_by_the_strategys_engine_for_every_bar(market, rows):
    """An engine that makes a new context per bar, with the bars up to then, and states the mode."""
    market = market()
    market.open(bind=False)
    market.connected()
    for number in range(1, 9):
        if number == 5:
            market.outage(8)
        market.play_bars()
        heard = (market.steps - 1) // 5
        wealthdata.set_context(type(market.context())(rows[: 30 + heard]), mode="live")
        market.check()
        wealthdata.clear_context()
