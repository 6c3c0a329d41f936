"""Waiting for what other threads do, and for their end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator


def wait_until(condition: Callable[[], object], timeout: float = 30.0, what: str = "what the test waits for") -> None:
    """Return as soon as `condition()` is true; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        pause.wait(0.002)


def wait_for_turn(step: float, margin: float = 20.0) -> None:
    """Return when the present window of `step` seconds goes on for `margin` seconds at least; nearly always at once."""
    wait_until(lambda: time.time() % step < step - margin, 2 * margin, "the next window")


@contextlib.contextmanager
def nothing_left_behind(timeout: float = 20.0) -> Iterator[None]:
    """No thread and no descriptor more after the block than before it, within `timeout` seconds."""
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    wait_until(lambda: set(threading.enumerate()) <= threads, timeout, "the end of all threads")
    wait_until(lambda: _descriptors() <= descriptors, timeout, "the closing of all descriptors")


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a list of names is all that is wanted
