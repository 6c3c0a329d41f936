"""How much of each room the tests run, and the least that each must reach: `make coverage`.

A room is a folder that holds modules. Floors stand just under what was measured, so they fall only on purpose. A room
without a floor is an error, and a floor without a room is one too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

#: Per cent of the lines of a room.
FLOORS: Final[dict[str, float]] = {
    "plugins/wealthsources_ccxt": 98.5,
    "plugins/wealthsources_ccxt/exchanges": 99.5,
    "plugins/wealthsources_context": 99.5,
    "plugins/wealthsources_file": 99,
    "plugins/wealthsources_file/commands": 98.5,
    "plugins/wealthsources_replay": 99,
    "plugins/wealthsources_replay/commands": 98.5,
    "plugins/wealthsources_simulator": 96,  # its command is tried in processes of its own
    "plugins/wealthsources_simulator/exchanges": 99.5,
    "plugins/wealthsources_simulator/faults": 99.5,
    "plugins/wealthsources_simulator/history": 99.5,
    "plugins/wealthsources_store": 98.5,
    "plugins/wealthsources_store/commands": 98.5,
    "plugins/wealthsources_verify": 98.5,
    "plugins/wealthsources_websocket": 99,
    "plugins/wealthsources_websocket/connection": 98.5,
    "plugins/wealthsources_websocket/protocols": 99.5,
    "plugins/wealthsources_websocket/transport": 98,
    "wealthdata": 98,
    "wealthdata/api": 99.5,
    "wealthdata/arguments": 99.5,
    "wealthdata/binding": 99.5,
    "wealthdata/reading": 99.5,
    "wealthsources": 99,
    "wealthsources/cli": 99,
    "wealthsources/cli/doctor": 90,
    "wealthsources/cli/commands": 99,
    "wealthsources/config": 99,
    "wealthsources/live": 98.5,
    "wealthsources/loading": 99.5,
    "wealthsources/model": 99.5,
    "wealthsources/resolve": 99.5,
    "wealthsources/runtime": 99.5,
    "wealthsources/testing": 99.5,
}


class Room(NamedTuple):
    """What was measured in one folder: its lines that can be run, and those that were not."""

    name: str
    lines: int
    missed: int

    @property
    def percent(self) -> float:
        """The share of lines that were run; an empty room has nothing to miss."""
        return 100.0 if not self.lines else 100.0 * (self.lines - self.missed) / self.lines


def rooms(report: Mapping[str, Any]) -> list[Room]:
    """The rooms of a JSON report of coverage.py, by name."""
    counts: dict[str, list[int]] = {}
    for path, measured in report["files"].items():
        count = counts.setdefault(str(PurePosixPath(path).parent), [0, 0])
        count[0] += measured["summary"]["num_statements"]
        count[1] += measured["summary"]["missing_lines"]
    return [Room(name, *count) for name, count in sorted(counts.items())]


def problems(measured: list[Room], floors: Mapping[str, float]) -> list[str]:
    """What is not as it must be, a line each."""
    found = [f"{name}: has a floor, and there is no such room" for name in sorted(floors.keys() - {*_names(measured)})]
    for room in measured:
        floor = floors.get(room.name)
        if floor is None:
            found.append(f"{room.name}: has no floor; measured {room.percent:.1f} %")
        elif room.percent < floor:
            found.append(f"{room.name}: {room.percent:.1f} % of its lines were run; its floor is {floor:g} %")
    return found


def table(measured: list[Room], floors: Mapping[str, float]) -> str:
    """Room by room: lines, lines not run, per cent, floor."""
    width = max(map(len, _names(measured)), default=4)
    lines = [f"{'room':<{width}}  lines  missed       %  floor"]
    for room in measured:
        floor = f"{floors[room.name]:5g}" if room.name in floors else "    -"
        lines.append(f"{room.name:<{width}}  {room.lines:5}  {room.missed:6}  {room.percent:6.1f}  {floor}")
    return "\n".join(lines)


def _names(measured: list[Room]) -> list[str]:
    return [room.name for room in measured]


def main(arguments: list[str]) -> int:
    """Print the table of a report; 1 if a room is below its floor or has none."""
    measured = rooms(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    print(table(measured, FLOORS))  # noqa: T201
    found = problems(measured, FLOORS)
    print("\n".join(found))  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
