"""Symbols as exchanges write them: where the base ends, and which separator stands there."""

from __future__ import annotations

import re
from typing import Final

#: What crypto exchanges quote in, the longest first: of BTCUSDT the quote is USDT and not T.
QUOTES: Final = ("FDUSD", "USDT", "USDC", "USD1", "USDE", "DAI", "USD", "EUR", "GBP", "JPY", "TRY", "BRL", "AUD", "CHF")
_COINS: Final = ("BTC", "ETH", "BNB")  # as quotes only where none of the money above fits
_SEPARATED: Final = re.compile(r"([A-Z0-9]+)[-_/]([A-Z0-9]+)")


def split_symbol(symbol: str) -> tuple[str, str]:
    """Base and quote of a spot symbol, in upper case. Raises ValueError that says how to write it instead."""
    text = symbol.upper()
    separated = _SEPARATED.fullmatch(text)
    if separated is not None:
        return separated[1], separated[2]
    for quote in (*QUOTES, *_COINS):
        base = text.removesuffix(quote)
        if base != text and base.isalnum():
            return base, quote
    raise ValueError(
        f"{symbol!r} does not tell where its base ends; write it like BTC-USDT, or map it: symbols: {{{symbol}: …}}"
    )


def join_symbol(symbol: str, separator: str) -> str:
    """A spot symbol with this separator between base and quote. Raises ValueError."""
    return separator.join(split_symbol(symbol))
