"""The text of a first configuration."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from wealthsources.cli.first_config import FirstConfig
from wealthsources.config.yaml_document import parse

PLAIN = FirstConfig("binance", ["BTCUSDT", "ETHUSDT"], ["1m", "1h"])


def sources(wanted: FirstConfig) -> list:
    return parse(wanted.text(), "c.yaml", dict.fromkeys(wanted.variables, "a-key")).value["sources"]


def test_it_has_the_live_source_the_context_and_the_history():
    live, context, history = sources(PLAIN)
    assert live["options"] == {"protocol": "binance", "symbols": ["BTCUSDT", "ETHUSDT"], "resolutions": ["1m", "1h"]}
    assert context == {"plugin": "context"}
    assert (history["plugin"], history["optional"], history["options"]) == ("ccxt", True, {"exchange": "binance"})


def test_without_history_its_plugin_is_not_allowed_either():
    wanted = dataclasses.replace(PLAIN, history=False)
    assert [each["plugin"] for each in sources(wanted)] == ["websocket", "context"]
    assert yaml.safe_load(wanted.text())["plugins"] == {"allow": ["websocket", "context"]}


def test_market_environment_and_endpoint_are_said_where_they_are_given():
    wanted = dataclasses.replace(PLAIN, market="usdm", environment="test", endpoint="ws://127.0.0.1:1/x")
    live, _, history = sources(wanted)
    assert {name: live["options"][name] for name in ("market", "environment", "endpoint")} == {
        "market": "usdm",
        "environment": "test",
        "endpoint": "ws://127.0.0.1:1/x",
    }
    assert history["options"] == {"exchange": "binance", "market": "usdm"}


def test_credentials_come_from_the_environment():
    wanted = FirstConfig("alpaca", ["SPY"], ["1m"], credentials=["api_key", "api_secret"])
    assert wanted.variables == ("ALPACA_API_KEY", "ALPACA_API_SECRET")
    live, _, history = sources(wanted)
    assert live["options"]["api_secret"] == history["options"]["secret"] == "a-key"


@pytest.mark.parametrize(
    "symbol", ["600519.XSHG", "NO", "123", "BTC/USDT", "*", "a: b", "${HOME}", "a#b", "'", "比特币"]
)
def test_any_symbol_is_read_back_as_it_is(symbol):
    assert sources(dataclasses.replace(PLAIN, symbols=[symbol]))[0]["options"]["symbols"] == [symbol]


def test_no_line_is_wider_than_a_page():
    assert max(map(len, PLAIN.text().splitlines())) <= 120
