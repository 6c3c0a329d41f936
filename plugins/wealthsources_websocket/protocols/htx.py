"""HTX's streams of klines: spot and USDT-margined swaps. Facts: the exchange's own documentation, as of 2026-11.

Every frame of the server's is gzip. No bar is ever marked as closed: the next one closes it, and a minute without a
trade is pushed too. Days, weeks and months open at 16:00 UTC, so they are not offered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Environment,
    Ignored,
    Limits,
    Malformed,
    ProtocolEvent,
    Refused,
    Reply,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, inflate, milliseconds
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final[dict[tuple[str, Environment], tuple[str, ...]]] = {
    ("spot", "live"): ("wss://api.huobi.pro/ws", "wss://api-aws.huobi.pro/ws"),
    ("linear-swap", "live"): ("wss://api.hbdm.vn/linear-swap-ws", "wss://api.hbdm.com/linear-swap-ws"),
}
_TOPIC: Final = re.compile(r"market\.([A-Za-z0-9_-]+)\.kline\.([A-Za-z0-9]+)")
_DELIVERY: Final = re.compile(r"[A-Z0-9]+-[A-Z0-9]+-[A-Z0-9]+")  # such as BTC-USDT-270326
# `amount` is in the base on both markets; `vol` is in the quote on spot, and in contracts on swaps. On swaps both
# count the buyer's and the seller's side, so what they say is twice what another exchange would: it is left as it is.
_VALUES: Final = ("open", "high", "low", "close", "amount")


class HTX(JsonProtocol):
    """The protocol of HTX's market streams."""

    name = "htx"
    adds = True
    markets = MappingProxyType({"spot": "spot", "linear-swap": "USDT-margined swaps"})
    default_market = "spot"
    timeframes = MappingProxyType(
        {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min", "4h": "4hour"}
    )
    closes_by = "successor"
    limits = Limits(series_per_text=1)
    heartbeat = "none"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.history_bars = 2_000 if self.market == "spot" else 0

    def endpoints(self) -> tuple[str, ...]:
        try:
            return _ENDPOINTS[self.market, self.environment]
        except KeyError:
            raise ValueError(f"{self.name} has no {self.environment} environment") from None

    def spell(self, symbol: str) -> str:
        if self.market == "spot":
            return re.sub(r"[-_/ ]", "", symbol).lower()
        text = symbol.upper()
        return text if _DELIVERY.fullmatch(text) else join_symbol(text, "-")

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("sub", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsub", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        ((symbol, timeframe),) = series
        return json.dumps({verb: f"market.{symbol}.kline.{self.timeframes[timeframe]}", "id": request_id})

    def read_binary(self, data: bytes, most: int) -> Sequence[ProtocolEvent]:
        try:
            text = inflate(data, most)
        except ValueError as error:
            return (Malformed("bad_message", sample_of(str(error))),)
        return self.read(text)

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        if "ping" in message:
            yield Reply(json.dumps({"pong": _echo(message["ping"])}))
        elif message.get("action") == "ping":  # so on paths of version 2
            yield Reply(json.dumps({"action": "pong", "data": {"ts": _echo(message["data"]["ts"])}}))
        elif message.get("op") == "ping":  # so where orders are told
            yield Reply(json.dumps({"op": "pong", "ts": _echo(message["ts"])}))
        elif "tick" in message:
            yield self._kline(message["ch"], message["tick"])
        elif message.get("status") == "ok" and "subbed" in message:
            yield self._acknowledged(message["subbed"], message.get("id"))
        elif message.get("status") == "error":
            yield self._error(message, message.get("id"))
        else:
            yield Ignored(sample_of(str(message.get("action") or message.get("op") or ", ".join(message))))

    def _kline(self, channel: Any, tick: dict[str, Any]) -> ProtocolEvent:
        found = _TOPIC.fullmatch(channel)
        if found is None:
            return Ignored(sample_of(channel))
        return self.bar(found[1], found[2], milliseconds(tick["id"], 1000), [tick[name] for name in _VALUES])

    def _acknowledged(self, topic: Any, request: Any) -> ProtocolEvent:
        series = self._series(topic)
        if not series and not _is_id(request):  # to name nothing would acknowledge everything
            return Ignored(sample_of(f"subbed {topic}"))
        return Acknowledged(request if _is_id(request) else None, series)

    def _error(self, message: dict[str, Any], request: Any) -> ProtocolEvent:
        words = sample_of(f"{message.get('err-msg', '')} ({message.get('err-code', 'no code')})")
        series = self._series(message.get("err-msg"))
        if series or _is_id(request):
            return Refused(words, request if _is_id(request) else None, series)
        return ServerError(words)

    def _series(self, words: Any) -> tuple[Series, ...]:
        """The series that is named in what the server says, if it is one that can be asked for."""
        found = _TOPIC.search(words) if type(words) is str else None
        return ((found[1], self.names[found[2]]),) if found and found[2] in self.names else ()


def _echo(number: Any) -> Any:
    """What a ping holds, as it is. Raises ValueError if that is no number of theirs, nor its digits."""
    milliseconds(number)
    return number


def _is_id(value: Any) -> bool:
    return type(value) is str and value.isascii() and value.isdigit()
