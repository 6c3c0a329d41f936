"""Projects of strangers, installed without pip, which takes its time."""

from __future__ import annotations

import os
import sys
import tomllib
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


if __name__ == "__main__":  # stands for `pip install` of the project that one is in
    install_project(Path(), Path(sys.argv[1]))
