"""examples/acme_source: installed as a stranger's package is, and used by its name."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACME = ROOT / "examples" / "acme_source"
T0, HOUR = 1_704_067_200_000, 3_600_000
CONFIG = "sources:\n- {plugin: acme, options: {database: bars.db}}\n"
ASK = """
import sys, wealthsources
from types import SimpleNamespace
with wealthsources.open(sys.argv[1]) as session:
    adapter = session.adapter(SimpleNamespace(now_ms=int(sys.argv[2])), mode="backtest")
    try:
        bars = adapter.get_history("BTCUSDT", 3, "1h")
        print([bar.open_time for bar in bars], [bar.exact("close") for bar in bars], {bar.source for bar in bars})
    except wealthsources.WealthSourcesError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Where the package is installed."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--target", str(folder), str(ACME)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=50)
    return folder


@pytest.fixture
def ask(site, tmp_path):
    """ask(hours): what is printed `hours` after T0."""
    (tmp_path / "config.yaml").write_text(CONFIG)

    def run(hours: int) -> str:
        command = [sys.executable, "-c", ASK, str(tmp_path / "config.yaml"), str(T0 + hours * HOUR)]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=50, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def fill(folder: Path, count: int) -> None:
    with sqlite3.connect(folder / "bars.db") as database:
        database.execute("CREATE TABLE bars (symbol, timeframe, open_time, open, high, low, close, volume)")
        rows = [("BTCUSDT", "1h", T0 + n * HOUR, "1", "2", "0.5", f"1.{n}0", "7") for n in range(count)]
        database.executemany("INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()


def test_its_bars_come_through_the_chain_with_their_own_text(ask, tmp_path):
    fill(tmp_path, 9)
    assert ask(5) == f"{[T0 + n * HOUR for n in (2, 3, 4)]} ['1.20', '1.30', '1.40'] {{'acme'}}"


def test_where_it_has_nothing_it_says_so(ask, tmp_path):
    fill(tmp_path, 0)
    assert "acme: not here" in ask(5)
    assert "the table has none of BTCUSDT 1h in that span" in ask(5)


def test_a_database_that_is_not_there_is_a_failure(ask):
    assert "the database cannot be read" in ask(5)
