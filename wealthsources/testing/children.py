"""Something done in a forked child, and what came of it."""

from __future__ import annotations

import os
import select
import signal
import time
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_child(work: Callable[[], str], seconds: float) -> str:
    """What `work()` returns in a forked child. What it raises there is told as text, and so is that it hung."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are other threads is the point
        child = os.fork()
    if not child:
        _work_and_exit(work, writing)
    os.close(writing)
    try:
        said = _read(reading, seconds)
        if said is None:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(reading)
        os.waitpid(child, 0)
    return f"it hung for {seconds:g} s" if said is None else said


def _work_and_exit(work: Callable[[], str], writing: int) -> None:
    try:
        try:
            said = work()
        except BaseException as error:  # noqa: BLE001 - it is told in the parent
            said = repr(error)
        os.write(writing, said[:4_000].encode(errors="replace"))
    finally:
        os._exit(0)


def _read(reading: int, seconds: float) -> str | None:
    """All that is said until the other end is closed; None if it is not in time."""
    deadline, said = time.monotonic() + seconds, b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            more = os.read(reading, 1 << 16)
            if not more:
                return said.decode()
            said += more
    return None
