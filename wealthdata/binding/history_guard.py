"""Which contexts' own histories are being asked just now, so that none of them ends up asking itself."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_asked: ContextVar[tuple[object, ...]] = ContextVar("wealthdata_own_histories", default=())


@contextlib.contextmanager
def asking_own_history(context: object) -> Iterator[None]:
    """The context's own history is being asked in this block."""
    token = _asked.set((*_asked.get(), context))
    try:
        yield
    finally:
        _asked.reset(token)


def is_asking_own_history(context: object) -> bool:
    """Whether this is such a block, here or further out."""
    return any(each is context for each in _asked.get())
