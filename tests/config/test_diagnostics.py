"""What is wrong with a configuration, as lines that a terminal can show."""

from __future__ import annotations

import pydantic
import pytest

from wealthsources.config.diagnostics import Diagnostic, config_error, dotted

SOURCES = "sources: [{plugin: context}]\n"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(refused):
    lines = refused("clock: x\nsources:\n  - plugin: [1]\n    a: 1\n    a: 2\n  - plugin: ${NOT_SET}\nzzz: 1\n")
    assert [line.split(": ")[0:2] for line in lines] == [
        ["config.yaml:1", "clock"],
        ["config.yaml:3", "sources[0].plugin"],
        ["config.yaml:4", "sources[0].a"],
        ["config.yaml:5", "sources[0].a"],
        ["config.yaml:6", "sources[1].plugin"],
        ["config.yaml:7", "zzz"],
    ]


def test_a_flood_of_mistakes_ends_with_their_number(refused):
    lines = refused(SOURCES + "".join(f"key{number}: 1\n" for number in range(80)))
    assert len(lines) == 51
    assert lines[-1] == "config.yaml: and 30 more"


def test_a_mistake_is_told_once_however_often_it_is_made(bad_options):
    class Either(pydantic.BaseModel):
        listed: list[str] | tuple[str, ...] = ()

    assert bad_options("listed: x", Either) == [
        "config.yaml:6: sources[1].options.listed: should be a list, received 'x'"
    ]


def test_a_line_has_an_end(refused):
    (line,) = refused(f"? {'k' * 5000}\n: 1\n" + SOURCES)
    assert len(line) == 999  # and two of its column


def test_a_hostile_key_cannot_write_to_the_terminal(refused):
    (line,) = refused(SOURCES + '"\\e[31m\\nred": 1\n')
    assert "\x1b" not in line
    assert "red: unknown key" in line


# without a file


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((), ""),
        (("clock",), "clock"),
        (("sources", 0, "plugin"), "sources[0].plugin"),
        (("a", "b", 1, 2), "a.b[1][2]"),
        ((0, "a"), "[0].a"),
        (("", "a"), ".a"),
    ],
)
def test_a_place_is_written_as_one_would_reach_it(place, text):
    assert dotted(place) == text


def test_a_line_has_file_line_place_and_what_is_wrong():
    assert Diagnostic(("sources", 0), 9, "is bad").report("c.yaml") == "c.yaml:9: sources[0]: is bad"


def test_what_is_not_known_is_left_out():
    assert Diagnostic(("clock",), None, "is bad").report("the settings") == "the settings: clock: is bad"
    assert Diagnostic((), 1, "is bad").report("c.yaml") == "c.yaml:1: is bad"


def test_a_report_is_one_line_whatever_it_holds():
    assert Diagnostic(("a\nb",), 1, "is  bad\tor\x07not").report("c.yaml") == "c.yaml:1: a b: is bad or\ufffdnot"


@pytest.mark.parametrize(("length", "end"), [(1000, "x"), (1001, "…")])
def test_a_report_has_a_thousand_characters_at_most(length, end):
    text = "x" * (length - len("c: "))
    line = Diagnostic((), None, text).report("c")
    assert (len(line), line[-1]) == (length, end)


def test_mistakes_are_told_in_the_order_of_the_file_those_without_a_line_first():
    mistakes = [Diagnostic(("b",), 7, "x"), Diagnostic(("c",), None, "x"), Diagnostic(("a",), 2, "x")]
    assert str(config_error("c", mistakes)).splitlines() == ["c: c: x", "c:2: a: x", "c:7: b: x"]


@pytest.mark.parametrize(("number", "lines"), [(50, 50), (51, 51), (60, 51)])
def test_no_more_than_fifty_are_told_one_by_one(number, lines):
    mistakes = [Diagnostic((f"key{place}",), None, "x") for place in range(number)]
    told = str(config_error("c", mistakes)).splitlines()
    assert len(told) == lines
    assert told[-1] == (f"c: and {number - 50} more" if number > 50 else f"c: key{number - 1}: x")


def test_equal_mistakes_count_once():
    assert str(config_error("c", [Diagnostic(("a",), 1, "x")] * 60)) == "c:1: a: x"
