"""A small file of each layout, in layouts/, with the bars that it has and what `inspect` says of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from wealthsources import FIELDS, HistoryRequest, Timeframe
from wealthsources_file.commands.inspect import app
from wealthsources_file.layout_options import Format
from wealthsources_file.options import FileOptions
from wealthsources_file.presets import PRESETS
from wealthsources_file.source import FileSource

LAYOUTS = Path(__file__).parent / "layouts"
CASES = sorted(path.name for path in LAYOUTS.iterdir())
LATER = 2_000_000_000_000


def case(name: str) -> dict[str, Any]:
    return yaml.safe_load((LAYOUTS / name / "case.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_each_layout_has_the_bars_beside_it(name: str) -> None:
    said = case(name)
    source = FileSource(FileOptions.model_validate(said["options"], context={"folder": LAYOUTS / name}))
    bars = source.get_history(HistoryRequest(said["symbol"], Timeframe(said["timeframe"]), end=LATER, count=100))
    with (LAYOUTS / name / "bars.csv").open(newline="", encoding="utf-8") as lines:
        expected = [(int(line["open_time"]), *(line[field] for field in FIELDS)) for line in csv.DictReader(lines)]
    assert [(bar.open_time, *(bar.exact(field) for field in FIELDS)) for bar in bars] == expected
    assert all(bar.closed for bar in bars)


@pytest.mark.parametrize("name", CASES)
def test_what_inspect_says_of_it_stands_beside_it(name: str) -> None:
    said = (LAYOUTS / name / "inspect.txt").read_text(encoding="utf-8")
    (path,) = (LAYOUTS / name).rglob(said.partition("\n")[0])
    assert CliRunner().invoke(app, [str(path)]).stdout == said


def test_each_preset_has_one() -> None:
    formats: set[Format] = {case(name)["options"].get("format", "wealthsources") for name in CASES}
    assert formats == set(PRESETS)
