"""A page in Chinese has what its English twin has: headings, code, tables, lists, and the same names of things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TWINS = sorted([*ROOT.glob("*.zh-CN.md"), *(ROOT / "docs").rglob("*.zh-CN.md")])
BLOCK = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


def prose(text: str) -> str:
    return BLOCK.sub("", text)


def headings(text: str) -> list[int]:
    """The level of each."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def tables(text: str) -> list[tuple[int, int]]:
    """(rows, columns) of each."""
    found = re.findall(r"(?:^ *\|.*\|$\n?)+", prose(text), re.MULTILINE)
    return [(len(rows), len(re.findall(r"(?<!\\)\|", rows[0]))) for rows in (table.splitlines() for table in found)]


def items(text: str) -> list[str]:
    """The mark of each item of a list; numbers count."""
    return re.findall(r"^ *(-|[0-9]+\.) ", prose(text), re.MULTILINE)


def names(text: str) -> set[str]:
    return {" ".join(name.split()) for part in prose(text).split("\n\n") for name in re.findall(r"`([^`]+)`", part)}


@pytest.mark.parametrize("chinese", TWINS, ids=lambda path: path.name)
@pytest.mark.parametrize("part", [headings, BLOCK.findall, tables, items, names], ids=lambda part: part.__name__)
def test_the_two_languages_have_the_same(chinese, part):
    english = chinese.with_name(chinese.name.replace(".zh-CN", ""))
    assert part(chinese.read_text(encoding="utf-8")) == part(english.read_text(encoding="utf-8"))


@pytest.mark.parametrize("chinese", TWINS, ids=lambda path: path.name)
def test_each_leads_to_the_other(chinese):
    english = chinese.with_name(chinese.name.replace(".zh-CN", ""))
    assert re.search(rf"\[中文版?\]\({re.escape(chinese.name)}\)", english.read_text(encoding="utf-8"))
    assert f"({english.name})" in chinese.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README", "docs/tutorial", "docs/strategies", "docs/exchanges"])
def test_what_a_newcomer_reads_is_there_in_chinese(name):
    assert (ROOT / f"{name}.zh-CN.md").exists()
