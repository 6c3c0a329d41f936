"""Writing to the terminal, and the log on stderr."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from wealthsources.cli.console import console, logs_on_stderr, print_table, print_texts, say_error, say_note


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


def test_holes_are_not_logged_since_a_note_says_them_but_with_debug(capsys):
    def _warn_of_hole() -> None:
        logging.getLogger("wealthsources.session").warning("a hole")

    for debug in (False, True):
        with logs_on_stderr(debug):
            _warn_of_hole()
    assert capsys.readouterr().err.count("a hole") == 1


def test_the_name_of_a_source_stands_without_what_is_before_it(capsys):
    with logs_on_stderr(debug=False):
        for name in ("wealthsources.source.live", "wealthsources.chain", "other.library"):
            logging.getLogger(name).warning("x")
    assert capsys.readouterr().err == "WARNING live: x\nWARNING chain: x\nWARNING other.library: x\n"


def test_a_log_that_cannot_be_written_is_no_error(monkeypatch):
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left")

    monkeypatch.setattr(sys, "stderr", Full())
    with logs_on_stderr(debug=False):
        logging.getLogger("wealthsources.chain").warning("x")


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
