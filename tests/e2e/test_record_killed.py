"""`wealthsources record` is killed at any moment: no more than the last second is lost, and what is there can be read.

`make kill-test` makes many more rounds of it (KILL_ROUNDS).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import Market, MarketServer
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import read, revisions

from ..support.waiting import wait_until

TOKEN = "tok-0123456789abcdef"
SERIES = ("BTCUSDT", "1h")
ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
#: Bars a second, and the seconds that a kill may cost here: half a second until it is written, the time for that, and
#: for getting to it on a machine that does much else.
RATE, MAY_COST = 40, 1.5


@pytest.fixture
def config(tmp_path):
    def write(url: str):
        options = f"{{endpoint: '{url}', csrf_token: {TOKEN}, symbols: [BTCUSDT], resolutions: [1h]}}"
        path = tmp_path / "config.yaml"
        path.write_text(
            f"clock: feed\nsources:\n  - {{name: live, plugin: websocket, options: {options}}}\n"
            "  - {name: bars, plugin: store, options: {url: 'sqlite:///bars.db'}}\nrecorder: {store: {}}\n"
        )
        return path

    return write


def record(config) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "wealthsources", "--config", str(config), "record"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stored(folder) -> list[int]:
    """When the bars of the store open, ms. Whoever was killed left a store that can be read and written."""
    database = Database(StoreOptions(url=f"sqlite:///{folder}/bars.db"))
    try:
        assert revisions(database, SERIES[0], Timeframe("1h"), start=0, end=1 << 50) == []
        return read(database, SERIES[0], Timeframe("1h"), end=1 << 50).open_times.tolist()
    finally:
        database.close()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_kill_costs_no_more_than_the_last_second_and_the_next_one_goes_on(config, tmp_path, seed):
    rng = random.Random(seed)
    market = Market.made(updates=1, bars=4_000)
    bars = market.timelines[SERIES].bars
    with MarketServer(market, token=TOKEN, rate=RATE) as server:
        path = config(server.url)
        for number in (1, 2):
            process = record(path)
            try:
                wait_until(lambda number=number: server.acknowledged == number, timeout=60)
                first = server.position
                began = time.monotonic()
                seen: list[tuple[float, int]] = []
                while time.monotonic() < began + rng.uniform(2.0, 3.5):
                    seen.append((time.monotonic(), server.position))
                    time.sleep(0.02)
            finally:
                process.kill()
                killed = time.monotonic()
                process.wait(60)
            sure = [position for at, position in seen if at < killed - MAY_COST]
            # The first bar may have begun before, and the last one is closed by its successor.
            wanted = {bar.open_time for bar in bars[first + 1 : (sure[-1] if sure else 0) - 2]}
            found = stored(tmp_path)
            assert wanted
            assert wanted <= set(found), f"{len(wanted - set(found))} of {len(wanted)} are lost"
            assert found == sorted(set(found))
