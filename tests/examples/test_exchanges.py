"""A configuration for each exchange: each is what `wealthsources check` says is right."""

from __future__ import annotations

from pathlib import Path

import pytest

import wealthsources
from wealthsources.cli import main
from wealthsources.config.settings import read_config
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols import BUILT_IN

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "exchanges"
FILES = sorted(FOLDER.glob("*.yaml"))
KEYS = ("ALPACA_API_KEY", "ALPACA_API_SECRET", "MASSIVE_API_KEY")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, f"of-no-account-{name}")


def live_options(path: Path) -> WebSocketOptions:
    config = read_config(path)
    assert config.settings.sources[0].plugin == "websocket"
    return config.options(0, WebSocketOptions)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_checked_and_right(path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", str(path)])
    assert ended.value.code == 0, capsys.readouterr().err
    assert capsys.readouterr().out.startswith("OK: ")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_name_is_that_of_the_exchange_and_it_is_short(path):
    options = live_options(path)
    assert path.stem in (options.protocol, f"{options.protocol}-{options.market}")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 25


def test_there_is_one_for_each_exchange():
    assert {live_options(path).protocol for path in FILES} == set(BUILT_IN) - {"wealthai"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_history_is_of_the_same_market(path):
    config, options = read_config(path), live_options(path)
    for source in config.settings.sources[1:]:
        assert (source.plugin, source.optional) == ("ccxt", True)
        assert source.options["exchange"] == options.protocol
        assert source.options.get("market", options.market) == options.market


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_is_not_there_is_told_by_its_name(name, monkeypatch):
    monkeypatch.delenv(name)
    path = FOLDER / f"{name.partition('_')[0].lower()}.yaml"
    with pytest.raises(wealthsources.ConfigError, match=f"the environment variable {name} is not set"):
        read_config(path)


def test_no_key_is_in_what_a_session_is_shown_as():
    with wealthsources.open(FOLDER / "alpaca.yaml") as session:
        assert "of-no-account" not in repr(session) + repr(session.config) + repr(session.sources)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ([], "OK: "),
        (["ALPACA_API_SECRET"], "ALPACA_API_SECRET is not set"),  # the other key is there to be shown
    ],
)
def test_no_key_is_in_what_a_check_says(missing, told, capsys, monkeypatch):
    for name in missing:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit):
        main(["check", str(FOLDER / "alpaca.yaml")])
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert told in said
    assert "of-no-account" not in said
