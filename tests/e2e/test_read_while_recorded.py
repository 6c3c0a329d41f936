"""Two processes read a store while a third records a live source into it: whatever they are answered is true."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wealthsources_simulator import Market, MarketServer

from ..plugins.store.server import running
from ..support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "tok-0123456789abcdef"
SERIES = ("BTCUSDT", "1h")
BARS, UPDATES = 400, 1
#: Seconds until a bar that is closed can be read elsewhere: half a second until it is written, and a machine that does
#: much else.
SOON = 15.0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bars.db"
    else:
        with running() as server:
            yield server.url()


@contextlib.contextmanager
def process(tmp_path: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program; what it prints goes into a file `name`."""
    with (tmp_path / name).open("w") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            text=True,
            cwd=ROOT,
        )
        try:
            yield started
        finally:
            started.kill()
            started.communicate()


def newest(said: Path) -> int:
    """The place of the newest bar that a reader has told of; -1 before the first."""
    lines = said.read_text().splitlines()
    return int(lines[-1]) if lines else -1


def reached(readers: list[subprocess.Popen[str]], said: list[Path], place: int) -> bool:
    """Whether all have told of that bar."""
    assert [reader.poll() for reader in readers] == [None] * len(readers), "a reader ended"
    return all(newest(each) >= place for each in said)


def test_two_processes_read_while_a_third_records(tmp_path, url):
    market = Market.made(updates=UPDATES, bars=BARS)
    bars = market.timelines[SERIES].bars
    truth, config = tmp_path / "truth.json", tmp_path / "config.yaml"
    truth.write_text(json.dumps([[bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume] for bar in bars]))
    readers = [tmp_path / "few", tmp_path / "many"]
    with MarketServer(market, token=TOKEN) as server, contextlib.ExitStack() as stack:
        options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        live = {"name": "live", "plugin": "websocket", "options": options}
        store = {"name": "bars", "plugin": "store", "options": {"url": url}}
        config.write_text(json.dumps({"clock": "feed", "sources": [live, store], "recorder": {"store": {}}}))

        started = [
            stack.enter_context(process(tmp_path, said.name, "tests.e2e.reading_program", url, str(truth), count))
            for said, count in zip(readers, ("20", "1000"), strict=True)
        ]
        command = ("wealthsources", "--config", str(config), "record")
        recorder = stack.enter_context(process(tmp_path, "recorder", *command))
        wait_until(lambda: server.acknowledged == 1, 60, "the recorder's connection")
        played = 0
        for step in (3, 1, 1, 1, 10, 1, 150, 1, BARS):  # in drops, and so that much is written while they read
            market.play(step)
            played = min(BARS, played + step)
            # The last bar has no successor, which alone would close it.
            wait_until(lambda played=played: reached(started, readers, played - 2), SOON, "a new bar")
        assert [newest(said) for said in readers] == [BARS - 2] * 2
        recorder.terminate()
        assert recorder.wait(30) == 0
        for reader in started:
            reader.communicate("stop\n", timeout=30)
            assert reader.returncode == 0
