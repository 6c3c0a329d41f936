"""`--wait`: how long it may be, and what is said meanwhile."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

from wealthsources.cli.console import console
from wealthsources.model.errors import RequestError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST: Final = 86_400.0


def check_wait(seconds: float) -> None:
    """Raise RequestError for a time that cannot be waited for."""
    if not 0 <= seconds <= _LONGEST:
        raise RequestError(f"wait must be 0 to {_LONGEST:.0f} seconds, was {seconds}")


@contextlib.contextmanager
def progress(seconds: float) -> Iterator[Callable[[str], None]]:
    """Where somebody looks at stderr: a line that says what is waited for, gone when the wait is over."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with console(sys.stderr).status("opening the sources") as line:
        yield lambda text: line.update(f"up to {seconds:g} s for {one_line(text)}")
