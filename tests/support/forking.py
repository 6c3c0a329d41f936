"""Work done in a forked child, and threads that hold something while the fork is made."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

_T = TypeVar("_T")


def fork() -> int:
    """`os.fork()`, without the warning that there are other threads: that is what these tests are about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def in_child(work: Callable[[], _T], timeout: float = 20.0) -> _T:
    """What `work()` returns in a forked child; what it raises there is raised here. A child that hangs fails."""
    reading, writing = os.pipe()
    child = fork()
    if not child:
        _work_and_exit(work, reading, writing)
    os.close(writing)
    try:
        said = _read(reading, timeout)
        if said is None:
            os.kill(child, signal.SIGABRT)  # pytest has it print where it hangs
            os.waitpid(child, 0)
            raise AssertionError(f"the child hung for {timeout:g} s")
        os.waitpid(child, 0)
    finally:
        os.close(reading)
    assert said, "the child ended without a word"
    worked, outcome = pickle.loads(said)
    if not worked:
        raise outcome
    return outcome


def _work_and_exit(work: Callable[[], Any], reading: int, writing: int) -> None:
    try:
        os.close(reading)
        try:
            said = pickle.dumps((True, work()))
        except BaseException as error:  # noqa: BLE001 - it is raised in the parent
            said = pickle.dumps((False, error))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(said)
    finally:
        os._exit(0)


def _read(reading: int, timeout: float) -> bytes | None:
    """All that is said until the other end is closed; None if it is not in time."""
    deadline, said = time.monotonic() + timeout, b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            more = os.read(reading, 1 << 16)
            if not more:
                return said
            said += more
    return None


@contextlib.contextmanager
def held_elsewhere(*locks: Any) -> Iterator[None]:
    """While the block runs, another thread holds these locks, or whatever else a with statement takes."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with contextlib.ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            holding.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join(10)
