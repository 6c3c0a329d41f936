"""Writing to the terminal."""

from __future__ import annotations

import io

import pytest

from wealthsources.cli.console import console, print_table, print_texts, say_error, say_note

# saying


@pytest.mark.parametrize(("say", "word"), [(say_error, "error"), (say_note, "note")])
def test_what_is_said_is_one_line_on_stderr(capsys, say, word):
    say("it is\n[red]broken\x1b[31m[/red] :smile:")
    assert capsys.readouterr() == ("", f"{word}: it is [red]broken\ufffd[31m[/red] :smile:\n")


def test_a_long_line_is_not_broken_where_nobody_looks(capsys):
    say_note("x" * 5_000)
    assert capsys.readouterr().err == f"note: {'x' * 5_000}\n"


def test_a_console_of_a_pipe_has_room_and_no_colors():
    found = console(io.StringIO())
    assert (found.width, found.color_system, found.is_terminal) == (10_000, None, False)


# tables


def test_a_table_has_its_numbers_on_the_right_and_no_space_at_the_end(capsys):
    print_table(("name", "bars", "why"), [("live", "1000", "x"), ("long name", "2", "")], right=("bars",))
    assert capsys.readouterr().out.splitlines() == ["name       bars  why", "live       1000  x", "long name     2"]


def test_a_last_column_with_nothing_in_it_is_left_out(capsys):
    print_table(("name", "why"), [("live", ""), ("other", "")])
    assert capsys.readouterr().out.splitlines() == ["name", "live", "other"]


def test_a_table_is_as_wide_as_it_must_be_even_where_the_terminal_is_not(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    print_table(("name", "text"), [("live", "x" * 50)])
    assert capsys.readouterr().out.splitlines()[1] == f"live  {'x' * 50}"


def test_texts_stand_in_columns_without_a_header(capsys):
    print_texts([("live", "endpoint", "wss://host"), ("a longer one", "x", "y")])
    assert capsys.readouterr().out.splitlines() == ["live          endpoint  wss://host", "a longer one  x         y"]


def test_of_no_texts_nothing_is_printed(capsys):
    print_texts([])
    assert capsys.readouterr().out.strip() == ""
