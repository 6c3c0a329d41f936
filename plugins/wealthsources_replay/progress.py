"""How far a replay has come, on a terminal: a bar, frames a second, the time left."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources_replay.source import ReplaySource

_EVERY: Final = 0.2  # seconds


@contextlib.contextmanager
def progress(source: ReplaySource) -> Iterator[Callable[[], None]]:
    """Gives what is to be called at every step. Nothing is shown where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where it is shown
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (BarColumn(), TextColumn("{task.percentage:.0f} %"), TextColumn("{task.description}"))
    span = source.span
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=max(1, span[1] - span[0]))
        began, next_look = time.monotonic(), 0.0

        def look() -> None:
            nonlocal next_look
            now = time.monotonic()
            if now >= next_look:
                next_look = now + _EVERY
                rate = source.played / max(now - began, 1e-9)
                done = max(0, source.now_ms - span[0])
                shown.update(task, completed=done, description=f"{source.played:,} records, {rate:,.0f} a second")

        yield look
