"""Whether a change lost a test: compares two listings of `pytest --collect-only -q`, taken before it and after it.

    python tests/architecture/compare_tests.py before.txt after.txt

A test is its function's name (behind its class, if it has one) and its parameters; the file does not count, so one
that moved is not lost. Exits with 1 if any was lost.
"""

from __future__ import annotations

import difflib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

#: How alike two names must be (0 to 1) for one to be called the other's new name.
_ALIKE: Final = 0.75


class Comparison(NamedTuple):
    """What became of the tests of a listing. Every entry is a path, or two, and a name.

    moved    (old path, new path, name)
    lost     (path, name): there before, and not after
    added    (path, name)
    renamed  (lost name, added name): perhaps the same test under another name; both stand in `lost` and `added` too
    """

    kept: int
    moved: list[tuple[str, str, str]]
    lost: list[tuple[str, str]]
    added: list[tuple[str, str]]
    renamed: list[tuple[str, str]]


def read(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The (path, name) of every test of a listing."""
    found = []
    for line in lines:
        path, colons, name = line.rstrip("\n").partition("::")
        if colons and path.endswith(".py"):
            found.append((path, name))
    return found


def compare(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> Comparison:
    """Tell the moved from the lost. Of several tests of one name each is paired with one, in its own file if it can."""
    kept = sum((Counter(before) & Counter(after)).values())
    left, come = _paths(Counter(before) - Counter(after)), _paths(Counter(after) - Counter(before))
    moved, lost = [], []
    for name, paths in left.items():
        for path in paths:
            others = come.get(name)
            if others:
                chosen = max(others, key=lambda other: _likeness(path, other))
                others.remove(chosen)
                moved.append((path, chosen, name))
            else:
                lost.append((path, name))
    added = [(path, name) for name, paths in come.items() for path in paths]
    return Comparison(kept, sorted(moved), sorted(lost), sorted(added), _renamed(lost, added))


def _paths(tests: Counter[tuple[str, str]]) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = defaultdict(list)
    for path, name in sorted(tests.elements()):
        paths[name].append(path)
    return paths


def _likeness(one: str, other: str) -> tuple[bool, float]:
    same_name = PurePosixPath(one).name == PurePosixPath(other).name
    return same_name, difflib.SequenceMatcher(None, one, other).ratio()


def _renamed(lost: list[tuple[str, str]], added: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lost tests with the added one that is most like each: of the same function with other parameters, if any is."""
    names = sorted({name for _, name in added})
    functions = defaultdict(list)
    for name in names:
        functions[_function(name)].append(name)
    found = []
    for name in sorted({name for _, name in lost}):
        among = functions.get(_function(name))
        cutoff = 0.0 if among else _ALIKE
        found += [(name, near) for near in difflib.get_close_matches(name, among or names, n=1, cutoff=cutoff)]
    return found


def _function(name: str) -> str:
    return name.partition("[")[0]


def report(found: Comparison) -> str:
    """The comparison as text: moves by file, losses and additions one by one."""
    lines = [f"kept {found.kept} · moved {len(found.moved)} · lost {len(found.lost)} · added {len(found.added)}"]
    files = Counter((old, new) for old, new, _ in found.moved)
    lines += [f"moved  {count:5}  {old} -> {new}" for (old, new), count in sorted(files.items())]
    lines += [f"added  {path}::{name}" for path, name in found.added]
    lines += [f"LOST   {path}::{name}" for path, name in found.lost]
    lines += [f"perhaps renamed: {old} -> {new}" for old, new in found.renamed]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the comparison of two files; 1 if a test was lost."""
    before, after = (read(Path(name).read_text(encoding="utf-8").splitlines()) for name in arguments)
    found = compare(before, after)
    print(report(found))  # noqa: T201
    return 1 if found.lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
