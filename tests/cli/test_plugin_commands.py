"""Commands of plugins, from throw-away distributions on the path."""

from __future__ import annotations

import sys

import pytest

TYPER = """
import typer
app = typer.Typer()
@app.command()
def hello(name: str, loud: bool = False):
    "Greet."
    print("HELLO" if loud else "hello", name)
"""

CLICK = """
import click
@click.command()
@click.argument("name")
@click.option("--times", default=1)
def app(name, times):
    "Greet, with click."
    click.echo("hello " * times + name)
"""

GROUP = """
import typer
app = typer.Typer()
@app.command()
def one(): print("one")
@app.command()
def two(): raise typer.Exit(7)
"""


NAMED = """
import os
import typer
app = typer.Typer()
@app.command()
def hello(): print(os.environ.get("WEALTHSOURCES_CONFIG"))
"""


@pytest.fixture
def hello(distribution):
    distribution(commands="hello = zmod:app", zmod=TYPER)


def test_a_typer_command_runs_with_its_own_arguments(cli, hello):
    result = cli("hello", "you", "--loud")
    assert (result.code, result.out) == (0, "HELLO you\n")


@pytest.mark.parametrize("before", [None, "other.yaml"])
def test_a_configuration_that_is_named_before_it_is_the_one_it_finds_by_default(cli, distribution, monkeypatch, before):
    distribution(commands="hello = zmod:app", zmod=NAMED)
    monkeypatch.delenv("WEALTHSOURCES_CONFIG", raising=False)
    if before is not None:
        monkeypatch.setenv("WEALTHSOURCES_CONFIG", before)
    assert cli("--config", "mine.yaml", "hello").out == "mine.yaml\n"
    assert cli("hello").out == f"{before}\n"


def test_a_click_command_runs_with_its_own_arguments(cli, distribution):
    pytest.importorskip("click")
    distribution(commands="hello = zmod:app", zmod=CLICK)
    result = cli("hello", "--times", "2", "you")
    assert (result.code, result.out) == (0, "hello hello you\n")


def test_the_help_of_a_click_command_is_its_own(cli, distribution):
    pytest.importorskip("click")
    distribution(commands="hello = zmod:app", zmod=CLICK)
    assert "Usage: wealthsources hello [OPTIONS] NAME" in cli("hello", "--help").out


def test_a_plugin_may_bring_a_group_of_commands(cli, distribution):
    distribution(commands="many = zmod:app", zmod=GROUP)
    assert cli("many", "one").out == "one\n"


def test_the_exit_code_is_that_of_the_command(cli, distribution):
    distribution(commands="many = zmod:app", zmod=GROUP)
    assert cli("many", "two").code == 7


def test_wrong_use_of_a_plugins_command_exits_with_2(cli, hello):
    result = cli("hello", "--frobnicate")
    assert result.code == 2
    assert "Usage: wealthsources hello" in result.err


def test_what_a_command_fails_with_is_one_line(cli, distribution):
    distribution(commands="hello = zmod:app", zmod=TYPER.replace("print(", "raise KeyError("))
    result = cli("hello", "you")
    assert result.code == 1
    assert result.error == "internal error: KeyError: ('hello', 'you'); run with --debug"


def test_debug_before_a_plugins_command_shows_its_traceback(cli, distribution):
    distribution(commands="hello = zmod:app", zmod=TYPER.replace("print(", "raise KeyError("))
    assert "Traceback" in cli("--debug", "hello", "you").err


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"]])
def test_help_imports_no_command(cli, hello, arguments):
    cli(*arguments)
    assert "zmod" not in sys.modules


def test_help_says_what_a_command_is_for_and_whose_it_is(cli, hello):
    assert "Greet. (zdist 1.0)" in cli("--help").out


def test_a_command_that_says_nothing_of_itself_is_listed_as_whose_it_is(cli, distribution):
    distribution(commands="many = zmod:app", zmod=GROUP)
    assert "command of zdist 1.0" in cli("--help").out


def test_a_command_that_cannot_be_imported_breaks_no_help(cli, distribution):
    distribution(commands="hello = zmod:app\nbad = zbad:app", zmod=TYPER, zbad="def app(:\n  1 / 0")
    result = cli("--help")
    assert result.code == 0
    assert "Greet. (zdist 1.0)" in result.out
    assert "command of zdist 1.0" in result.out


# broken ones


def test_a_command_without_its_module_is_listed_as_broken(cli, distribution):
    distribution(commands="hello = zgone.cli:app")
    assert "broken: zdist 1.0 has no module 'zgone'" in cli("--help").out


def test_a_command_without_its_module_says_what_to_do(cli, distribution):
    distribution(commands="hello = zgone.cli:app")
    result = cli("hello", "--help")
    assert result.code == 2
    assert result.error == (
        "command 'hello' is broken: zdist 1.0 has no module 'zgone'; reinstall zdist, or uninstall it"
    )


def test_the_others_work_beside_a_broken_one(cli, distribution):
    distribution(commands="hello = zmod:app\nbad = zbad:app", zmod=TYPER, zbad="raise RuntimeError('no')")
    assert cli("hello", "you").out == "hello you\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('a\\nb')", "importing zmod:app of zdist 1.0 raised RuntimeError: a b"),
        ("raise SystemExit(3)", "importing zmod:app of zdist 1.0 raised SystemExit: 3"),
        ("other = 1", "importing zmod:app of zdist 1.0 raised AttributeError: module 'zmod' has no attribute 'app'"),
        ("import zneeded", "importing zmod:app of zdist 1.0 raised ModuleNotFoundError: No module named 'zneeded'"),
        ("app = 5", "zmod:app of zdist 1.0 is neither a typer.Typer nor a click.Command"),
        ("def app(): pass", "zmod:app of zdist 1.0 is neither a typer.Typer nor a click.Command"),
        ("import typer; app = typer.Typer()", "importing zmod:app of zdist 1.0 raised RuntimeError: Could not get"),
    ],
)
def test_a_command_that_cannot_be_imported_says_why_and_what_to_do(cli, distribution, text, said):
    distribution(commands="hello = zmod:app", zmod=text)
    result = cli("hello")
    assert result.code == 2
    assert said in result.error
    assert "update zdist" in result.error


def test_a_missing_extra_is_answered_with_the_line_that_installs_it(cli, distribution):
    distribution(commands="hello = zmod:app [fast, nice-extra]", zmod="import zneeded.inner")
    result = cli("hello")
    assert result.code == 2
    assert result.error == (
        "command 'hello' is broken: it needs `pip install 'zdist[fast,nice-extra]'`: there is no module 'zneeded'"
    )


def test_a_missing_module_of_the_plugin_itself_is_no_missing_extra(cli, distribution):
    distribution(commands="hello = zmod:app [fast]", zmod="import zmod.inner")
    assert "raised ModuleNotFoundError" in cli("hello").error


@pytest.mark.parametrize("value", ["::", "1 2:3", ".relative:app", "zmod"])
def test_a_malformed_entry_point_is_broken_and_no_more(cli, distribution, value):
    distribution(commands=f"hello = {value}", zmod="")
    result = cli("hello")
    assert result.code == 2
    assert result.error.startswith("command 'hello' is broken: ")


def test_a_name_that_two_distributions_claim_is_broken_and_both_are_named(cli, distribution):
    distribution("zone", commands="hello = zmod:app", zmod=TYPER)
    distribution("ztwo", commands="hello = zother:app", zother=TYPER)
    result = cli("hello", "you")
    assert result.code == 2
    assert "it is claimed by zone 1.0 (zmod:app) and ztwo 1.0 (zother:app)" in result.error


def test_our_own_commands_cannot_be_taken_over(cli, distribution):
    distribution(commands="check = zmod:app", zmod=TYPER)
    assert "Usage: wealthsources check [OPTIONS]" in cli("check", "--help").out


def test_a_name_of_ours_is_listed_as_broken(cli, distribution):
    distribution(commands="check = zmod:app", zmod=TYPER)
    assert "check is broken: wealthsources has a command 'check' of its own" in cli("sources").out


def test_a_distribution_that_is_found_twice_counts_once(cli, distribution, monkeypatch):
    site = distribution(commands="hello = zmod:app", zmod=TYPER)
    monkeypatch.syspath_prepend(f"{site}/../{site.name}")
    assert cli("hello", "you").out == "hello you\n"


def test_brackets_in_the_reason_are_shown_in_the_help(cli, distribution):
    distribution("zone", commands="hello = zmod:app", zmod=TYPER)
    distribution("ztwo", commands="hello = [zother]", zother=TYPER)
    assert "broken: it is claimed by zone 1.0" in cli("--help").out
