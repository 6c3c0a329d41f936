"""What a forked child inherits, and how it is made fit for use there.

A fork copies the memory, and the one thread that asked for it. In the child no other thread runs: what one of them had
locked stays locked, what it was about to write stays half written, what it was to do is never done; and every socket is
the parent's as well. Whoever owns such things says with `call_in_child` what becomes of them, and takes `ForkLock` for
its locks. That is done in the child before anything else happens there; in the parent nothing is.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_log = logging.getLogger("wealthsources")
_OwnerT = TypeVar("_OwnerT")

#: The process that all of this was made fit for. Who may be in another one without knowing compares it with
#: `os.getpid()` and calls `notice_fork`.
process = os.getpid()


class ForkLock:
    """A lock for threads, held in a with statement, which a forked child finds free. Its owner may take it again."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def renew(self) -> None:
        """In a child: free it from a thread that is gone. One that the only thread there holds stays as it is."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()


_locks: Final[weakref.WeakSet[ForkLock]] = weakref.WeakSet()
_calls: Final[weakref.WeakKeyDictionary[object, tuple[Callable[[Any], None], ...]]] = weakref.WeakKeyDictionary()


def call_in_child(owner: _OwnerT, method: Callable[[_OwnerT], None]) -> None:
    """Call `method(owner)` in every forked child, as long as somebody has the owner: `call_in_child(self, Mine.renew)`.

    In no order, with every `ForkLock` free. It must not wait for anything.
    """
    _calls[owner] = (*_calls.get(owner, ()), method)


def notice_fork() -> None:
    """Do now what is to be done in a child, if it was not: a server that forks past Python (uWSGI) tells nobody."""
    if os.getpid() != process:
        _begin_anew()


def whose(owner: int) -> str:
    """What to say of a session whose live sources another process started."""
    return f"the session belongs to process {owner}, which opened it; open one in this process"


def _begin_anew() -> None:
    global process  # noqa: PLW0603 - which one it is
    process = os.getpid()
    for lock in _locks:
        lock.renew()
    for owner, methods in list(_calls.items()):
        for method in methods:
            try:
                method(owner)
            except Exception:  # noqa: BLE001 - a stranger's code, and the others are to be called all the same
                _log.exception("%s failed in a forked process", method.__qualname__)


if hasattr(os, "register_at_fork"):  # where there are forks
    os.register_at_fork(after_in_child=_begin_anew)
