"""What all commands share: which configuration, how errors end, exit codes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer

from wealthsources import ConfigError, RequestError, SourceError
from wealthsources.cli.options import Run, errors_as_codes

from .conftest import run_process

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
    assert result.error == (
        "config.yaml:1:1: clok: unknown key; did you mean 'clock'?; and 1 more: `wealthsources check` lists them all"
    )
    assert result.err.endswith("\n  | clok: ***\n  | ^^^^\n")


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


# without a command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("c.yaml: bad"), 2, "error: c.yaml: bad\n"),
        (
            ConfigError("c.yaml:1: bad\nc.yaml:2: worse"),
            2,
            "error: c.yaml:1: bad; and 1 more: `wealthsources check` lists them all\n",
        ),
        (RequestError("count must be at least 1"), 2, "error: count must be at least 1\n"),
        (SourceError("no disk"), 1, "error: no disk\n"),
        (SourceError(""), 1, "error: SourceError\n"),
        (SourceError("it failed:\n  a\n  b"), 1, "error: it failed: a; b\n"),
        (SourceError("it failed\n  a\n  b"), 1, "error: it failed; a; b\n"),
        (LookupError("no\nsuch"), 1, "error: internal error: LookupError: no such; run with --debug\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_becomes_a_line_and_a_code(capsys, error, code, said):
    with pytest.raises(typer.Exit) as ended, errors_as_codes(debug=False):
        raise error
    assert ended.value.exit_code == code
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("error", [typer.Exit(7), typer.Abort(), BrokenPipeError()])
def test_what_is_no_error_of_ours_to_tell_passes(capsys, error):
    with pytest.raises(type(error)) as ended, errors_as_codes(debug=False):
        raise error
    assert ended.value is error
    assert capsys.readouterr() == ("", "")


def test_the_configuration_that_was_chosen_is_taken_even_if_it_is_not_there():
    missing = Path("missing.yaml")
    assert Run(missing, chosen=True, debug=False).find_config() == missing
    with pytest.raises(ConfigError, match=r"there is no config\.yaml here"):
        Run(missing, chosen=False, debug=False).find_config()
