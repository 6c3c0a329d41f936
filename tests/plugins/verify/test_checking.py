"""From files to runs: what is run, and what cannot be."""

from __future__ import annotations

import pytest

from .conftest import QUIET, refused


@pytest.mark.parametrize(("count", "bars"), [(9, 9), (50, 45), (1500, 1400)])
def test_a_tenth_of_the_bars_and_a_hundred_at_most_warm_up(verify, count, bars):
    assert verify(QUIET, count=count).report["bars"] == bars


def test_the_warm_up_and_the_limit_may_be_said(verify):
    report = verify(QUIET, "--warmup", 30, "--limit", 7).report
    assert (report["warmup"], report["bars"]) == (30, 7)
    assert verify(QUIET, "--warmup", 38, "--limit", 7).report["bars"] == 2


def test_two_files_of_one_series_are_refused(command, strategy, data):
    refused(command(strategy(QUIET), data(), data()), "two data files are BTCUSDT 1h")


def test_names_are_for_a_single_file(command, strategy, data):
    files = data(), data(name="ETHUSDT/1h.csv")
    refused(command(strategy(QUIET), *files, "--symbol", "X"), "--symbol and --timeframe are for one data file")


def test_a_warm_up_that_leaves_nothing_is_refused(command, strategy, data):
    refused(command(strategy(QUIET), data(), "--warmup", 40), "has 40 closed bars, and --warmup 40 leaves none")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", "s.py:2: SyntaxError: "),
        ("x = 1\nimport not_there\n", "s.py:2: ModuleNotFoundError: No module named 'not_there'"),
        ("def initialize(context):\n    1 / 0\n", "s.py:2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "s.py:1: SystemExit: 0"),
    ],
)
def test_a_strategy_that_cannot_begin_is_refused_with_the_place(command, strategy, data, text, said):
    refused(command(strategy(text), data()), said)


def test_a_strategy_that_is_not_there_is_said(command, data, tmp_path):
    refused(command(tmp_path / "gone.py", data()), "gone.py: no such file")
