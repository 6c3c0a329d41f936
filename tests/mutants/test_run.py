"""The short form of `make mutants`: it tells a test that looks from one that does not. The long form takes an hour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .run import ROOT, files_that_test, known_as_equal

MODULE = "wealthsources/model/small.py"
SOURCE = "def is_old(age, limit):\n    return age > limit\n"
LOOKS = "assert [is_old(age, 2) for age in (1, 2, 3)] == [False, False, True]"
BARELY = "assert [is_old(age, 2) for age in (1, 3)] == [False, True]"
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.mutants.mutations import mutations_of
from tests.mutants.run import Mutant, is_killed, passes
folder = Path(sys.argv[2])
assert passes(folder, ["tests/model/test_small.py"], 100)
for fault in mutations_of((folder / "{MODULE}").read_text()):
    print(fault.after, is_killed(folder, Mutant("{MODULE}", fault), float(sys.argv[3])))
"""


def judged(folder: Path, test: str, seconds: float = 100, source: str = SOURCE) -> dict[str, bool]:
    """For each fault of the small module whether that test sees it."""
    for name in (MODULE, "wealthsources/__init__.py", "wealthsources/model/__init__.py", "tests/model/test_small.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / MODULE).write_text(source)
    imported = "from wealthsources.model.small import is_old\n\n\n"
    (folder / "tests/model/test_small.py").write_text(f"{imported}def test_it():\n    {test}\n")
    command = [sys.executable, "-c", PROGRAM, str(ROOT), str(folder), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=230, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / MODULE).read_text() == source, "the fault is taken out again"
    return {line.rpartition(" ")[0]: line.endswith("True") for line in done.stdout.splitlines()}


def test_a_test_that_looks_at_the_limit_sees_each_fault(tmp_path):
    assert judged(tmp_path, LOOKS) == {"return age >= limit": True, "return age <= limit": True}


def test_one_that_does_not_lets_a_fault_survive(tmp_path):
    assert judged(tmp_path, BARELY) == {"return age >= limit": False, "return age <= limit": True}


def test_a_fault_that_makes_the_tests_hang_is_seen(tmp_path):
    hanging = "    while age == limit:\n        threading.Event().wait()\n"
    source = f"import threading\n\n\ndef is_old(age, limit):\n{hanging}    return age > limit\n"
    seen = judged(tmp_path, "assert is_old(3, 2)", 8, source)
    assert seen["while age != limit:"]


def test_the_tests_at_a_modules_place_come_first():
    tests = files_that_test("wealthsources/live/series.py", ROOT)
    assert tests[0] == "tests/live/test_series.py"
    assert "tests/live/test_series_machine.py" in tests
    assert files_that_test("plugins/wealthsources_websocket/connection/reconnect.py", ROOT) == [
        "tests/plugins/websocket/connection/test_reconnect.py"
    ]


@pytest.mark.parametrize(("module", "fault"), sorted(known_as_equal()))
def test_what_is_listed_as_equal_is_of_a_line_that_is_there(module, fault):
    lines = [line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()]
    assert fault.partition("  =>  ")[0] in lines
