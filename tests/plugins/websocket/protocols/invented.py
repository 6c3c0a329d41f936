"""A protocol that no server speaks but those of these tests: it does what WealthAI's does not.

The server greets, wants a key, takes two series in a text and four on a connection, acknowledges or refuses each series
by itself, spells symbols in its own way, and answers heartbeats in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Authenticated,
    BarMessage,
    Greeting,
    Ignored,
    Limits,
    Malformed,
    Protocol,
    ProtocolEvent,
    ReconnectSoon,
    Refused,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.values import read_values


class Invented(Protocol):
    name = "invented"
    default_market = "spot"
    timeframes: ClassVar = {"1m": "60", "1h": "3600"}
    closes_by = "flag"
    pushes_quiet_minutes = False
    limits = Limits(series_per_text=2, series_per_connection=4)
    greets = True
    heartbeat = "text"
    credential_name = "key"
    acknowledgement = "subscribed"
    close_kinds: ClassVar = {4401: "auth", 4429: "rate"}

    def endpoints(self) -> tuple[str, ...]:
        host = "test.invented.example" if self.environment == "test" else "invented.example"
        return (f"wss://{host}/{self.market}", f"wss://b.{host}/{self.market}")

    def spell(self, symbol: str) -> str:
        return symbol.replace("BTC", "XBT-", 1)

    def authentication(self, credential: str, secret: str) -> str | None:
        return json.dumps({"op": "login", "key": credential})

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        topics = [f"{symbol}@{self.timeframes[timeframe]}" for symbol, timeframe in series]
        return json.dumps({"op": "subscribe", "id": int(request_id), "topics": topics})

    def heartbeat_text(self, number: int) -> str:
        return json.dumps({"op": "beat", "n": number})

    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        try:
            message = json.loads(data, parse_float=str)
            return (getattr(self, f"_read_{message['event']}", self._read_other)(message),)
        except (ValueError, LookupError, TypeError) as error:
            return (Malformed("bad_message", type(error).__name__),)

    def _topic(self, message: dict[str, Any]) -> Series:
        symbol, _, seconds = message["topic"].partition("@")
        return symbol, next(ours for ours, theirs in self.timeframes.items() if theirs == seconds)

    def _read_hello(self, message: dict[str, Any]) -> ProtocolEvent:
        return Greeting()

    def _read_welcome(self, message: dict[str, Any]) -> ProtocolEvent:
        return Authenticated()

    def _read_subscribed(self, message: dict[str, Any]) -> ProtocolEvent:
        if "id" in message:
            return Acknowledged(str(message["id"]))
        return Acknowledged(None, (self._topic(message),))

    def _read_refused(self, message: dict[str, Any]) -> ProtocolEvent:
        return Refused(message["why"], series=(self._topic(message),) if "topic" in message else ())

    def _read_error(self, message: dict[str, Any]) -> ProtocolEvent:
        return ServerError(message["why"], "auth" if message["code"] == 401 else "")

    def _read_beat(self, message: dict[str, Any]) -> ProtocolEvent:
        return Alive(answer="n" in message)

    def _read_restart(self, message: dict[str, Any]) -> ProtocolEvent:
        return ReconnectSoon("the server restarts")

    def _read_bar(self, message: dict[str, Any]) -> ProtocolEvent:
        symbol, timeframe = self._topic(message)
        values, decimals, texts = read_values(tuple(message["ohlcv"]))
        end = message["open"] + int(self.timeframes[timeframe]) * 1000
        return BarMessage(symbol, timeframe, message["open"], end, values, decimals, message["closed"], texts)

    def _read_other(self, message: dict[str, Any]) -> ProtocolEvent:
        return Ignored(message["event"])
