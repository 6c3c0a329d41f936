"""The market: what is true, and what of it was played."""

from __future__ import annotations

import json
import threading

import pytest

from wealthsources_simulator import Market, SimulatorError, WealthAI
from wealthsources_simulator.exchanges.catalogue import make_exchange

from ...support.bars import HOUR
from ...support.markets import SAMPLE
from .clients import BEGINNING, BTC, ETH
from .numbered import make_bar


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


def test_a_market_of_a_timeframe_that_its_exchange_does_not_have_cannot_be_made():
    with pytest.raises(SimulatorError, match="deribit has no bars of 4h"):
        Market.made(timeframe="4h", exchange=make_exchange("deribit"))


def test_who_waits_for_a_message_is_woken_by_the_playing(market):
    threading.Timer(0.01, market.play).start()
    assert market.wait(0, timeout=10)
    assert not market.wait(10**6, timeout=0.001)


def quiet(**changes):
    return Market({BTC: [make_bar(0), make_bar(1, volume="0"), make_bar(2)]}, updates=1, **changes)


class Silent(WealthAI):
    quiet = "nothing"
    present = True


class Owing(WealthAI):
    quiet = "with the next"


class Done(WealthAI):
    forming = False


@pytest.mark.parametrize(
    ("kind", "numbers", "closed"),
    [
        (WealthAI, [0, 0, 1, 1, 2], [0, 1]),
        (Silent, [0, 0, 2], [0]),
        (Owing, [0, 0, 1, 2], [0, 1]),
        (Done, [0, 1], [0]),
    ],
)
def test_what_is_pushed_of_a_bar_is_for_the_exchange_to_say(kind, numbers, closed):
    market = quiet(exchange=kind())
    market.play(2.5)
    pushed = [json.loads(one.text)["open_time"] // HOUR for one in market.messages_since(0)]
    assert pushed == numbers
    assert [bar.open_time // HOUR for bar in market.closed(BTC)] == closed


def test_where_only_closed_bars_are_pushed_the_newest_state_is_one():
    market = quiet(exchange=Done("x"))
    market.play(1.5)
    bar, closed = market.state(BTC, market.length)
    assert (bar, closed) == (make_bar(0), True)


def test_a_snapshot_can_have_the_bar_in_progress_and_no_quiet_one():
    market = quiet(exchange=Silent(), snapshot=5)
    market.play(2.5)
    snapshot = [json.loads(text) for text in market.join([BTC]).snapshot]
    assert [(one["open_time"] // HOUR, one["volume"]) for one in snapshot] == [(0, "100.00"), (2, "50.00")]
    market.play(1)
    assert [json.loads(text)["open_time"] // HOUR for text in market.join([BTC]).snapshot] == [0, 2]


def test_a_flag_can_only_be_late_where_there_is_one():
    with pytest.raises(SimulatorError, match="flag_late is for an exchange that says that a bar is closed"):
        quiet(flag_late=1)
    market = quiet(exchange=WealthAI("x"), flag_late=1)
    market.play(10)
    assert [json.loads(one.text)["x"] for one in market.messages_since(0)] == [False, False, True, False, True, True]
    assert len(market.closed(BTC)) == 3
