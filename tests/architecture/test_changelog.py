"""The changelog is kept by fragments: each change that users notice brings a file, and no two are in conflict."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOWNCRIER = PROJECT["tool"]["towncrier"]
FOLDER = ROOT / TOWNCRIER["directory"]
KINDS = [kind["directory"] for kind in TOWNCRIER["type"]]
FRAGMENTS = sorted(path for path in FOLDER.iterdir() if path.name not in TOWNCRIER["ignore"])


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_named_for_its_change_and_its_kind(path):
    assert re.fullmatch(rf"\+[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md", path.name)


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_prose_without_a_heading_or_a_bullet_of_its_own(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(line for line in lines)
    assert not any(line.startswith(("#", "- ", "* ")) for line in lines)


def test_the_draft_of_the_next_release_has_every_fragment():
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"## {PROJECT['project']['version']} (")
    for path in FRAGMENTS:
        assert path.read_text(encoding="utf-8").splitlines()[0] in done.stdout


def test_the_place_of_the_next_release_is_above_the_last_one():
    text = (ROOT / TOWNCRIER["filename"]).read_text(encoding="utf-8")
    head, mark, rest = text.partition(TOWNCRIER["start_string"])
    assert (head, bool(mark)) == ("# Changelog\n\n", True)
    assert rest.startswith("\n## ")


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "changelog.d/README.md"])
def test_who_contributes_is_told_the_kinds(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
