"""Texts for messages: on one line, safe for a terminal, and helpful where a word is not known."""

from __future__ import annotations

import contextlib
import difflib
from typing import TYPE_CHECKING

from wealthsources.model.errors import WealthSourcesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def one_line(text: str) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return printable(" ".join(text.split()))


def printable(line: str) -> str:
    """The line with a mark in place of each character that is not to be seen."""
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def describe(error: BaseException) -> str:
    """An exception as one line; our own speak for themselves, others are named."""
    try:
        text = one_line(error.brief if isinstance(error, WealthSourcesError) else str(error))
    except Exception:  # noqa: BLE001 - a stranger's exception may not even print
        text = ""
    kind = type(error)
    if kind.__module__.startswith("wealthsources.") and text:
        return text
    return f"{kind.__name__}: {text}" if text else kind.__name__


def suggest(word: str, known: Iterable[str]) -> str:
    """The second half of a message: "did you mean 'x'?" if one is near, else "known: a, b, c"."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none is known here"


def short_time(seconds: float | None) -> str:
    """Seconds, minutes or hours, to one place; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def short_repr(thing: object, *facts: Callable[[], object]) -> str:
    """`<Kind: this, that>`, for a `__repr__` that never raises: a fact that cannot be told, or is empty, is left out.

    What is half made has no facts yet. Facts must be at hand, and no secrets.
    """
    told = []
    for fact in facts:
        with contextlib.suppress(Exception):  # whatever it lacks
            told.append(one_line(str(fact())))
    kind, text = type(thing).__name__, ", ".join(filter(None, told))
    return f"<{kind}: {text}>" if text else f"<{kind}>"
