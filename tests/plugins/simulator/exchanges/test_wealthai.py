"""How the WealthAI server speaks."""

from __future__ import annotations

import json

import pytest

from wealthsources_simulator import Market, WealthAI
from wealthsources_simulator.errors import SimulatorError

from ..numbered import HOUR, SERIES, make_bar


def test_a_bar_message_has_the_fields_of_the_wire() -> None:
    bar = make_bar(2)
    message = Market({SERIES: [bar]}, updates=0).message(SERIES, 0)
    assert json.loads(WealthAI().text(message)) == {
        "type": "BAR",
        "symbol": "BTCUSDT",
        "timeframe": "1h",
        "open_time": 2 * HOUR,
        "close_time": 3 * HOUR,
        "open": "10.0",
        "high": "12.50",
        "low": "9",
        "close": "11.0",
        "volume": "100.00",
    }


def test_the_closed_flag_tells_forming_from_final() -> None:
    market = Market({SERIES: [make_bar()]}, updates=2, exchange=WealthAI("x"))
    assert [market.message(SERIES, step)["x"] for step in range(3)] == [False, False, True]


def test_a_closed_flag_cannot_take_the_name_of_another_field() -> None:
    with pytest.raises(SimulatorError, match="'close' is already the name"):
        WealthAI("close")


def test_bars_of_a_snapshot_are_flagged_closed() -> None:
    market = Market({SERIES: [make_bar(number) for number in range(10)]}, exchange=WealthAI("x"), snapshot=2)
    market.play_steps(10)
    assert [json.loads(text)["x"] for text in market.join([SERIES]).snapshot] == [True, True]
