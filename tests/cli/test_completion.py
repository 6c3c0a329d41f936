"""What a shell completes, asked for as its own script asks."""

from __future__ import annotations

import sys

import pytest

from .conftest import run_process


def completed(words: str, **environment: str) -> list[str]:
    """What bash is offered for the last of these words."""
    asking = {"_WEALTHSOURCES_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = run_process("-m", "wealthsources", **asking, **environment)
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("wealthsources do", ["doctor"]),
        ("wealthsources sim", ["simulate"]),
        ("wealthsources doctor --off", ["--offline"]),
        ("wealthsources simulate --timef", ["--timeframe"]),
    ],
)
def test_commands_and_options_are_completed_those_of_plugins_too(words, offered):
    assert completed(words) == offered


def test_of_a_command_that_is_broken_nothing_is_completed_and_nothing_is_said(distribution):
    site = distribution("zdist", commands="zbroken = zbroken_module:app", zbroken_module="raise RuntimeError('no')")
    assert completed("wealthsources zbroken --x", PYTHONPATH=":".join([str(site), *sys.path])) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(shell):
    result = run_process("-m", "wealthsources", "--show-completion", shell)
    assert (result.returncode, "_WEALTHSOURCES_COMPLETE" in result.stdout) == (0, True), result.stderr


def test_it_is_installed_for_a_shell(tmp_path):
    result = run_process("-m", "wealthsources", "--install-completion", "bash", HOME=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "wealthsources" in (tmp_path / ".bash_completions" / "wealthsources.sh").read_text()
