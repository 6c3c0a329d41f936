"""What a shell completes."""

from __future__ import annotations

import sys

import pytest

from .conftest import run_process


def completed(words: str, *site: str) -> list[str]:
    """What bash is offered for the last of these words, asked for as its own script asks."""
    asked = {"_WEALTHSOURCES_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = run_process("-m", "wealthsources", **asked, PYTHONPATH=":".join([*site, *sys.path]))
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("wealthsources sim", ["simulate"]),
        ("wealthsources doctor --off", ["--offline"]),
        ("wealthsources simulate --timef", ["--timeframe"]),
    ],
)
def test_commands_and_options_are_completed_those_of_plugins_too(words, offered):
    assert completed(words) == offered


def test_of_a_command_that_is_broken_nothing_is_completed_and_nothing_is_said(distribution):
    site = distribution("zdist", commands="zbroken = zbroken_module:app", zbroken_module="raise RuntimeError('no')")
    assert completed("wealthsources zbroken --x", str(site)) == []


#: Which shell it is would be told by the process that started the tests.
NAMED = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


@pytest.mark.parametrize(
    ("shell", "has"),
    [("bash", "complete -o default -F"), ("zsh", "#compdef wealthsources"), ("fish", "--command w")],
)
def test_the_script_of_a_shell_is_shown(shell, has):
    result = run_process("-m", "wealthsources", "--show-completion", shell, **NAMED)
    assert (result.returncode, result.stderr) == (0, "")
    assert "_WEALTHSOURCES_COMPLETE" in result.stdout
    assert has in result.stdout


def test_it_is_installed_for_a_shell(tmp_path):
    result = run_process("-m", "wealthsources", "--install-completion", "bash", **NAMED, HOME=str(tmp_path))
    assert result.returncode == 0
    assert "wealthsources" in (tmp_path / ".bash_completions" / "wealthsources.sh").read_text()
