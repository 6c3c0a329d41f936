"""The versions that `make` installs."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def versions(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").split()
    return dict(line.split("==") for line in lines)


def test_the_environment_of_pandas_2_differs_by_pandas_and_what_that_needs():
    newest, older = versions("constraints.txt"), versions("constraints-pandas2.txt")
    assert {name for name, _ in newest.items() ^ older.items()} == {"numpy", "pandas", "pytz"}
    assert (newest["pandas"].split(".")[0], older["pandas"].rpartition(".")[0]) == ("3", "2.2")
