from __future__ import annotations

from wealthsources import Timeframe
from wealthsources_simulator.history.base import Ask, Refusal, symbol_of, within
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.truth import Traded
from wealthsources_simulator.invented import invent_bars

BARS = invent_bars("X", Timeframe("1m"), 5, 1)


def test_arguments_are_read_as_numbers():
    ask = Ask("/", {"since": "12", "to": "3.0"})
    assert (ask.number("since"), ask.number("to"), ask.number("limit", 5), ask.number("x")) == (12, 3, 5, None)


def test_bounds_are_inclusive():
    assert within(BARS, BARS[1].open_time, BARS[3].open_time) == BARS[1:4]
    assert within(BARS, None, None) == BARS


def test_symbols_and_timeframes_are_found_by_the_exchanges_names():
    assert symbol_of([Traded("BTC/USDT", "BTC", "USDT", "")], "BTC-USDT", "-") == "BTC/USDT"
    assert symbol_of([], "BTC-USDT", "-") is None
    assert Binance().ours("1h") == "1h"
    assert Binance().ours("7m") == ""


def test_a_refusal_has_status_and_content():
    assert Refusal(400, {"a": 1}).status == 400
