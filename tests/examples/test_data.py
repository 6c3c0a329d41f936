"""The sample data are what their README says."""

from __future__ import annotations

import re
from pathlib import Path

DATA = Path(__file__).parents[2] / "examples" / "data"
MADE = ["TESTUSDT/1h.csv", "TESTUSDT/1m.csv"]


def test_the_invented_bars_follow_the_rule_that_is_stated(tmp_path, monkeypatch):
    (tmp_path / "TESTUSDT").mkdir()
    monkeypatch.chdir(tmp_path)
    program = re.search(r"```python\n(.*?)```", (DATA / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(program[1], "README", "exec"), {})
    for name in MADE:
        assert (tmp_path / name).read_text() == (DATA / name).read_text(), name


def test_the_invented_bars_lie_in_the_hours_of_the_real_ones():
    times = {name: _open_times(name) for name in ("BTCUSDT/1h.csv", *MADE)}
    assert times["TESTUSDT/1h.csv"] == times["BTCUSDT/1h.csv"]
    minutes = times["TESTUSDT/1m.csv"]
    assert minutes == list(range(minutes[0], minutes[0] + 2880 * 60_000, 60_000))
    assert minutes[-1] + 60_000 == times["BTCUSDT/1h.csv"][-1] + 3_600_000


def _open_times(name: str) -> list[int]:
    return [int(line.split(",")[0]) for line in (DATA / name).read_text().splitlines()[1:]]
