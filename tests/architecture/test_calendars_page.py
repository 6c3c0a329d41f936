"""What docs/calendars.md shows is executed as it stands there, on minutes of Shanghai."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from wealthsources import Timeframe
from wealthsources.loading.calendars import read_hours

from ..support.hours import utc

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "calendars.md").read_text(encoding="utf-8")


ROWS = re.findall(r"^\| `(1h|4h|1d)` \| (\d\d:\d\d to \d\d:\d\d[^|]*) \|$", PAGE, re.MULTILINE)


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[0]


@pytest.fixture
def folder(tmp_path):
    """The configuration of the page, and the minutes that it speaks of."""
    minute = Timeframe("1m").on(read_hours("XSHG"))
    first, stop = minute.first_from(utc(2024, 2, 7)), minute.slot(utc(2024, 2, 21))
    rows = [f"{minute.open_time(slot)},{n},{n + 2},{n - 1},{n + 1},1" for n, slot in enumerate(range(first, stop), 10)]
    (tmp_path / "data" / "600519.XSHG").mkdir(parents=True)
    text = "\n".join(["open_time,open,high,low,close,volume", *rows]) + "\n"
    (tmp_path / "data" / "600519.XSHG" / "1m.csv").write_text(text)
    (tmp_path / "config.yaml").write_text(block("yaml"))
    return tmp_path


def test_the_example_prints_what_is_shown(folder):
    done = subprocess.run(
        [sys.executable, "-c", block("python")], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == block("text")


@pytest.mark.parametrize(("name", "windows"), ROWS)
def test_the_windows_of_a_day_are_those_of_the_table(name, windows):
    timeframe = Timeframe(name).on(read_hours("XSHG"))
    first = timeframe.first_from(utc(2024, 2, 19))
    spans = re.findall(r"(\d\d):(\d\d) to (\d\d):(\d\d)", windows)
    for slot, (hour, minute, until, after) in enumerate(spans, first):
        opens = timeframe.open_time(slot)
        assert opens == utc(2024, 2, 19, int(hour) - 8, int(minute))
        assert timeframe.end(opens) == utc(2024, 2, 19, int(until) - 8, int(after))
