"""docs/reliability.md: every row of the table of faults, with what happens here, made of the tests and their results.

`make reliability` runs the tests and writes the page. `tests/faults/test_table.py` fails when the page says anything
else than the tests do.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parent.parent / "docs" / "reliability.md"

SECTIONS: Final = {
    "A": ("Connecting", 21),
    "B": ("Liveness", 13),
    "C": ("Closing and flapping", 10),
    "D": ("Frames", 8),
    "E": ("Messages", 8),
    "F": ("Bars", 18),
}
#: No protocol of ours announces it yet; `test_succession.py` of the websocket plugin has it with an invented one.
LATER: Final = ("C9",)

_NAME: Final = re.compile(r"test_([a-f])([0-9]+)_")

_HEAD: Final = """\
# What goes wrong on a feed, and what happens here

Each line is a test with a real server that commits the fault, on a real socket; where a line speaks of hours, they are
virtual. Beside what the line says, the tests assert four things: the counter of the fault moved, the cache and the
answers of the chain equal what the server closed (every bar, every digit; not where no server is left to compare with),
`stop()` returned within its limit, and no thread or descriptor was left.

The same faults can be had by hand: `wealthsources simulate --list-faults`, and in tests of your own plugin with
`wealthsources_simulator`.

This page is written by `make reliability` from the tests and their results; do not edit it.
"""


class Line(NamedTuple):
    """One test: the row it is of, its name, what the server does and what happens here."""

    row: str
    test: str
    server: str
    here: str


def lines() -> list[Line]:
    """All tests of rows, in the order of the table."""
    found = [line for path in sorted(HERE.glob("test_*.py")) for line in _lines_of(path)]
    return sorted(found, key=lambda line: (line.row[0], int(line.row[1:])))


def _lines_of(path: Path) -> Iterator[Line]:
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.FunctionDef) or not (found := _NAME.match(node.name)):
            continue
        text = " ".join((ast.get_docstring(node) or "").split())
        server, arrow, here = text.partition(" → ")
        if not arrow:
            raise ValueError(f"{path.name}:{node.lineno}: the docstring of {node.name} lacks ' → '")
        yield Line(found[1].upper() + found[2], node.name, server, here.rstrip("."))


def rows() -> list[str]:
    """The ids of all rows that must have a test."""
    ids = [f"{letter}{number}" for letter, (_, count) in SECTIONS.items() for number in range(1, count + 1)]
    return [row for row in ids if row not in LATER]


def page(results: Mapping[str, str]) -> str:
    """The page. `results` has for each test how often it passed, or what else became of it."""
    parts = [_HEAD]
    known = lines()
    for letter, (title, _) in SECTIONS.items():
        parts.append(f"\n## {letter}. {title}\n\n| | The server | Here | Tests |\n|---|---|---|---|\n")
        for line in known:
            if line.row[0] == letter:
                result = results.get(line.test, "not run")
                parts.append(f"| {line.row} | {_cell(line.server)} | {_cell(line.here)} | {result} |\n")
    return "".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


class _Recorder:
    """Counts what became of each test; a parametrised one is several."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: object) -> None:
        name = str(report.nodeid).rpartition("::")[2].partition("[")[0]  # type: ignore[attr-defined]
        when, outcome = report.when, report.outcome  # type: ignore[attr-defined]
        if when == "call" or outcome != "passed":
            self.outcomes.setdefault(name, []).append(outcome)

    def results(self) -> dict[str, str]:
        return {name: _summary(outcomes) for name, outcomes in self.outcomes.items()}


def _summary(outcomes: list[str]) -> str:
    if set(outcomes) != {"passed"}:
        return ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in sorted(set(outcomes)))
    return "passes" if len(outcomes) == 1 else f"passes ({len(outcomes)} cases)"


def main() -> int:
    """Run the tests of all rows, with pytest's own arguments, and write the page. Returns pytest's exit code."""

    recorder = _Recorder()
    code = pytest.main([str(HERE), "-q", f"--ignore={HERE / 'test_table.py'}", *sys.argv[1:]], plugins=[recorder])
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(recorder.results()))
    print(f"{PAGE.relative_to(Path.cwd())}: {len(lines())} lines")  # noqa: T201
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
