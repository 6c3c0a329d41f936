"""docs/architecture.md speaks of the tree as it is: its paths exist, and its functions are where it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:wealthsources|wealthdata|plugins|docs|tests)/[\w./-]*)`", PAGE)))
STEPS = re.findall(r"^\| [0-9]+ \| `([\w./]+)` `([\w.]+)` \|", PAGE, re.MULTILINE)


def defined(path: str) -> set[str]:
    """The functions and classes of a module, methods as `Class.method`."""
    names: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return names


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_it_names_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "name"), STEPS)
def test_a_function_that_it_names_is_there(path, name):
    assert name in defined(path)


def test_it_tells_the_life_of_a_frame_and_of_a_request_step_by_step():
    assert len(STEPS) > 15
    assert len(set(STEPS)) > 15


def test_every_room_of_the_core_is_in_its_table():
    rooms = {path.parent.name for path in (ROOT / "wealthsources").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"^\| `wealthsources/(\w+)/` \|", PAGE, re.MULTILINE))
