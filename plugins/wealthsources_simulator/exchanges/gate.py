"""Gate v4, as its documentation describes it (as of 2026-11): one series a text, acknowledged without its name.

On spot `a` is the base's volume and `v` the quote's. On futures `v` counts contracts, and bars have no flag and come in
lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.json_text import number
from wealthsources_simulator.exchanges.values import times_hundred, told_at, turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_WINDOWS = ("1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d")


class Gate(Adding):
    """`spot` and `futures`, which are settled in USDT."""

    name = "gate"
    markets = ("spot", "perps")
    present = True
    timeframes: ClassVar = {name: name for name in _WINDOWS}
    verb = "event"

    def __init__(self, market: str | None = None, *, pace: float = 1.0) -> None:
        super().__init__(market, pace=pace)
        self.path = "/ws/v4/" if self.market == "spot" else "/v4/ws/usdt"
        self.closed_flag = "w" if self.market == "spot" else None
        self._word = "spot" if self.market == "spot" else "futures"
        self._channel = f"{self._word}.candlesticks"

    def topics(self, message: Message) -> list[Topic]:
        asked = message.get("payload")
        if message.get("channel") != self._channel or not isinstance(asked, list) or len(asked) != 2:
            return [Topic(None, asked)]
        return [Topic(self.one_series(asked[1], asked[0]), asked)]

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del topics
        return [self._answer(message, conversation) | {"result": {"status": "success"}}]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        asked = topics[0].words
        name = asked[1] if isinstance(asked, list) and len(asked) == 2 else asked
        error = {"code": 2, "message": f"unknown currency pair: {name}"}
        answer = self._answer(message, conversation)
        return [answer | {"payload": asked, "error": error, "result": {"status": "fail"}}]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if not isinstance(message, dict) or message.get("channel") != f"{self._word}.ping":
            return None
        pong = {"time": conversation.now // 1000, "channel": f"{self._word}.pong", "event": "", "result": None}
        return Reply([pong])

    def error(self, text: str) -> Message:
        return {"time": 0, "channel": "", "event": "", "error": {"code": 1, "message": text}, "result": None}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        at = told_at(bar, closed)
        prices = {"c": bar.close, "h": bar.high, "l": bar.low, "o": bar.open, "n": f"{series[1]}_{series[0]}"}
        result: Any = {"t": str(bar.open_time // 1000), "v": turnover(bar)} | prices | {"a": bar.volume, "w": closed}
        if self.market == "perps":
            contracts = number(times_hundred(bar.volume))
            result = [{"t": bar.open_time // 1000, "v": contracts} | prices | {"a": bar.volume}]
        return {"time": at // 1000, "time_ms": at, "channel": self._channel, "event": "update", "result": result}

    def _answer(self, message: Message, conversation: Conversation) -> Message:
        asked = {key: message[key] for key in message if key == "id"}
        return {"time": conversation.now // 1000} | asked | {"channel": self._channel, "event": message["event"]}
