"""What `make soak` runs: a trading day in minutes, 50 series, a fault every few seconds; then everything is compared.

The server is a process of its own, so that what it keeps of the day does not count as ours. At the end every bar it
ever closed must be answered through the chain, none twice, none different; threads, descriptors and resident memory of
this process must be flat: over the second half no trend beyond the noise. `--seed` makes the same day again.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

TIMEFRAME, MINUTE = "1m", 60_000
BEGINNING = 1_599_998_400_000  # of every market that is made up
#: What may happen to a connection that never gets as far as a subscription.
BEFORE = (
    "silent-upgrade",
    "endless-headers",
    "captive-portal",
    "unauthorized",
    "bad-status:503",
    "endless-body",
    "redirect",
    "wrong-accept",
    "no-ack",
    "error-instead:try later",
    "close-at-once",
)
#: What may happen to one that has been up for a while.
AMID = (
    "fin",
    "reset",
    "half frame",
    "freeze",
    "close 1001",
    "close 1012",
    "protocol",
    "utf-8",
    "too big",
)
#: What a connection may be sent and must survive.
NUISANCES = ("not json", "empty", "binary", "ping", "pong", "unknown", "stranger", "error")


@dataclass
class Report:
    """What a soak found. Memory in MB."""

    seed: int
    series: int
    bars: int
    seconds: float = 0.0
    connections: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    checked: int = 0
    missing: int = 0
    different: int = 0
    twice: int = 0
    backfilled: int = 0
    holes: int = 0
    threads: tuple[int, int] = (0, 0)
    descriptors: tuple[int, int] = (0, 0)
    memory: tuple[float, float] = (0.0, 0.0)
    growth: float = 0.0
    noise: float = 0.0

    def problems(self) -> list[str]:
        """What is not as it must be."""
        found = [f"{name}: {getattr(self, name)}" for name in ("missing", "different", "twice") if getattr(self, name)]
        if not self.checked:
            found.append("nothing was compared")
        if self.threads[1] > self.threads[0]:
            found.append(f"threads grew from {self.threads[0]} to {self.threads[1]}")
        if self.descriptors[1] > self.descriptors[0]:
            found.append(f"descriptors grew from {self.descriptors[0]} to {self.descriptors[1]}")
        if self.growth > max(3 * self.noise, 2.0):
            found.append(f"memory grew by {self.growth:.1f} MB in the second half; the noise is {self.noise:.1f} MB")
        return found


# the server's process ------------------------------------------------------------------------------------------


def serve(pipe: Connection, folder: str, series: int, bars: int, seed: int, seconds: float) -> None:
    """Play the day, hurting the client now and then; then behave, and wait to be told to end."""
    from wealthsources_simulator import Market, MarketServer

    symbols = [f"COIN{number:02d}USDT" for number in range(series)]
    market = Market.made(symbols, TIMEFRAME, bars, seed, updates=2, snapshot=2)
    for symbol, timeframe in market.series:
        write_archive(Path(folder), symbol, timeframe, market.timelines[symbol, timeframe].bars)
    server = MarketServer(market, seed=seed)
    trouble = Trouble(seed, market.steps_per_bar * series)
    server.then(*(trouble for _ in range(100_000)))
    with server:
        pipe.send((server.url, symbols))
        pipe.recv()  # the client is connected
        began, steps = time.monotonic(), bars * market.steps_per_bar
        for step in range(steps):
            if step == steps - 3 * market.steps_per_bar:
                trouble.over.set()
            market.play_steps(1)
            ahead = began + (step + 1) * seconds / steps - time.monotonic()
            if ahead > 0:
                threading.Event().wait(ahead)
        pipe.send(server.accepted)
        pipe.recv()


class Trouble:
    """Every connection's script: a fault before it is up, or one after a while, until the day is nearly over."""

    def __init__(self, seed: int, messages_per_bar: int) -> None:
        self.over = threading.Event()
        self._seed = seed
        self._per_bar = messages_per_bar

    def __call__(self, peer: Any) -> None:
        from wealthsources_simulator import fault

        rng = random.Random(f"{self._seed}:{peer.number}")
        if self.over.is_set():
            peer.behave()
        if rng.random() < 0.4:
            fault(rng.choice(BEFORE))(peer)
            return
        peer.join()
        left = rng.randint(self._per_bar // 4, self._per_bar * 40)
        while left > 0 and not self.over.is_set():
            part = min(left, rng.randint(1, self._per_bar * 4))
            peer.pass_on(part)
            left -= part
            nuisance(peer, rng.choice(NUISANCES))
        if self.over.is_set():
            peer.behave()
        hurt(peer, rng.choice(AMID))


def nuisance(peer: Any, kind: str) -> None:
    from wealthsources_simulator.framing import PING, PONG, TEXT

    if kind == "binary":
        peer.frame(2, b"\x00\x01")
    elif kind in ("ping", "pong"):
        peer.frame(PING if kind == "ping" else PONG, b"out of the blue")
    elif kind == "stranger":
        peer.send(peer.bar(symbol="NOBODYUSDT"))
    elif kind == "error":
        peer.send({"type": "ERROR", "message": "slow down"})
    elif kind == "unknown":
        peer.send({"type": "NEWS", "text": "nothing new"})
    else:
        peer.frame(TEXT, b"" if kind == "empty" else b"what a nice day")


def hurt(peer: Any, kind: str) -> None:
    from wealthsources_simulator.framing import TEXT

    if kind == "reset":
        peer.reset()
    elif kind == "half frame":
        peer.frame(TEXT, b'{"type":"BAR"', length=100)
        peer.deaf()
    elif kind == "freeze":
        peer.wait(3.0)
    elif kind.startswith("close"):
        peer.say_goodbye(int(kind.split()[1]), "as the script says")
    elif kind == "protocol":
        peer.frame(TEXT, b"{}", rsv=4)
        peer.deaf()
    elif kind == "utf-8":
        peer.frame(TEXT, b"\xff")
        peer.deaf()
    elif kind == "too big":
        peer.frame(TEXT, b"x", length=1 << 40)
        peer.deaf()


def write_archive(folder: Path, symbol: str, timeframe: str, bars: Any) -> None:
    (folder / symbol).mkdir()
    rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in bars]
    text = "\n".join(["open_time,open,high,low,close,volume", *rows, ""])
    (folder / symbol / f"{timeframe}.csv").write_text(text)


# this process --------------------------------------------------------------------------------------------------


def soak(seconds: float = 300.0, bars: int = 1_440, series: int = 50, seed: int = 1) -> Report:
    """Live through a day of `bars` minutes in so many seconds, and compare."""
    report, began = Report(seed, series, bars), time.monotonic()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        child = context.Process(target=serve, args=(theirs, folder, series, bars, seed, seconds), daemon=True)
        child.start()
        theirs.close()
        try:
            live_through(report, ours, folder, seconds)
            ours.send("end")
        finally:
            child.join(10)
            child.kill()
            child.join()
            child.close()
            ours.close()
    report.seconds = time.monotonic() - began
    return report


def live_through(report: Report, pipe: Connection, folder: str, seconds: float) -> None:
    import wealthsources

    url, symbols = pipe.recv()
    live = {
        "endpoint": url,
        "symbols": symbols,
        "resolutions": [TIMEFRAME],
        "csrf_token": "none",
        "capacity": max(20, report.bars // 6),  # full before the first half is over, as after a day of real minutes
        "connect_timeout": 0.5,
        "ping_interval": 0.5,
        "pong_timeout": 0.5,
        "backoff_base": 0.02,
        "backoff_cap": 0.2,
        "reset_after": 1.0,
        "connects_per_minute": 1_000_000,
    }
    archive = {"name": "archive", "plugin": "file", "options": {"path": f"{folder}/{{symbol}}/{{timeframe}}.csv"}}
    sources = [{"name": "live", "plugin": "websocket", "options": live}, archive]
    with wealthsources.open({"clock": "feed", "on_stale": "mark", "sources": sources}) as session:
        adapter = session.adapter(mode="live")
        source = session.source("live")
        closings = {symbol: bytearray(report.bars) for symbol in symbols}  # made at once: it must not look like growth
        session.subscribe(lambda event: count_close(event, closings))
        wait_for(lambda: source.status().epoch > 0 or source.status().counters.get("attempts", 0) > 0, 10)
        pipe.send("connected")
        samples = watch(pipe, adapter, symbols, report.bars, seconds)
        report.connections = pipe.recv()
        compare(report, adapter, symbols, folder)
        report.twice += sum(times > 1 for counts in closings.values() for times in counts)
        counters = source.status().counters
        report.lost = {name[5:]: count for name, count in sorted(counters.items()) if name.startswith("lost.")}
        report.backfilled, report.holes = counters.get("backfilled", 0), counters.get("holes", 0)
    judge(report, samples)


def count_close(event: Any, closings: dict[str, bytearray]) -> None:
    """Nothing is ever corrected on this day, so that every bar is closed at most once."""
    if event.kind == "bar" and event.bar.closed:
        place = (event.bar.open_time - BEGINNING) // MINUTE
        counts = closings[event.symbol]
        counts[place] = min(255, counts[place] + 1)


def watch(
    pipe: Connection, adapter: Any, symbols: list[str], bars: int, seconds: float
) -> list[tuple[int, int, float]]:
    """Until the day is over: ask as a strategy would, and note threads, descriptors and memory."""
    from wealthsources import WealthSourcesError

    samples, rng = [], random.Random(7)
    pause = max(0.05, seconds / 200)
    while not pipe.poll(pause):
        for symbol in rng.sample(symbols, min(5, len(symbols))):
            try:
                times = adapter.get_history(symbol, min(100, bars), TIMEFRAME).open_times
            except WealthSourcesError:
                continue  # nothing yet
            assert (times[1:] > times[:-1]).all()
        samples.append((lasting_threads(), sum(1 for _ in Path("/proc/self/fd").iterdir()), memory()))
    return samples


def lasting_threads() -> int:
    """Threads but for those of the pools: these are made when they are first needed, and are few."""
    pools = ("wealthsources-backfill", "wealthsources-worker")
    return sum(not thread.name.startswith(pools) for thread in threading.enumerate())


def compare(report: Report, adapter: Any, symbols: list[str], folder: str) -> None:
    """Every bar that the server closed, with every digit, against what the chain answers."""
    for symbol in symbols:
        wanted = [line.split(",") for line in (Path(folder) / symbol / f"{TIMEFRAME}.csv").read_text().split()[1:]][:-1]
        first, last = int(wanted[0][0]), int(wanted[-1][0])
        wait_for(lambda symbol=symbol, last=last: newest(adapter, symbol) >= last, 20)
        answer = adapter.get_history(symbol, timeframe=TIMEFRAME, start=first)
        names = ("open", "high", "low", "close", "volume")
        got = {bar.open_time: [bar.exact(name) for name in names] for bar in answer}
        report.twice += len(answer) - len(got)
        report.checked += len(wanted)
        report.missing += sum(int(row[0]) not in got for row in wanted)
        report.different += sum(got.get(int(row[0]), row[1:]) != row[1:] for row in wanted)


def newest(adapter: Any, symbol: str) -> int:
    bars = adapter.get_history(symbol, 1, TIMEFRAME)
    return bars[-1].open_time if len(bars) else 0


def judge(report: Report, samples: list[tuple[int, int, float]]) -> None:
    half = samples[len(samples) // 2 :]
    middle = len(half) // 2
    threads, descriptors, used = zip(*half, strict=True)
    # The fewest: a thread that connects comes and goes, one that is left behind is there from then on.
    report.threads = (min(threads[:middle]), min(threads[middle:]))
    report.descriptors = (max(descriptors[:middle]), max(descriptors[middle:]))
    report.memory = (round(used[0], 1), round(used[-1], 1))
    slope, start = statistics.linear_regression(range(len(used)), used)
    report.growth = round(slope * len(used), 2)
    rest = [value - (start + slope * place) for place, value in enumerate(used)]
    report.noise = round(statistics.stdev(rest), 2)


def memory() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return  # what is missing is found by the comparison
        threading.Event().wait(0.01)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--bars", type=int, default=1_440, help="minutes of the day")
    parser.add_argument("--series", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("wealthsources").setLevel(logging.ERROR)  # thousands of holes, each said once
    report = soak(options.seconds, options.bars, options.series, options.seed)
    print(json.dumps(asdict(report), indent=2))
    problems = report.problems()
    print("\n".join(problems) if problems else "nothing missing, nothing different, nothing twice, nothing grew")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
