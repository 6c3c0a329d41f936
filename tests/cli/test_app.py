"""What all commands have in common: help, options, exit codes, errors, the log."""

from __future__ import annotations

import pytest

import wealthsources
from wealthsources.cli.app import app
from wealthsources.cli.plugin_commands import OWN

from .conftest import run_process

# help


def test_help_lists_every_command(cli):
    result = cli("--help")
    assert result.code == 0
    assert all(f"│ {name} " in result.out for name in (*OWN, "simulate"))


def test_help_says_what_a_plugins_command_is_for(cli):
    shown = " ".join(cli("--help").out.replace("│", " ").split())
    assert "simulate Serve a file of bars as a market server would, from the first subscription on." in shown
    assert "verify Say whether a strategy looks ahead, meets repainted bars or crosses holes." in shown


def test_help_imports_nothing_heavy():
    code = "\n".join(
        [
            "import sys",
            "from wealthsources.cli import main",
            "try: main(['--help'])",
            "except SystemExit: pass",
            "heavy = 'pandas numpy pydantic yaml pluggy msgspec websockets asyncio wealthsources_websocket'.split()",
            "sys.stderr.write(' '.join(name for name in heavy if name in sys.modules))",
        ]
    )
    result = run_process("-c", code)
    assert "simulate" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", [*OWN, "simulate"])
def test_every_command_has_a_help(cli, name):
    result = cli(name, "--help")
    assert result.code == 0
    assert f"Usage: wealthsources {name}" in result.out


def test_the_names_that_plugins_cannot_have_are_those_of_our_commands():
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert tuple(name.replace("_", "-") for name in names) == OWN


def test_without_a_command_the_help_is_shown(cli):
    result = cli()
    assert result.code == 2
    assert "Usage: wealthsources" in result.out + result.err


def test_version_is_printed(cli):
    result = cli("--version")
    assert (result.code, result.out) == (0, f"wealthsources {wealthsources.__version__}\n")


@pytest.mark.parametrize("module", ["wealthsources", "wealthsources.cli"])
def test_the_package_can_be_run_as_a_module(module):
    result = run_process("-m", module, "--version")
    assert (result.returncode, result.stdout) == (0, f"wealthsources {wealthsources.__version__}\n")


def test_as_a_module_it_is_named_as_the_command_is():
    result = run_process("-m", "wealthsources", "get", "--help")
    assert result.returncode == 0
    assert "Usage: wealthsources get " in result.stdout


# wrong use


@pytest.mark.parametrize("arguments", [["frobnicate"], ["--frobnicate"], ["get"], ["get", "A", "1h", "--count", "x"]])
def test_wrong_use_exits_with_2(cli, arguments):
    result = cli(*arguments)
    assert result.code == 2
    assert "Usage: wealthsources" in result.err


def test_a_misspelt_command_is_told_the_nearest(cli):
    assert "Did you mean 'simulate'?" in cli("simulat").err
