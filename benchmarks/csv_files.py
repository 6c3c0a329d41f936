"""What reading text costs: a year of minutes to the first answer, beside pandas by hand, and warm answers.

    python benchmarks/csv_files.py

Times are of the wall, best and median of rounds; pandas takes turns with us, so that other work meets both.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

import wealthsources

ROWS, MINUTE = 525_600, 60_000
T0 = 1_672_531_200_000
ROUNDS, WARM = 7, 3_000


def rows(decimals: int) -> pd.DataFrame:
    """A year of minutes as text: prices that wander, with so many decimals."""
    rng = np.random.default_rng(1)
    opened = np.round(30_000 + np.cumsum(rng.normal(0, 5, ROWS)), 2)
    closed = np.append(opened[1:], opened[-1])
    high, low = np.maximum(opened, closed) + 3.5, np.minimum(opened, closed) - 3.5
    prices = {"open": opened, "high": high, "low": low, "close": closed}
    columns = {name: [f"{value:.{decimals}f}" for value in values.tolist()] for name, values in prices.items()}
    volume = [f"{value:.5f}" for value in rng.exponential(20, ROWS).tolist()]
    return pd.DataFrame({"open_time": T0 + MINUTE * np.arange(ROWS), **columns, "volume": volume})


def first_answer(path: Path, options: dict[str, object]) -> Callable[[], object]:
    settings = {"source_deadline": 60, "sources": [{"plugin": "file", "options": options | {"path": str(path)}}]}

    def ask() -> None:
        with wealthsources.open(settings) as session:
            bars = session.adapter(context(), mode="backtest").get_history("BTCUSDT", 20, "1m")
            assert len(bars) == 20

    return ask


def context() -> SimpleNamespace:
    return SimpleNamespace(now_ms=T0 + MINUTE * (ROWS - 1_000))


def compare(name: str, ours: Callable[[], object], theirs: Callable[[], object], goal: str) -> None:
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, times in zip((ours, theirs), found, strict=True):
            began = time.perf_counter()
            work()
            times.append((time.perf_counter() - began) * 1e3)
    (best, least), median = map(min, found), statistics.median(found[0])
    print(f"{name:<58} {best:8.0f} {median:8.0f}   {best / least:5.2f} x pandas' {least:.0f} {goal}", flush=True)


def bench_warm(path: Path) -> None:
    """An answer of what is in memory, by itself: a run of 3,000 is short enough to meet a quiet moment."""
    settings = {"source_deadline": 60, "sources": [{"plugin": "file", "options": {"path": str(path)}}]}
    with wealthsources.open(settings) as session:
        adapter = session.adapter(context(), mode="backtest")
        adapter.get_history("BTCUSDT", 20, "1m")
        times = []
        for _ in range(WARM):
            began = time.perf_counter()
            adapter.get_history("BTCUSDT", 20, "1m")
            times.append((time.perf_counter() - began) * 1e6)
    print(
        f"{'get_history(20) from a file in memory, us':<58} {min(times):8.1f} {statistics.median(times):8.1f}   <= 60"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'':<58} {'best':>8} {'median':>8}   to design for")
        plain, binance = folder / "BTCUSDT-1m.csv", folder / "BTCUSDT-1m.zip"
        rows(2).to_csv(plain, index=False)
        template = folder / "{symbol}-{timeframe}.csv"
        compare(
            "a year of 1m CSV to the first answer, ms", first_answer(template, {}), lambda: pd.read_csv(plain), "<= 3"
        )
        exchange = rows(8)
        for place in range(6):
            exchange[f"more{place}"] = exchange["open_time"] + MINUTE - 1 if place == 0 else "1234.50000000"
        with zipfile.ZipFile(binance, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("BTCUSDT-1m.csv", exchange.to_csv(index=False, header=False))
        ours = first_answer(folder / "{symbol}-{timeframe}.zip", {"format": "binance"})
        theirs = lambda: pd.read_csv(binance, header=None, usecols=range(7))  # noqa: E731
        compare("the same as Binance packs it: 12 columns, 8 decimals, ms", ours, theirs, "<= 3")
        bench_warm(template)


if __name__ == "__main__":
    main()
