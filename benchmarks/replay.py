"""How fast a recording and plain bars are played: CPU time, reading (and unpacking) them included."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

from recording import RATE, frames

import wealthsources
from wealthsources_replay.frames import StateRecord
from wealthsources_replay.header import Header
from wealthsources_replay.writer import FrameWriter, Limits

COUNT = 200_000
ROUNDS = 3
PROMISED = 60.0  # µs a frame: a million in a minute
BARS_OF_EACH = 10_000
FIRST, MINUTE = 1_704_067_200_000, 60_000
SYMBOLS = tuple(f"C{number:03}USDT" for number in range(50))
HEADER = Header("live", "websocket", "binance", "spot", "live", SYMBOLS, ("1m",), {"clock": "feed"})


def write(folder: str) -> None:
    limits = Limits(most_records=2 * COUNT, most_bytes=1 << 40)
    writer = FrameWriter(folder, HEADER, redact=str, logger=logging.getLogger(), limits=limits)
    lot = frames(COUNT, 500)
    first = lot[0]
    writer.add(StateRecord(first.wall_ms, first.monotonic_ns, 0, 1, "connecting", ""))
    writer.add(first._replace(data='{"result":null,"id":1}'))
    for begin in range(0, len(lot), RATE // 2):  # as much as comes between two flushes
        for record in lot[begin : begin + RATE // 2]:
            writer.add(record)
        while writer.written < min(begin + RATE // 2, len(lot)):
            time.sleep(0.001)
    writer.close()


def open_replay(folder: str, speed: str) -> wealthsources.Session:
    options = {"recording": folder, "speed": speed}
    return wealthsources.open({"clock": "feed", "sources": [{"plugin": "replay", "options": options}]})


def stepped(folder: str) -> float:
    """Microseconds a frame, with the events of each."""
    with open_replay(folder, "step") as session:
        session.start_live()
        source, began, closed = session.source("replay"), time.thread_time(), 0
        while not source.is_over:
            closed += sum(event.kind == "bar" for event in source.step())
        assert closed > 0
        return (time.thread_time() - began) / source.played * 1e6


def raced(folder: str) -> float:
    """Microseconds a frame, of the process, on a thread of the session's."""
    with open_replay(folder, "max") as session:
        began = time.process_time()
        session.start_live()
        source = session.source("replay")
        while not source.is_over:
            time.sleep(0.01)
        return (time.process_time() - began) / source.played * 1e6


def write_bars(folder: str) -> None:
    for symbol in SYMBOLS[:10]:
        times = range(FIRST, FIRST + BARS_OF_EACH * MINUTE, MINUTE)
        rows = [f"{time},100.00,101.50,99.25,100.75,12.500" for time in times]
        Path(folder, f"{symbol}-1m.csv").write_text("\n".join(["open_time,open,high,low,close,volume", *rows, ""]))


def played_bars(folder: str) -> float:
    """Bars a second, with the events of each, out of files."""
    options = {"bars": "archive", "symbols": SYMBOLS[:10], "timeframes": ["1m"], "speed": "step"}
    options |= {"from": FIRST, "to": FIRST + BARS_OF_EACH * MINUTE}
    archive = {"name": "archive", "plugin": "file", "options": {"path": f"{folder}/{{symbol}}-{{timeframe}}.csv"}}
    sources = [{"plugin": "replay", "options": options}, archive]
    with wealthsources.open({"clock": "feed", "sources": sources}) as session:
        began = time.process_time()
        session.start_live()
        source = session.source("replay")
        while not source.is_over:
            source.step()
        assert source.played == 10 * BARS_OF_EACH
        return source.played / (time.process_time() - began)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / "live")
        write(recording)
        for name, run in (("step by step", stepped), ("at full speed", raced)):
            best = min(run(recording) for _ in range(ROUNDS))
            print(f"{name}: {best:.1f} µs a frame, {60 / best:.2f} million a minute ({PROMISED:.0f} µs are promised)")
    with tempfile.TemporaryDirectory() as folder:
        write_bars(folder)
        print(f"plain bars, step by step: {max(played_bars(folder) for _ in range(ROUNDS)):,.0f} bars a second")


if __name__ == "__main__":
    main()
