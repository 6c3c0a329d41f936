"""What comments and docstrings send people to is there: pages of docs/, quirks and faults by their numbers."""

from __future__ import annotations

import functools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("wealthsources", "wealthdata", "plugins", "compat", "examples", "benchmarks", "tests")


@functools.cache
def lines() -> tuple[tuple[str, str], ...]:
    """Every line of code, with its place. This folder is left out: it makes up pages to try itself."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent != Path(__file__).parent:
                name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
                found += [(f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
    return tuple(found)


def page_rows(page: str, number: str) -> set[str]:
    return set(re.findall(rf"^\| ({number}) \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE))


def test_every_page_that_code_names_exists():
    named = [(place, page) for place, line in lines() for page in re.findall(r"\bdocs/[\w./-]+\.md\b", line)]
    names = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert [(place, page) for place, page in named if page not in names] == []
    assert named


def test_code_names_no_page_that_is_not_in_this_repository():
    pattern = re.compile(
        r"\b(DESIGN|REDESIGN|STYLE|FACTS|FAULTS|WIRE|EXCHANGES|WEALTHDATA|WEBSOCKET_CLIENT)(\.md\b|'s\b| §)"
    )
    assert [(place, line) for place, line in lines() if pattern.search(line)] == []


def test_every_quirk_that_code_names_is_on_its_page():
    known = page_rows("websocket-client-quirks.md", r"W[0-9]+")
    named = [(place, quirk) for place, line in lines() for quirk in re.findall(r"\bW[1-9][0-9]?\b", line)]
    assert [(place, quirk) for place, quirk in named if quirk not in known] == []
    assert len({quirk for _, quirk in named}) > 10


def test_every_fault_that_a_section_of_tests_is_headed_by_is_on_its_page():
    known = page_rows("faults.md", r"[A-F][0-9]+")
    headed = [(place, row) for place, line in lines() for row in re.findall(r"^# ([A-F][0-9]+)\b", line)]
    assert [(place, row) for place, row in headed if row not in known] == []
