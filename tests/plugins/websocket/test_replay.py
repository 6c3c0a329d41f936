"""Recorded frames of a websocket source, read again; the whole way is in tests/e2e/test_replay.py."""

from __future__ import annotations

import json

import pytest

from wealthsources import ConfigError
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.fakes import LoneHost
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols import BUILT_IN
from wealthsources_websocket.replay import WebSocketReplay
from wealthsources_websocket.source import WebSocketSource

from ...e2e.exchanges import ALL
from ...support.bars import at
from .live import closes

ACK = json.dumps({"type": "CONNECTED", "request_id": "1"})
WEALTHAI = {"endpoint": "ws://127.0.0.1:1", "symbols": ["BTCUSDT"], "resolutions": ["1h"]}


def facts_of(**options):
    return WebSocketSource(WebSocketOptions(**WEALTHAI | options)).frame_facts()


def started(facts=None, now=lambda: 1000.0):
    replay = WebSocketReplay(facts or facts_of(), now, lambda: 1_600_000_000.0)
    replay.source.start(LoneHost(FeedClock()))
    return replay


def bar(place, close="2", **more):
    said = {"symbol": "BTCUSDT", "timeframe": "1h", "open_time": at(place), "close_time": at(place + 1)}
    values = {"open": "1", "high": "9", "low": "1", "close": close, "volume": close}
    return json.dumps({"type": "BAR"} | said | values | more)


def bars(replay):
    return replay.source.cache.get_bars("BTCUSDT", "1h")


def test_what_was_said_on_a_connection_becomes_bars():
    replay = started()
    log = replay.begin(0)
    assert replay.source.status().state == "connecting"
    for text in (bar(0), ACK, bar(1, "3"), bar(2)):
        log.frame(text, incoming=True)
    log.frame(bar(3), incoming=False)
    assert (closes(bars(replay)), replay.source.status().state) == (["2", "3", "2"], "connected")
    assert [each.closed for each in bars(replay)] == [True, True, False]
    log.ended("reset: by the peer")
    log.frame(bar(4), incoming=True)
    status = replay.source.status()
    assert (len(bars(replay)), status.state, status.counters["lost.reset"]) == (3, "reconnecting", 1)


def test_nothing_is_dialled_and_in_the_end_it_is_disconnected():
    replay = started()
    replay.begin(0).frame(ACK, incoming=True)
    replay.turn()
    replay.finish("the recording is over")
    assert replay.source.status().state == "disconnected"
    assert "attempts" not in replay.source.status().counters
    replay.source.stop()


def test_a_connection_of_a_shard_that_is_not_known_is_not_heard():
    log = started().begin(7)
    log.frame(bar(0), incoming=True)
    log.ended("gone")


def test_before_it_is_started_there_is_nobody():
    replay = WebSocketReplay(facts_of(), lambda: 0.0, lambda: 0.0)
    replay.turn()
    replay.finish("over")


@pytest.mark.parametrize("exchange", ALL, ids=str)
def test_the_facts_of_each_exchange_are_enough(exchange):
    options = {"protocol": exchange.name, "market": exchange.market, "symbols": list(exchange.symbols)}
    source = WebSocketSource(WebSocketOptions(**options, resolutions=[exchange.timeframe], **exchange.live))
    facts = source.frame_facts()
    through_json = facts._replace(options=json.loads(json.dumps(facts.options)))
    replayed = WebSocketReplay(through_json, lambda: 0.0, lambda: 0.0).source
    assert replayed.frame_facts() == facts
    left_out = {"endpoint", "fallbacks", "csrf_token", "api_secret"}
    mine, theirs = (each.options.model_dump(exclude=left_out) for each in (replayed, source))
    assert mine == theirs


def test_our_own_spelling_and_a_session_that_was_told_more_is_read_too():
    facts = facts_of(symbols={"BTC": "BTCUSDT"}, bar_push="closed", corrections="reject")
    replay = started(facts._replace(options={**facts.options, "clock": "system", "unheard of": 1}))
    log = replay.begin(0)
    for text in (ACK, bar(0)):
        log.frame(text, incoming=True)
    assert [each.closed for each in replay.source.cache.get_bars("BTC", "1h")] == [True]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"protocol": "gone"}, "the protocol 'gone', which was recorded, is not installed"),
        ({"timeframes": ("7m",)}, "cannot be read by this version"),
        ({"options": {"bar_push": "both"}}, "cannot be read by this version"),
    ],
    ids=["protocol", "timeframe", "option"],
)
def test_what_cannot_be_read_here_is_an_error(changes, why):
    with pytest.raises(ConfigError, match=why):
        WebSocketReplay(facts_of()._replace(**changes), lambda: 0.0, lambda: 0.0)


def test_each_protocol_is_among_the_exchanges():
    assert set(BUILT_IN) - {each.name for each in ALL} <= {"wealthai"}
