"""What docs/recording.md shows is executed as it stands there, against a market on this machine."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import wealthsources
from wealthsources_simulator import Market, MarketServer

from ..support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
FIRST = "2020-09-13 12:00"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands(word: str) -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(rf"^\$ wealthsources ({word} .*)$", PAGE, re.MULTILINE)]


def run(folder: Path, words: list[str], code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "wealthsources", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the first command of the page has recorded for two seconds."""
    folder = tmp_path_factory.mktemp("recording")
    (folder / "strategy.py").write_text(blocks("python")[0])
    with MarketServer(Market.made(bars=2_000), token="a-secret-token", rate=20) as server:
        (folder / "config.yaml").write_text(blocks("yaml")[0].replace("ws://127.0.0.1:8765/market_data", server.url))
        record, _ = commands("record")
        out = run(folder, [*record[:-1], "2"])
    assert "frames: ready" in out
    return folder


def test_the_commands_do_what_is_said_of_them(folder):
    whole, span, strategy, paced = commands("replay")[:4]
    lines = run(folder, whole)
    assert lines.count("BTCUSDT 1h") > 10
    assert FIRST in lines
    assert "has nothing from 2027-01-15 08:00" in run(folder, span, 2)
    assert len(re.findall(r"^[0-9]{13} [0-9.]+$", run(folder, strategy), re.MULTILINE)) == lines.count("BTCUSDT 1h")
    assert run(folder, paced) == lines


def test_the_sources_are_valid_and_the_program_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "replay.yaml").write_text(blocks("yaml")[1])
    with wealthsources.open("replay.yaml") as session:
        assert list(session.sources) == ["replay"]
    names: dict = {}
    exec(compile(blocks("python")[1], "recording.md", "exec"), names)
    assert len(names["bars"]) == 1


@pytest.fixture
def archived(folder, monkeypatch):
    """Where the source that the page's last configuration calls archive is."""
    monkeypatch.chdir(folder)
    (folder / "bars.yaml").write_text(blocks("yaml")[2])
    (folder / "examples").unlink(missing_ok=True)
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def test_the_commands_that_play_bars_do_so(archived):
    shown, strategy = commands("replay")[4:]
    assert len(commands("replay")) == 6
    config = ["--config", "bars.yaml"]
    lines = run(archived, [*shown, *config])
    assert (lines.count("BTCUSDT 1h"), lines.count("BTCUSDT 4h")) == (24, 6)
    assert "30 closed bars, 0 holes" in lines
    assert len(re.findall(r"^[0-9]{13} [0-9.]+$", run(archived, [*strategy, *config]), re.MULTILINE)) == 24


def test_the_configuration_plays_bars(archived):
    with wealthsources.open("bars.yaml") as session:
        assert list(session.sources) == ["replay", "archive"]
        session.start_live()
        wait_until(lambda: session.source("replay").is_over)
        assert session.source("replay").played == 30


def test_a_backtest_sees_what_was_seen_live(folder):
    (folder / "data").mkdir()
    with MarketServer(Market.made(bars=2_000), token="a-secret-token", rate=20) as server:
        (folder / "config.yaml").write_text(blocks("yaml")[3].replace("ws://127.0.0.1:8765/market_data", server.url))
        _, record = commands("record")
        run(folder, [*record[:-1], "2"])
    for parity in commands("parity"):
        out = run(folder, parity)
        assert re.search(r"^[0-9]{2,} answers compared, 0 different$", out, re.MULTILINE), out
