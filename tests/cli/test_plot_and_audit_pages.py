"""What docs/plot.md and docs/audit.md show is executed as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from wealthsources.cli import main

from ..support.markets import ROOT, SAMPLE


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for kind, block in found if kind == language]


def commands(page: str) -> list[tuple[str, str]]:
    """Each command with what is shown below it."""
    parts = [part for block in blocks(page, "") for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


@pytest.fixture
def here(folder, config):
    """run(command): what it prints, and its code, in a folder with the examples; `…` stands for that."""
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


@pytest.fixture
def run(here, capsys):
    def run(command: str) -> tuple[str, int]:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command)[1:])
        printed = capsys.readouterr()
        text = printed.out or printed.err
        for place in (str(here), str(ROOT)):
            text = text.replace(place, "…")
        return text, int(ended.value.code or 0)

    return run


def test_the_commands_of_the_page_on_pictures_draw_what_they_say(run, here):
    (here / "config.yaml").write_text(blocks("plot.md", "yaml")[0])
    for command, shown in commands("plot.md"):
        assert run(command) == (shown, 0)
        assert (here / shown.partition(":")[0]).stat().st_size > 10_000


def test_the_commands_of_the_page_on_audits_find_what_is_shown(run, here):
    (here / "config.yaml").write_text(blocks("audit.md", "yaml")[0])
    spoil(here / "vendor" / "BTCUSDT" / "1h.csv")
    for command, shown in commands("audit.md"):
        assert run(command) == (shown, 1), command


def spoil(path: Path) -> None:
    """Write the sample there with a high of 1, a row twice, ten rows missing and a close that differs."""
    rows = SAMPLE.read_text().splitlines()
    values = rows[101].split(",")
    rows[101] = ",".join([*values[:2], "1", *values[3:]])
    *values, _, volume = rows[601].split(",")
    rows[601] = ",".join([*values, "10510", volume])
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([*rows[:202], *rows[201:401], *rows[411:]]) + "\n")
