"""The command: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import QUIET


def test_what_the_strategy_prints_goes_to_stderr_once(verify):
    text = "from wealthdata import log\ndef handle_bar(context, bar):\n    print('here')\n    log.info('there', 1)\n"
    result = verify(text, "--limit", 1)
    assert result.err == "here\n2024-01-01 05:00 there 1\n"
    assert result.report["bars"] == 1


def test_what_the_strategy_prints_is_not_shown_with_quiet(verify):
    assert verify("import sys\ndef handle_bar(context, bar): print(1), sys.stderr.write('x')\n", "--quiet").err == ""


@pytest.mark.parametrize("options", [["--limit", "0"], ["--warmup", "-1"], ["--frobnicate"]])
def test_wrong_use_exits_with_2(command, strategy, data, options):
    assert command(strategy(QUIET), data(), *options).code == 2


@pytest.mark.parametrize(
    ("imported", "absent"),
    [("wealthdata", "wealthsources_verify"), ("wealthsources_verify.main", "wealthsources_verify.engine")],
)
def test_what_is_not_needed_is_not_imported(imported, absent):
    code = f"import sys, {imported}; print({absent!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_help_says_that_the_strategy_is_executed(command):
    result = command("--help")
    assert result.code == 0
    assert "is executed" in " ".join(result.out.split())


@pytest.mark.parametrize("flag", [True, False])
def test_a_traceback_is_shown_only_if_asked_for(verify, flag):
    result = verify("def handle_bar(context, bar):\n    1 / 0\n", *["--debug"] * flag)
    assert ("Traceback" in result.err) == flag
    assert result.code == 1
