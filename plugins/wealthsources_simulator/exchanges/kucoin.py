"""KuCoin, as its documentation describes it (as of 2026-11): a token over HTTP, a welcome, then the topics.

The order of a row is time, open, close, high, low. A quiet minute comes with the next trade, as recorded frames show.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Answer, Conversation, Message, Reply, Request
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import told_at, turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_TOPIC = "/market/candles:"
_PING_EVERY, _PING_TIMEOUT = 18.0, 10.0
_UPDATE, _ADD = '"subject":"trade.candles.update"', '"subject":"trade.candles.add"'


class KuCoin(Adding):
    """A token is good until `expire_tokens`. Who sends nothing for 28 s is cut: a ping is due every 18 s."""

    name = "kucoin"
    markets = ("spot",)
    path = "/"
    asks_first = "/api/v1/bullet-public"
    quiet = "with the next"
    rules = Rules(speak_within=_PING_EVERY + _PING_TIMEOUT)
    timeframes: ClassVar = {
        **{f"{count}m": f"{count}min" for count in (1, 3, 5, 15, 30)},
        **{f"{count}h": f"{count}hour" for count in (1, 2, 4, 6, 8, 12)},
        "1d": "1day",
        "1M": "1month",
    }
    verb = "type"

    def __init__(self, market: str | None = None, *, pace: float = 1.0) -> None:
        super().__init__(market, pace=pace)
        self._lock = threading.Lock()
        self._issued = 0
        self._oldest = 1

    def expire_tokens(self) -> None:
        """All tokens that were given out are no good any more for another connection."""
        with self._lock:
            self._oldest = self._issued + 1

    def http(self, request: Request) -> Answer | None:
        if request.path != self.asks_first:
            return None
        if request.method != "POST":
            return Answer(405, {"code": "405000", "msg": "Method Not Allowed"})
        with self._lock:
            self._issued += 1
            token = f"token-{self._issued}"
        server = {
            "endpoint": f"{request.origin}/",
            "encrypt": request.origin.startswith("wss"),
            "protocol": "websocket",
            "pingInterval": int(_PING_EVERY * 1000),
            "pingTimeout": int(_PING_TIMEOUT * 1000),
        }
        return Answer(200, {"code": "200000", "data": {"token": token, "instanceServers": [server]}})

    def greet(self, conversation: Conversation) -> Reply:
        token, name = conversation.query.get("token", ""), conversation.query.get("connectId", "")
        with self._lock:
            number = int(token.removeprefix("token-")) if token.removeprefix("token-").isdecimal() else 0
            good, known = self._oldest <= number <= self._issued, 0 < number <= self._issued
        if good:
            return Reply([{"id": name, "type": "welcome"}])
        words = "token is expired" if known else "token is invalid"
        return Reply([{"id": name, "type": "error", "code": 401, "data": words}], ends=True)

    def topics(self, message: Message) -> list[Topic]:
        topic = message.get("topic")
        if not isinstance(topic, str) or not topic.startswith(_TOPIC):
            return [Topic(None, topic)]
        names = topic.removeprefix(_TOPIC).split(",")
        return [Topic(self.one_series(*name.partition("_")[::2]), f"{_TOPIC}{name}") for name in names]

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del topics, conversation
        return [{"id": message.get("id"), "type": "ack"}] if message.get("response") is True else []

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del conversation
        return [
            {"id": message.get("id"), "type": "error", "code": 404, "data": f"topic {topic.words} is not found"}
            for topic in topics
        ]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        del conversation
        if isinstance(message, dict) and message.get("type") == "ping":
            return Reply([{"id": message.get("id"), "type": "pong"}])
        return None

    def error(self, text: str) -> Message:
        return {"id": "0", "type": "error", "code": 400, "data": text}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        row = [str(bar.open_time // 1000), bar.open, bar.close, bar.high, bar.low, bar.volume, turnover(bar)]
        data: dict[str, Any] = {"symbol": series[0], "candles": row, "time": told_at(bar, closed) * 1_000_000}
        topic = f"{_TOPIC}{series[0]}_{self.timeframes.get(series[1], series[1])}"
        return {"topic": topic, "type": "message", "subject": "trade.candles.update", "data": data}

    def encode(self, text: str, conversation: Conversation) -> str:
        """The first frame of a bar that this client is sent says so: `add`."""
        if _UPDATE not in text:
            return text
        topic, _, rest = text.partition('","type":')
        opened = rest.partition('"candles":["')[2].partition('"')[0]
        if conversation.notes.get(topic) == opened:
            return text
        conversation.notes[topic] = opened
        return text.replace(_UPDATE, _ADD)
