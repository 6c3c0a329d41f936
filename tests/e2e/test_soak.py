"""The short form of `make soak`: some hours of an accelerated day of faults. `make soak` is the whole."""

from __future__ import annotations

import importlib
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_hours_of_faults_lose_nothing_and_leave_nothing_behind(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)  # the server's process looks there too
    soak = importlib.import_module("soak")
    report = soak.soak(seconds=20.0, bars=240, seed=3)
    assert report.problems() == []
    assert report.checked == 50 * 239
    assert sum(report.lost.values()) >= 3
    assert report.backfilled > 0
