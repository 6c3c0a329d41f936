"""Projects of strangers: installed without pip, and their own tests run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path


def install_project(project: Path, site: Path) -> dict[str, str]:
    """Install a project of single modules into a folder; returns the environment in which it is there."""
    said = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = site / f"{said['name'].replace('-', '_')}-{said['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {said['name']}\nVersion: {said['version']}\n")
    lines = []
    for group, points in said["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for module in project.glob("*.py"):
        (site / module.name).write_bytes(module.read_bytes())
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *sys.path])}


def run_in(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """What `python -m …` prints there; it must go well."""
    return _run(folder, environment, [sys.executable, "-m", *arguments])


def run_tests(project: Path, environment: dict[str, str]) -> str:
    """What pytest prints of the project's own tests, which must pass."""
    return run_in(project, environment, "pytest", "-q", "-p", "no:cacheprovider")


def _run(folder: Path, environment: dict[str, str], command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
