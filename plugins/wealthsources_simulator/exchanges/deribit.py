"""Deribit v2, as its documentation describes it (as of 2026-11): JSON-RPC, numbers of JSON, a heartbeat on demand.

A channel that it does not have is left out of the result, silently. A quiet window is filled: flat, `imputed`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.json_text import Number, number
from wealthsources_simulator.exchanges.values import is_quiet, turnover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_RPC = {"jsonrpc": "2.0"}
_LEAST_HEARTBEAT = 10


class Deribit(Adding):
    """Channels are `chart.trades.BTC-PERPETUAL.1`. There is none of four hours."""

    name = "deribit"
    markets = ("future", "spot")
    path = "/ws/api/v2"
    timeframes: ClassVar = {
        "1m": "1",
        "3m": "3",
        "5m": "5",
        "15m": "15",
        "30m": "30",
        "1h": "60",
        "2h": "120",
        "6h": "360",
        "12h": "720",
        "1d": "1D",
    }
    verb, joins, leaves = "method", "public/subscribe", "public/unsubscribe"

    def topics(self, message: Message) -> list[Topic]:
        params = message.get("params")
        channels = params.get("channels") if isinstance(params, dict) else None
        return [self._topic(name) for name in channels] if isinstance(channels, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del conversation
        return [_answer(message, [topic.words for topic in topics])]

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        reply = super().subscribe(message, conversation, known)
        return reply if reply.messages or not isinstance(message, dict) else Reply([_answer(message, [])])

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if not isinstance(message, dict):
            return None
        if message.get("method") == "public/test":
            conversation.unanswered = 0
            return Reply([_answer(message, {"version": "1.2.26"})])
        if message.get("method") == "public/set_heartbeat":
            return self._set_heartbeat(message, conversation)
        return None

    def beat(self, conversation: Conversation) -> Reply:
        if conversation.unanswered:
            return Reply(ends=True)
        conversation.unanswered += 1
        return Reply([_RPC | {"method": "heartbeat", "params": {"type": "test_request"}}])

    def error(self, text: str) -> Message:
        return _RPC | {"error": {"code": -32601, "message": text}}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        del closed
        data: dict[str, Any] = {"tick": bar.open_time, "open": number(bar.open), "high": number(bar.high)}
        data |= {"low": number(bar.low), "close": number(bar.close), "volume": _short(bar.volume)}
        data |= {"cost": number(turnover(bar)), "status": "imputed" if is_quiet(bar) else "ok"}
        channel = f"chart.trades.{series[0]}.{self.timeframes[series[1]]}"
        return _RPC | {"method": "subscription", "params": {"channel": channel, "data": data}}

    def _set_heartbeat(self, message: Message, conversation: Conversation) -> Reply:
        params = message.get("params")
        seconds = params.get("interval") if isinstance(params, dict) else None
        if not isinstance(seconds, int) or seconds < _LEAST_HEARTBEAT:
            error = {"code": -32602, "message": "Invalid params"}
            return Reply([_RPC | {"id": message.get("id"), "error": error}])
        conversation.beat_every = float(seconds)
        return Reply([_answer(message, "ok")])

    def _topic(self, name: object) -> Topic:
        words = name.split(".") if isinstance(name, str) else []
        known = len(words) == 4 and words[:2] == ["chart", "trades"]
        return Topic(self.one_series(words[2], words[3]) if known else None, name)


def _answer(message: Message, result: Any) -> Message:
    return _RPC | {"id": message.get("id"), "result": result, "usIn": 1, "usOut": 2, "usDiff": 1, "testnet": False}


def _short(volume: str) -> Number:
    """A small number with an exponent: `2.5e-4`."""
    value = Decimal(volume)
    if not 0 < value < Decimal("0.001"):
        return number(volume)
    digits, exponent = f"{value.normalize():e}".split("e")
    return Number(f"{digits}e{int(exponent)}")
