"""HTX, as its documentation describes it (as of 2026-11): every frame of its own is binary, gzip; the server pings.

A ping that carries a number comes every 5 s and wants the same number back; after two that were missed it cuts.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.json_text import number
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import told_at, trades, turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_MOST_MISSED = 2


class HTX(Adding):
    """`spot` and `swap`, at paths of their own. One series a text."""

    name = "htx"
    markets = ("spot", "linear-swap")
    rules = Rules(beat_every=5)
    timeframes: ClassVar = {
        **{f"{count}m": f"{count}min" for count in (1, 5, 15, 30)},
        "1h": "60min",
        "4h": "4hour",
    }
    joins, leaves = "sub", "unsub"

    def __init__(self, market: str | None = None, *, pace: float = 1.0) -> None:
        super().__init__(market, pace=pace)
        self.path = "/ws" if self.market == "spot" else "/linear-swap-ws"

    def topics(self, message: Message) -> list[Topic]:
        name = message.get("sub", message.get("unsub"))
        words = name.split(".") if isinstance(name, str) else []
        known = len(words) == 4 and words[0] == "market" and words[2] == "kline"
        return [Topic(self.one_series(words[1], words[3]) if known else None, name)]

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        done = "subbed" if "sub" in message else "unsubbed"
        return [
            {"id": message.get("id"), "status": "ok", done: topic.words, "ts": conversation.now} for topic in topics
        ]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        answer = self.error(f"invalid topic {topics[0].words}")
        return [{"id": message.get("id")} | answer | {"ts": conversation.now}]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if not isinstance(message, dict) or "pong" not in message:
            return None
        if message["pong"] == conversation.notes.get("ping"):
            conversation.unanswered = 0
        return Reply()

    def beat(self, conversation: Conversation) -> Reply:
        if conversation.unanswered >= _MOST_MISSED:
            return Reply(ends=True)
        conversation.unanswered += 1
        conversation.notes["ping"] = conversation.now
        return Reply([{"ping": conversation.now}])

    def error(self, text: str) -> Message:
        return {"status": "error", "err-code": "bad-request", "err-msg": text, "ts": 0}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        tick = {"id": bar.open_time // 1000, "open": number(bar.open), "close": number(bar.close)}
        tick |= {"low": number(bar.low), "high": number(bar.high), "amount": number(bar.volume)}
        tick |= {"vol": number(turnover(bar)), "count": trades(bar)}
        return {
            "ch": f"market.{series[0]}.kline.{self.timeframes[series[1]]}",
            "ts": told_at(bar, closed),
            "tick": tick,
        }

    def encode(self, text: str, conversation: Conversation) -> bytes:
        del conversation
        return gzip.compress(text.encode(), compresslevel=1, mtime=0)

    def _wants(self, message: object, word: str) -> bool:
        return isinstance(message, dict) and word in message
