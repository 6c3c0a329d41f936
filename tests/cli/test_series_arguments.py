"""`[EXCHANGE] SYMBOL TIMEFRAME`."""

from __future__ import annotations

from pathlib import Path

import pytest

from wealthsources import RequestError
from wealthsources.cli import series_arguments
from wealthsources.cli.exchange_config import Exchange
from wealthsources.cli.options import Run
from wealthsources.cli.series_arguments import Environment, Wanted, find_config, read_series, read_several, split

LIVE = Environment.LIVE


def read(*words: str, market: str | None = None, environment: Environment = LIVE, endpoint: str | None = None):
    return read_series("get", list(words), market, environment, endpoint)


def test_two_words_are_a_series_of_the_configuration():
    assert read("BTCUSDT", "1h") == Wanted(None, "BTCUSDT", "1h")


def test_three_words_are_a_series_of_an_exchange():
    wanted = read("okx", "BTCUSDT", "1h", market="swap", environment=Environment.TEST, endpoint="ws://h")
    assert wanted == Wanted(Exchange("okx", "swap", "test", "ws://h"), "BTCUSDT", "1h")


@pytest.mark.parametrize("words", [("BTCUSDT",), ("a", "b", "c", "d")])
def test_any_other_number_is_told_with_examples_of_both_forms(words):
    with pytest.raises(RequestError) as caught:
        read(*words)
    text = str(caught.value)
    assert "`wealthsources get BTCUSDT 1h`, or `wealthsources get binance BTCUSDT 1m`" in text
    assert text.endswith(f"received {' '.join(words)!r}")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"market": "spot"}, "--market"),
        ({"environment": Environment.TEST}, "--environment"),
        ({"market": "spot", "endpoint": "ws://h"}, "--market and --endpoint"),
    ],
)
def test_what_is_said_of_an_exchange_wants_one(said, named):
    with pytest.raises(RequestError, match=f"^{named} is said of an exchange; name it first"):
        read("BTCUSDT", "1h", **said)


def test_several_series_may_be_none():
    assert read_several(None, None, LIVE, None) == Wanted(None, "", "")
    assert read_several(["okx", "A,B", "1m"], None, LIVE, None) == Wanted(Exchange("okx"), "A,B", "1m")
    with pytest.raises(RequestError, match="received 'okx'"):
        read_several(["okx"], None, LIVE, None)


def test_a_comma_list_has_each_once():
    assert split("BTCUSDT, ETHUSDT,,BTCUSDT") == ("BTCUSDT", "ETHUSDT")
    assert split("") == ()


# which configuration -----------------------------------------------------------------------------------------------

OKX = Wanted(Exchange("okx"), "BTCUSDT,ETHUSDT", "1m")


def run(*, named: bool = False) -> Run:
    return Run(Path("config.yaml"), chosen=True, debug=False, named=named)


@pytest.fixture
def history(monkeypatch):
    return lambda there: monkeypatch.setattr(series_arguments, "history_is_installed", lambda: there)


def test_without_an_exchange_it_is_the_file():
    assert find_config(run(), Wanted(None, "BTCUSDT", "1h")) == (Path("config.yaml"), False)


def test_with_an_exchange_it_is_made_and_its_history_stands_behind(history):
    history(True)
    config, behind = find_config(run(), OKX)
    assert [source.plugin for source in config.settings.sources] == ["websocket", "ccxt"]
    assert behind
    assert config.settings.sources[0].options["symbols"] == ["BTCUSDT", "ETHUSDT"]


def test_without_a_history_it_is_said_what_to_install(history, capsys):
    history(False)
    config, behind = find_config(run(), OKX)
    assert ([source.plugin for source in config.settings.sources], behind) == (["websocket"], False)
    told = "note: live bars only: pip install 'wealthsources[ccxt]' gives the history of exchanges\n"
    assert capsys.readouterr().err == told


def test_an_exchange_whose_history_cannot_be_had_is_live_only_and_says_why(history, monkeypatch, capsys):
    history(True)
    monkeypatch.setattr(series_arguments, "why_no_history", lambda _: "ccxt has no exchange 'okx'")
    config, behind = find_config(run(), OKX)
    assert ([source.plugin for source in config.settings.sources], behind) == (["websocket"], False)
    assert capsys.readouterr().err == "note: live bars only: ccxt has no exchange 'okx'\n"


def test_of_another_server_there_is_no_history_and_nothing_to_say(history, capsys):
    history(False)
    assert not find_config(run(), OKX._replace(exchange=Exchange("okx", endpoint="ws://127.0.0.1:1")))[1]
    assert capsys.readouterr().err == ""


def test_an_exchange_and_a_file_are_not_both_taken():
    with pytest.raises(RequestError, match="not both"):
        find_config(run(named=True), OKX)
