"""Which faults are put into a module."""

from __future__ import annotations

from .mutations import mutations_of


def faults(source: str, lines: list[int] | None = None) -> list[str]:
    return sorted(str(fault) for fault in mutations_of(source, lines))


def test_each_fault_is_one_that_somebody_could_have_written():
    assert faults("def f(a, b):\n    return a < b\n") == [
        "return a < b  =>  return a <= b",
        "return a < b  =>  return a >= b",
    ]
    assert "if not a:  =>  if  a:" in faults("def f(a):\n    if not a:\n        return 1\n    return None\n")
    assert "return a - 1  =>  return a + 1" in faults("def f(a):\n    return a - 1\n")


def test_what_nobody_runs_is_left_alone():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from x import y\n"
    assert faults(source + "def f(a: int | None) -> str | None:\n    b: int | str = a\n    return b\n") == []


def test_a_fault_says_its_line_and_has_the_whole_text():
    (fault,) = [fault for fault in mutations_of("A = 1\nB = True\n") if fault.operator == "ReplaceTrueWithFalse"]
    assert (fault.line, fault.before, fault.after, fault.text) == (2, "B = True", "B = False", "A = 1\nB = False\n")


def test_the_lines_that_are_wanted_are_the_only_ones():
    assert {fault.line for fault in mutations_of("A = 1\nB = 2\nC = 3\n", [2])} == {2}
