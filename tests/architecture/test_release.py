"""What a release says of itself: one version, and metadata that hold for whoever installs it."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import wealthsources

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_stands_in_pyproject_and_all_others_ask_for_it():
    assert wealthsources.__version__ == importlib.metadata.version("wealthsources") == PROJECT["version"]


def test_no_module_and_no_test_says_the_version_again():
    pattern = re.compile(rf"""wealthsources {re.escape(PROJECT["version"])}|__version__ = ["']""")
    paths = [
        path for folder in ("wealthsources", "wealthdata", "plugins", "tests") for path in (ROOT / folder).rglob("*.py")
    ]
    assert [str(path) for path in paths if path != Path(__file__) and pattern.search(path.read_text("utf-8"))] == []


def test_every_package_of_the_wheel_says_that_it_has_types():
    packages = [
        ROOT / "wealthsources",
        ROOT / "wealthdata",
        *(path.parent for path in ROOT.glob("plugins/*/__init__.py")),
    ]
    assert [str(package) for package in packages if not (package / "py.typed").exists()] == []
