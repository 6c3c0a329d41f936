"""Bybit v5, as its documentation describes it (as of 2026-11): a path for each kind of market, pings by the client.

One topic that it does not have refuses the whole text. The bar in progress comes with the acknowledgement, or before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import told_at, turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_MOST_ARGS = 10


class Bybit(Adding):
    """`spot`, `linear` and `inverse`; with `early` the bar in progress comes before the acknowledgement."""

    name = "bybit"
    markets = ("spot", "linear", "inverse")
    closed_flag = "confirm"
    present = True
    rules = Rules(move_within=600)
    timeframes: ClassVar = {
        "1m": "1",
        "3m": "3",
        "5m": "5",
        "15m": "15",
        "30m": "30",
        "1h": "60",
        "2h": "120",
        "4h": "240",
        "6h": "360",
        "12h": "720",
        "1d": "D",
        "1w": "W",
        "1M": "M",
    }
    verb = "op"
    whole_texts = True

    def __init__(self, market: str | None = None, *, pace: float = 1.0, early: bool = False) -> None:
        super().__init__(market, pace=pace)
        self.path = f"/v5/public/{self.market}"
        self.early = early

    def topics(self, message: Message) -> list[Topic]:
        args = message.get("args")
        return [self._topic(arg) for arg in args] if isinstance(args, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del topics
        return [self._answer(message, conversation, "")]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        words = f"error:handler not found,topic:{topics[0].words}"
        return [self._answer(message, conversation, words) | {"success": False}]

    def subscribe(self, message: object, conversation: Conversation, known: object) -> Reply:
        if self.market == "spot" and isinstance(message, dict) and len(message.get("args") or []) > _MOST_ARGS:
            return Reply([self._answer(message, conversation, "args size >10") | {"success": False}])
        return super().subscribe(message, conversation, known)  # type: ignore[arg-type]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if not isinstance(message, dict) or message.get("op") != "ping":
            return None
        if self.market != "inverse":
            return Reply([self._answer(message, conversation, "pong")])
        asked = {key: message[key] for key in message if key == "req_id"}
        return Reply([{"op": "pong", "args": [str(conversation.now)]} | asked | {"conn_id": f"c{conversation.number}"}])

    def error(self, text: str) -> Message:
        return {"success": False, "ret_msg": f"error:{text}", "conn_id": "c1", "op": ""}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        window, at = self.timeframes[series[1]], told_at(bar, closed)
        # Of an inverse contract the volume is in the quote, and the base is what it turned over.
        inverse = self.market == "inverse"
        volume, other = (turnover(bar), bar.volume) if inverse else (bar.volume, turnover(bar))
        row = {"start": bar.open_time, "end": bar.end - 1, "interval": window}
        row |= {"open": bar.open, "close": bar.close, "high": bar.high, "low": bar.low}
        row |= {"volume": volume, "turnover": other, "confirm": closed, "timestamp": at - 20}
        return {"topic": f"kline.{window}.{series[0]}", "type": "snapshot", "ts": at, "data": [row]}

    def _topic(self, name: object) -> Topic:
        words = name.split(".", 2) if isinstance(name, str) else []
        series = self.one_series(words[2], words[1]) if len(words) == 3 and words[0] == "kline" else None
        return Topic(series, name)

    def _answer(self, message: Message, conversation: Conversation, words: str) -> Message:
        asked = {key: message[key] for key in message if key == "req_id"}
        said = {"success": True, "ret_msg": words, "conn_id": f"c{conversation.number}"}
        return said | asked | {"op": message.get("op")}
