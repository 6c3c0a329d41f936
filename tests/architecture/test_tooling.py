"""The developer's commands: one set, in the Makefile, before a commit and where changes land."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, without where they stand."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None
    return [line.strip().removeprefix("$(BIN)/") for line in found[1].splitlines()]


def hooks() -> list[dict[str, object]]:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    repositories = yaml.safe_load(text)["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    return repositories[0]["hooks"]


def test_before_a_commit_runs_what_make_check_runs():
    entries = [str(hook["entry"]).removeprefix(".venv/bin/") for hook in hooks()]
    assert entries == [command.removesuffix(" .") for command in recipe("check")]


def test_before_a_commit_nothing_is_downloaded():
    assert {hook["language"] for hook in hooks()} == {"system"}


def test_every_target_is_phony_and_named_in_the_first_lines():
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE.replace("\\\n", " "), re.MULTILINE)
    assert phony is not None
    assert targets == set(phony[1].split())
    head = MAKEFILE.partition("\nSHELL")[0]
    assert targets - {"install", "clean"} == set(re.findall(r"make ([a-z-]+)", head))


def test_what_lands_has_passed_commands_that_a_developer_has():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    called = re.findall(r"^make ([a-z-]+)$", script, re.MULTILINE)
    assert {"check", "test"} <= set(called)
    assert all(recipe(target) for target in called)


def test_every_path_that_the_makefile_names_exists():
    paths = re.findall(r"\b(?:tests|benchmarks|examples|tools)/[\w./-]+", MAKEFILE.replace("\\\n", " "))
    assert paths
    made = "tests/__pycache__"  # where bytecode is kept; where none is, it is not there
    assert [path for path in paths if path != made and not (ROOT / path).exists()] == []
