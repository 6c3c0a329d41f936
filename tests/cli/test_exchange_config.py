"""The configuration of an exchange that is named on the command line."""

from __future__ import annotations

import pytest

from wealthsources import ConfigError
from wealthsources.cli import exchange_config as exchange_config_module
from wealthsources.cli.exchange_config import (
    Exchange,
    exchange_config,
    exchange_settings,
    history_is_installed,
    why_no_history,
)
from wealthsources.config.settings import Config


def test_the_live_protocol_comes_first_then_its_history():
    live, history = exchange_settings(Exchange("okx", "swap"), ["BTCUSDT"], ["1m", "5m"], history=True)["sources"]
    options = {"protocol": "okx", "market": "swap", "symbols": ["BTCUSDT"], "resolutions": ["1m", "5m"]}
    assert live == {"name": "okx", "plugin": "websocket", "options": options}
    asked = {"exchange": "okx", "market": "swap"}
    assert history == {"name": "okx-history", "plugin": "ccxt", "optional": True, "options": asked}


def test_what_is_not_said_is_left_to_the_exchange():
    (live,) = exchange_settings(Exchange("okx"), ["BTCUSDT"], ["1m"], history=False)["sources"]
    assert sorted(live["options"]) == ["protocol", "resolutions", "symbols"]


def test_where_it_is_may_be_said():
    exchange = Exchange("okx", None, "test", "ws://127.0.0.1:1")
    (live,) = exchange_settings(exchange, ["BTCUSDT"], ["1m"], history=False)["sources"]
    assert (live["options"]["environment"], live["options"]["endpoint"]) == ("test", "ws://127.0.0.1:1")


@pytest.mark.parametrize("exchange", [Exchange("okx", environment="test"), Exchange("okx", endpoint="ws://h")])
def test_the_history_of_the_real_exchange_is_none_of_another_servers(exchange):
    assert not exchange.may_have_history
    assert Exchange("okx", "swap").may_have_history


def test_whether_there_is_a_history_is_known_without_importing_it(distribution, monkeypatch):
    monkeypatch.setattr(exchange_config_module, "_HISTORY_PLUGIN", "zhistory")
    assert not history_is_installed()
    distribution("zone", sources="zhistory = zhistory_module", zhistory_module="raise RuntimeError")
    assert history_is_installed()


@pytest.mark.parametrize(
    "entry", ["zhistory = no_such_module_of_ours", "zhistory = zhistory_module [no_such_module_of_ours]"]
)
def test_a_history_that_lacks_something_is_none(distribution, monkeypatch, entry):
    monkeypatch.setattr(exchange_config_module, "_HISTORY_PLUGIN", "zhistory")
    distribution("zone", sources=entry, zhistory_module="")
    assert not history_is_installed()


def test_why_there_is_no_history_is_said_without_a_place_in_a_file():
    behind = {"name": "acme-history", "plugin": "ccxt", "optional": True, "options": {"exchange": "acme"}}
    config = Config.from_mapping({"sources": [{"plugin": "context"}, behind]}, where="acme")
    why = why_no_history(config)
    assert why.startswith("acme: ccxt ")
    assert "has no exchange 'acme'" in why
    assert "\n" not in why
    assert why_no_history(exchange_config(Exchange("okx"), ["BTCUSDT"], ["1m"], history=True)) is None


# mistakes ----------------------------------------------------------------------------------------------------------


def refusal(name: str, symbol: str = "BTCUSDT", timeframe: str = "1m", **said: str) -> str:
    with pytest.raises(ConfigError) as caught:
        exchange_config(Exchange(name, **said), [symbol], [timeframe])
    text = str(caught.value)
    assert "sources[" not in text
    return text


def test_an_unknown_exchange_is_told_with_the_nearest_and_all():
    text = refusal("binanc")
    assert text.startswith("binanc: there is no exchange 'binanc' here; did you mean 'binance'? known: alpaca, ")


def test_an_unknown_market_is_told_with_those_that_there_are():
    assert refusal("okx", market="futures") == "okx: okx has no market 'futures', only spot and swap"


def test_a_timeframe_that_is_not_streamed_is_told_with_what_it_is_made_of():
    assert refusal("kraken", timeframe="3m").endswith("ask for 1m, of which 3m is made")


def test_what_is_no_timeframe_is_told():
    assert "'7x' is not a timeframe" in refusal("kraken", timeframe="7x")


def test_a_symbol_that_does_not_tell_its_base_is_told():
    assert "write it like BTC-USDT" in refusal("kraken", "XYZ")


@pytest.mark.parametrize(
    ("name", "market", "wanted"), [("alpaca", "iex", "api_key"), ("mexc", "perps", "contract_sizes")]
)
def test_what_only_a_file_can_say_is_sent_there(name, market, wanted):
    text = refusal(name, market=market)
    assert wanted in text
    assert text.endswith("write a configuration like those of examples/exchanges, --config)")


def test_an_address_that_is_none_is_told():
    assert "endpoint: must be an address like wss://host:port/path" in refusal("okx", endpoint="nowhere")
