"""What a message costs from the socket to the cache, exchange by exchange: CPU time of this process, all threads.

The market server is another process and plays as fast as it is read. The exchanges take turns, so that the ratios can
be compared on a noisy machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import wealthsources
from wealthsources import Timeframe

FILE = Path(__file__).resolve().parent.parent / "examples" / "data" / "BTCUSDT" / "1h.csv"
SIMULATE = "from wealthsources_simulator.main import app; app()"
UPDATES = 19  # of each bar, beside its last state
SYMBOLS = {"wealthai": "BTCUSDT", "binance": "BTCUSDT", "okx": "BTC-USDT", "kraken": "BTC/USDT"}


def messages() -> int:
    return (len(FILE.read_text().splitlines()) - 1) * (UPDATES + 1)


def newest() -> int:
    return int(FILE.read_text().splitlines()[-1].partition(",")[0])


def run(protocol: str) -> float:
    """Microseconds of CPU for each message of the whole file."""
    options = ["--data", str(FILE), "--timeframe", "1h", "--rate", "0", "--updates", str(UPDATES)]
    options += ["--symbol", SYMBOLS[protocol], "--protocol", protocol]
    with subprocess.Popen([sys.executable, "-c", SIMULATE, *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url, last = server.stdout.readline().strip(), newest()
        live = {"protocol": protocol, "endpoint": url, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        if protocol == "wealthai":
            live["csrf_token"] = "none-is-asked-for"
        chain = [{"name": "live", "plugin": "websocket", "options": live}]
        try:
            with wealthsources.open({"clock": "feed", "sources": chain}) as session:
                source = session.source("live")
                began = time.process_time()
                session.start_live()
                while (series := source.store.get("BTCUSDT", Timeframe("1h"))) is None or series.newest != last:
                    time.sleep(0.02)
                time.sleep(0.1)  # the last states of the last bar
                return (time.process_time() - began) / messages() * 1e6
        finally:
            server.kill()


def main(rounds: int = 3) -> None:
    found: dict[str, list[float]] = {name: [] for name in SYMBOLS}
    for _ in range(rounds):
        for name in SYMBOLS:
            found[name].append(run(name))
    base = min(found["wealthai"])
    for name, times in found.items():
        best, median = min(times), statistics.median(times)
        told = f"{best:6.2f} µs a message, median {median:6.2f} · {best / base:.2f} of wealthai's"
        print(f"socket to cache, {name:>8}: {told}")


if __name__ == "__main__":
    main()
