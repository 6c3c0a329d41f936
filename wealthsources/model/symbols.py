"""Symbols are spelled differently everywhere; this says when two spellings mean one."""

from __future__ import annotations

import functools
import re
import string
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

_SEPARATORS: Final = "-_/.: "
#: Pieces of letters and digits with one separator between them; anything else is only ever meant by its own spelling.
_SPELLING: Final = re.compile(rf"[^\W_]+(?:[{re.escape(_SEPARATORS)}][^\W_]+)*")
#: What a stock may be called: nothing that would ask for another one, or for several.
_STOCK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*")
#: Case is ignored of the letters of which everybody has the same two: a "ß" and an "SS" are no one's one symbol.
_UPPER: Final = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


class _Spelling(NamedTuple):
    """What a symbol is without case and separators, and where its separators stood: after so many letters each."""

    plain: str
    ends: tuple[int, ...]

    def agrees_with(self, other: _Spelling) -> bool:
        """Whether both may mean one and the same: if both state where the base ends, it is at the same place."""
        if self.plain != other.plain:
            return False
        if not (self.ends and other.ends):
            return True
        fewer, more = sorted((self.ends, other.ends), key=len)
        return fewer[0] == more[0] and set(fewer) <= set(more)


def spell_stock(symbol: str) -> str:
    """A stock's symbol as an exchange writes it: in capitals, if it has small letters only.

    In others small letters say something: BCpC is another company than BCPC. Raises ValueError for what can be none.
    """
    if not _STOCK.fullmatch(symbol):
        raise ValueError(f"{symbol!r} can be no symbol of a stock; write it like SPY or BRK.B")
    return symbol.upper() if symbol.islower() else symbol


def match_symbol(symbol: str, known: Collection[str]) -> str | None:
    """The one of `known` that is meant by `symbol`; None if there is none, or more than one.

    It is the exact spelling. Else the only one that differs in nothing but case and separators, if they agree on where
    the base ends: "BTCB/USD" is not "BTC-BUSD", though "BTCBUSD" may be either. What cannot be a symbol, such as
    "../X", is like no other.
    """
    if symbol in known:
        return symbol
    wanted = _read.__wrapped__(symbol)  # what is asked for may be any text, and is not kept
    if wanted is None:
        return None
    matches = [other for other in known if _means(wanted, other)]
    return matches[0] if len(matches) == 1 else None


def states_base(symbol: str) -> bool:
    """Whether a spelling tells where the base ends."""
    spelling = _read.__wrapped__(symbol)
    return spelling is not None and bool(spelling.ends)


def _means(wanted: _Spelling, other: str) -> bool:
    spelling = _read(other)
    return spelling is not None and wanted.agrees_with(spelling)


@functools.lru_cache(maxsize=20_000)
def _read(symbol: str) -> _Spelling | None:
    if not _SPELLING.fullmatch(symbol):
        return None
    pieces = re.split(rf"[{re.escape(_SEPARATORS)}]", symbol.translate(_UPPER))
    ends, length = [], 0
    for piece in pieces[:-1]:
        length += len(piece)
        ends.append(length)
    return _Spelling("".join(pieces), tuple(ends))
