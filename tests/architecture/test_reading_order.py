"""The way into the code is short: what README and docs/architecture.md say to read first has 1,000 lines at most.

Blank lines are not read, and the tests of the example are of another reader.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 1_000
ORDER = [
    "wealthsources/hookspecs.py",
    "wealthsources/source.py",
    "wealthsources/resolve/chain.py",
    "wealthsources/resolve/answer_builder.py",
    "wealthsources/runtime/adapter.py",
    "examples/acme_source/",
]


def named(page: str, begin: str) -> list[str]:
    """The paths that a page names from these words on, up to the end of the paragraph."""
    text = (ROOT / page).read_text(encoding="utf-8")
    paragraph = text[text.index(begin) :].partition("\n\n")[0]
    return re.findall(r"`((?:wealthsources|examples)/[\w./]+)`", paragraph)


def lines(path: Path) -> int:
    """Of a file, or of the modules of a project; a package's own file says nothing there."""
    modules = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    modules = [one for one in modules if one.name != "__init__.py" and one.parent.name != "tests"]
    return sum(bool(line.strip()) for one in modules for line in one.read_text(encoding="utf-8").splitlines())


def test_both_pages_say_the_same_order():
    assert named("docs/architecture.md", "Read `wealthsources/") == ORDER
    assert named("README.md", "To read the code, begin with") == ORDER


def test_what_is_read_first_is_short():
    counted = {path: lines(ROOT / path) for path in ORDER}
    assert all(counted.values()), counted
    assert sum(counted.values()) <= MOST, counted
