"""The market: what is true, and what of it was played."""

from __future__ import annotations

import json
import threading

import pytest

from wealthsources_simulator import Market, SimulatorError, WealthAI

from ...support.bars import HOUR
from ...support.markets import SAMPLE
from .clients import BEGINNING, BTC, ETH


@pytest.mark.parametrize(("position", "whole", "closed"), [(0, 0, 0), (0.5, 0, 0), (1, 1, 0), (1.4, 1, 1), (3, 3, 2)])
def test_a_bar_is_closed_once_its_successor_began(market, position, whole, closed):
    market.play(position)
    assert len(market.all(BTC)) == whole
    assert len(market.closed(BTC)) == closed


def test_with_a_flag_a_bar_is_closed_with_its_final_values():
    market = Market.made(exchange=WealthAI("x"))
    market.play(3)
    assert market.closed(BTC) == market.all(BTC)
    assert [json.loads(played.text)["x"] for played in market.messages_since(0)][:5] == [False] * 4 + [True]


def test_what_is_played_of_several_series_goes_out_in_the_order_of_its_times(market):
    market.play(2)
    played = [(one.series, one.bar.open_time, one.final) for one in market.messages_since(0)]
    bar = [(BTC, False), (ETH, False), (BTC, False), (ETH, False), (BTC, True), (ETH, True)]
    assert played == [(series, BEGINNING + place * HOUR, end) for place in (0, 1) for series, end in bar]


def test_playing_goes_on_where_it_stopped_and_ends_with_the_bars(market):
    market.play(0.5)
    market.play_steps(2)
    assert len(market.all(BTC)) == 1
    assert not market.finished
    market.play(1000)
    assert market.finished
    assert market.length == 20 * 3 * 2
    market.play(1)
    assert market.length == 20 * 3 * 2


def test_a_market_from_a_file_has_its_bars():
    market = Market.from_csv(SAMPLE, "BTCUSDT", "1h", updates=0)
    market.play(3)
    assert json.loads(market.messages_since(2)[0].text)["close"] == market.all(BTC)[2].close


def test_a_market_of_no_timeframe_cannot_be_made():
    with pytest.raises(SimulatorError, match="'7h' is not a timeframe"):
        Market.made(timeframe="7h")


def test_who_waits_for_a_message_is_woken_by_the_playing(market):
    threading.Timer(0.01, market.play).start()
    assert market.wait(0, timeout=10)
    assert not market.wait(10**6, timeout=0.001)
