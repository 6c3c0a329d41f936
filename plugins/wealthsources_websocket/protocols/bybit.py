"""Bybit's streams of klines: spot and linear contracts. Facts: the exchange's own documentation v5, as of 2026-11.

`confirm` says whether a bar is closed, and may say it twice. The markets use the same names on different paths. The
first bar may come before the acknowledgement. A minute without a trade is pushed too (a guess).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Environment,
    Ignored,
    Limits,
    ProtocolEvent,
    Refused,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, each_of, milliseconds
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_HOSTS: Final[dict[Environment, str]] = {"live": "stream.bybit.com", "test": "stream-testnet.bybit.com"}
_CHANNEL: Final = "kline"
_VALUES: Final = ("open", "high", "low", "close", "volume")
#: What is said about a topic that is subscribed already: no refusal.
_SUBSCRIBED: Final = re.compile(rf"error:already subscribed,topic:({_CHANNEL}\.\w+\.[\w-]+)", re.ASCII)


class Bybit(JsonProtocol):
    """The protocol of Bybit's public streams."""

    name = "bybit"
    adds = True
    sends_snapshot = True
    markets = MappingProxyType({"spot": "spot", "linear": "perpetuals and futures that settle in USDT or USDC"})
    default_market = "spot"
    # That W opens on Monday is a guess; a bar off our grid would be refused.
    timeframes = MappingProxyType(
        {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240"}
        | {"6h": "360", "12h": "720", "1d": "D", "1w": "W", "1M": "M"}
    )
    closes_by = "flag"
    # Ten topics a text are the limit of spot; linear has none, but one bad topic refuses its whole text. 21,000
    # characters of topics a connection are a guess, after an older page: some 500 topics. 500 connects in 5 minutes.
    limits = Limits(series_per_text=10, series_per_connection=500, connects_per_minute=90)
    heartbeat = "text"
    # "Access too frequent": ten minutes of rest are asked for.
    status_kinds = MappingProxyType({403: ("rate", 600.0)})

    def endpoints(self) -> tuple[str, ...]:
        return (f"wss://{_HOSTS[self.environment]}/v5/public/{self.market}",)

    def spell(self, symbol: str) -> str:
        return join_symbol(symbol, "")

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        topics = [f"{_CHANNEL}.{self.timeframes[timeframe]}.{symbol}" for symbol, timeframe in series]
        return json.dumps({"req_id": request_id, "op": verb, "args": topics})

    def heartbeat_text(self, number: int) -> str:
        return json.dumps({"req_id": str(number), "op": "ping"})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        topic, operation = message.get("topic"), message.get("op")
        if topic is not None:
            yield from self._klines(topic, message["data"])
        elif operation == "pong" or (operation == "ping" and message.get("ret_msg") == "pong"):
            yield Alive(answer=True)  # spot and linear say it in the second way, other paths in the first
        elif operation == "subscribe":
            yield from self._answer(message)
        elif message.get("success") is False:
            yield ServerError(sample_of(str(message.get("ret_msg", ""))))
        else:
            yield Ignored(sample_of(str(operation or ", ".join(message))))

    def _klines(self, topic: str, items: Any) -> Iterable[ProtocolEvent]:
        channel, _, rest = topic.partition(".")
        if channel != _CHANNEL:
            yield Ignored(sample_of(topic))
            return
        theirs, _, symbol = rest.partition(".")
        read = functools.partial(self._kline, symbol, theirs)
        yield from each_of(as_list(items, "data"), read, lambda _, why: self.bad_bar(why, symbol, theirs))

    def _kline(self, symbol: str, theirs: str, item: Any) -> ProtocolEvent:
        open_time, interval, closed = milliseconds(item["start"]), item["interval"], item["confirm"]
        if interval != theirs:
            why = f"interval: {sample_of(repr(interval))} is not that of the topic"
            return self.bad_bar(why, symbol, theirs, open_time)
        if type(closed) is not bool:
            why = f"confirm: {sample_of(repr(closed))} is neither true nor false"
            return self.bad_bar(why, symbol, theirs, open_time)
        return self.bar(symbol, theirs, open_time, [item[name] for name in _VALUES], closed)

    def _answer(self, message: dict[str, Any]) -> Iterable[ProtocolEvent]:
        """One answer for all series of a text; its request is named, as we named it."""
        request_id = str(message["req_id"]) if message.get("req_id") else None
        if message["success"] is True:
            yield Acknowledged(request_id)
            return
        words = sample_of(str(message.get("ret_msg", "")))
        subscribed = _SUBSCRIBED.fullmatch(words)
        if subscribed is not None:
            # Of a text that was refused for another topic, this one was taken. What became of the rest is not said.
            _, theirs, symbol = subscribed[1].split(".", 2)
            if theirs in self.names:
                yield Acknowledged(None, ((symbol, self.names[theirs]),))
        yield Refused(words, request_id)
