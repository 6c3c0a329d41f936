"""The command: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

QUIET = "def handle_bar(context, bar): pass\n"
HOLES = """
from wealthdata import get_price
def handle_bar(context, bar):
    get_price('BTCUSDT', count=2, frequency='1h')
"""


def test_the_table_has_a_line_for_each_finding_and_one_that_sums_up(command, strategy, data):
    result = command(strategy(HOLES), data(skip={10, 11, 20}))
    assert result.out == (
        "found  first at (UTC)    times  what\n"
        "hole   2024-01-01 13:00      1  BTCUSDT 1h: 2 missing from 2024-01-01 10:00 to 2024-01-01 12:00"
        " (get_price at s.py:4)\n"
        "hole   2024-01-01 22:00      1  BTCUSDT 1h: 1 missing from 2024-01-01 20:00 to 2024-01-01 21:00"
        " (get_price at s.py:4)\n"
        "\n"
        "34 bars of BTCUSDT 1h: 34 answers and 0 decisions compared: 2 holes\n"
    )


def test_of_many_findings_of_one_kind_the_table_has_ten(command, strategy, data):
    result = command(strategy(HOLES), data(60, skip=set(range(10, 50, 2))))
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines[1:12]] == ["hole"] * 11
    assert lines[11].endswith("and 10 more, which --json lists")
    assert lines[-1].endswith(": 20 holes")


def test_the_json_says_what_was_run(verify, tmp_path):
    report = verify(QUIET, "--limit", 5, skip={20}).report
    assert report["strategy"] == str(tmp_path / "s.py")
    assert report["data"] == [
        {"path": str(tmp_path / "BTCUSDT/1h.csv"), "symbol": "BTCUSDT", "timeframe": "1h", "bars": 39, "holes": 1}
    ]
    assert (report["warmup"], report["bars"], report["findings"], report["counts"]) == (3, 5, [], {})


def test_what_the_strategy_prints_goes_to_stderr_once(verify):
    text = "from wealthdata import log\ndef handle_bar(context, bar):\n    print('here')\n    log.info('there', 1)\n"
    result = verify(text, "--limit", 1)
    assert result.err == "here\n2024-01-01 05:00 there 1\n"
    assert result.report["bars"] == 1


def test_what_the_strategy_prints_is_not_shown_with_quiet(verify):
    assert verify("import sys\ndef handle_bar(context, bar): print(1), sys.stderr.write('x')\n", "--quiet").err == ""


def test_a_handler_that_the_strategy_adds_to_the_log_writes_in_its_own_run_only(verify):
    text = """
        import logging
        logger = logging.getLogger('of_s')
        logger.addHandler(logging.StreamHandler())
        def handle_bar(context, bar): logger.warning('here')
        """
    assert verify(text, "--limit", 1).err == "here\n"


def test_control_characters_of_a_strategy_do_not_reach_the_terminal(command, strategy, data):
    result = command(strategy("def handle_bar(context, bar): raise ValueError('\\x1b[31m' + 'x' * 999)\n"), data())
    assert "\x1b" not in result.out
    assert "xxx…" in result.out


# data ----------------------------------------------------------------------------------------------------------


def test_symbol_and_timeframe_may_be_said(command, strategy, data, tmp_path):
    path = data().rename(tmp_path / "some{prices}.csv")
    result = command(strategy(QUIET), path, "--symbol", "ETH/USDT", "--timeframe", "1h")
    assert result.out == "36 bars of ETH/USDT 1h: 0 answers and 0 decisions compared: nothing found\n"


def test_a_packed_file_is_read(command, strategy, data):
    path = data()
    packed = path.with_name("1h.csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert command(strategy(QUIET), packed).out.startswith("36 bars of BTCUSDT 1h")


@pytest.mark.parametrize(("count", "bars"), [(9, 9), (50, 45), (1500, 1400)])
def test_a_tenth_of_the_bars_and_a_hundred_at_most_warm_up(verify, count, bars):
    assert verify(QUIET, count=count).report["bars"] == bars


def test_the_warm_up_and_the_limit_may_be_said(verify):
    report = verify(QUIET, "--warmup", 30, "--limit", 7).report
    assert (report["warmup"], report["bars"]) == (30, 7)
    assert verify(QUIET, "--warmup", 38, "--limit", 7).report["bars"] == 2


# refusals ------------------------------------------------------------------------------------------------------


def refused(result, text):
    assert (result.code, result.out) == (2, "")
    assert text in result.error


def test_a_strategy_that_is_not_there_is_said(command, data, tmp_path):
    refused(command(tmp_path / "gone.py", data()), "gone.py: no such file")


def test_a_data_file_that_is_not_there_is_said(command, strategy, tmp_path):
    refused(command(strategy(QUIET), tmp_path / "BTCUSDT" / "1h.csv"), "1h.csv: no such file")


def test_a_path_that_names_no_series_is_said(command, strategy, data, tmp_path):
    path = data().rename(tmp_path / "prices.csv")
    refused(command(strategy(QUIET), path), "is not named as BTCUSDT/1h.csv is, so say --symbol and --timeframe")
    refused(command(strategy(QUIET), path, "--symbol", "X"), "so say --timeframe")


def test_wrong_columns_are_said_with_the_file_and_the_line(command, strategy, data):
    path = data()
    path.write_text(path.read_text().replace("close", "last"))
    refused(command(strategy(QUIET), path), f"{path}:1: the header has no column close")


def test_a_bad_row_is_said_with_the_file_and_the_line(command, strategy, data):
    path = data()
    path.write_text(path.read_text().replace(",5\n", ",-5\n"))
    refused(command(strategy(QUIET), path), f"{path}:6: volume is negative")


def test_a_file_without_bars_is_said(command, strategy, data):
    refused(command(strategy(QUIET), data(0)), "none of these bars; it has none")


def test_an_unknown_timeframe_is_said(command, strategy, data):
    refused(command(strategy(QUIET), data(), "--timeframe", "7m"), "'7m' is not a timeframe; known: 1m, ")


def test_two_files_of_one_series_are_refused(command, strategy, data):
    refused(command(strategy(QUIET), data(), data()), "two data files are BTCUSDT 1h")


def test_names_are_for_a_single_file(command, strategy, data):
    files = data(), data(name="ETHUSDT/1h.csv")
    refused(command(strategy(QUIET), *files, "--symbol", "X"), "--symbol and --timeframe are for one data file")


def test_a_warm_up_that_leaves_nothing_is_refused(command, strategy, data):
    refused(command(strategy(QUIET), data(), "--warmup", 40), "has 40 closed bars, and --warmup 40 leaves none")


def test_a_strategy_with_nothing_to_run_is_refused(command, strategy, data):
    refused(command(strategy("x = 1\n"), data()), "s.py has nothing to run: it defines neither handle_bar")


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


def test_a_strategy_that_opens_a_session_is_refused(command, strategy, data, tmp_path):
    (tmp_path / "config.yaml").write_text("sources: [{plugin: context}]\n")
    text = f"import wealthdata\nwealthdata.configure({str(tmp_path / 'config.yaml')!r})\n{QUIET}"
    refused(command(strategy(text), data()), "s.py opens a session of its own")


@pytest.mark.parametrize("options", [["--limit", "0"], ["--warmup", "-1"], ["--frobnicate"]])
def test_wrong_use_exits_with_2(command, strategy, data, options):
    assert command(strategy(QUIET), data(), *options).code == 2


# imports -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("imported", "absent"),
    [("wealthdata", "wealthsources_verify"), ("wealthsources_verify.main", "wealthsources_verify.engine")],
)
def test_what_is_not_needed_is_not_imported(imported, absent):
    code = f"import sys, {imported}; print({absent!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_log_of_holes_does_not_reach_stderr(strategy, data):
    arguments = [str(strategy(HOLES)), str(data(skip={20}))]
    code = f"from wealthsources_verify.main import app; app({arguments})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_help_says_that_the_strategy_is_executed(command):
    result = command("--help")
    assert result.code == 0
    assert "is executed" in " ".join(result.out.split())
