"""Rows E: texts that say the wrong thing."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import MarketServer, SimulatorError

from ....support.bars import HOUR
from ....support.waiting import wait_until
from ..clients import BEGINNING, BTC, TEXT
from ..subscribing import make_market, subscribe


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("not-json", '{"type": "BAR", "symbol": '),
        ("no-object:[]", "[]"),
        ("unknown-type", '{"type": "WEATHER", "symbol": "BTCUSDT", "text": "sunny"}'),
        ("error-while-streaming:stop it", '{"type": "ERROR", "message": "stop it"}'),
    ],
)
def test_a_text_can_be_no_bar(joined, script, text):
    assert joined(script).frame() == (TEXT, text.encode())


def test_a_bar_can_say_its_close_twice(market, joined):
    pairs = json.loads(joined("duplicate-keys").frame()[1], object_pairs_hook=list)
    first, second = (value for name, value in pairs if name == "close")
    assert first == market.now(BTC, 0)["close"]
    assert second == market.now(BTC, 0)["low"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_price_can_be_a_literal_that_json_does_not_know(joined, literal):
    assert f'"close": {literal}'.encode() in joined(f"nan:{literal}").frame()[1]


def test_lists_can_be_nested_deeply(joined):
    assert b"[" * 500 + b"]" * 500 in joined("deep-nesting:500").frame()[1]


@pytest.mark.parametrize(
    ("script", "changes"),
    [
        ("null-field:high", {"high": None}),
        ("wrong-type:symbol", {"symbol": {"value": 1}}),
        ("odd-price:1e400", {"close": "1e400"}),
        ("odd-price:", {"close": ""}),
        ("impossible-bar:off-grid", {"open_time": BEGINNING + 1}),
        ("impossible-bar:seconds", {"open_time": BEGINNING // 1000, "close_time": (BEGINNING + HOUR) // 1000}),
        ("impossible-bar:close-time-999", {"close_time": BEGINNING + HOUR - 1}),
        ("odd-names:both", {"resolution": "1h"}),
        ("odd-names:upper-unit", {"timeframe": "1H"}),
        ("odd-names:dashed-symbol", {"symbol": "BTC-USDT"}),
        ("unsolicited", {"symbol": "NOBODYASKED"}),
        ("number:symbol", {"symbol": 1}),
    ],
)
def test_a_bar_can_be_wrong_in_one_way(market, joined, script, changes):
    assert joined(script).message() == market.now(BTC, 0) | changes


@pytest.mark.parametrize("kind", ["high-below-low", "close-outside", "open-outside", "zero-price", "negative-price"])
def test_an_impossible_bar_breaks_the_rules_of_prices(joined, kind):
    bar = joined(f"impossible-bar:{kind}").message()
    o, h, l, c = (Decimal(bar[name]) for name in ("open", "high", "low", "close"))  # noqa: E741
    assert not 0 < l <= min(o, c) <= max(o, c) <= h


def test_a_field_can_be_missing(market, joined):
    bar = market.now(BTC, 0)
    del bar["volume"]
    assert joined("missing-field:volume").message() == bar


def test_a_price_can_be_a_number(market, joined):
    assert f'"close": {market.now(BTC, 0)["close"]},'.encode() in joined("number:close").frame()[1]


def test_a_bar_of_the_month_lies_on_the_grid_of_the_minute(joined):
    bar = joined("odd-names:month").message()
    assert bar["timeframe"] == "1M"
    assert Timeframe("1M").opens_at(bar["open_time"])
    assert Timeframe("1m").opens_at(bar["open_time"])


def test_a_bar_can_be_of_a_timeframe_that_nobody_asked_for(market, joined):
    bar = joined("unsolicited:timeframe").message()
    opens = Timeframe("1m").floor(BEGINNING)
    times = {"timeframe": "1m", "open_time": opens, "close_time": opens + 60_000}
    assert bar == market.now(BTC, 0) | times


def test_an_exchange_with_one_timeframe_has_no_other(client):
    with MarketServer(make_market("coinbase"), ["unsolicited:timeframe"]) as server:
        one = client(server)
        one.upgrade("/")
        subscribe(one, "coinbase")
        wait_until(lambda: server.failures)
        assert isinstance(server.failures[0], SimulatorError)


@pytest.mark.parametrize("name", ["binance", "kraken"])
def test_an_impossible_bar_is_told_in_the_words_of_the_exchange(serve, client, name):
    market = make_market(name)
    one = client(serve("impossible-bar:zero-price", market=market))
    one.upgrade(market.exchange.path)
    subscribe(one, name)
    text = b""
    while b'"kline"' not in text and b'"update","timestamp"' not in text.replace(b" ", b""):
        text = one.frame()[1]
    assert b'"l": "0"' in text or b'"low": 0,' in text
