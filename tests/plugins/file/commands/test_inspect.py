"""`wealthsources inspect`. What it prints of each layout is in ../layouts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from wealthsources_file.commands.inspect import app
from wealthsources_file.options import FileOptions

from ..files import lines, write


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_options_it_prints_read_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "BTCUSDT_1h.csv", lines(0, 1).replace(",", ";").replace("open_time", "time"))
    done = inspect(path)
    assert done.exit_code == 0
    ((source,),) = [yaml.safe_load(done.stdout.partition("\n\n")[2])]
    options = FileOptions.model_validate(source["options"], context={"folder": tmp_path})
    assert (options.layout.separator, options.layout.names("open_time")) == (";", ("time",))
    assert (options.files[0].path, options.files[0].symbol, options.files[0].timeframe) == (path, "BTCUSDT", "1h")


def test_what_must_be_said_first_is_a_comment_and_exit_code_1(tmp_path: Path) -> None:
    text = "date,open,high,low,close,volume\n01/02/2024,1,1,1,1,1\n"
    done = inspect(write(tmp_path / "a.csv", text))
    assert done.exit_code == 1
    assert "    # time: '%d/%m/%Y'  # or '%m/%d/%Y'? 01/02/2024 may be either\n" in done.stdout
    assert "    # zone: UTC  # 01/02/2024 names no time zone: where do clocks show that?\n" in done.stdout


def test_a_symbol_may_be_said(tmp_path: Path) -> None:
    assert "symbol: ETHUSDT," in inspect(write(tmp_path / "a.csv", lines(0, 1)), "--symbol", "ETHUSDT").stdout


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_what_is_no_such_file_is_one_line_and_exit_code_2(tmp_path: Path, text: str) -> None:
    done = inspect(write(tmp_path / "a.csv", text))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {tmp_path}/a.csv:1: ")


def test_a_file_without_a_bar_says_why_below_what_it_is(tmp_path: Path) -> None:
    done = inspect(write(tmp_path / "a.csv", lines(0).replace("10.0", "x")))
    assert (done.exit_code, "  columns    open_time" in done.stdout) == (2, True)
    assert "open: 'x' is not a number; none of the 1 rows" in done.stderr


def test_text_of_a_file_cannot_steer_a_terminal(tmp_path: Path) -> None:
    done = inspect(write(tmp_path / "a.csv", lines(0, 1).replace("volume", "vol\x1b[2Jume")))
    assert "\x1b" not in done.stdout + done.stderr


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = inspect(tmp_path / "a.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "does not exist" in done.stderr
