"""`make dist`: builds the wheel and the sdist, and installs the wheel as strangers do, into clean environments.

    python tools/release/run.py [--extras "file store"] [--pythons "3.11 /usr/bin/python3.13"] [--jobs 2]

For the oldest Python that is supported and the newest of this machine: the core alone, and each extra alone. What went
well is not done again while the wheel is the same, so a run that was stopped goes on where it was; `make clean` forgets
it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DIST = ROOT / "dist"
WORK = ROOT / "build" / "dist"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Extras for those who work on this project: no user installs them.
OURS = ("dev", "docs")
#: What `new-source` and `new-protocol` make projects of.
TEMPLATES = "wealthsources/cli/templates/"
OLDEST = tuple(int(part) for part in PROJECT["project"]["requires-python"].removeprefix(">=").split("."))
SMOKE = HERE / "smoke.py"
STRANGER = HERE / "stranger.py"


class Python(NamedTuple):
    """An interpreter of this machine."""

    version: tuple[int, int]
    path: str

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


class Outcome(NamedTuple):
    """What became of one environment."""

    name: str
    fault: str
    seconds: float
    earlier: bool = False


class FailedError(Exception):
    """A command that did not end well, or a rule that does not hold."""


def main() -> int:
    options = read_options()
    extras = options.extras.split() or ["core", *all_extras()]
    if unknown := set(extras) - {"core", *all_extras()}:
        raise SystemExit(f"there is no extra {', '.join(sorted(unknown))}; there are: core {' '.join(all_extras())}")
    found = installed_pythons()
    pythons = [python_of(wanted, found) for wanted in options.pythons.split()] or oldest_and_newest(found)
    print(f"Python here: {', '.join(f'{python} ({python.path})' for python in found)}")
    print(f"tried with:  {', '.join(map(str, pythons))}", flush=True)
    try:
        wheel = build(DIST, WORK)
    except FailedError as fault:
        print(f"FAILED: {fault}")
        return 1
    jobs = [(pythons[0], "published"), *((python, extra) for python in pythons for extra in extras)]
    with ThreadPoolExecutor(options.jobs) as workers:
        outcomes = list(workers.map(lambda job: try_one(WORK, wheel, *job), jobs))
    failed = [outcome.name for outcome in outcomes if outcome.fault]
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} environments are right", *failed, sep="\n  wrong: ")
    return bool(failed)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extras", default="", help="these alone; `core` is the wheel without any")
    parser.add_argument("--pythons", default="", help="versions or paths; by default the oldest and the newest")
    parser.add_argument("--jobs", type=int, default=2, help="environments at a time")
    return parser.parse_args()


def all_extras() -> list[str]:
    return [extra for extra in PROJECT["project"]["optional-dependencies"] if extra not in OURS]


# which Pythons


def installed_pythons() -> list[Python]:
    """The interpreters of this machine that are new enough, one for each version, oldest first."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += [Path.home() / ".pyenv" / "versions", Path(os.environ.get("PYENV_ROOT", "/nowhere")) / "versions"]
    paths = [
        path for folder in folders for pattern in ("python3.*", "*/bin/python3.*") for path in folder.glob(pattern)
    ]
    found = {python.version: python for path in [*reversed(paths), Path(sys.executable)] if (python := examine(path))}
    return [found[version] for version in sorted(found) if version >= OLDEST]


def examine(path: Path) -> Python | None:
    """The Python at that path, if it is one that can make environments."""
    if not re.fullmatch(r"python(3(\.[0-9]+)?)?", path.name):
        return None
    code = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    major, minor = map(int, done.stdout.split())
    return Python((major, minor), str(path))


def oldest_and_newest(found: list[Python]) -> list[Python]:
    if not found or found[0].version != OLDEST:
        raise SystemExit(f"there is no Python {'.'.join(map(str, OLDEST))} here, the oldest that is supported")
    return [found[0], found[-1]] if len(found) > 1 else found


def python_of(wanted: str, found: list[Python]) -> Python:
    named = [python for python in found if str(python) == wanted]
    python = named[0] if named else examine(Path(wanted)) if "/" in wanted else None
    if python is None:
        raise SystemExit(f"there is no Python {wanted} here; there are: {', '.join(map(str, found))}")
    return python


# the wheel and the sdist


def build(dist: Path, work: Path) -> Path:
    """The wheel, after all that can be said of it without installing it."""
    shutil.rmtree(dist, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-m", "hatchling", "build", "-d", str(dist)], cwd=ROOT)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    check_contents(wheel)
    check_sdist(sdist, wheel, work / "sdist")
    for path in (wheel, sdist):
        print(f"built {dist.name}/{path.name}, {path.stat().st_size / 1000:,.0f} kB", flush=True)
    return wheel


def check_contents(wheel: Path) -> None:
    """Raises FailedError if the wheel carries anything but our own modules, templates, `py.typed` and the licence."""
    packages = {Path(path).name for path in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    foreign = [name for name in zipfile.ZipFile(wheel).namelist() if not is_ours(name, packages)]
    if foreign:
        raise FailedError(f"the wheel carries what is not known to be ours: {', '.join(foreign)}")


def is_ours(name: str, packages: set[str]) -> bool:
    root, _, rest = name.partition("/")
    if root.endswith(".dist-info"):
        return rest in {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    return root in packages and (rest.endswith(".py") or rest == "py.typed" or name.startswith(TEMPLATES))


def check_sdist(sdist: Path, wheel: Path, folder: Path) -> None:
    """Raises FailedError unless the sdist alone, unpacked into that folder, builds the same wheel, byte by byte."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")], cwd=source)
    if digest(folder / "dist" / wheel.name) != digest(wheel):
        raise FailedError(f"{sdist.name} builds another wheel than the one beside it")


def digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


# clean environments


def try_one(work: Path, wheel: Path, python: Python, extra: str) -> Outcome:
    """Installs and tries one extra, unless that went well with the same wheel before."""
    name = f"{python}-{extra}"
    done, log = work / f"{name}.done", work / f"{name}.log"
    seal = digest(wheel, SMOKE, STRANGER)
    if done.exists() and done.read_text() == seal:
        return tell(Outcome(name, "", 0, earlier=True))
    begun, fault = time.monotonic(), ""
    try:
        log.write_text("".join(steps(wheel, python, extra, work / name)))
        done.write_text(seal)
    except FailedError as error:
        log.write_text(str(error))
        fault = f"{str(error).strip().splitlines()[-1]} (all of it: {os.path.relpath(log)})"
    shutil.rmtree(work / name, ignore_errors=True)
    return tell(Outcome(name, fault, time.monotonic() - begun))


def steps(wheel: Path, python: Python, extra: str, folder: Path) -> Iterator[str]:
    """What the commands print that install the wheel into that folder and try it. Raises FailedError."""
    shutil.rmtree(folder, ignore_errors=True)
    yield run([python.path, "-m", "venv", "--without-pip", str(folder)], cwd=folder.parent)
    own = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", own]
    (folder / "empty").mkdir()
    wanted = str(wheel) if extra in ("core", "published") else f"{wheel}[{extra}]"
    tools = ["mypy", "twine"] if extra == "published" else []
    # What is compiled is what is imported: the rest would take longer than all tests.
    yield run([*pip, "install", "--no-compile", wanted, *tools], cwd=folder)
    yield run([*pip, "check"], cwd=folder)
    if extra == "published":
        files = sorted(str(path) for path in wheel.parent.iterdir())
        yield run([own, "-m", "twine", "check", "--strict", *files], cwd=folder)
        yield run([own, "-m", "mypy", "--strict", str(STRANGER)], cwd=folder / "empty")
    else:
        yield run([own, "-I", str(SMOKE), extra], cwd=folder / "empty")


def tell(outcome: Outcome) -> Outcome:
    took = "ok before, with this wheel" if outcome.earlier else f"ok, {outcome.seconds:.0f} s"
    print(f"{outcome.name:18} {'FAILED: ' + outcome.fault if outcome.fault else took}", flush=True)
    return outcome


def run(command: list[str], cwd: Path) -> str:
    """What a command prints; what the environment says of Python and of this project is kept from it."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "WEALTHSOURCES", "VIRTUAL"))
    }
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    told = f"$ {' '.join(command)}\n{done.stdout}{done.stderr}"
    if done.returncode:
        raise FailedError(told)
    return told


if __name__ == "__main__":
    sys.exit(main())
