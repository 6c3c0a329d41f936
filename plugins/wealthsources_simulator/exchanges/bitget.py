"""Bitget v2, as its documentation describes it (as of 2026-11): many bars at first, the one in progress last.

`instType` is a part of what is subscribed to. The 6 h and longer windows are those that end in `utc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply, State
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import told_at, turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series


class Bitget(Adding):
    """`spot` and `usdt-futures`. Who sends nothing for 2 minutes is cut: a ping is due every 30 s."""

    name = "bitget"
    markets = ("spot", "usdt-futures")
    path = "/v2/ws/public"
    past = True
    present = True
    rules = Rules(speak_within=120)
    timeframes: ClassVar = {
        "1m": "1m",
        "5m": "5m",
        "15m": "15m",
        "30m": "30m",
        "1h": "1H",
        "4h": "4H",
        "6h": "6Hutc",
        "12h": "12Hutc",
        "1d": "1Dutc",
        "3d": "3Dutc",
        "1w": "1Wutc",
        "1M": "1Mutc",
    }
    verb = "op"

    def topics(self, message: Message) -> list[Topic]:
        args = message.get("args")
        return [Topic(self._series(arg), arg) for arg in args] if isinstance(args, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del conversation
        return [{"event": message["op"], "arg": topic.words} for topic in topics]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del message, conversation
        return [
            {"event": "error", "arg": topic.words, "code": 30001, "msg": f"{_named(topic.words)} doesn't exist"}
            for topic in topics
        ]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        del conversation
        return Reply(["pong"]) if message == "ping" else None

    def error(self, text: str) -> Message:
        return {"event": "error", "code": 30003, "msg": text}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        return self._message("update", series, [(bar, closed)])

    def snapshot(self, series: Series, states: Sequence[State]) -> list[Message]:
        return [self._message("snapshot", series, states)]

    def _message(self, action: str, series: Series, states: Sequence[State]) -> Message:
        arg = {"instType": self.market.upper(), "channel": f"candle{self.timeframes[series[1]]}", "instId": series[0]}
        return {"action": action, "arg": arg, "data": [_row(bar) for bar, _ in states], "ts": told_at(*states[-1])}

    def _series(self, arg: Any) -> Series | None:
        if not isinstance(arg, dict) or arg.get("instType") != self.market.upper():
            return None
        channel = str(arg.get("channel"))
        known = channel.startswith("candle")
        return self.one_series(arg.get("instId"), channel.removeprefix("candle")) if known else None


def _row(bar: PlayedBar) -> list[str]:
    quote = turnover(bar)
    return [str(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.volume, quote, quote]


def _named(arg: object) -> str:
    given = arg if isinstance(arg, dict) else {}
    return ",".join(f"{key}:{given.get(key)}" for key in ("instType", "channel", "instId"))
