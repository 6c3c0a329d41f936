"""docs/architecture.md speaks of the tree as it is: its paths exist, and its functions are where it says."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
SOURCES = ("wealthsources", "wealthdata", "plugins")
PATHS = sorted(set(re.findall(r"`((?:wealthsources|wealthdata|plugins|docs|tests|examples)/[\w./-]*)`", PAGE)))
STEPS = re.findall(r"^\| [0-9]+ \| `([\w./]+)` `([\w.]+)` \|", PAGE, re.MULTILINE)
#: Names in the code, such as `PushedSource.get_history`, `session.observe` or `on_bar`.
NAMES = sorted(
    {name for name in re.findall(r"`([A-Za-z_][\w.]*)(?:\(\))?`", PAGE) if not name.endswith((".py", ".md"))}
)
#: Names of files, packages and groups, not of anything in a module.
ELSEWHERE = {
    "config.yaml",
    "pyproject.toml",
    "wealthsources.commands",
    *(path.stem for folder in SOURCES for path in (ROOT / folder).rglob("*")),
    *SOURCES,
}


def defined(path: str) -> set[str]:
    """The functions, classes and constants of a module, methods as `Class.method`."""
    names: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        names |= set(_names(node))
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for one in node.body for name in _names(one)}
    return names


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


@functools.cache
def all_defined() -> set[str]:
    """Those of all modules, methods with their class and alone."""
    paths = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    names = {name for path in paths for name in defined(path.relative_to(ROOT).as_posix())}
    return names | {name.rpartition(".")[2] for name in names}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_it_names_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "name"), STEPS)
def test_a_function_that_it_names_is_there(path, name):
    assert name in defined(path)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ELSEWHERE])
def test_a_name_that_it_says_is_one_of_the_code(name):
    _, session, member = name.rpartition("session.")
    assert not all_defined().isdisjoint([f"Engine.{member}", f"Session.{member}"] if session else [name])


def test_it_tells_the_life_of_a_frame_and_of_a_request_step_by_step():
    assert len(STEPS) > 15
    assert len(set(STEPS)) > 15


def test_every_room_of_the_core_is_in_its_table():
    rooms = {path.parent.name for path in (ROOT / "wealthsources").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"^\| `wealthsources/(\w+)/` \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize(
    ("thing", "place"),
    [
        ("another exchange's format", "plugins/wealthsources_websocket/protocols/"),
        ("a rule about prices, volumes or times", "wealthsources/model/validity.py"),
        ("a command of the CLI", "wealthsources/cli/commands/"),
        ("a call of JoinQuant's", "wealthdata/api/"),
        ("a reason to reconnect", "plugins/wealthsources_websocket/connection/heartbeat.py"),
        ("a source fed by a message bus", "wealthsources/live/pushed.py"),
        ("a trading calendar", "wealthsources/loading/calendars.py"),
        ("a fault of the simulator", "plugins/wealthsources_simulator/faults/"),
        ("a policy about stale answers", "wealthsources/runtime/judging.py"),
        ("something that consumes events", "wealthsources/recorder.py"),
        ("a recorder, a store", "Sink"),
        ("a metric", "wealthsources/model/status.py"),
    ],
)
def test_it_says_where_that_goes(thing, place):
    row = re.search(rf"^\| {re.escape(thing)} \|(.*)$", PAGE, re.MULTILINE)
    assert row is not None
    assert f"`{place}`" in row[1]
