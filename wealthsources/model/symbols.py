"""Symbols are spelled differently everywhere; this says when two spellings mean one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def match_symbol(symbol: str, known: Collection[str]) -> str | None:
    """The one of `known` that is meant by `symbol`: the exact spelling, else the only one that differs in nothing but
    case and separators; None if there is none, or more than one.
    """
    if symbol in known:
        return symbol
    plain = _plain(symbol)
    matches = [other for other in known if _plain(other) == plain]
    return matches[0] if len(matches) == 1 else None


def _plain(symbol: str) -> str:
    return "".join(letter for letter in symbol if letter not in "-_/. :").upper()
