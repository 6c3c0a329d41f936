"""Massive's (once Polygon's) stream of stocks' minute bars. Facts: the company's own documentation, as of 2026-11.

A bar comes when its minute is over, and again, minutes later, if trades came late. A minute without a trade has no bar.
One connection is allowed for each cluster: a second one costs the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources import spell_stock
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
from wealthsources_websocket.protocols.json_text import JsonProtocol, each_of, milliseconds, text_in
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final = {
    "stocks": ("wss://socket.massive.com/stocks",),
    "delayed-stocks": ("wss://delayed.massive.com/stocks",),
}
_MINUTE: Final = 60_000
_PER_TEXT: Final = 500  # no limit is known; a text of this length is no burden
#: Two processes with one key would cut each other off for ever.
_REST: Final = 300.0
_SUBSCRIBED: Final = "subscribed to:"


class Massive(JsonProtocol):
    """The protocol of Massive's minute aggregates."""

    name = "massive"
    adds = True
    markets = MappingProxyType({"stocks": "stocks", "delayed-stocks": "the same 15 minutes later"})
    default_market = "stocks"
    credential_name = "api_key"
    needs_credential = True
    timeframes = MappingProxyType({"1m": "AM"})
    closes_by = "flag"
    pushes_forming = False
    pushes_quiet_minutes = False
    limits = Limits(series_per_text=_PER_TEXT, alone=True)
    greets = True

    def endpoints(self) -> tuple[str, ...]:
        if self.environment != "live":
            raise ValueError(f"{self.name} has no {self.environment} environment")
        return _ENDPOINTS[self.market]

    def spell(self, symbol: str) -> str:
        return spell_stock(symbol)  # a comma or a star would subscribe to something else

    def authentication(self, credential: str, secret: str) -> str | None:
        return json.dumps({"action": "auth", "params": credential})

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        topics = [f"{self.timeframes[timeframe]}.{symbol}" for symbol, timeframe in series]
        return json.dumps({"action": verb, "params": ",".join(topics)})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        return each_of(message, self._entry, self._lost)

    def _entry(self, entry: Any) -> ProtocolEvent:
        kind = entry["ev"]
        if kind == "AM":
            return self._minute(entry)
        if kind == "status":
            return self._status(entry["status"], str(entry.get("message", "")))
        return Ignored(sample_of(str(kind)))

    def _lost(self, entry: Any, why: str) -> ProtocolEvent:
        """An entry that cannot be used, with the symbol if it was a bar's."""
        is_bar = text_in(entry, "ev") == "AM"
        return self.bad_bar(why, text_in(entry, "sym"), "AM") if is_bar else Malformed("bad_message", sample_of(why))

    def _minute(self, entry: dict[str, Any]) -> ProtocolEvent:
        """One bar. `op`, `av` and `a` are those of the day so far."""
        begin, end = milliseconds(entry["s"]), milliseconds(entry["e"])
        if end - begin != _MINUTE:
            raise ValueError(f"from {begin} to {end} is not a minute")
        return self.bar(entry["sym"], "AM", begin, [entry[name] for name in "ohlcv"], closed=True)

    def _status(self, status: Any, words: str) -> ProtocolEvent:
        if status == "connected":
            return Greeting()
        if status == "auth_success":
            return Authenticated()
        if status == "success":
            return self._subscribed(words)
        said = sample_of(f"{words} ({status})")
        if status == "max_connections":
            return ServerError(said, "rate", _REST)
        if status == "auth_timeout":  # none came in time: nothing is wrong with it
            return ServerError(said)
        # A status `error` has been seen with "authentication failed" and, of a plan without this, "not authorized".
        if status == "auth_failed" or (status == "error" and "auth" in words.lower()):
            return ServerError(said, "auth")
        return ServerError(said) if status == "error" else Ignored(sample_of(f"status {status}"), sample_of(words))

    def _subscribed(self, words: str) -> ProtocolEvent:
        """There is one for each topic, or (seen too) one that names them all."""
        topics = words.removeprefix(_SUBSCRIBED).split(",") if words.startswith(_SUBSCRIBED) else ()
        named = [topic.strip().partition(".") for topic in topics]
        series = tuple((symbol, self.names[kind]) for kind, _, symbol in named if kind in self.names and symbol)
        # To name nothing would acknowledge everything.
        return Acknowledged(None, series) if series else Ignored("status success", sample_of(words))
