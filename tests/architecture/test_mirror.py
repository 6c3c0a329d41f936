"""The tests stand where the modules stand: a newcomer finds the test of a module without looking for it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
#: The packages that have a file per module, and the folder under which their tests stand.
MIRRORED = {"wealthsources": TESTS}
MOST_LINES = 700


def modules() -> list[tuple[str, Path]]:
    """Every module that may have tests, and where they are looked for."""
    found = []
    for package, folder in MIRRORED.items():
        for path in sorted((ROOT / package).rglob("*.py")):
            if not path.name.startswith("__"):
                place = path.relative_to(ROOT / package)
                found.append((f"{package}/{place}", folder / place.with_name(f"test_{place.name}")))
    return found


def rooms() -> list[Path]:
    """The folders of the tests of these packages, with what they share."""
    inside = {test.parent for _, test in modules()}
    return sorted({*inside, TESTS / "support", TESTS / "models"})


def test_there_are_modules_to_look_at():
    assert len(modules()) > 40


@pytest.mark.parametrize(("module", "test"), [pytest.param(*each, id=each[0]) for each in modules()])
def test_every_module_has_a_file_of_tests_at_its_place(module, test):
    assert test.exists(), f"{module} has no {test.relative_to(ROOT)}"
    assert "\ndef test_" in test.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", rooms(), ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_file_of_tests_is_too_long_to_be_read(folder):
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob("*.py")}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
