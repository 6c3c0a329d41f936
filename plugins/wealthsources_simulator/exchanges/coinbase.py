"""Coinbase Advanced Trade, as its documentation describes it (as of 2026-11): 5 m alone, many bars first, newest first.

An acknowledgement lists everything subscribed to so far; what it does not have is not in there. `sequence_num` counts
the messages of one connection over all channels. What is subscribed to as `BTC-USDC` comes as `BTC-USD`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply, State
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import rfc3339, told_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_NUMBERED: Final = re.compile(r'("sequence_num": ?)0')


class Coinbase(Adding):
    """Who subscribes to nothing within 5 s is cut, and so is a connection without a message for 75 s: `heartbeats`."""

    name = "coinbase"
    markets = ("spot",)
    path = "/"
    quiet = "nothing"
    past = True
    present = True
    rules = Rules(subscribe_within=5, move_within=75)
    timeframes: ClassVar = {"5m": "candles"}
    verb = "type"

    def topics(self, message: Message) -> list[Topic]:
        names = message.get("product_ids")
        window = message.get("channel")
        return [Topic(self.one_series(name, window), name) for name in names] if isinstance(names, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        left = {topic.words for topic in topics} if message["type"] == self.leaves else set()
        joined = [topic.words for topic in topics if not left]
        held = [symbol for symbol, _ in conversation.series if symbol not in left]
        channels: dict[str, Any] = {"candles": sorted({*held, *joined})}
        if conversation.beat_every is not None:
            channels["heartbeats"] = ["heartbeats"]
        return [_message("subscriptions", conversation.now, [{"subscriptions": channels}])]

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        if not isinstance(message, dict):
            return Reply()
        if message.get("channel") == "heartbeats":
            conversation.beat_every = 1.0
            return Reply(self.accepted(message, [], conversation))
        if message.get("channel") != "candles":
            return Reply([self.error("unknown channel")])
        reply = super().subscribe(message, conversation, known)
        return reply if reply.messages else Reply(self.accepted(message, [], conversation))

    def beat(self, conversation: Conversation) -> Reply:
        count = conversation.notes["beats"] = conversation.notes.get("beats", 0) + 1
        time = rfc3339(conversation.now)[:-1].replace("T", " ")
        event = {"current_time": f"{time} +0000 UTC m=+{count}", "heartbeat_counter": str(count)}
        return Reply([_message("heartbeats", conversation.now, [event])])

    def error(self, text: str) -> Message:
        return {"type": "error", "message": text}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        return _message("candles", told_at(bar, closed), [{"type": "update", "candles": [_row(series, bar)]}])

    def snapshot(self, series: Series, states: Sequence[State]) -> list[Message]:
        rows = [_row(series, bar) for bar, _ in reversed(states)]
        return [_message("candles", told_at(*states[-1]), [{"type": "snapshot", "candles": rows}])]

    def encode(self, text: str, conversation: Conversation) -> str:
        if '"sequence_num"' not in text:
            return text
        number = conversation.notes.get("sequence", 0)
        conversation.notes["sequence"] = number + 1
        return _NUMBERED.sub(rf"\g<1>{number}", text, count=1)


def _message(channel: str, at: int, events: list[Message]) -> Message:
    return {"channel": channel, "client_id": "", "timestamp": rfc3339(at), "sequence_num": 0, "events": events}


def _row(series: Series, bar: PlayedBar) -> Message:
    prices = {"high": bar.high, "low": bar.low, "open": bar.open, "close": bar.close}
    product = series[0].removesuffix("C") if series[0].endswith("-USDC") else series[0]
    return {"start": str(bar.open_time // 1000)} | prices | {"volume": bar.volume, "product_id": product}
