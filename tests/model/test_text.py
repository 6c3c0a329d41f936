"""Texts for messages: what strangers say is shown on one line and steers nothing."""

from __future__ import annotations

import pytest

from wealthsources import NotHere, one_line, short_repr
from wealthsources.model.text import describe, printable, short_time, suggest


class Silent(Exception):
    """Its text is empty."""

    def __str__(self) -> str:
        return ""


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb", "a b"),
        ("  a \t\r\n b  ", "a b"),
        ("", ""),
        ("\n", ""),
        ("red \x1b[31m", "red \ufffd[31m"),
        ("é 中", "é 中"),
    ],
)
def test_a_text_becomes_one_line_that_steers_no_terminal(text, line):
    assert one_line(text) == line


def test_a_line_keeps_its_spaces_and_loses_what_cannot_be_seen():
    assert printable("a  b\x07\u202e\u200b") == "a  b" + "\ufffd" * 3


def test_an_error_of_ours_speaks_for_itself():
    assert describe(NotHere("has no\nsuch series")) == "has no such series"


def test_another_error_is_named():
    assert describe(OSError("no disk")) == "OSError: no disk"
    assert describe(FileNotFoundError(2, "No such file")) == "FileNotFoundError: [Errno 2] No such file"


@pytest.mark.parametrize(
    ("error", "name"), [(NotHere(), "NotHere"), (Silent(), "Silent"), (Unprintable(), "Unprintable")]
)
def test_an_error_without_a_text_is_its_name(error, name):
    assert describe(error) == name


def test_whoever_calls_a_module_like_ours_is_a_stranger():
    stranger = type("Near", (Exception,), {"__module__": "wealthsources_near.errors"})
    assert describe(stranger("mine")) == "Near: mine"


def test_the_nearest_word_is_suggested():
    assert suggest("clok", ["sources", "clock", "plugins"]) == "did you mean 'clock'?"


def test_where_none_is_near_all_are_told_in_their_order():
    assert suggest("zzz", ["sources", "clock"]) == "known: sources, clock"
    assert suggest("zzz", iter(("b", "a"))) == "known: b, a"


def test_where_there_are_none_that_is_told():
    assert suggest("zzz", []) == "none is known here"


def test_a_thing_is_shown_by_its_facts():
    assert short_repr(NotHere("x"), lambda: "open", lambda: 3) == "<NotHere: open, 3>"


def test_what_cannot_be_told_or_is_empty_is_left_out():
    assert short_repr(5, lambda: "", lambda: 1 / 0, Unprintable, lambda: "open") == "<int: open>"
    assert short_repr(5, lambda: 1 / 0) == short_repr(5) == "<int>"


def test_what_is_shown_is_one_line_and_steers_nothing():
    assert short_repr(5, lambda: "a\nb\x1b[31m") == "<int: a b\ufffd[31m>"


def test_a_time_is_short():
    seconds = (None, 0.04, 59.94, 60, 7199, 7200)
    assert [short_time(each) for each in seconds] == ["", "0.0 s", "59.9 s", "1 min", "120 min", "2 h"]
