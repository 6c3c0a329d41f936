"""Volume that a server counts in contracts."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from typing import Any, Final

from wealthsources import read_value
from wealthsources_websocket.text import sample_of

#: A product has no more digits than its factors together.
_EXACT: Final = decimal.Context(prec=1_000, traps=[decimal.Inexact, decimal.InvalidOperation])


def in_base(contracts: Any, symbol: str, sizes: Mapping[str, decimal.Decimal]) -> str:
    """How much of the base is in so many contracts, exactly: a whole number, or its text, that is read as a value.

    Where the size of the symbol's contract is not known, none of them are nothing. Raises ValueError that names the
    volume.
    """
    try:
        text = str(contracts) if type(contracts) is int else contracts
        number = read_value(text).number
    except ValueError as error:
        raise ValueError(f"volume: {error}") from None
    if number < 0:
        raise ValueError(f"volume: {text} contracts are fewer than none")
    size = sizes.get(symbol)
    if size is None and number:
        raise ValueError(f"volume: contract_sizes does not tell how much of the base is in one of {sample_of(symbol)}")
    return str(text) if size is None else format(_EXACT.multiply(decimal.Decimal(text), size), "f")
