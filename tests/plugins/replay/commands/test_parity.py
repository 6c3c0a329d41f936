"""`wealthsources parity`: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from wealthsources_replay.commands.parity import app

from ..deployment import deploy

ASKS = """
from wealthdata import get_price

def handle_bar(context, bar):
    get_price(bar.symbol, count=2, frequency="1m")
"""


@pytest.fixture
def run(tmp_path):
    """run(strategy, *arguments): what came of the command, over what is deployed in the folder."""

    def call(*arguments, strategy=ASKS, config="config.yaml"):
        (tmp_path / "strategy.py").write_text(strategy)
        given = [tmp_path / "live", "--strategy", tmp_path / "strategy.py", "--config", tmp_path / config, *arguments]
        return CliRunner().invoke(app, [str(each) for each in given])

    return call


def test_the_same_answers_are_counted(run, tmp_path):
    deploy(tmp_path, minutes=3, stored=3)
    done = run()
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "6 answers compared, 0 different\n"


def test_what_differs_is_printed_and_the_exit_code_is_1(run, tmp_path):
    deploy(tmp_path, minutes=3, stored=3, close="3")
    done = run()
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        f"2027-01-15 08:03 UTC  BTCUSDT 1m {what}: 2027-01-15 08:02 close 2 live, 3 in the backtest"
        for what in ("1 bar to 2027-01-15 08:03", "2 bars")
    ]
    assert done.stderr == "6 answers compared, 2 different\n"


def test_a_bar_that_the_store_lacks_is_a_difference_and_the_strategy_is_not_called_without_it(run, tmp_path):
    deploy(tmp_path, minutes=3, stored=2)
    done = run()
    assert done.exit_code == 1
    asked = "BTCUSDT 1m 1 bar to 2027-01-15 08:03"
    assert done.stdout == f"2027-01-15 08:03 UTC  {asked}: 2027-01-15 08:02 is not in the backtest\n"
    assert done.stderr == "5 answers compared, 1 different\n"


def test_of_very_many_differences_the_first_are_printed(run, tmp_path):
    deploy(tmp_path, minutes=30, stored=0)
    lines = run().stdout.splitlines()
    assert len(lines) == 21
    assert "there is no store yet" in lines[0]
    assert lines[-1] == "… and 10 more"


def test_a_question_that_depends_on_which_run_it_is_is_told(run, tmp_path):
    deploy(tmp_path, minutes=2, stored=2)
    asks = ASKS.replace("count=2", "count=3 if hasattr(context, 'now_ms') else 2")
    done = run(strategy=asks)
    assert "only the backtest asked this" in done.stdout
    assert done.stderr == "2 answers compared, 0 different; 4 asked by one side only\n"


def test_a_strategy_that_fails_on_both_sides_ends_it(run, tmp_path):
    deploy(tmp_path, minutes=2, stored=2)
    done = run(strategy="def handle_bar(context, bar): 1 / 0\n")
    assert done.exit_code == 1
    assert "ZeroDivisionError" in done.stderr


def test_it_is_initialized_once_on_each_side_before_its_first_bar(run, tmp_path):
    deploy(tmp_path, minutes=2, stored=2)
    asks = "def initialize(context): print('begins')\ndef handle_bar(context, bar): print(bar.open_time)\n"
    assert [line == "begins" for line in run(strategy=asks).stdout.splitlines()] == [True, True] + [False] * 4


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--known", "later"], 2, "say then, or now"),
        (["--from", "2031-01-01"], 2, "recorded is 2027-01-15 08:00"),
        (["--config", "nowhere.yaml"], 2, "nowhere.yaml"),
    ],
)
def test_wrong_use_is_refused(run, tmp_path, arguments, code, why):
    deploy(tmp_path, minutes=2, stored=2)
    done = run(*arguments)
    assert done.exit_code == code
    assert why in " ".join(done.stderr.split())


def test_a_folder_without_a_recording_is_refused(run, tmp_path):
    deploy(tmp_path, minutes=2, stored=2)
    (tmp_path / "live").rename(tmp_path / "moved")
    done = run()
    assert (done.exit_code, done.stderr) == (2, f"error: there is no folder {tmp_path}/live\n")


def test_a_store_that_cannot_be_read_is_no_difference(run, tmp_path):
    deploy(tmp_path, minutes=2, stored=0)
    (tmp_path / "bars.db").write_bytes(b"no database" * 100)
    done = run()
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is no SQLite database" in done.stderr
