from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from wealthsources.cli.plugin_commands import load, offers
from wealthsources_ccxt.main import app
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.gate import Gate

from .exchange import stage


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_without_a_pattern_the_kinds_of_markets_are_listed_and_nobody_is_asked():
    done = run("gate")
    assert done.exit_code == 0
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    assert [[cell.strip() for cell in line if cell][:5] for line in lines] == [
        ["market", "served by", "volume", "closed by", "quiet minute"],
        ["spot", "live", "units of the base", "flag", "pushed"],
        ["perps", "live", "contracts; say contract_sizes", "successor", "pushed"],
        ["spot", "history (ccxt)", "units of the base", "bar"],
        ["perps", "history (ccxt)", "contracts, made into units of the base", "bar"],
    ]


def test_what_there_is_no_history_of_is_listed_as_far_as_it_is_live():
    done = run("alpaca", "--market", "test")
    assert done.exit_code == 0
    assert ["test", "live"] in [line.split()[:2] for line in done.stdout.splitlines()]
    assert "no history: " in done.stderr
    assert "alpaca has no 'test' here; known: iex, sip, delayed_sip, crypto" in done.stderr
    assert run("nobody").exit_code == 2


def test_the_kinds_of_an_exchange_that_wants_a_key_are_listed_without_one():
    done = run("massive")
    assert done.exit_code == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
        ["stocks", "live"],
        ["delayed-stocks", "live"],
        ["stocks", "history"],
        ["delayed-stocks", "history"],
    ]


@pytest.mark.parametrize(
    ("exchange", "market", "told"),
    [
        ("massive", "stocks", "massive stocks: it has thousands of symbols, which are not listed"),
        ("alpaca", "iex", "alpaca iex: it has thousands of symbols, which are not listed"),
        ("alpaca", "crypto", "alpaca answers nothing without a key: set api_key and secret in a configuration"),
    ],
)
def test_what_cannot_be_listed_is_told(exchange, market, told):
    done = run(exchange, "S*", "--market", market)
    assert done.exit_code == 2
    assert told in done.stderr


def test_with_a_pattern_the_symbols_of_one_market_are_listed_with_all_their_names():
    with stage(Gate(), symbol="BTC/USDT:USDT", exchange="gate", market="perps") as on:
        done = run("gate", "btc*", "--market", "perps", "--endpoint", on.server.url)
    assert done.stdout.splitlines() == [
        "symbol         id        base  quote  contract",
        "BTC/USDT:USDT  BTC_USDT  BTC   USDT   0.001",
    ]


def test_as_json():
    with stage() as on:
        done = run("binance", "*usdt", "--json", "--endpoint", on.server.url)
    assert json.loads(done.stdout) == [
        {"symbol": "BTC/USDT", "id": "BTCUSDT", "base": "BTC", "quote": "USDT", "contract": ""}
    ]
    assert json.loads(run("binance", "--json").stdout)[1]["market"] == "usdm"


def test_no_symbol_is_like_the_pattern():
    with stage() as on:
        done = run("binance", "DOGE*", "--endpoint", on.server.url)
    assert done.exit_code == 0
    assert "binance spot has no symbol like 'DOGE*'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["binanse"], "has no exchange 'binanse'; did you mean 'binance'?"),
        (["okx", "BTC*", "--market", "perps"], "market: okx has no 'perps' here; known: spot, swap"),
        (["okx", "BTC*", "--endpoint", "nowhere"], "endpoint must be an address"),
    ],
)
def test_what_is_not_known_is_told_with_its_remedy(arguments, told):
    done = run(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_an_exchange_that_does_not_answer():
    with stage() as on:
        on.server.loading = faults.status(451)
        done = run("binance", "*", "--endpoint", on.server.url)
    assert done.exit_code == 1
    assert "HTTP 451" in done.stderr


def test_it_is_a_command_and_its_help_needs_no_ccxt():
    offer = next(offer for offer in offers() if offer.info.name == "markets")
    assert callable(load(offer).main)
    code = "import sys, wealthsources_ccxt.main; sys.exit('ccxt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_ccxt_is_not_installed():
    code = (
        "import sys; sys.modules['ccxt'] = None; from wealthsources_ccxt.main import app; "
        "app(sys.argv[1:], standalone_mode=True)"
    )
    for arguments, status in ((["binance", "BTC*"], 2), (["binance"], 0)):
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == status
        assert "pip install 'wealthsources[ccxt]'" in done.stderr
    assert done.stdout.splitlines()[1].startswith("spot    live")
