"""Frames with something wrong, made of good ones: what a protocol must survive. And what it must not call."""

from __future__ import annotations

import copy
import gc
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

#: A text that begins like this is a number with a point, which is written to the letter.
_NUMBER: Final = "§"
#: None of these is a value of a bar, a time or a timeframe.
_WRONG: Final[tuple[Any, ...]] = (None, True, [], {}, ["x"], {"x": 1}, "", "x", "NaN", "1e999", -1e999, 10**40)
#: None of these is a message with a bar.
NO_MESSAGES: Final = (b"", b" ", b"{", b"[" * 5_000, b"null", b"1", b'"x"', b"pong", b"{}", b"[[]]", b"\xff\xfe\x00")
_MOST_CUTS: Final = 100
_DOORS: Final = ("_socket", "_ssl", "select", "posix", "nt", "_io", "io", "_posixsubprocess")
_OPENING: Final = ("open", "open_code", "socket", "system", "fork_exec", "select", "poll")


def cut(frame: bytes) -> Iterator[bytes]:
    """The frame, cut short: at every place, or at so many if it is long."""
    step = max(1, len(frame) // _MOST_CUTS)
    yield from (frame[:end] for end in range(0, len(frame), step))


def spoiled(frame: bytes) -> Iterator[bytes]:
    """A JSON frame with one value left out, or in its place something that is none. Nothing of any other frame."""
    try:
        message = json.loads(frame, parse_float=lambda text: _NUMBER + text)
    except ValueError:
        return
    for path in _paths(message):
        for value in (..., *_WRONG):
            changed = copy.deepcopy(message)
            place = changed
            for step in path[:-1]:
                place = place[step]
            if type(value) is bool is type(place[path[-1]]):
                continue  # a flag may say either
            if value is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            yield _written(changed)


def _written(message: Any) -> bytes:
    return re.sub(f'"{_NUMBER}([^"]*)"', r"\1", json.dumps(message, ensure_ascii=False)).encode()


def _paths(message: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = message.items() if isinstance(message, dict) else enumerate(message) if isinstance(message, list) else ()
    for step, value in inside:
        yield (*path, step)
        yield from _paths(value, (*path, step))


def impure_calls(work: Callable[[], object]) -> list[str]:
    """Which clocks, files or sockets `work()` uses, by the names of the functions."""
    called: set[str] = set()

    def look(_: object, event: str, function: Any) -> None:
        if event != "c_call":
            return
        module, name = getattr(function, "__module__", None) or "", getattr(function, "__name__", "")
        owner = getattr(function, "__self__", None)
        if module == "time" or (name in ("now", "utcnow", "today") and "datetime" in repr(owner)):
            called.add(f"{module or 'datetime'}.{name}")
        elif module in _DOORS and name in _OPENING:
            called.add(f"{module}.{name}")

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # what others do when it collects is theirs
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return sorted(called)
