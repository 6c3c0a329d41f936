"""Numbers as they come from outside: decimal text, or numbers of some library.

A value keeps the text it had. For nearly all text the float64 and the number of decimals give it back; where they
would not (more than 15 digits, `.5`, `1e-7`) the text itself is kept.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.rows import AS_NUMBER, KEPT_ASIDE, decimals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Every digit of these survives the way through a float64: at most 15 significant digits, no zero that would be lost.
_CANONICAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_LONGEST_TEXT: Final = 40


class Value(NamedTuple):
    """A number as read from text: its float, its code for the row, and the text if that must be kept aside."""

    number: float
    code: int
    text: str | None


def read_value(raw: object) -> Value:
    """Read one price or volume, given as decimal text or as a number.

    Raises ValueError with a message that can follow "close: " for anything that is no finite decimal number, or that
    has more than 40 characters.
    """
    if isinstance(raw, str):
        if len(raw) > _LONGEST_TEXT:
            raise ValueError(f"{raw[:20]!r}… has {len(raw)} characters; at most {_LONGEST_TEXT} are read")
        found = _CANONICAL.fullmatch(raw)
        if found and len(raw) <= 16:  # 15 digits and a dot
            decimals = len(found[1] or "")
            if len(raw) - bool(decimals) - raw.startswith("-") <= 15:
                return Value(float(raw), decimals, None)
        if not _PLAIN.fullmatch(raw):
            raise ValueError(f"{raw!r} is not a number")
        number = float(raw)
        if not math.isfinite(number):
            raise ValueError(f"{raw!r} is too large")
        return Value(number, KEPT_ASIDE, raw)
    if isinstance(raw, Decimal):
        return read_value(format(raw, "f"))
    if isinstance(raw, bool) or not isinstance(raw, int | float | np.integer | np.floating):
        raise ValueError(f"{raw!r} is not a number")
    number = float(raw)
    if not math.isfinite(number):
        raise ValueError(f"{raw!r} is not a finite number")
    return Value(number, AS_NUMBER, None)


def exact_text(number: float, code: int, text: str | None) -> str:
    """The text that `read_value` was given: the reverse of it."""
    if code < AS_NUMBER:
        return f"{number:.{code}f}"
    return text if code == KEPT_ASIDE and text is not None else format(Decimal(repr(number)), "f")


def exact_texts(values: Sequence[float], decimals: int, texts: Sequence[str | None] | None = None) -> tuple[str, ...]:
    """The texts of the values of a bar, or of a message: what `pack_decimals` and `read_value` were made of.

    `texts` are those that are kept aside, None in place of the others; None for all if there are none.
    """
    aside = texts or (None,) * len(values)
    pairs = enumerate(zip(values, aside, strict=True))
    return tuple(exact_text(number, decimals_of(decimals, place), text) for place, (number, text) in pairs)
