"""Processes that record and are killed: what was older than a second is there, all of it can be read, nothing twice."""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import subprocess
import sys

from wealthsources_replay.errors import RecordingError
from wealthsources_replay.frames import BeganRecord, FrameRecord
from wealthsources_replay.reader import Recording

from ...support.waiting import wait_until

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))  # `make kill-test` makes more
SECOND = 1_000_000_000
#: Numbers its records, and says of each when it was added, in memory that outlives it.
CHILD = """
import logging, mmap, random, struct, sys, time
from pathlib import Path
from wealthsources_replay.frames import FrameRecord
from wealthsources_replay.writer import FrameWriter, Limits
from wealthsources_replay.header import Header

folder, said, seed = sys.argv[1:]
chance = random.Random(int(seed))
header = Header("live", "websocket", "binance", "spot", "live", ("BTCUSDT",), ("1m",))
limits = Limits(segment=200_000) if chance.random() < 0.5 else Limits(flush_every=0.002, segment=20_000)
with open(said, "r+b") as file:
    memory = mmap.mmap(file.fileno(), 24)
writer = FrameWriter(folder, header, redact=str, logger=logging.getLogger(), limits=limits)
number, began = 0, time.monotonic_ns()
while True:
    for _ in range(10):
        text = f"{number} " + "".join(chance.choices("0123456789abcdef", k=200))
        now = time.monotonic_ns()
        writer.add(FrameRecord(time.time_ns() // 1_000_000, now, 0, 1, "in", text))
        memory[:] = struct.pack("<qqq", number, began, now)
        number += 1
    time.sleep(0.001)
"""


def kill_once(folder, said, seed, after):
    """Kill a process that has added `after` records: the number of the last one, the times of the first and of it."""
    said.write_bytes(struct.pack("<qqq", -1, 0, 0))
    with said.open("r+b") as file, mmap.mmap(file.fileno(), 24) as memory:
        with subprocess.Popen([sys.executable, "-c", CHILD, str(folder), str(said), str(seed)]) as child:
            wait_until(lambda: child.poll() is not None or struct.unpack("<qqq", memory[:])[0] >= after)
            child.kill()
        assert child.returncode == -signal.SIGKILL
        return struct.unpack("<qqq", memory[:])


def runs(folder):
    """The frames of each process that recorded. No more than the end of each may be cut short."""
    try:
        recording = Recording(folder)
    except RecordingError:
        return []  # the first one was killed before it had written anything
    found = []
    for record in recording.frames():
        if isinstance(record, BeganRecord):
            found.append([])
        else:
            assert isinstance(record, FrameRecord), record
            found[-1].append(record)
    assert all("cut short" in damage.reason for damage in recording.damage)
    assert len(recording.damage) <= ROUNDS
    return found


def test_nothing_older_than_a_second_is_lost_and_nothing_is_there_twice(tmp_path):
    chance, folder, kept = random.Random(12), tmp_path / "recording", []
    for seed in range(ROUNDS):
        number, first, last = kill_once(folder, tmp_path / "said", seed, chance.randrange(50, 6_000))
        found = runs(folder)
        assert found[: len(kept)] == kept
        (mine,) = found[len(kept) :] or [[]]
        numbers = [int(record.data.partition(" ")[0]) for record in mine]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) <= number + 2  # it may have been killed before it said so
        assert (mine[-1].monotonic_ns if mine else first) >= last - SECOND
        kept = found
    assert sum(map(len, kept)) > 10_000
