"""Other processes at work on a store: `python -m tests.plugins.store.workers write|same|read URL UP_TO`.

Hour number n closes at n, so that a reader knows what is right.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from wealthsources_store.database import Database
from wealthsources_store.errors import NoStore
from wealthsources_store.options import StoreOptions

from .stock import got, put

ROOT = Path(__file__).resolve().parents[3]
LATEST = 10**14


def start(work: str, url: str, up_to: int) -> subprocess.Popen[str]:
    """A process that does this."""
    command = [sys.executable, "-m", "tests.plugins.store.workers", work, url, str(up_to)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def write(database: Database, up_to: int) -> None:
    """One hour after the other; each is printed once it is stored."""
    for place in range(up_to):
        put(database, {place: str(place)}, now=LATEST)
        print(place, flush=True)  # noqa: T201


def same(database: Database, up_to: int) -> None:
    """All of them, as others do at the same time."""
    for first in range(0, up_to, 20):
        put(database, {place: str(place) for place in range(first, first + 20)}, now=LATEST)


def read(database: Database, up_to: int) -> None:
    """The newest again and again, until the last is there; that it has begun, and how often that was, is printed."""
    reads = newest = 0
    while newest < up_to - 1:
        try:
            found = got(database, end=LATEST, count=50)
        except NoStore:
            continue
        assert list(found) == list(range(max(found) - len(found) + 1, max(found) + 1)), found
        assert all(float(close) == place for place, close in found.items()), found
        assert max(found) >= newest
        reads, newest = reads + 1, max(found)
        if reads == 1:
            print("reading", flush=True)  # noqa: T201
    print(reads)  # noqa: T201


if __name__ == "__main__":
    work, url, up_to = sys.argv[1:]
    opened = Database(StoreOptions(url=url))
    {"write": write, "same": same, "read": read}[work](opened, int(up_to))
    opened.close()
