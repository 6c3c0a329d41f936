"""MEXC spot, as its documentation describes it (as of 2026-11): klines as protobuf, all else as JSON; and its futures.

A topic that it does not have is answered as an acknowledgement whose words say otherwise. Of more than 30 topics all
are acknowledged and 30 are sent. On futures a text names one series, and all is JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.json_text import number
from wealthsources_simulator.exchanges.protobuf import field, message as proto
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import times_hundred, told_at, turnover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_TOPIC = "spot@public.kline.v3.api.pb@"
_BODY = "publicSpotKline"
_MOST_TOPICS = 30


class MEXC(Adding):
    """`spot` and `futures`."""

    name = "mexc"
    markets = ("spot", "perps")
    timeframes: ClassVar = {
        "1m": "Min1",
        "5m": "Min5",
        "15m": "Min15",
        "30m": "Min30",
        "1h": "Min60",
        "4h": "Hour4",
        "8h": "Hour8",
        "1d": "Day1",
    }
    verb, joins, leaves = "method", "SUBSCRIPTION", "UNSUBSCRIPTION"

    def __init__(self, market: str | None = None, *, pace: float = 1.0) -> None:
        super().__init__(market, pace=pace)
        self._futures = self.market == "perps"
        self.path = "/edge" if self._futures else "/ws"
        self.rules = Rules(speak_within=60) if self._futures else Rules(subscribe_within=30, move_within=60)

    def topics(self, message: Message) -> list[Topic]:
        if self._futures:
            param = message.get("param")
            given = param if isinstance(param, dict) else {}
            return [Topic(self.one_series(given.get("symbol"), given.get("interval")), param)]
        params = message.get("params")
        return [self._topic(name) for name in params] if isinstance(params, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        if self._futures:
            return [{"channel": f"rs.{message['method']}", "data": "success", "ts": conversation.now}]
        return [_answer(message, ",".join(str(topic.words) for topic in topics))]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        if self._futures:
            return [{"channel": "rs.error", "data": "Contract not exists", "ts": conversation.now}]
        names = ",".join(str(topic.words) for topic in topics)
        return [_answer(message, f"Not Subscribed successfully! [{names}].  Reason: Blocked!")]

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        reply = super().subscribe(message, conversation, known)
        if self._futures or reply.series is None:
            return reply
        kept = list(dict.fromkeys([*conversation.series, *reply.added]))[:_MOST_TOPICS]
        return reply._replace(series=tuple(sorted(kept)), added=tuple(one for one in reply.added if one in kept))

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        word = message.get("method") if isinstance(message, dict) else None
        if self._futures:
            return Reply([{"channel": "pong", "data": conversation.now}]) if word == "ping" else None
        return Reply([{"id": 0, "code": 0, "msg": "PONG"}]) if word == "PING" else None

    def error(self, text: str) -> Message:
        return {"channel": "rs.error", "data": text} if self._futures else {"id": 0, "code": 1, "msg": text}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        symbol, window = series[0], self.timeframes[series[1]]
        at, start = told_at(bar, closed), bar.open_time // 1000
        if self._futures:
            prices = {"o": bar.open, "c": bar.close, "h": bar.high, "l": bar.low, "a": turnover(bar)}
            prices["q"] = times_hundred(bar.volume)
            prices |= {f"r{name}": prices[name] for name in "ochl"}
            numbers = {name: number(value) for name, value in prices.items()}
            data = {"symbol": symbol, "interval": window, "t": start} | numbers
            return {"channel": "push.kline", "data": data, "symbol": symbol, "ts": at}
        kline: dict[str, Any] = {"interval": window, "windowStart": start, "openingPrice": bar.open}
        kline |= {"closingPrice": bar.close, "highestPrice": bar.high, "lowestPrice": bar.low}
        kline |= {"volume": bar.volume, "amount": turnover(bar), "windowEnd": bar.end // 1000}
        return {"channel": f"{_TOPIC}{symbol}@{window}", _BODY: kline, "symbol": symbol, "createTime": at}

    def encode(self, text: str, conversation: Conversation) -> str | bytes:
        del conversation
        if f'"{_BODY}"' not in text:
            return text
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):  # a fault, and no kline
            return text
        body = proto(*event[_BODY].values())
        return proto(event["channel"], None, event["symbol"], None, event["createTime"]) + field(308, body)

    def _topic(self, name: object) -> Topic:
        words = name.removeprefix(_TOPIC).split("@") if isinstance(name, str) and name.startswith(_TOPIC) else []
        return Topic(self.one_series(*words) if len(words) == 2 else None, name)

    def _wants(self, message: object, word: str) -> bool:
        futures = {self.joins: "sub.kline", self.leaves: "unsub.kline"}
        return super()._wants(message, futures[word] if self._futures else word)


def _answer(message: Message, words: str) -> Message:
    return {"id": message.get("id", 0), "code": 0, "msg": words}
