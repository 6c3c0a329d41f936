"""A sweep over one parameter of a strategy, in several processes, as its own program: `sweep.py METHOD POOL`.

METHOD is how processes are made: fork, spawn, forkserver. POOL is which pool makes them. The bars are those of
$WEALTHSOURCES_CONFIG. What each process computed is printed as JSON, beside the same of this process.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from types import SimpleNamespace

import wealthdata
from wealthdata import get_price

HOUR = 3_600_000
#: 2019-09-01.
NOW = 1_567_296_000_000


def work(count: int) -> tuple[int, float]:
    """In which process this is, and what a strategy with that parameter makes of its bars."""
    context = SimpleNamespace(now_ms=NOW + count * HOUR)
    wealthdata.set_context(context, mode="backtest")
    try:
        frame = get_price("BTCUSDT", count=count, frequency="1h", fields=["close"])
    finally:
        wealthdata.clear_context()
    assert len(frame) == count
    return os.getpid(), float(frame["close"].mean())


def main() -> None:
    method, pool = sys.argv[1:]
    warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)  # there is a worker already, on purpose
    counts = list(range(5, 45))
    alone = [work(count)[1] for count in counts]
    made = multiprocessing.get_context(method)
    if pool == "Pool":
        with made.Pool(4) as processes:
            done = processes.map(work, counts)
    else:
        with ProcessPoolExecutor(4, mp_context=made) as processes:
            done = list(processes.map(work, counts))
    together = [mean for _, mean in done]
    others = len({process for process, _ in done} - {os.getpid()})
    print(json.dumps({"same": together == alone, "processes": others}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
