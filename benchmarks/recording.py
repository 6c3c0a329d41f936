"""What recording a feed costs, and how fast a recording is read: CPU time, so that other work beside it matters little.

A feed waits for the recording where that holds the interpreter: when it adds a record, and while the writer's thread
makes lines of records. Compressing and writing let it run.
"""

from __future__ import annotations

import json
import logging
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sockets import FILE, SIMULATE

import wealthsources
from wealthsources import Redactor, Timeframe
from wealthsources_replay.backlog import Backlog
from wealthsources_replay.clock import ClockWatch
from wealthsources_replay.frames import FrameRecord
from wealthsources_replay.header import Header
from wealthsources_replay.lines import encode
from wealthsources_replay.reader import Recording
from wealthsources_replay.writer import FrameWriter, Limits
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import read
from wealthsources_store.source import StoreSource

T0 = 1_800_000_000_000
RATE = 5_000  # messages a second
COUNT = 200_000
BARS, UPDATES = 250, 119  # of each bar, beside its last state: a bar of 1m at two messages a second
MESSAGES = BARS * (UPDATES + 1)
HEADER = Header("live", "websocket", "binance", "spot", "live", ("BTCUSDT",), ("1m",))
TOKEN = "".join(random.Random(7).choices("0123456789abcdef", k=32))


def frames(count: int, rate: int = RATE) -> list[FrameRecord]:
    """`count` frames of 300 bytes, of 50 series whose prices and volumes move, `rate` a second."""
    chance = random.Random(1)
    prices = [chance.uniform(10, 90_000) for _ in range(50)]
    made = []
    for number in range(count):
        place, wall = number % 50, T0 + number * 1000 // rate
        prices[place] *= chance.uniform(0.9999, 1.0001)
        close, opened = f"{prices[place]:.2f}", wall // 60_000 * 60_000
        kline = {"t": opened, "T": opened + 59_999, "s": f"C{place:03}USDT", "i": "1m", "f": number, "L": number + 9}
        kline |= {
            "o": f"{prices[place] * 0.999:.2f}",
            "c": close,
            "h": f"{prices[place] * 1.001:.2f}",
            "l": f"{prices[place] * 0.998:.2f}",
        }
        kline |= {
            "v": f"{chance.uniform(0, 99):.5f}",
            "n": number % 997,
            "x": False,
            "q": f"{chance.uniform(0, 1e6):.8f}",
        }
        kline |= {"V": f"{chance.uniform(0, 50):.5f}", "Q": f"{chance.uniform(0, 1e6):.8f}", "B": "0"}
        text = json.dumps({"e": "kline", "E": wall, "s": f"C{place:03}USDT", "k": kline}, separators=(",", ":"))
        made.append(FrameRecord(wall, wall * 1_000_000, 0, 1, "in", text.ljust(300)))
    return made


def best_of(work: Callable[[], object], number: int, rounds: int = 7) -> tuple[float, float]:
    """Microseconds for one of `number`, best and median, on this thread."""
    found = []
    for _ in range(rounds):
        began = time.thread_time()
        work()
        found.append((time.thread_time() - began) / number * 1e6)
    return min(found), statistics.median(found)


def bench_add(lot: list[FrameRecord]) -> tuple[float, float]:
    def add() -> None:
        backlog = Backlog(1 << 30, 1 << 40)
        for record in lot:
            backlog.add(record)

    return best_of(add, len(lot))


def bench_lines(lot: list[FrameRecord], redact: Callable[[str], str]) -> tuple[float, float]:
    return best_of(lambda: [encode(record, redact) for record in ClockWatch().watch(lot)], len(lot))


def newest() -> int:
    """When the last bar that is played opens, ms."""
    return int(FILE.read_text().splitlines()[BARS].partition(",")[0])


def run_feed(recorders: dict[str, dict[str, str]], folder: Path) -> float | None:
    """Microseconds of CPU for a message of a live session, all threads, to the end of the last write.

    The market server is another process and plays RATE messages a second over a socket. It cuts whom it waits for: then
    the machine is too busy to measure, and this is None.
    """
    options = ["--data", str(FILE), "--timeframe", "1h", "--symbol", "BTCUSDT"]
    options += ["--updates", str(UPDATES), "--rate", str(RATE / (UPDATES + 1)), "--limit", str(BARS)]
    with subprocess.Popen([sys.executable, "-c", SIMULATE, *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        live = {"endpoint": server.stdout.readline().strip(), "csrf_token": TOKEN, "symbols": ["BTCUSDT"]}
        chain = [{"name": "live", "plugin": "websocket", "options": live | {"resolutions": ["1h"]}}]
        chain += [{"name": "bars", "plugin": "store", "options": {"url": f"sqlite:///{folder}/bars.db"}}]
        began, last = time.process_time(), newest()
        try:
            with wealthsources.open({"clock": "feed", "sources": chain, "recorder": recorders}) as session:
                source = session.source("live")
                session.start_live()
                while (series := source.store.get("BTCUSDT", Timeframe("1h"))) is None or series.newest != last:
                    if source.status().reconnects:
                        return None
                    time.sleep(0.02)
                time.sleep(0.1)  # the last states of the last bar
        finally:
            server.kill()
        return (time.process_time() - began) / MESSAGES * 1e6


def bench_feed(rounds: int = 5) -> None:
    """What recording adds to the CPU time of a running feed: in turns, and the median of the differences."""
    taken: dict[str, list[float]] = {"": [], "frames": [], "store": []}
    for _ in range(rounds):
        for name, found in taken.items():
            found.append(_measured(name))
    alone = taken.pop("")
    print(f"a feed of {RATE:,} messages a second: {statistics.median(alone):.1f} µs of CPU a message", end="")
    print(f" ({statistics.median(alone) * RATE / 1e6:.1%} of one core)")
    for name, found in taken.items():
        more = statistics.median(one - other for one, other in zip(found, alone, strict=True))
        share = more / statistics.median(alone)
        print(f"  recorder {name}: {more:+.1f} µs a message, {more * RATE / 1e6:.1%} of one core, {share:+.0%}", end="")
        print(f"; least {min(found):.1f}, alone {min(alone):.1f}")


def _measured(name: str, tries: int = 10) -> float:
    for _ in range(tries):
        with tempfile.TemporaryDirectory() as folder:
            options = {"folder": f"{folder}/frames"} if name == "frames" else {}
            took = run_feed({name: options} if name else {}, Path(folder))
            if took is not None:
                _check_recorded(name, Path(folder))
                return took
    raise SystemExit("the machine is too busy to receive so many messages a second")


def _check_recorded(name: str, folder: Path) -> None:
    """What was not recorded cost nothing."""
    if name == "frames":
        found = sum(isinstance(each, FrameRecord) for each in Recording(folder / "frames" / "live").frames())
        assert found >= MESSAGES, found
    elif name == "store":
        database = StoreSource(StoreOptions(url=f"sqlite:///{folder}/bars.db")).database
        assert len(read(database, "BTCUSDT", Timeframe("1h"), end=newest())) == BARS - 1


def bench_reading(lot: list[FrameRecord], folder: Path) -> tuple[float, float]:
    """MB for a million frames, records read in a second of CPU."""
    limits = Limits(most_records=2 * len(lot), most_bytes=1 << 40)
    writer = FrameWriter(folder, HEADER, redact=str, logger=logging.getLogger(), limits=limits)
    for begin in range(0, len(lot), RATE // 2):  # as much as comes between two flushes
        for record in lot[begin : begin + RATE // 2]:
            writer.add(record)
        while writer.written < min(begin + RATE // 2, len(lot)):
            time.sleep(0.001)
    writer.close()
    size = sum(path.stat().st_size for path in folder.glob("*.gz"))
    best, _ = best_of(lambda: sum(1 for _ in Recording(folder).frames()), len(lot), 5)
    return size / len(lot), 1e6 / best


def main() -> None:
    lot = frames(COUNT)
    print("add, on the caller: {:.2f} µs a record, median {:.2f}".format(*bench_add(lot)))
    for name, redact, part in (("no secret", str, lot), ("a token of 32", Redactor(TOKEN), lot[:20_000])):
        best, median = bench_lines(part, redact)
        print(f"lines, {name}: {best:.2f} µs a record, median {median:.2f}")
    bench_feed()
    with tempfile.TemporaryDirectory() as folder:
        size, rate = bench_reading(lot, Path(folder))
    print(f"{size:.0f} MB for a million frames of 300 bytes; {rate:,.0f} records read in a second")


if __name__ == "__main__":
    main()
