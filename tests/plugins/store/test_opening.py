from __future__ import annotations

from pathlib import Path

import pytest
import typer

from wealthsources import ConfigError, RequestError, SourceError
from wealthsources_store.opening import errors_as_codes, opened, read_moment, read_timeframes, say, split

from ...support.bars import ms


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-31", ms(2024, 1, 31)),
        ("2024-01-31T12:30", ms(2024, 1, 31, 12, 30)),
        ("2024-01-31 12:30:05.250", ms(2024, 1, 31, 12, 30, 5) + 250),
        ("2024-01-31T12:30Z", ms(2024, 1, 31, 12, 30)),
        ("2024-01-31T12:30+08:00", ms(2024, 1, 31, 4, 30)),
        ("1706659200000", ms(2024, 1, 31)),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(text, time):
    assert read_moment(text, "--from") == time


@pytest.mark.parametrize("text", ["", "yesterday", "31.1.2024", "1706659200", "1970-01-01", "2024-02-30"])
def test_what_is_no_time_is_told_with_the_option_and_how_to_write_it(text):
    with pytest.raises(RequestError, match=f"--from '{text}' is no time .*2024-01-31T12:30"):
        read_moment(text, "--from")


def test_lists():
    assert split(" A, B,,A ") == ("A", "B")
    assert [str(timeframe) for timeframe in read_timeframes("1m,1h")] == ["1m", "1h"]
    with pytest.raises(RequestError, match="'5x' is not a timeframe"):
        read_timeframes("5x")


def write_config(path, *stores):
    path.write_text(
        "sources:\n"
        + "".join(f"  - {{plugin: store, name: {name}, options: {{url: 'sqlite:///{name}.db'}}}}\n" for name in stores)
        + "  - {plugin: context}\n"
    )
    return path


def test_the_first_store_or_the_one_that_is_named(tmp_path, monkeypatch):
    path = write_config(tmp_path / "config.yaml", "a", "b")
    with opened(path, None) as (session, store):
        assert store is session.source("a")
    with opened(path, "b") as (session, store):
        assert store is session.source("b")
    with pytest.raises(ConfigError, match="no source named 'c' has a store; there are: a, b"), opened(path, "c"):
        pass
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(path))
    with opened(None, None) as (session, store):
        assert store.database.place == str(tmp_path / "a.db")


def test_no_store_and_no_configuration(tmp_path, monkeypatch):
    with (
        pytest.raises(ConfigError, match="no source has a store; list one"),
        opened(write_config(tmp_path / "config.yaml"), None),
    ):
        pass
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEALTHSOURCES_CONFIG", raising=False)
    with pytest.raises(ConfigError, match=r"no configuration x\.yaml"), opened(Path("x.yaml"), None):
        pass


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SourceError("away\nand\x1b[31m gone"), 1, "error: away and\N{REPLACEMENT CHARACTER}[31m gone\n"),
        (ConfigError("wrong"), 2, "error: wrong\n"),
        (RequestError("wrong"), 2, "error: wrong\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_how_a_command_ends(capsys, error, code, line):
    with pytest.raises(typer.Exit) as caught, errors_as_codes():
        raise error
    assert caught.value.exit_code == code
    assert capsys.readouterr().err == line


def test_what_is_said_goes_to_stderr(capsys):
    say("a\nb")
    assert capsys.readouterr() == ("", "a b\n")
