"""What `make bench` runs: the work on the hot paths, in CPU time of one thread, as the best and the median of rounds.

Machines differ and are noisy. Beside the absolute figures stand two that do not depend on the machine: what the same
work costs in units of a fixed piece of Python, and the ratio between 1000 and 20 bars.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR
SERIES, BARS = 4_500, 1_000
FILE = Path(__file__).resolve().parent.parent / "examples" / "data" / "BTCUSDT" / "1h.csv"


def timed(work: Callable[[], object], number: int, rounds: int = 15) -> tuple[float, float]:
    """Best and median microseconds of one call, over `rounds` rounds of `number` calls."""
    work()
    found = []
    for _ in range(rounds):
        began = time.thread_time()
        for _ in range(number):
            work()
        found.append((time.thread_time() - began) / number * 1e6)
    return min(found), statistics.median(found)


def yardstick() -> object:
    """A fixed piece of plain Python, to compare machines by."""
    total = 0
    for number in range(100):
        total += number * number % 7
    return total


def frames(count: int, updates: int) -> list[bytes]:
    """`count` text frames: bars of the sample file, each `updates` times, one series."""
    rows = [line.split(",") for line in FILE.read_text().splitlines()[1:]]
    made = []
    for number in range(count):
        place, step = divmod(number, updates)
        _, o, h, low, c, v = rows[place % len(rows)]
        opened = T0 + place * HOUR
        if step < updates - 1:  # every update has another close and volume, as on a real feed
            c = f"{float(low) + (float(h) - float(low)) * (step + 1) / updates:.2f}"
        bar = {
            "type": "BAR",
            "symbol": "BTCUSDT",
            "timeframe": "1h",
            "open_time": opened,
            "close_time": opened + HOUR,
            "open": o,
            "high": h,
            "low": low,
            "close": c,
            "volume": f"{float(v) * (step + 1) / updates:.2f}",
        }
        made.append(json.dumps(bar).encode())
    return made


def silent_server():
    """A real server that plays nothing by itself, so that nothing else happens while we measure."""
    from wealthsources_simulator import MarketServer

    return MarketServer.from_csv(FILE, symbol="BTCUSDT", timeframe="1h", manual=True)


def live_session(url: str):
    """A session with that server before the context."""
    import wealthsources

    options = {"endpoint": url, "csrf_token": "none", "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    chain = [{"name": "live", "plugin": "websocket", "options": options}, {"plugin": "context"}]
    return wealthsources.open({"clock": "feed", "sources": chain})


def bench_receive(session) -> tuple[float, float]:
    """Microseconds to decode one frame and store its bar."""
    source = session.source("live")
    (shard,) = source.connections.clients
    read, store = source.connections._protocol.read, source.on_bar  # what the reader thread does with a frame
    lot = frames(2_000, 5)  # few enough to stay in the processor's cache, where a frame is that has just been received
    found = []
    while shard.state != "connected":  # then its thread writes no more into the shard
        time.sleep(0.01)
    gc.disable()
    for epoch in range(1, 41):
        source.cache.clear()
        shard.epoch = epoch
        began = time.thread_time()
        for data in lot:
            for event in read(data):
                store(shard, event, 0.0)
        found.append((time.thread_time() - began) / len(lot) * 1e6)
    gc.enable()
    return min(found), statistics.median(found)


def fill(session) -> None:
    """Put `BARS` bars into the live cache, so that nothing is missing of what is asked for; the last is forming."""
    source = session.source("live")
    (shard,) = source.connections.clients
    shard.epoch = 41
    source.cache.clear()
    for data in frames(BARS, 1):
        for event in source.connections._protocol.read(data):
            source.on_bar(shard, event, 0.0)


def bench_memory() -> float:
    """MB that 4,500 series of 1,000 bars add to a process."""
    code = f"""
import resource, sys
from wealthsources import BarStore, Timeframe
frame = Timeframe("1h")
def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6
before = used()
store = BarStore("live", capacity={BARS})
for number in range({SERIES}):
    series = store.series(f"SYMBOL{{number}}", frame)
    for place in range({BARS} + 100):
        series.put({T0} + place * {HOUR}, 0, (1.0, 2.0, 0.5, 1.5, 9.0), closed=True, arrived=0.0)
print(used() - before)
"""
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def line(name: str, best: float, median: float, goal: str, unit: float) -> None:
    print(f"{name:<44} {best:8.2f} {median:8.2f}   {goal:<22} {best / unit:7.2f}")


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import wealthdata

    unit, _ = timed(yardstick, 2000)
    print(f"{'':<44} {'best':>8} {'median':>8}   {'to design for':<22} {'x loop':>7}")
    line("a loop of 100 turns in plain Python, µs", unit, unit, "", unit)
    with silent_server() as server, live_session(server.url) as session:
        adapter = session.adapter()
        line("decode a frame and store its bar, µs", *bench_receive(session), "<= 3", unit)
        fill(session)
        assert len(adapter.get_history("BTCUSDT", BARS - 1)) == BARS - 1
        history = {}
        for count in (20, BARS - 1):
            history[count] = timed(lambda count=count: adapter.get_history("BTCUSDT", count), 500)
            line(f"get_history({count}) from the live cache, µs", *history[count], "<= 20" if count > 20 else "", unit)
        prices = {}
        for count in (20, BARS - 1):
            prices[count] = timed(lambda count=count: wealthdata.get_price("BTCUSDT", count=count, frequency="1h"), 300)
            line(f"get_price(count={count}), µs", *prices[count], "<= 80" if count > 20 else "", unit)
        ratio = prices[BARS - 1][1] / prices[20][1]
        print(f"{'get_price: ratio of the two medians':<44} {'':>8} {ratio:8.2f}   < 1.5")
    memory = bench_memory()
    print(f"{f'{SERIES} series x {BARS} bars, MB':<44} {memory:8.0f} {'':>8}   <= 350")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'this process at most, MB':<44} {peak:8.0f}")


if __name__ == "__main__":
    main()
