"""How a command that goes on until somebody ends it is ended."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM is KeyboardInterrupt like Ctrl-C; and a shell starts its background jobs with SIGINT ignored."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {name: signal.signal(name, signal.default_int_handler) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
