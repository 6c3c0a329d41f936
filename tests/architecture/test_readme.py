"""What the README shows is executed as it stands there."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

import wealthdata
import wealthsources
from wealthsources_simulator import Market, MarketServer, make_exchange

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR


def block(language: str, containing: str) -> str:
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text]
    assert len(found) == 1
    return found[0]


def rows(count: int) -> list[dict]:
    values = dict.fromkeys(("open", "high", "low", "close"), "10.50")
    return [{"open_time": T0 + place * HOUR, **values, "volume": "1"} for place in range(count)]


def context(count: int) -> SimpleNamespace:
    bars = rows(count)
    return SimpleNamespace(
        market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}],
        current_bar={**bars[-1], "timeframe": "1h"},
    )


def test_the_ten_line_strategy_runs():
    strategy: dict = {}
    text = block("python", "def handle_bar")
    exec(compile(text, "README", "exec"), strategy)
    bound = context(30)
    wealthdata.set_context(bound)
    try:
        strategy["initialize"](bound)
        strategy["handle_bar"](bound, bound.current_bar)
    finally:
        wealthdata.clear_context()
    assert (bound.last, bound.signal) == (10.5, "sell")
    assert len([line for line in text.splitlines() if line]) <= 10


def test_the_fifteen_line_source_answers_through_the_chain(distribution, monkeypatch):
    text = block("python", "class MySource").replace("# my_source.py\n", "")
    distribution(entry_points="mine = my_source", my_source=text)
    with wealthsources.open({"sources": [{"plugin": "mine"}]}) as session:
        sys.modules["my_source"].my_database = lambda symbol, timeframe, start, end, count: rows(9)[-(count or 9) :]
        bars = session.adapter(context(9), mode="backtest").get_history("BTCUSDT", 3)
    assert [bar.source for bar in bars] == ["mine"] * 3
    assert len([line for line in text.splitlines() if line]) <= 15


def test_the_configuration_is_valid(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(block("yaml", "plugin: websocket"))
    session = wealthsources.open(path)
    with session:
        assert list(session.sources) == ["live", "context", "archive"]


def test_the_mistake_is_told_as_shown(tmp_path, monkeypatch):
    path = tmp_path / "config.yaml"
    path.write_text(block("yaml", "plugin: websocket").replace("[1m, 1h]", "[1m, 5x]"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(wealthsources.ConfigError) as caught, wealthsources.open("config.yaml"):
        pass
    shown, quoted = re.search(r"^(config\.yaml:\d+:\d+: .*5x.*)\n((?:  \|.*\n)+)", README, re.MULTILINE).groups()
    said, *below = str(caught.value).splitlines()
    assert said.startswith(shown.rstrip("…"))
    assert below == quoted.splitlines()


def test_the_python_example_runs_on_the_repositorys_configuration(monkeypatch, capsys):
    data = ROOT / "examples" / "data" / "BTCUSDT" / "1h.csv"
    with MarketServer.from_csv(
        data, symbol="BTCUSDT", timeframe="1h", token="t", snapshot=30, skip=30, manual=True
    ) as server:
        settings = {
            "WEBSOCKET_ENDPOINT": server.url,
            "WEBSOCKET_CSRF_TOKEN": "t",
            "WEALTHSOURCES_CLOCK": "feed",
            "WEALTHSOURCES_CONFIG": str(ROOT / "config.yaml"),
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(ROOT)
        text = block("python", "session.adapter()").replace(
            "    bars = adapter", "    wait(adapter)\n    bars = adapter"
        )
        exec(compile(text, "README", "exec"), {"wait": _until_there_are_bars})
    assert "20 from live" in capsys.readouterr().out


def _until_there_are_bars(adapter: wealthsources.ContextDataAdapter) -> None:
    """The example takes a feed that is up; wait for it."""
    arrived = threading.Event()
    adapter.session.subscribe(lambda event: arrived.set() if _has(adapter, 20) else None)
    assert _has(adapter, 20) or arrived.wait(10)


def _has(adapter: wealthsources.ContextDataAdapter, count: int) -> bool:
    try:
        bars = adapter.explain("BTCUSDT", count, "1h").bars
    except wealthsources.ClockError:
        return False
    return bars is not None and len(bars) == count and {bar.source for bar in bars} == {"live"}


def test_the_live_example_prints_the_first_closed_bar_of_an_exchange(capsys):
    text = block("python", "binance = {")
    market = Market.made(("BTCUSDT",), "1m", exchange=make_exchange("binance"))
    with MarketServer(market, rate=20) as server:
        text = text.replace('{"protocol": "binance"', f'{{"endpoint": "{server.url}", "protocol": "binance"')
        exec(compile(text, "README", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert "state connected None" in lines
    kind, _, close = lines[-1].split(" ")
    assert kind == "bar"
    assert float(close) > 0


def test_it_is_short():
    assert len(README.splitlines()) < 200
    assert len((ROOT / "README.zh-CN.md").read_text(encoding="utf-8").splitlines()) < 200


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_every_file_and_command_that_it_names_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / name).exists(), name
    targets = set(re.findall(r"(?:`|\$ )make (\w+)", text))
    made = (ROOT / "Makefile").read_text()
    assert {"demo", "test", "check", "bench"} <= targets
    assert all(f"\n{target}:" in made for target in targets - {"demo"})
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
