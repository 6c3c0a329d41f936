"""What can be wrong on the user's side, and at the exchange: each says what it is and what to do."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

import wealthsources
from wealthsources import AllSourcesFailed, NotHere, SourceError, Timeframe
from wealthsources.testing.fakes import LoneHost
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.okx import Okx

from .exchange import stage

KEYS = {"api_key": "key-abcdefghij", "secret": "secret-klmnopqr", "password": "words-stuvwx"}

NOT_INSTALLED = """
import sys
sys.modules["ccxt"] = None
import wealthsources
try:
    wealthsources.open({"sources": [{"plugin": "ccxt", "options": {"exchange": "binance"}}]}).__enter__()
except wealthsources.ConfigError as error:
    print(error)
"""


def test_ccxt_is_not_installed():
    done = subprocess.run([sys.executable, "-c", NOT_INSTALLED], capture_output=True, text=True, check=True, timeout=60)
    assert "pip install 'wealthsources[ccxt]'" in done.stdout


def test_a_symbol_that_the_exchange_does_not_have():
    with stage() as on, pytest.raises(NotHere, match="binance spot has no symbol 'BTCUSTD'; did you mean 'BTCUSDT'"):
        on.ask("BTCUSTD")


def test_a_perpetual_is_not_taken_for_the_spot_market():
    with stage(Okx(), exchange="okx", market="spot") as on, pytest.raises(NotHere, match="no symbol 'BTC-USDT-SWAP'"):
        on.ask("BTC-USDT-SWAP")


def test_a_timeframe_that_the_exchange_does_not_have():
    with stage(Okx(), exchange="okx") as on, pytest.raises(NotHere, match="okx has no 8h on our grid; it has 1m, 3m"):
        on.ask(frame=Timeframe("8h"))


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b'{"code":-2014,"msg":"API-key format invalid."}', "turned the key down .HTTP 401.: it is wrong or has"),
        (401, b'{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', "HTTP 401"),
        (
            400,
            b'{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}',
            "s (fast|slow); set it",
        ),
        (
            451,
            b'{"code":0,"msg":"Service unavailable from a restricted location"}',
            "from where this machine is .HTTP 451",
        ),
        (403, b"<html>Forbidden</html>", "HTTP 403"),
    ],
)
def test_the_exchange_turns_a_request_down(status, body, told):
    with stage(script=(faults.status(status, body),), **KEYS) as on:
        with pytest.raises(SourceError, match=told) as raised:
            on.ask()
        assert not any(key in str(raised.value) for key in KEYS.values())


def test_a_region_that_is_shut_out_is_told_while_the_markets_are_loaded(caplog):
    with stage(loaded=False) as on:
        on.source.stop()
        on.server.loading = faults.status(451)
        source = type(on.source)(on.source.options)
        source.start(LoneHost(on.clock))
        assert not source.wait_loaded(10)
        with pytest.raises(NotHere, match=r"binance: its markets could not be loaded yet: .*HTTP 451"):
            on._replace(source=source).ask()
        assert source.status().state == "loading"
        assert "HTTP 451" in source.status().reason
        source.stop()
    assert "HTTP 451" in caplog.text


def test_keys_are_in_nothing_that_is_shown(caplog):
    caplog.set_level(logging.DEBUG)
    echo = faults.status(401, b'{"code":-2014,"msg":"' + " ".join(KEYS.values()).encode() + b'"}')
    with stage(script=(echo,), **KEYS) as on:
        with pytest.raises(SourceError) as raised:
            on.ask()
        shown = f"{raised.value!r} {on.source!r} {on.source.options!r} {on.source.status()} {caplog.text}"
        assert "***" in shown
        assert not any(key in shown for key in KEYS.values())


@pytest.mark.parametrize("status", [429, 418])
def test_the_chain_leaves_alone_who_asks_for_it(status):
    with stage(script=(faults.too_many(60, status),)) as on:
        options = {"exchange": "binance", "endpoint": on.server.url}
        config = {"sources": [{"name": "history", "plugin": "ccxt", "options": options}]}
        with wealthsources.open(config) as session:
            adapter = session.adapter()
            assert session.sources["history"].wait_loaded(10)
            for told in ("left alone for 60 s", "not asked: it asked to be left alone"):
                with pytest.raises(AllSourcesFailed, match=told):
                    adapter.get_history("BTCUSDT", start=on.bars[0].open_time, timeframe="1m")
        assert len(on.server.pages) == 1
