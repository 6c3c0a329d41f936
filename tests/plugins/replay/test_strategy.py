from __future__ import annotations

from types import SimpleNamespace

import pytest

from wealthsources import ConfigError
from wealthsources_replay.strategy import Strategy


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """loaded(text): a strategy of that text, executed, in a folder with a helper."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(text):
        (tmp_path / "zhelper.py").write_text("said = []\n")
        path = tmp_path / "strategy.py"
        path.write_text(text)
        made = Strategy(path)
        made.load()
        return made

    return load


def bar(symbol):
    return SimpleNamespace(symbol=symbol)


def test_its_functions_are_called_with_the_bar_and_the_newest_of_each_symbol(loaded):
    made = loaded(
        "from zhelper import said\n"
        "def initialize(context): said.append(context.current_bar)\n"
        "def handle_data(context, data): said.append(sorted(data))\n"
        "def handle_bar(context, bar): said.append(bar is context.current_bar)\n"
    )
    made.check()
    made.initialize()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        made.handle(bar(symbol))
    import zhelper

    assert zhelper.said == [None, ["BTCUSDT"], True, ["BTCUSDT", "ETHUSDT"], True]


def test_one_function_is_enough(loaded):
    made = loaded("handle_bar = lambda context, bar: None\ninitialize = 7\n")
    made.check()
    made.initialize()
    made.handle(bar("BTCUSDT"))


def test_what_it_raises_is_raised(loaded):
    with pytest.raises(ZeroDivisionError):
        loaded("1 / 0")


def test_none_is_an_error(loaded, tmp_path):
    with pytest.raises(ConfigError, match="neither handle_bar"):
        loaded("def trade(): ...").check()
    with pytest.raises(ConfigError, match="there is no file"):
        Strategy(tmp_path / "absent.py")
    (tmp_path / "notes.txt").write_text("x = 1")
    with pytest.raises(ConfigError, match="is no Python file"):
        Strategy(tmp_path / "notes.txt").load()
