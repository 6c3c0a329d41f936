"""`make mutants`: whether the tests of the pure rooms see small faults. Survivors are printed; any fails the run.

    make mutants                     faults in the lines that differ from BASE (default: the branch's last landing)
    make mutants ALL=1               in all lines
    make mutants ALL=1 FILES="wealthsources/live/series.py" SAMPLE=100 SEED=7

Each fault is put into a copy of the tree, and the tests of its module are run there: the file at its place first, then
those beside it. `equal.txt` lists faults that change nothing that anybody could see.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from queue import SimpleQueue
from typing import Final, NamedTuple

from ..architecture.test_mirror import mirrored
from .mutations import Mutation, mutations_of

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = (
    "wealthsources/model/*.py",
    "wealthsources/resolve/*.py",
    "wealthsources/live/*.py",
    "plugins/wealthsources_websocket/protocols/*.py",
    "plugins/wealthsources_websocket/connection/reconnect.py",
)
#: Beside these modules stand tests with sockets and threads, which say little of one that has none.
ALONE: Final = ("plugins/wealthsources_websocket/connection/reconnect.py",)
_SHORTEST: Final = 60.0  # seconds that tests have, however quick they are


class Mutant(NamedTuple):
    """A fault in a module, given by its path from the root of the repository."""

    module: str
    fault: Mutation


def files_that_test(module: str, root: Path) -> list[str]:
    """The test files of a module: its own first, then those beside it."""
    own = mirrored(module)
    beside = [] if module in ALONE else sorted((root / own).parent.glob("test_*.py"))
    return list(dict.fromkeys([own, *(path.relative_to(root).as_posix() for path in beside)]))


@contextlib.contextmanager
def tree(root: Path = ROOT) -> Iterator[Path]:
    """A copy of the files that git knows of or would add, as they are now."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for name in filter(None, names):
            if (root / name).is_file():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, target)
        yield Path(folder)


def passes(folder: Path, tests: list[str], seconds: float) -> bool:
    """Whether these tests pass in that tree, in a process of their own, within so many seconds."""
    process = multiprocessing.get_context("fork").Process(target=_run_tests, args=(folder, tests))
    process.start()
    process.join(seconds)
    if process.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, 9)
        process.join()
    return process.exitcode == 0


def _run_tests(folder: Path, tests: list[str]) -> None:
    """In a child, which has imported what is slow to import, and nothing of ours."""
    import pytest

    os.setsid()
    os.chdir(folder)
    sys.dont_write_bytecode = True  # the next fault may be as long and of the same second: Python would not see it
    sys.path[:0] = [str(folder), str(folder / "plugins")]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # those of the copy are meant
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]
    os._exit(int(pytest.main([*options, *tests])))


def is_killed(folder: Path, mutant: Mutant, seconds: float) -> bool:
    """Whether the tests of the module see the fault."""
    path, tests = folder / mutant.module, files_that_test(mutant.module, folder)
    sound = path.read_text(encoding="utf-8")
    path.write_text(mutant.fault.text, encoding="utf-8")
    try:
        return not (passes(folder, tests[:1], seconds) and (len(tests) == 1 or passes(folder, tests[1:], seconds)))
    finally:
        path.write_text(sound, encoding="utf-8")


def changed_lines(base: str, module: str) -> set[int]:
    """The lines of a module that are not the same in `base`."""
    command = ["git", "-C", str(ROOT), "diff", "--unified=0", base, "--", module]
    diff = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines: set[int] = set()
    for head in (line.split(" ")[2] for line in diff.splitlines() if line.startswith("@@")):
        first, _, count = head.removeprefix("+").partition(",")
        lines.update(range(int(first), int(first) + int(count or 1)))
    return lines


def known_as_equal() -> set[tuple[str, str]]:
    """(module, fault) of those that change nothing."""
    lines = Path(__file__).with_name("equal.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.rpartition(" | ")[0].partition(" | ") for line in lines if line and not line.startswith("#")]
    return {(module, fault) for module, _, fault in parts}


def choose(options: argparse.Namespace) -> list[Mutant]:
    """The faults to try."""
    rooms = sorted(path.relative_to(ROOT).as_posix() for room in ROOMS for path in ROOT.glob(room))
    modules = options.files or [module for module in rooms if (ROOT / mirrored(module)).exists()]
    equal, mutants = known_as_equal(), []
    for module in modules:
        lines = None if options.all else changed_lines(options.base, PurePosixPath(module).as_posix())
        source = (ROOT / module).read_text(encoding="utf-8")
        mutants += [Mutant(module, fault) for fault in mutations_of(source, lines)]
    mutants = [mutant for mutant in mutants if (mutant.module, str(mutant.fault)) not in equal]
    if options.sample and options.sample < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.sample)
    return mutants


def main(arguments: list[str] | None = None) -> int:
    """Try the faults, tell the survivors, and say how many there are: 0 is a pass."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", default="HEAD~1", help="faults in the lines that differ from this commit")
    parser.add_argument("--all", action="store_true", help="in all lines")
    parser.add_argument("--files", nargs="*", help="only in these modules")
    parser.add_argument("--sample", type=int, default=0, help="so many of them, picked by chance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    return len(try_all(choose(options), options.jobs))


def try_all(mutants: list[Mutant], jobs: int) -> list[Mutant]:
    """Which of them survive. Prints what becomes of them."""
    for name in ("numpy", "pandas", "pydantic"):  # once, and not in every child; pytest wants its plugins for itself
        __import__(name)
    folders: SimpleQueue[Path] = SimpleQueue()
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(jobs) as pool:
        for _ in range(jobs):
            folders.put(stack.enter_context(tree()))
        limits = {module: _limit(folders, module) for module in sorted({mutant.module for mutant in mutants})}

        def attempt(mutant: Mutant) -> bool:
            folder = folders.get()
            try:
                return is_killed(folder, mutant, limits[mutant.module])
            finally:
                folders.put(folder)

        survivors, tried = [], collections.Counter[str]()
        for mutant, killed in zip(mutants, pool.map(attempt, mutants), strict=True):
            tried[mutant.module] += 1
            if not killed:
                survivors.append(mutant)
                print(f"{mutant.module}:{mutant.fault.line}: survives: {mutant.fault}", flush=True)  # noqa: T201
    _print_shares(tried, survivors)
    return survivors


def _limit(folders: SimpleQueue[Path], module: str) -> float:
    """Seconds that the tests of a module have. Raises SystemExit if they fail as they are."""
    folder = folders.get()
    began = time.monotonic()
    if not passes(folder, files_that_test(module, folder), 900.0):
        raise SystemExit(f"{module}: its tests fail without any fault")
    folders.put(folder)
    return max(_SHORTEST, 5 * (time.monotonic() - began))


def _print_shares(tried: collections.Counter[str], survivors: list[Mutant]) -> None:
    alive = collections.Counter(mutant.module for mutant in survivors)
    for module, count in sorted(tried.items()):
        print(f"{100 * (count - alive[module]) / count:5.1f} % of {count:4} seen  {module}")  # noqa: T201
    total = sum(tried.values())
    print(f"{total} faults, {len(survivors)} survive")  # noqa: T201


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
