"""JSON whose numbers keep their digits: `12.90000000` goes out as it is written in the file of bars. Pure."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Final

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Number(str):
    """A number, as the text that goes out without quotes."""

    __slots__ = ()


def number(text: str) -> Number:
    """A decimal text as a number of JSON; a spelling that JSON does not know ("+1", ".5") is written anew."""
    return Number(text if _NUMBER.fullmatch(text) else f"{Decimal(text):f}")


def to_json(value: object, *, spaced: bool = False) -> str:
    """The text of a value, with spaces after `,` and `:` or without."""
    comma, colon = (", ", ": ") if spaced else (",", ":")
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(str(key))}{colon}{to_json(value[key], spaced=spaced)}" for key in value)
        return f"{{{comma.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{comma.join(to_json(item, spaced=spaced) for item in value)}]"
    return json.dumps(value)
