"""Kraken v2, as its documentation describes it (as of 2026-11): numbers of JSON, no flag, nothing in a quiet minute.

One text names one window and any number of symbols; each symbol is acknowledged or refused by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply, State
from wealthsources_simulator.exchanges.json_text import number
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import rfc3339, told_at, trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series


class Kraken(Adding):
    """Symbols are `BTC/USD`. A heartbeat comes each second in which nothing else does."""

    name = "kraken"
    markets = ("spot",)
    path = "/v2"
    quiet = "nothing"
    past = True
    present = True
    rules = Rules(beat_every=1, idle_beats=True)
    timeframes: ClassVar = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
    verb = "method"

    def greet(self, conversation: Conversation) -> Reply:
        status = {"version": "2.0.99", "system": "online", "api_version": "v2"}
        status |= {"connection_id": conversation.number}  # type: ignore[dict-item]
        return Reply([{"channel": "status", "type": "update", "data": [status]}])

    def topics(self, message: Message) -> list[Topic]:
        params = message.get("params")
        if not isinstance(params, dict) or params.get("channel") != "ohlc":
            return []
        symbols = params.get("symbol")
        names = symbols if isinstance(symbols, list) else []
        return [Topic(self.one_series(name, params.get("interval", 1)), name) for name in names]

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        params = message["params"]
        result = {"channel": "ohlc", "interval": params.get("interval", 1), "snapshot": params.get("snapshot", True)}
        return [
            {"method": message["method"], "result": result | {"symbol": topic.words}, "success": True}
            | _asked(message, conversation)
            for topic in topics
        ]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        return [
            {
                "method": "subscribe",
                "error": f"Currency pair not supported {topic.words}",
                "success": False,
                "symbol": topic.words,
            }
            | _asked(message, conversation)
            for topic in topics
        ]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if isinstance(message, dict) and message.get("method") == "ping":
            return Reply([{"method": "pong"} | _asked(message, conversation)])
        return None

    def error(self, text: str) -> Message:
        return {"method": "subscribe", "error": text, "success": False}

    def beat(self, conversation: Conversation) -> Reply:
        del conversation
        return Reply([{"channel": "heartbeat"}])

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        return self._message("update", series, [(bar, closed)])

    def snapshot(self, series: Series, states: Sequence[State]) -> list[Message]:
        return [self._message("snapshot", series, states)]

    def _message(self, kind: str, series: Series, states: Sequence[State]) -> Message:
        rows = [self._row(series, bar) for bar, _ in states]
        return {"channel": "ohlc", "type": kind, "timestamp": rfc3339(told_at(*states[-1]), 9), "data": rows}

    def _row(self, series: Series, bar: PlayedBar) -> Message:
        prices = {"open": number(bar.open), "high": number(bar.high), "low": number(bar.low)}
        values = {"close": number(bar.close), "trades": trades(bar), "volume": number(bar.volume)}
        times = {"interval_begin": rfc3339(bar.open_time, 9), "interval": self.timeframes[series[1]]}
        last = {"vwap": number(bar.close)} | times | {"timestamp": rfc3339(bar.end, 6)}
        return {"symbol": series[0]} | prices | values | last


def _asked(message: Message, conversation: Conversation) -> Message:
    """Whose answer it is, and when."""
    times = {"time_in": rfc3339(conversation.now, 6), "time_out": rfc3339(conversation.now, 6)}
    return {key: message[key] for key in message if key == "req_id"} | times
