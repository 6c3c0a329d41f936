"""What docs/files.md shows is executed as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from wealthsources_file.commands.inspect import app
from wealthsources_file.options import FileOptions
from wealthsources_file.presets import PRESETS

ROOT = Path(__file__).resolve().parents[3]
LAYOUTS = Path(__file__).parent / "layouts"
PAGE = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def test_the_commands_print_what_stands_below_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(""):
        command, _, shown = block.removeprefix("$ ").partition("\n")
        program, name, file = shlex.split(command)
        assert (program, name) == ("wealthsources", "inspect")
        (path,) = LAYOUTS.rglob(file)
        shutil.copy(path, tmp_path)
        assert CliRunner().invoke(app, [file]).stdout == shown


def test_the_options_are_valid(tmp_path: Path) -> None:
    for block in blocks("yaml"):
        (source,) = yaml.safe_load(block)
        FileOptions.model_validate(source["options"], context={"folder": tmp_path})
    assert len(blocks("yaml")) == 6


def test_every_option_and_every_format_is_on_the_page() -> None:
    options = {"path", "files", *FileOptions.model_fields}
    assert [name for name in options if not re.search(rf"`{name}\b|\b{name}:|`, `{name}`", PAGE)] == []
    assert [name for name in PRESETS if f"| `{name}`" not in PAGE] == []
