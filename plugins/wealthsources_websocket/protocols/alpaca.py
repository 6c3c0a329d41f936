"""Alpaca's streams of minute bars: stocks, by feed, and crypto. Facts: its own documentation, as of 2026-11.

A bar comes when its minute is over; half a minute later it comes again if a trade came late. A minute without a trade
has no bar. One connection is allowed for each endpoint, whoever opens it: a second one is turned away. How many symbols
a plan allows is told by an error only. The market `test` knows one symbol, FAKEPACA, and runs all day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources import spell_stock
from wealthsources_websocket.errors import FailureKind
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Authenticated,
    Greeting,
    Ignored,
    Limits,
    Malformed,
    ProtocolEvent,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, as_text, each_of, rfc3339, text_in
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_HOSTS: Final = {"live": "stream.data.alpaca.markets", "test": "stream.data.sandbox.alpaca.markets"}
_PATHS: Final = {
    "iex": "v2/iex",
    "sip": "v2/sip",
    "delayed_sip": "v2/delayed_sip",
    "test": "v2/test",
    "crypto": "v1beta3/crypto/us",
}
#: The other process, which holds the one connection, will not go away within seconds.
_REST: Final = 300.0
#: What error codes are about. 404, that no credential came in time, says nothing about the credential.
_KINDS: Final[dict[int, tuple[FailureKind, float]]] = {
    400: ("subscription", 0.0),  # invalid syntax
    401: ("auth", 0.0),  # not authenticated
    402: ("auth", 0.0),  # auth failed
    405: ("subscription", 0.0),  # symbol limit exceeded: what was subscribed before lives on
    406: ("rate", _REST),  # connection limit exceeded
    408: ("auth", 0.0),  # v2 not enabled
    409: ("auth", 0.0),  # insufficient subscription: a plan without this feed, told when it authenticates
    410: ("subscription", 0.0),  # invalid subscribe action for this feed
}


class Alpaca(JsonProtocol):
    """The protocol of Alpaca's market data."""

    name = "alpaca"
    adds = True
    markets = MappingProxyType(
        {
            "iex": "stocks, trades of IEX only",
            "sip": "stocks, trades of all exchanges",
            "delayed_sip": "the same 15 minutes later",
            "test": "a symbol to try things with",
            "crypto": "spot, trades of Alpaca's own",
        }
    )
    default_market = "iex"
    limits = Limits(alone=True)
    credential_name = "api_key"
    needs_credential = True
    secret_name = "api_secret"  # noqa: S105 - what it is called
    timeframes = MappingProxyType({"1m": "bars"})
    closes_by = "flag"
    pushes_forming = False
    pushes_quiet_minutes = False
    greets = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.history_bars = 0 if self.market == "test" else None

    def endpoints(self) -> tuple[str, ...]:
        # The market `test` is part of the live host.
        host = _HOSTS["live" if self.market == "test" else self.environment]
        return (f"wss://{host}/{_PATHS[self.market]}",)

    def spell(self, symbol: str) -> str:
        return join_symbol(symbol, "/") if self.market == "crypto" else spell_stock(symbol)

    def authentication(self, credential: str, secret: str) -> str | None:
        return json.dumps({"action": "auth", "key": credential, "secret": secret})

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        symbols = [symbol for symbol, _ in series]
        return json.dumps({"action": verb, "bars": symbols, "updatedBars": symbols})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        return each_of(message, self._entry, self._lost)

    def _entry(self, entry: Any) -> ProtocolEvent:
        kind = entry["T"]
        if kind in ("b", "u"):  # u: once more, as it should have been
            raw = [entry[name] for name in "ohlcv"]
            return self.bar(entry["S"], "bars", rfc3339(entry["t"]), raw, closed=True)
        if kind == "d":
            why = "a forming day of New York is not on our grid"
            return self.bad_bar(why, as_text(entry["S"], "S"), "d", rfc3339(entry["t"]))
        if kind == "success" and entry["msg"] == "connected":
            return Greeting()
        if kind == "success" and entry["msg"] == "authenticated":
            return Authenticated()
        if kind == "subscription":
            return _subscribed(entry["bars"])
        if kind == "error":
            return _error(entry["code"], entry.get("msg", ""))
        return Ignored(sample_of(str(kind)), sample_of(str(entry.get("msg", ""))))

    def _lost(self, entry: Any, why: str) -> ProtocolEvent:
        """An entry that cannot be used, with the symbol if it was a bar's."""
        theirs = {"b": "bars", "u": "bars", "d": "d"}.get(text_in(entry, "T"))
        return self.bad_bar(why, text_in(entry, "S"), theirs) if theirs else Malformed("bad_message", sample_of(why))


def _subscribed(symbols: Any) -> ProtocolEvent:
    """All that is subscribed by now. A symbol that does not exist is among it too (a guess), and stays silent."""
    series = tuple((as_text(symbol, "bars"), "1m") for symbol in as_list(symbols, "bars"))
    # To name nothing would acknowledge everything.
    return Acknowledged(None, series) if series else Ignored("subscription to no bars")


def _error(code: Any, words: Any) -> ProtocolEvent:
    kind, rest = _KINDS.get(code, ("", 0.0)) if type(code) is int else ("", 0.0)
    return ServerError(sample_of(f"{words} (code {code})"), kind, rest)
