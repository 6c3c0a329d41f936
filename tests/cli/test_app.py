"""What all commands have in common: help, options, exit codes, errors, the log."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from wealthsources.cli.app import app
from wealthsources.cli.console import logs_on_stderr
from wealthsources.cli.plugin_commands import OWN

FAILING = """
from wealthsources import Source, hookimpl
class Failing(Source):
    def get_history(self, request): raise RuntimeError("first line\\nsecond \\x1b[31m line")
class Interrupted(Source):
    capabilities = __import__("wealthsources").Capabilities(blocking=False)
    def get_history(self, request): raise KeyboardInterrupt
class Odd(Source):
    def for_context(self, context): return self
    @property
    def capabilities(self): raise LookupError("no such thing")
    def get_history(self, request): raise NotImplementedError
@hookimpl
def wealthsources_register(register): register("zfail", {name})
"""


@pytest.fixture
def failing(distribution, config):
    """A deployment whose only source is one of the classes above."""

    def use(name="Failing"):
        distribution(sources="zfail = zfail_module", zfail_module=FAILING.replace("{name}", name))
        return config("sources: [{plugin: zfail}]")

    return use


def run_process(*arguments, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        timeout=50,
        check=False,
    )


# help


def test_help_lists_every_command(cli):
    result = cli("--help")
    assert result.code == 0
    assert all(f"│ {name} " in result.out for name in (*OWN, "simulate"))


def test_help_says_whose_a_plugins_command_is(cli):
    assert "command of wealthsources 0.1.0" in cli("--help").out


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
    assert tuple(command.callback.__name__ for command in app.registered_commands) == OWN


def test_without_a_command_the_help_is_shown(cli):
    result = cli()
    assert result.code == 2
    assert "Usage: wealthsources" in result.out + result.err


def test_version_is_printed(cli):
    result = cli("--version")
    assert (result.code, result.out) == (0, "wealthsources 0.1.0\n")


def test_the_package_can_be_run_as_a_module():
    result = run_process("-m", "wealthsources.cli", "--version")
    assert (result.returncode, result.stdout) == (0, "wealthsources 0.1.0\n")


# wrong use


@pytest.mark.parametrize("arguments", [["frobnicate"], ["--frobnicate"], ["get"], ["get", "A", "1h", "--count", "x"]])
def test_wrong_use_exits_with_2(cli, arguments):
    result = cli(*arguments)
    assert result.code == 2
    assert "Usage: wealthsources" in result.err


def test_a_misspelt_command_is_told_the_nearest(cli):
    assert "Did you mean 'simulate'?" in cli("simulat").err


# which configuration


ONE = "sources: [{plugin: context}]"


@pytest.mark.parametrize("command", ["sources", "check"])
def test_config_may_stand_before_or_after_the_command(cli, config, command):
    config(ONE, "other.yaml")
    assert cli("--config", "other.yaml", command).out == cli(command, "--config", "other.yaml").out != ""


def test_config_after_the_command_beats_the_one_before_it(cli, config):
    config(ONE, "other.yaml")
    assert cli("--config", "missing.yaml", "check", "--config", "other.yaml").code == 0


def test_config_beats_the_environment(cli, config, monkeypatch):
    config(ONE, "other.yaml")
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", "missing.yaml")
    assert cli("--config", "other.yaml", "check").code == 0


def test_the_environment_beats_config_yaml(cli, config, monkeypatch):
    config("sources: []")
    config(ONE, "other.yaml")
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", "other.yaml")
    assert cli("check").code == 0


def test_an_empty_variable_counts_as_unset(cli, config, monkeypatch):
    config(ONE)
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", "")
    assert cli("check").code == 0


@pytest.mark.parametrize("command", [["get", "BTCUSDT", "1h"], ["explain", "BTCUSDT", "1h"], ["check"]])
def test_without_a_configuration_the_remedy_is_said(cli, command):
    result = cli(*command)
    assert result.code == 2
    assert "there is no config.yaml here; name one with --config PATH or $WEALTHSOURCES_CONFIG" in result.err
    assert result.err.count("\n") == 1


def test_a_configuration_that_was_named_and_is_missing_is_an_error(cli):
    result = cli("get", "BTCUSDT", "1h", "--config", "missing.yaml")
    assert result.code == 2
    assert result.error.startswith("missing.yaml: no such file")


# errors


def test_a_failed_request_exits_with_1_and_one_line(cli, failing):
    failing()
    result = cli("get", "BTCUSDT", "1h")
    assert result.code == 1
    assert result.error.endswith("UTC: zfail: failed in " + result.error.rpartition("failed in ")[2])
    assert "RuntimeError: first line second" in result.error


def test_nothing_that_a_source_says_can_steer_the_terminal(cli, failing):
    failing()
    assert "\x1b" not in cli("get", "BTCUSDT", "1h").err


def test_a_failed_request_shows_its_traceback_with_debug(cli, failing):
    failing()
    result = cli("--debug", "get", "BTCUSDT", "1h")
    assert result.code == 1
    assert "Traceback" in result.err
    assert "AllSourcesFailed" in result.err


def test_debug_may_stand_after_the_command(cli, failing):
    failing()
    assert "Traceback" in cli("get", "BTCUSDT", "1h", "--debug").err


def test_many_mistakes_are_one_line_for_a_request(cli, config):
    config("clok: feed\nsources: []\n")
    result = cli("get", "BTCUSDT", "1h")
    assert result.code == 2
    assert result.error.endswith("; and 1 more: `wealthsources check` lists them all")


def test_an_unexpected_exception_is_one_line(cli, failing):
    failing("Odd")
    result = cli("get", "BTCUSDT", "1h")
    assert result.code == 1
    assert result.error == "internal error: LookupError: no such thing; run with --debug"


def test_an_unexpected_exception_shows_its_traceback_with_debug(cli, failing):
    failing("Odd")
    assert "Traceback" in cli("--debug", "get", "BTCUSDT", "1h").err


def test_an_interrupt_exits_with_130_and_says_nothing(cli, failing):
    failing("Interrupted")
    result = cli("get", "BTCUSDT", "1h")
    assert (result.code, result.out, result.err) == (130, "", "")


@pytest.mark.parametrize("output", ["table", "csv", "json"])
def test_a_reader_that_goes_away_leaves_no_traceback(config, file_source, output):
    config(f"sources:\n  {file_source}\n")
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ("-m", "wealthsources.cli", "get", "BTCUSDT", "1h", "--count", "1464", "--format", output)
    result = run_process(*arguments, stdout=writing)
    os.close(writing)
    assert (result.returncode, result.stderr) == (1, "")


# the log


def test_a_warning_is_one_line(capsys):
    with logs_on_stderr(debug=False):
        logging.getLogger("wealthsources.source.live").warning("lost\n%s", "again")
    assert capsys.readouterr().err == "WARNING live: lost again\n"


def test_an_exception_in_the_log_is_one_line(capsys):
    with logs_on_stderr(debug=False):
        logging.getLogger("wealthsources.session").error("failed", exc_info=ValueError("what\nnow"))
    assert capsys.readouterr().err == "ERROR session: failed: ValueError: what now\n"


def test_only_debug_shows_what_is_no_warning(capsys):
    for debug in (False, True):
        with logs_on_stderr(debug):
            logging.getLogger("wealthsources.session").debug("debug is %s", debug)
    assert capsys.readouterr().err.endswith("DEBUG wealthsources.session: debug is True\n")


def test_debug_does_not_show_the_log_of_libraries(capsys):
    with logs_on_stderr(debug=True):
        logging.getLogger("zlibrary").debug("Authorization: secret")
    assert capsys.readouterr().err == ""


def test_afterwards_the_log_is_as_it_was_before():
    root = logging.getLogger()
    before = list(root.handlers), logging.getLogger("wealthsources").level
    with logs_on_stderr(debug=True):
        pass
    assert (list(root.handlers), logging.getLogger("wealthsources").level) == before
