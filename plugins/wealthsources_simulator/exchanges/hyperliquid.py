"""Hyperliquid, as its documentation describes it (as of 2026-11): one series a text, nothing in a quiet minute."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_WINDOWS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "1M")


class Hyperliquid(Adding):
    """With `lists` the data are a list of one, as is documented; else an object, as is seen. Several coins in one text
    are ignored without a word.
    """

    name = "hyperliquid"
    markets = ("perps", "spot")
    path = "/ws"
    quiet = "nothing"
    rules = Rules(move_within=60)
    timeframes: ClassVar = {name: name for name in _WINDOWS}
    verb = "method"

    def __init__(self, market: str | None = None, *, pace: float = 1.0, lists: bool = False) -> None:
        super().__init__(market, pace=pace)
        self._lists = lists

    def topics(self, message: Message) -> list[Topic]:
        asked = message.get("subscription")
        if not isinstance(asked, dict):
            return [Topic(None, asked)]
        if isinstance(asked.get("coin"), list):
            return []
        known = asked.get("type") == "candle"
        return [Topic(self.one_series(asked.get("coin"), asked.get("interval")) if known else None, asked)]

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del conversation
        data = {"method": message["method"]}
        return [{"channel": "subscriptionResponse", "data": data | {"subscription": topic.words}} for topic in topics]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del message, conversation
        asked = json.dumps(topics[0].words, separators=(",", ":"))
        return [self.error(f"Invalid subscription {asked}")]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        del conversation
        is_ping = isinstance(message, dict) and message.get("method") == "ping"
        return Reply([{"channel": "pong"}]) if is_ping else None

    def error(self, text: str) -> Message:
        return {"channel": "error", "data": text}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        del closed
        row: dict[str, Any] = {"t": bar.open_time, "T": bar.end - 1, "s": series[0], "i": series[1]}
        row |= {"o": bar.open, "c": bar.close, "h": bar.high, "l": bar.low, "v": bar.volume, "n": trades(bar)}
        return {"channel": "candle", "data": [row] if self._lists else row}
