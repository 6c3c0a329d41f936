"""The script that holds each room to its floor of coverage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REPORT = {
    "files": {
        "wealthsources/model/rows.py": {"summary": {"num_statements": 90, "missing_lines": 0}},
        "wealthsources/model/bars.py": {"summary": {"num_statements": 110, "missing_lines": 4}},
        "wealthsources/__init__.py": {"summary": {"num_statements": 0, "missing_lines": 0}},
        "plugins/wealthsources_file/formats/csv.py": {"summary": {"num_statements": 10, "missing_lines": 5}},
    }
}
FLOORS = {"wealthsources": 100.0, "wealthsources/model": 98.0, "plugins/wealthsources_file/formats": 50.0}


@pytest.fixture(scope="module")
def coverage_floors(script):
    return script("coverage_floors")


def test_a_room_is_a_folder_with_all_lines_of_its_modules(coverage_floors):
    rooms = coverage_floors.rooms(REPORT)
    assert [(room.name, room.lines, room.missed) for room in rooms] == [
        ("plugins/wealthsources_file/formats", 10, 5),
        ("wealthsources", 0, 0),
        ("wealthsources/model", 200, 4),
    ]
    assert [room.percent for room in rooms] == [50.0, 100.0, 98.0]


def test_every_folder_with_modules_has_a_floor_and_pure_rooms_a_high_one(coverage_floors):
    folders = {path.parent for top in ("wealthsources", "wealthdata", "plugins") for path in (ROOT / top).rglob("*.py")}
    assert coverage_floors.FLOORS.keys() == {folder.relative_to(ROOT).as_posix() for folder in folders}
    assert min(coverage_floors.FLOORS[f"wealthsources/{room}"] for room in ("model", "resolve")) >= 98


def test_rooms_at_their_floors_are_no_problem(coverage_floors):
    assert coverage_floors.problems(coverage_floors.rooms(REPORT), FLOORS) == []


def test_a_room_below_its_floor_is_named_with_both_figures(coverage_floors):
    found = coverage_floors.problems(coverage_floors.rooms(REPORT), {**FLOORS, "wealthsources/model": 98.5})
    assert found == ["wealthsources/model: 98.0 % of its lines were run; its floor is 98.5 %"]


def test_a_room_without_a_floor_and_a_floor_without_a_room_are_named(coverage_floors):
    floors = {"wealthsources": 100.0, "wealthsources/model": 98.0, "wealthsources/cellar": 1.0}
    found = coverage_floors.problems(coverage_floors.rooms(REPORT), floors)
    assert found == [
        "wealthsources/cellar: has a floor, and there is no such room",
        "plugins/wealthsources_file/formats: has no floor; measured 50.0 %",
    ]


def test_the_command_prints_every_room_and_fails_when_one_is_wrong(coverage_floors, tmp_path, capsys, monkeypatch):
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(REPORT))
    monkeypatch.setattr(coverage_floors, "FLOORS", FLOORS)
    assert coverage_floors.main([str(path)]) == 0
    assert "wealthsources/model                   200       4    98.0     98" in capsys.readouterr().out
    monkeypatch.setattr(coverage_floors, "FLOORS", {})
    assert coverage_floors.main([str(path)]) == 1
