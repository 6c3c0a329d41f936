from __future__ import annotations

import pydantic
import pytest

import wealthsources
from wealthsources import ConfigError
from wealthsources_ccxt.options import CcxtOptions, check_endpoint


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"exchange": "binanse"}, "has no exchange 'binanse'; did you mean 'binance'?"),
        ({"exchange": "nyse-of-1792"}, "has no exchange 'nyse-of-1792'"),
        ({"exchange": "bitflyer"}, "no history of bars of bitflyer"),
        ({"exchange": "binance", "market": "perps"}, "market: binance has no 'perps' here; known: spot, usdm"),
        ({"exchange": "kucoin", "market": "futures"}, "known: spot"),
        ({"exchange": "masive"}, "has no exchange 'masive'; did you mean 'massive'?"),
        ({"exchange": "alpaca_stocks"}, "has no exchange 'alpaca_stocks'"),
        ({"exchange": "alpaca", "market": "test"}, "has no 'test' here; known: iex, sip, delayed_sip, crypto"),
        ({"exchange": "okx", "endpoint": "http://example.org"}, "in the clear"),
        ({"exchange": "okx", "endpoint": "ftp://example.org"}, "must be an address"),
        ({"exchange": "okx", "endpoint": "http://127.0.0.1/path"}, "must be an address"),
        ({"exchange": "okx", "endpoint": "http://[::1"}, "must be an address"),
        ({"exchange": "okx", "timeout": 0}, "greater than 0"),
        ({"exchange": "okx", "api_kay": "x"}, "Extra inputs"),
    ],
)
def test_a_wrong_option_is_told_with_its_remedy(options, told):
    with pytest.raises(pydantic.ValidationError, match=told.replace("?", r"\?")):
        CcxtOptions(**options)


@pytest.mark.parametrize(
    ("exchange", "market"),
    [("binance", "usdm"), ("okx", "swap"), ("bybit", "linear"), ("gate", "perps"), ("bitget", "usdt-futures")],
)
def test_the_exchanges_own_word_for_a_market(exchange, market):
    assert CcxtOptions(exchange=exchange, market=market).word.kind == "swap"
    assert CcxtOptions(exchange=exchange).market == "spot"


def test_without_a_word_it_is_the_first_market_that_the_exchange_has():
    assert CcxtOptions(exchange="deribit").market == "future"


def test_credentials_are_never_shown():
    options = CcxtOptions(exchange="okx", api_key="abcdefgh1", secret="ijklmnop2", password="qrstuvwx3")
    assert options.credentials == {"apiKey": "abcdefgh1", "secret": "ijklmnop2", "password": "qrstuvwx3"}
    for shown in (repr(options), str(options), options.model_dump_json()):
        assert not any(secret in shown for secret in options.credentials.values())
    with pytest.raises(pydantic.ValidationError) as raised:
        CcxtOptions(exchange="okx", api_key=["abcdefgh1"])
    assert "abcdefgh1" not in str(raised.value)


def test_only_what_was_given_is_a_credential():
    assert CcxtOptions(exchange="okx").credentials == {}


def test_this_machine_may_be_asked_in_the_clear():
    assert check_endpoint("http://[::1]:8080/") == "http://[::1]:8080"
    assert CcxtOptions(exchange="okx", endpoint="http://example.org", allow_insecure=True).endpoint


def test_a_mistake_in_a_configuration_names_the_place():
    config = {"sources": [{"plugin": "ccxt", "options": {"exchange": "krakem"}}]}
    told = r"sources\[0\]\.options\.exchange.*did you mean 'kraken'"
    with pytest.raises(ConfigError, match=told), wealthsources.open(config):
        pass


def test_what_an_exchange_wants_and_is_not_set_is_lacking():
    assert CcxtOptions(exchange="okx").lacking == []
    assert CcxtOptions(exchange="alpaca", api_key="abcdefgh1").lacking == ["secret"]
    assert CcxtOptions(exchange="massive").lacking == ["api_key"]
