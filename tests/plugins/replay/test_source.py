"""A recording, played again: the same bars at each of its moments."""

from __future__ import annotations

import hashlib
import time

import pytest

import wealthsources
from wealthsources import HistoryRequest, NotHere, Timeframe

from ...support.bars import at
from .conftest import SYMBOLS

FRAME = Timeframe("1h")


def open_replay(folder, speed="step", clock="feed", **options):
    said = {"recording": str(folder), "speed": speed, **options}
    return wealthsources.open({"clock": clock, "sources": [{"plugin": "replay", "options": said}]})


def held(source, symbol, *, forming=True):
    """Everything that the source answers, as bytes; empty for nothing."""
    try:
        bars = source.get_history(HistoryRequest(symbol, FRAME, at(10_000), include_forming=forming))
    except NotHere:
        return b""
    return bars.rows.tobytes()


def digest(source):
    return hashlib.sha256(b"|".join(held(source, symbol) for symbol in SYMBOLS)).hexdigest()


@pytest.fixture
def recording(recorded):
    """A session with cuts on two connections; what it held in the end, and after each part: (wall ms, bytes)."""
    live = recorded()
    moments = []
    for steps in (7, 11, 5):
        live.play(steps)
        moments.append((time.time_ns() // 1_000_000 + 1, [held(live.source, symbol) for symbol in SYMBOLS]))
        time.sleep(0.005)  # so that what follows is of a later ms
        live.cut()
    live.play(4)
    moments.append((time.time_ns() // 1_000_000 + 1, [held(live.source, symbol) for symbol in SYMBOLS]))
    time.sleep(0.005)
    live.session.stop()
    return live.folder / "live", moments


def test_at_each_moment_it_answers_what_was_answered_then(recording):
    folder, moments = recording
    with open_replay(folder) as session:
        session.start_live()
        source = session.source("replay")
        for until, then in moments:
            source.step(until)
            assert [held(source, symbol) for symbol in SYMBOLS] == then
        assert any(then[-1])


def test_two_runs_give_the_same_bytes_at_every_step(recording):
    runs = []
    for _ in range(2):
        with open_replay(recording[0]) as session:
            session.start_live()
            source, run = session.source("replay"), []
            while not source.is_over:
                events = source.step()
                run.append((digest(source), [(each.kind, each.symbol, each.known_at) for each in events]))
            runs.append(run)
    assert runs[0] == runs[1]
    assert len(runs[0]) > 50
