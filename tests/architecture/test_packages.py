"""The lists of packages in pyproject.toml are those of the folders of plugins/: a new one is forgotten nowhere."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLUGINS = {path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")}
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}


def test_the_wheel_carries_every_package():
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) == {"wealthsources", "wealthdata", *(f"plugins/{name}" for name in PLUGINS)}


def test_the_rules_of_imports_know_every_package():
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == {"wealthsources", "wealthdata", *PLUGINS}


@pytest.mark.parametrize(
    ("contract", "key", "others"),
    [
        ("Plugins and wealthdata use the core's public names only", "source_modules", {"wealthdata"}),
        ("Plugins use wealthdata's public names only", "source_modules", set()),
        ("No circles among siblings", "ancestors", {"wealthsources", "wealthdata"}),
    ],
)
def test_a_rule_for_all_plugins_names_every_one(contract, key, others):
    assert set(CONTRACTS[contract][key]) == PLUGINS | others


def test_no_plugin_may_import_another():
    layers = CONTRACTS["Plugins stand on wealthdata and the core, never on each other; the core stands alone"]["layers"]
    assert set(layers[0].split(" | ")) == PLUGINS


def test_every_package_with_a_hook_has_an_entry_point_and_every_entry_point_its_module():
    points = PROJECT["project"]["entry-points"]
    named = {value.partition(" ")[0] for value in points["wealthsources"].values()}
    assert named == {f"{name}.plugin" for name in PLUGINS if (ROOT / "plugins" / name / "plugin.py").exists()}
    commands = {value.partition(":")[0] for value in points["wealthsources.commands"].values()}
    paths = [*(ROOT / "plugins").glob("*/main.py"), *(ROOT / "plugins").glob("*/commands/[!_]*.py")]
    assert commands == {".".join(path.relative_to(ROOT / "plugins").with_suffix("").parts) for path in paths}


def test_every_floor_of_the_core_is_in_the_rule_and_no_other():
    folders = {path.parent.name for path in (ROOT / "wealthsources").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "wealthsources").glob("*.py")} - {"__init__"}
    layers = CONTRACTS["The floors of the core: imports run down"]["layers"]
    assert {name for layer in layers for name in layer.split(" | ")} == folders | files
