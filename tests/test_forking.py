"""What a forked child inherits: locks that are free, and methods that are called there."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from wealthsources import ForkLock, call_in_child, forking

from .support.forking import held_elsewhere, in_child

ROOT = Path(__file__).resolve().parents[1]


class Called:
    """Counts its calls, and in which process they were."""

    def __init__(self, fail: bool = False) -> None:
        self.fail = fail
        self.calls: list[int] = []
        call_in_child(self, Called.call)

    def call(self) -> None:
        self.calls.append(os.getpid())
        if self.fail:
            raise LookupError("mine")


def is_free(lock: ForkLock) -> bool:
    """Whether another thread gets it."""
    taken = threading.Event()

    def take() -> None:
        with lock:
            taken.set()

    threading.Thread(target=take, daemon=True).start()
    return taken.wait(0.5)


# Locks.


def test_a_lock_that_another_thread_holds_is_free_in_a_child():
    lock = ForkLock()
    with held_elsewhere(lock):
        assert in_child(lambda: is_free(lock))
        assert not is_free(lock), "in the parent it is held as before"
    assert is_free(lock)


def test_a_lock_that_the_forking_thread_holds_is_its_own_in_the_child():
    lock = ForkLock()

    def leave_and_look() -> tuple[bool, bool]:
        held = not is_free(lock)
        lock.__exit__(None, None, None)
        return held, is_free(lock)

    with lock:
        assert in_child(leave_and_look) == (True, True)


def test_whoever_holds_a_lock_may_take_it_again():
    lock = ForkLock()
    with lock, lock:
        assert not is_free(lock)
    assert is_free(lock)


def test_a_lock_that_nobody_has_any_more_is_forgotten():
    lock = ForkLock()
    held = weakref.ref(lock)
    assert lock in forking._locks
    del lock
    gc.collect()
    assert held() is None


# Methods.


def test_a_method_is_called_once_in_the_child_and_not_in_the_parent():
    owner = Called()
    process, calls = in_child(lambda: (os.getpid(), owner.calls))
    assert calls == [process]
    assert owner.calls == []


def test_a_child_of_the_child_is_a_child_as_well():
    owner = Called()
    calls = in_child(lambda: in_child(lambda: owner.calls))
    assert len(set(calls)) == 2


def test_several_methods_of_one_owner_are_called_in_their_order():
    owner = Called()
    call_in_child(owner, lambda owner: owner.calls.append("then"))
    assert in_child(lambda: owner.calls[1:]) == ["then"]


def test_the_locks_are_free_when_methods_are_called():
    lock, owner = ForkLock(), Called()
    call_in_child(owner, lambda owner: owner.calls.append(is_free(lock)))
    with held_elsewhere(lock):
        assert in_child(lambda: owner.calls[1])


def test_an_owner_that_is_gone_is_not_kept_for_its_call():
    owner = Called()
    calls = owner.calls
    del owner
    gc.collect()
    assert in_child(lambda: calls) == []


def test_a_method_that_fails_keeps_no_other_from_being_called(caplog):
    first, second, third = Called(), Called(fail=True), Called()
    numbers, said = in_child(lambda: ([len(each.calls) for each in (first, second, third)], caplog.text))
    assert numbers == [1, 1, 1]
    assert "Called.call failed in a forked process" in said


def test_the_process_is_the_one_it_runs_in():
    assert forking.process == os.getpid()
    assert in_child(lambda: forking.process == os.getpid())


# Forks past Python.

PAST_PYTHON = """
import ctypes, os, sys
from wealthsources import call_in_child, forking

class Owner:
    def call(self):
        print("called", flush=True)

owner = Owner()
call_in_child(owner, Owner.call)
forking.notice_fork()
child = ctypes.PyDLL(None).fork()
if child:
    sys.exit(os.waitpid(child, 0)[1])
print("forked", flush=True)
forking.notice_fork()
forking.notice_fork()
os._exit(0)
"""


def test_a_fork_of_which_python_was_not_told_is_noticed_once_by_who_looks():
    done = subprocess.run([sys.executable, "-c", PAST_PYTHON], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["forked", "called"]


# Who takes them.

#: Those that know by themselves what becomes of theirs.
ELSEWHERE = {
    "wealthsources/forking.py",
    "wealthsources/live/series.py",
    "wealthsources/runtime/dispatcher.py",
    "plugins/wealthsources_file/cache.py",
    "plugins/wealthsources_ccxt/connection.py",
}


@pytest.mark.parametrize("folder", ["wealthsources", "wealthdata", "plugins", "compat"])
def test_every_lock_of_ours_is_free_in_a_child(folder):
    plain = re.compile(r"(?<!Fork)\b(Lock|RLock|Semaphore|BoundedSemaphore|Barrier)\(\)")
    paths = [path for path in (ROOT / folder).rglob("*.py") if "wealthsources_simulator" not in path.parts]
    found = {path.relative_to(ROOT).as_posix() for path in paths if plain.search(path.read_text(encoding="utf-8"))}
    assert paths
    assert found <= ELSEWHERE
