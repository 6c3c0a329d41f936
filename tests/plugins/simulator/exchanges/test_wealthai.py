"""How the WealthAI server speaks."""

from __future__ import annotations

import json

import pytest

from wealthsources_simulator import Market, WealthAI
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.base import Refused

from ....support.bars import HOUR
from ..numbered import SERIES, make_bar

CONNECT = {"type": "CONNECT", "csrf_token": "t", "symbols": ["BTCUSDT"], "resolutions": ["1h"]}


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


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"{}", "expected a text message"),
        ("no json", "expected a JSON object"),
        ([], "expected a JSON object"),
        ({"type": "PING"}, "expected a CONNECT message"),
        (CONNECT | {"csrf_token": "wrong"}, "wrong or missing csrf_token"),
        (CONNECT | {"symbols": "BTCUSDT"}, "symbols must be a list of text"),
        (CONNECT | {"resolutions": [1]}, "resolutions must be a list of text"),
    ],
)
def test_anything_but_a_proper_connect_is_refused_and_told_why(message, problem):
    with pytest.raises(Refused, match=f"^{problem}$"):
        WealthAI().check(message, "t")


@pytest.mark.parametrize(
    "message", [b"{}", "no json", [], {}, CONNECT | {"symbols": 1}, CONNECT | {"resolutions": [1]}]
)
def test_what_names_no_series_subscribes_to_none(message):
    assert WealthAI().series(message) == ()


def test_a_connect_subscribes_to_every_pair():
    connect = CONNECT | {"symbols": ["ETHUSDT", "BTCUSDT"], "resolutions": ["1h", "1m"], "request_id": 7}
    WealthAI().check(connect, None)
    assert WealthAI().subscribes(connect)
    pairs = [(symbol, timeframe) for symbol in ("BTCUSDT", "ETHUSDT") for timeframe in ("1h", "1m")]
    assert WealthAI().series(connect) == tuple(pairs)
    assert WealthAI().acknowledgement(connect) == {"type": "CONNECTED", "request_id": 7}
