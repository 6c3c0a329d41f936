from __future__ import annotations

import pydantic
import pytest
import typer

from wealthsources import ConfigError
from wealthsources_replay.ending import FAILED, INTERRUPTED, UNUSABLE, errors_as_codes, run_strategy
from wealthsources_replay.options import ReplayOptions


def code_of(error):
    with pytest.raises(typer.Exit) as ended, errors_as_codes():
        raise error
    return ended.value.exit_code


def test_an_error_of_ours_is_one_line(capsys):
    assert code_of(ConfigError("two\nlines")) == UNUSABLE
    assert capsys.readouterr().err.count("\n") == 1


def test_who_interrupts_is_obeyed_in_silence(capsys):
    assert code_of(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_wrong_option_is_named(tmp_path):
    with pytest.raises(typer.BadParameter) as refused, errors_as_codes():
        ReplayOptions.of_command({"recording": str(tmp_path), "from": "yesterday"})
    assert refused.value.param_hint == "--from"
    assert isinstance(refused.value.__context__, pydantic.ValidationError)


def test_what_a_strategy_raises_is_shown_and_ends_the_command(capsys):
    assert run_strategy(lambda: 7) == 7
    with pytest.raises(typer.Exit) as ended:
        run_strategy(lambda: 1 / 0)
    assert ended.value.exit_code == FAILED
    assert "ZeroDivisionError" in capsys.readouterr().err
