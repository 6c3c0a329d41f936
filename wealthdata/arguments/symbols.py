"""Symbols: one or several, as a call names them; JoinQuant's word for it is security."""

from __future__ import annotations

from wealthdata.errors import ParamsError


def read_symbols(security: object, symbol: object = None) -> str | tuple[str, ...]:
    """One symbol, or several without repetition; `symbol` is the other name of the argument. Raises ParamsError."""
    if security is not None and symbol is not None:
        raise ParamsError("security and symbol are one argument under two names; give one of them")
    given = symbol if security is None else security
    if isinstance(given, str) and given:
        return given
    if isinstance(given, list | tuple) and given and all(isinstance(code, str) and code for code in given):
        return tuple(dict.fromkeys(given))
    raise ParamsError(f"security must be a symbol like 'BTCUSDT', or a list of symbols, was {given!r}")
