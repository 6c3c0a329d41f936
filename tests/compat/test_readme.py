"""What the README of the distribution shows is executed as it stands there, against a market that is live now."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import wealthdata
from engine.python_sdk.websocket_cache import get_websocket_cache
from engine.python_sdk.websocket_manager import get_websocket_manager
from wealthsources import Timeframe
from wealthsources_simulator import Market, PlayedBar, WealthAI

from ..support.waiting import wait_until

COMPAT = Path(__file__).parents[2] / "compat"
README = (COMPAT / "README.md").read_text(encoding="utf-8")
TOKEN = "a-secret-compat-token"
PAST = 30


def run(containing: str, **names: object) -> dict[str, object]:
    """Execute the one block that contains the text; what it has named afterwards."""
    (text,) = [text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if containing in text]
    exec(compile(text, "README", "exec"), names)
    return names


def bars_up_to_now(timeframe: str) -> list[PlayedBar]:
    """`PAST` bars that are over, the one of this moment, and two more; they close at 1, 2, 3, …"""
    frame = Timeframe(timeframe)
    newest = frame.slot(time.time_ns() // 1_000_000)
    times = [frame.open_time(slot) for slot in range(newest - PAST, newest + 3)]
    return [
        PlayedBar(open_time, frame.end(open_time), "1", f"{place + 1}", "1", f"{place + 1}", "10")
        for place, open_time in enumerate(times)
    ]


@pytest.fixture
def server(serve, monkeypatch):
    """It has played what is over, and begins with the bar of this moment; the environment names it."""
    names = [(symbol, timeframe) for symbol in ("BTCUSDT", "ETHUSDT") for timeframe in ("1m", "1h")]
    market = Market({name: bars_up_to_now(name[1]) for name in names}, snapshot=PAST, exchange=WealthAI("is_closed"))
    market.play(PAST)
    found = serve(market=market)
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", found.url)
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", TOKEN)
    for name in ("SYMBOLS", "RESOLUTIONS"):
        monkeypatch.setenv(f"WEBSOCKET_{name}", "")
    return found


@pytest.fixture
def started(server):
    """The quick start was run, and what the server had is here."""
    run("manager.configure(")
    wait_until(lambda: get_websocket_cache().get_cache_size("BTCUSDT") == 2 * PAST)
    return server


def test_the_quick_start_runs_and_the_strategy_reads_the_live_bars(started):
    context = SimpleNamespace()
    run("def handle_bar")["handle_bar"](context, None)
    closes = range(PAST - 19, PAST + 1)
    assert context.average == sum(closes) / 20
    assert wealthdata.get_price("BTCUSDT", count=2, frequency="1h")["close"].tolist() == [PAST - 1, PAST]


def test_the_status_check_runs(started, capsys):
    run("get_status()")
    assert capsys.readouterr().out.splitlines() == [
        "state: connected connected: True",
        "subscribed: ['BTCUSDT'] ['1m', '5m', '1h']",
    ]


def test_the_status_check_runs_before_anything_was_started(capsys):
    run("get_status()")
    assert capsys.readouterr().out.splitlines() == ["state: disconnected connected: False", "subscribed: [] []"]


def test_the_subscription_update_runs(started):
    run("update_subscription(")
    wait_until(lambda: started.received[-1]["symbols"] == ["BTCUSDT", "ETHUSDT"])
    assert started.received[-1]["resolutions"] == ["1h"]
    wait_until(lambda: get_websocket_cache().get_cache_size("ETHUSDT", "1h") == PAST)


def test_the_cache_inspection_runs(started, capsys):
    found = run("get_cached_symbols()")
    newest = started.market.all(("BTCUSDT", "1h"))[-1]
    assert sorted(capsys.readouterr().out.splitlines())[0] == f"BTCUSDT 1h {PAST} {newest.end}"
    assert found["latest"]["close"] == newest.close == str(PAST)
    assert [bar["close"] for bar in found["bars"]] == [str(close) for close in range(PAST - 19, PAST + 1)]


def test_the_environment_configuration_runs(server):
    found = run("load_config_from_env()")
    assert found["config"]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert found["manager"] is get_websocket_manager()
    wait_until(found["manager"].is_connected)
    assert server.received[0]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert server.received[0]["resolutions"] == ["1m", "1h"]


def test_every_name_in_the_table_exists():
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)
    assert len(rows) == 6
    for module, names in rows:
        found = __import__(f"engine.python_sdk.{module}", fromlist=["_"])
        assert [name for name in re.findall(r"`(\w+)`", names) if not hasattr(found, name)] == []
