"""`wealthsources init`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import market_servers

GIVEN = ("--exchange", "binance", "--symbols", "BTCUSDT,ETHUSDT")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_it_writes_is_approved(cli):
    result = cli("init", *GIVEN, "--timeframes", "1m,1h", "--history")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("next: wealthsources check, then wealthsources watch\n")
    assert cli("check").out == "OK: 3 sources: live (websocket), context, history (ccxt)\n"
    first, *_ = Path("config.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=config.schema.json"
    assert "options.websocket" in json.loads(Path("config.schema.json").read_text())["definitions"]


def test_what_it_writes_works(cli, monkeypatch):
    with market_servers(protocol="binance") as start:
        server = start()
        assert cli("init", *GIVEN, "--timeframes", "1h", "--no-history", "--endpoint", server.url).code == 0
        server.play_bars(4.5)
        monkeypatch.setenv("WEALTHSOURCES_CONFIG", "config.yaml")
        result = cli("status", "--wait", "10", "--json")
        assert json.loads(result.out)["sources"]["live"]["state"] == "connected", result.err


def test_a_file_that_is_there_is_left_alone(cli):
    Path("config.yaml").write_text("mine")
    result = cli("init", *GIVEN)
    assert (result.code, Path("config.yaml").read_text()) == (2, "mine")
    assert result.error == "config.yaml: is there already; give another path, or --force to write over it"
    assert cli("init", *GIVEN, "--force").code == 0
    assert "binance" in Path("config.yaml").read_text()
    assert cli("init", *GIVEN, "other.yaml").code == 0
    assert cli("init", *GIVEN, ".").error.startswith(".: is a folder; give the path of the file in it")


def test_a_schema_that_is_there_is_left_alone(cli):
    Path("config.schema.json").write_text("mine")
    assert cli("init", *GIVEN).code == 0
    assert Path("config.schema.json").read_text() == "mine"


@pytest.mark.parametrize("given", [(), GIVEN[:2], GIVEN[2:]])
def test_without_a_terminal_it_says_what_to_give(cli, given):
    result = cli("init", *given)
    assert result.code == 2
    assert "is not given, and here is no terminal to ask on; say it, as in `wealthsources init --exch" in result.error
    assert not Path("config.yaml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--exchange", "binnance", "--symbols", "X"),
            "there is no exchange 'binnance'; did you mean 'binance'? known: ",
        ),
        (
            (*GIVEN, "--market", "spott"),
            "there is no market of binance 'spott'; did you mean 'spot'? known: spot, usdm",
        ),
        ((*GIVEN, "--timeframes", "7m"), "there is no timeframe '7m'; "),
        ((*GIVEN, "--timeframes", ","), "no timeframe is given; name one or more"),
        (("--exchange", "binance", "--symbols", ","), "no symbol is given; name one or more"),
        (("--exchange", "gate", "--market", "perps", "--symbols", "X"), "gate perps states volume in contracts"),
        (("--exchange", "kraken", "--symbols", "QQQ"), "symbols: "),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(cli, words, said):
    result = cli("init", *words)
    assert (result.code, said in result.error) == (2, True), result.err
    assert not Path("config.yaml").exists()


def test_timeframes_are_by_default_those_that_the_exchange_has(cli):
    cli("init", "--exchange", "coinbase", "--symbols", "BTC-USD", "--no-history")
    assert "resolutions: [5m]" in Path("config.yaml").read_text()


def test_credentials_are_named_that_are_to_be_set(cli, monkeypatch):
    result = cli("init", "--exchange", "alpaca", "--symbols", "SPY")
    assert "set ALPACA_API_KEY and ALPACA_API_SECRET in the environment: alpaca wants them" in result.out
    assert cli("check").code == 2
    monkeypatch.setenv("ALPACA_API_KEY", "a-long-key")
    monkeypatch.setenv("ALPACA_API_SECRET", "a-long-secret")
    assert cli("check").code == 0


def test_a_history_that_cannot_be_had_is_left_out_and_that_is_said(cli):
    result = cli("init", "--exchange", "wealthai", "--symbols", "BTCUSDT")
    assert result.code == 0
    assert result.err.startswith("note: live bars only: ccxt ")
    assert cli("check").out == "OK: 2 sources: live (websocket), context\n"


def test_on_a_terminal_it_asks_and_asks_again(tmp_path):
    answers = "binnance\nbinance\n\nBTCUSDT,ETHUSDT\n9m\n1h\n"
    parent, child = pty.openpty()
    os.write(parent, answers.encode())
    process = subprocess.Popen(
        [sys.executable, "-m", "wealthsources", "init", "--no-history"],
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        text=True,
        cwd=tmp_path,
    )
    out, _ = process.communicate(timeout=60)
    os.close(child)
    said = os.read(parent, 65536).decode()
    os.close(parent)
    assert process.returncode == 0, said
    assert "there is no exchange 'binnance'" in said
    assert "Market (spot, usdm) [spot]" in said
    assert "there is no timeframe '9m'" in said
    assert "wrote config.yaml" in out
    text = (tmp_path / "config.yaml").read_text()
    assert "symbols: [BTCUSDT, ETHUSDT]" in text
    assert "resolutions: [1h]" in text
