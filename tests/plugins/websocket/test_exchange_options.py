"""What is said of an exchange, and what is wrong with it, before anything starts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols import BUILT_IN, known_protocols, load_protocol

KEYS = {"api_key": "a-key-of-a-user", "api_secret": "the-secret-of-a-user"}
#: A symbol that the rule of each exchange spells, where BTCUSDT is none.
SYMBOLS = {"coinbase": "BTC-USD", "alpaca": "AAPL", "massive": "AAPL", "deribit": "BTC-PERPETUAL", "hyperliquid": "BTC"}
EXCHANGES = [name for name in BUILT_IN if name != "wealthai"]


def options(protocol: str, **changes: Any) -> WebSocketOptions:
    given = {"symbols": [SYMBOLS.get(protocol, "BTCUSDT")], "resolutions": ["5m" if protocol == "coinbase" else "1m"]}
    keys = {"alpaca": KEYS, "massive": {"api_key": KEYS["api_key"]}}.get(protocol, {})
    return WebSocketOptions(protocol=protocol, **given | keys | changes)


def refusal(protocol: str, **changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        options(protocol, **changes)
    return str(caught.value)


# what an exchange brings itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", EXCHANGES)
def test_symbols_and_timeframes_are_all_that_must_be_said(protocol):
    chosen = options(protocol)
    kind = load_protocol(protocol)
    assert chosen.market == kind.default_market
    assert chosen.endpoints == chosen.make_protocol().endpoints()
    assert chosen.make_protocol().environment == "live"


@pytest.mark.parametrize("protocol", EXCHANGES)
def test_every_market_can_be_asked_for(protocol):
    kind = load_protocol(protocol)
    assert kind.default_market in kind.markets
    for market in kind.markets:
        made = kind(market=market)
        assert made.timeframes
        assert made.closes_by in ("flag", "successor")
        assert len(set(made.timeframes.values())) == len(made.timeframes)


def test_market_type_is_another_name_of_market():
    assert options("binance", market_type="usdm").market == options("binance", market="usdm").market_type == "usdm"
    assert "give market or market_type, not both" in refusal("binance", market="spot", market_type="spot")


def test_the_test_environment_has_other_addresses():
    assert options("binance", environment="test").endpoints == ("wss://stream.testnet.binance.vision/ws",)
    assert "no test environment" in refusal("kucoin", environment="test")


def test_a_host_is_not_connected_to_more_often_than_an_exchange_allows():
    assert options("kraken").connects_per_minute == 15
    assert options("binance").connects_per_minute == 20
    assert options("kraken", connects_per_minute=18).connects_per_minute == 18


# what is wrong -------------------------------------------------------------------------------------------------


def test_an_unknown_exchange_is_told_with_those_that_are_known():
    said = refusal("binanse")
    assert all(name in said for name in known_protocols())


def test_an_unknown_market_is_told_with_those_that_there_are():
    assert "binance has no market 'coinm', only spot and usdm" in refusal("binance", market="coinm")


def test_a_timeframe_off_our_grid_is_told_with_what_it_is_made_of():
    said = refusal("kucoin", resolutions=["1m", "1w"])
    assert "kucoin does not stream 1w on our grid" in said
    assert "ask for 1d, of which 1w is made" in said


def test_nothing_is_made_of_coarser_bars():
    said = refusal("coinbase", resolutions=["1m"])
    assert "coinbase does not stream 1m on our grid, only 5m" in said
    assert "ask for" not in said


def test_a_symbol_that_cannot_be_spelled_is_told_with_the_remedy():
    assert "write it like BTC-USDT, or map it: symbols: {ABCXYZ: …}" in refusal("okx", symbols=["ABCXYZ"])


def test_a_map_says_what_a_rule_cannot():
    chosen = options("okx", symbols={"ABCXYZ": "ABC-XYZ", "BTCUSDT": None})
    assert chosen.symbols == ("ABCXYZ", "BTCUSDT")
    assert [chosen.spell(symbol, chosen.make_protocol()) for symbol in chosen.symbols] == ["ABC-XYZ", "BTC-USDT"]


def test_two_symbols_that_are_one_to_the_exchange_are_told():
    assert "BTCUSDT and BTC-USDT are both 'BTC-USDT' to okx" in refusal("okx", symbols=["BTCUSDT", "BTC-USDT"])


def test_contracts_of_unknown_size_are_told_with_the_remedy():
    said = refusal("mexc", market="perps", symbols=["BTC_USDT"])
    assert "mexc perps states volume in contracts" in said
    assert "contract_sizes: {BTC_USDT: '0.001'}" in said


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC_USDT"])
def test_a_contract_size_is_exact_and_may_be_said_of_our_symbol_or_the_servers(symbol):
    chosen = options("mexc", market="perps", contract_sizes={symbol: "0.0001"})
    assert chosen.make_protocol().contract_sizes == {"BTC_USDT": Decimal("0.0001")}


def test_one_contract_has_one_size():
    sizes = {"BTC_USDT": "0.0001", "BTCUSDT": "0.001"}
    assert "contract_sizes: BTCUSDT is there twice" in refusal("mexc", market="perps", contract_sizes=sizes)


def test_two_names_of_one_stream_are_told_whatever_their_case():
    assert "A and B are both 'btcusdt' to binance" in refusal("binance", symbols={"A": "BTCUSDT", "B": "btcusdt"})


def test_other_series_are_checked_like_the_first_ones():
    chosen = options("kraken")
    assert chosen.with_series(["ETHUSDT"], ["5m"]).symbols == ("ETHUSDT",)
    with pytest.raises(ValueError, match="kraken does not stream 1w on our grid"):
        chosen.with_series(["ETHUSDT"], ["1w"])
    with pytest.raises(ValueError, match="write it like BTC-USDT"):
        chosen.with_series(["ABCXYZ"], ["1m"])


def test_a_test_server_of_ones_own_may_stand_where_the_exchange_has_none():
    url = "https://mine.example/token"
    assert options("kucoin", environment="test", endpoint=url).endpoints == (url,)


def test_whom_to_ask_is_asked_through_the_proxy_of_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    chosen = options("kucoin", proxy="env")
    assert chosen.proxy_for(chosen.endpoint) == chosen.proxy_for("wss://x/") == "http://proxy.example:3128"


def test_a_contract_size_is_above_zero():
    assert "contract_sizes" in refusal("mexc", market="perps", contract_sizes={"BTC_USDT": "0"})


@pytest.mark.parametrize("protocol", ["kraken", "bitget", "binance"])
def test_forming_bars_are_never_taken_for_closed_ones(protocol):
    assert f"bar_push: {protocol} pushes bars while they form" in refusal(protocol, bar_push="closed")


@pytest.mark.parametrize(
    ("protocol", "endpoint", "scheme"),
    [("kucoin", "wss://ws.example/", "https"), ("binance", "https://rest.example/", "wss")],
)
def test_an_address_is_of_the_kind_that_the_exchange_is_reached_by(protocol, endpoint, scheme):
    assert f"endpoint: must be an address like {scheme}://host:port/path" in refusal(protocol, endpoint=endpoint)


def test_whom_to_ask_is_not_asked_in_the_clear():
    assert "is asked over https://, or on this machine" in refusal("kucoin", endpoint="http://far.example/token")
    assert options("kucoin", endpoint="http://127.0.0.1:9/token").endpoint == "http://127.0.0.1:9/token"


# credentials ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["api_key", "api_secret"])
def test_a_credential_that_is_missing_is_named(missing):
    keys = {name: "" if name == missing else value for name, value in KEYS.items()}
    assert f"alpaca wants {missing}; set it, or {missing}_file" in refusal("alpaca", **keys)


def test_an_exchange_that_wants_none_is_given_none():
    said = refusal("binance", api_key=KEYS["api_key"])
    assert "binance wants no credential; take it out" in said
    assert KEYS["api_key"] not in said


def test_key_and_csrf_token_are_one_option():
    assert options("massive").read_token() == KEYS["api_key"]
    assert "give csrf_token or api_key, not both" in refusal("massive", csrf_token="another-one")


def test_a_secret_may_be_read_from_a_file(tmp_path):
    (tmp_path / "secret").write_text("  a-secret-of-a-file\n")
    chosen = options("alpaca", api_secret="", api_secret_file=str(tmp_path / "secret"))
    assert chosen.read_secret() == "a-secret-of-a-file"
    assert "give api_secret or api_secret_file, not both" in refusal("alpaca", api_secret_file="secret")


def test_neither_of_them_is_shown():
    shown = repr(options("alpaca")) + str(options("alpaca"))
    assert not any(value in shown for value in KEYS.values())


@pytest.mark.parametrize("name", ["api_key", "api_secret"])
def test_one_that_is_too_short_to_be_kept_secret_is_refused(name):
    assert f"{name} has fewer than 8 characters" in refusal("alpaca", **{name: "short"})
