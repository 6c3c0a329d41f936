"""How fast a recording is played: CPU time of one thread, reading and unpacking it included."""

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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / "live")
        write(recording)
        for name, run in (("step by step", stepped), ("at full speed", raced)):
            best = min(run(recording) for _ in range(ROUNDS))
            print(f"{name}: {best:.1f} µs a frame, {60 / best:.2f} million a minute ({PROMISED:.0f} µs are promised)")


if __name__ == "__main__":
    main()
