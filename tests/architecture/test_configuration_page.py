"""What docs/configuration.md shows is what happens, and its tables are those of the settings."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import wealthsources
from wealthsources.config.settings import Settings, SourceSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
TABLES = [
    re.findall(r"^\| `(\w+)` \| (?:`([^`]*)` |[^|`]* )?\| (.*) \|$", table, re.MULTILINE)
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
]
#: What the page's example of mistakes is about.
WRONG = """\
sources:
  - name: live
    plugin: websocket
    options:
      symbols: [BTCUSDT]
      resolutions: [1h, 5x]

  - plugin: contxt
"""


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line.removeprefix("$ wealthsources "))
    command = [sys.executable, "-m", "wealthsources", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def commands() -> list[str]:
    return [line for _, block in BLOCKS for line in block.splitlines() if line.startswith("$ wealthsources ")]


@pytest.mark.parametrize(("table", "model"), [*zip(TABLES, (Settings, SourceSettings), strict=True)])
def test_the_keys_and_their_defaults_are_those_of_the_settings(table, model):
    assert sorted(name for name, _, _ in table) == sorted(model.model_fields)
    for name, default, _ in table:
        if default:
            assert yaml.safe_load(default) == model.model_fields[name].default


def test_its_commands_work_in_an_empty_folder(tmp_path):
    shown = dict.fromkeys(commands())
    assert [line.split()[2] for line in shown] == ["init", "check", "schema"]
    for line in shown:
        done = run(line, tmp_path)
        assert done.returncode == 0, done.stderr
    first, *_ = (tmp_path / "config.yaml").read_text().splitlines()
    assert f"{first}\n" == next(block for language, block in BLOCKS if language == "yaml")
    assert (tmp_path / "config.schema.json").exists()


def test_the_mistakes_that_it_shows_are_told_so(tmp_path):
    (tmp_path / "config.yaml").write_text(WRONG)
    _, shown = next(block for block in BLOCKS if "resolutions[1]" in block[1])
    told = run("$ wealthsources check", tmp_path).stderr.splitlines()
    for wanted, line in zip(shown.splitlines()[1:], told, strict=True):
        assert line.startswith(wanted.rstrip("…").rstrip(" ,"))


def test_what_it_says_of_reloading_is_so(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("sources: [{plugin: context}]\n")
    _, refused = next(block for block in BLOCKS if "cannot be changed while" in block[1])
    with wealthsources.open(path) as session:
        code = next(block for language, block in BLOCKS if language == "python")
        exec(code, {"session": session})
        path.write_text("sources: [{plugin: context}]\n\nclock: feed\n")
        with pytest.raises(wealthsources.ConfigError) as caught:
            session.reload()
    assert caught.value.brief.endswith(refused.strip())
