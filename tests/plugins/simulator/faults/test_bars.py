"""Rows F: proper bars in the wrong number, order or time."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import Market, WealthAI

from ....support.bars import HOUR
from ..clients import BEGINNING, BTC, ETH, seen, truth


def test_many_updates_of_one_bar_grow_towards_it(market, joined):
    messages = joined("many-updates:50").messages(50)
    volumes = [Decimal(message["volume"]) for message in messages]
    assert {message["open_time"] for message in messages} == {BEGINNING}
    assert volumes == sorted(volumes)
    assert len(set(volumes)) > 40


@pytest.mark.parametrize("flag", [None, "x"])
def test_an_update_can_follow_the_closed_flag(flag, joined):
    market = Market.made(exchange=WealthAI(flag))
    market.play(2)
    client = joined("update-after-close", market=market)
    closed, update = client.messages(2)
    assert closed.pop(flag or "is_closed") is True
    assert (flag or "is_closed") not in update
    assert closed["close"] == market.all(BTC)[1].close
    assert closed["open_time"] == update["open_time"]
    assert Decimal(update["volume"]) < Decimal(closed["volume"])


def test_a_newer_update_after_the_flag_is_followed_by_the_truth(market, joined):
    market.play(2)
    closed, update, truth_again = joined("update-after-close:newer").messages(3)
    assert update["close"] == update["low"]
    assert truth_again == closed


def test_messages_can_come_more_than_once(market, joined):
    market.play(1)
    client = joined("duplicates:3")
    market.play(1)
    messages = client.messages(12)
    assert messages[:3] == [messages[0]] * 3
    assert [messages.count(message) for message in messages] == [3] * 12


def test_an_older_bar_can_follow_a_newer_one_with_another_close(market, joined):
    market.play(2)
    newer, other, older = joined("older-after-newer").messages(3)
    assert [newer["open_time"], older["open_time"]] == [BEGINNING + HOUR, BEGINNING]
    assert other["close"] != older["close"]
    assert other | {"close": older["close"]} == older


def test_a_fault_that_needs_whole_bars_follows_until_there_are_some(market, joined):
    client = joined("older-after-newer")
    market.play(3)
    places = [(message["open_time"] - BEGINNING) // HOUR for message in client.messages(6 + 3 + 3)]
    assert places == [0, 0, 0, 1, 1, 1, *(1, 0, 0), 2, 2, 2]


def test_bars_can_be_left_out(market, joined):
    client = joined("skip-bars:2", subscription={"symbols": ["BTCUSDT", "ETHUSDT"]})
    market.play(5)
    messages = client.messages(2 * 3 * 3)
    for symbol, series in (("BTCUSDT", BTC), ("ETHUSDT", ETH)):
        mine = [message for message in messages if message["symbol"] == symbol]
        bars = market.all(series)
        assert seen(mine) == truth([bars[0], bars[3], bars[4]])


def test_a_cut_can_come_in_the_middle_of_a_bar(market, joined):
    client = joined("cut-mid-bar:2")
    market.play(4)
    messages = client.messages(7)
    assert client.file.read() == b""
    assert seen(messages)[:2] == truth(market.all(BTC))[:2]
    assert seen(messages)[2] != truth(market.all(BTC))[2]


def test_a_bar_can_come_from_the_future(joined):
    bar = joined("future-bar:3").message()
    assert 2 * HOUR < bar["open_time"] - time.time() * 1000 <= 3 * HOUR
    assert Timeframe("1h").opens_at(bar["open_time"])


@pytest.mark.parametrize("name", ["burst", "shuffled", "reversed"])
def test_all_whole_bars_can_come_in_any_order(market, joined, name):
    market.play(10.5)
    messages = joined(name).messages(10)
    times = [message["open_time"] for message in messages]
    assert seen(messages) == truth(market.all(BTC))
    assert (times == sorted(times)) == (name == "burst")
    assert (times == sorted(times, reverse=True)) == (name == "reversed")


def test_bars_can_come_of_symbols_that_nobody_asked_for(joined):
    symbols = {message["symbol"] for message in joined("unasked-symbols:20").messages(20)}
    assert len(symbols) == 20
    assert "BTCUSDT" not in symbols
