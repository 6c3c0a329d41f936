"""The pages that people and code are sent to are there, and say what the tests say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The headings of a page as links name them."""
    heads = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text(path), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", head).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target, heading in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text(page)):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not heading or heading in anchors(path), f"{target}#{heading}"


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_path_of_this_repository_that_it_names_exists(page):
    paths = re.findall(r"`((?:wealthsources|wealthdata|plugins|docs|tests|examples|compat)/[\w./-]*)`", text(page))
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_page_on_faults_has_the_rows_that_the_tests_are_written_to():
    rows = re.findall(r"^\| ([A-F][0-9]+) \|", text(DOCS / "faults.md"), re.MULTILINE)
    tree = ast.parse(text(ROOT / "tests" / "faults" / "table.py"))
    sections = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SECTIONS"
    )
    assert rows == [f"{letter}{n}" for letter, (_, count) in sections.items() for n in range(1, count + 1)]


def test_the_quirks_that_have_tests_are_those_that_the_page_says():
    page = text(DOCS / "websocket-client-quirks.md")
    rows = re.findall(r"^\| (W[0-9]+) \|.*\| (yes)? ?\|$", page, re.MULTILINE)
    assert [number for number, _ in rows] == [f"W{n}" for n in range(1, len(rows) + 1)]
    tests = "".join(text(path) for path in (ROOT / "tests" / "contract").glob("*.py"))
    tested = set(re.findall(r"def test_(w[0-9]+)_", tests))
    assert {number.lower() for number, said in rows if said} == tested


def test_every_decision_stands_in_the_list_of_decisions():
    folder = DOCS / "decisions"
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"^\| \[[0-9]+\]\(([^)]+)\)", text(folder / "README.md"), re.MULTILINE) == pages


@pytest.mark.parametrize("page", sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md")))
def test_a_decision_says_what_why_what_else_and_what_follows(page):
    number, title = page[:3], text(DOCS / "decisions" / page).splitlines()[0]
    assert title.startswith(f"# {number}: ")
    heads = re.findall(r"^\*\*(.*?)\.\*\*", text(DOCS / "decisions" / page), re.MULTILINE)
    assert heads == ["What", "Why", "What else was tried, or thought through", "What follows"]
