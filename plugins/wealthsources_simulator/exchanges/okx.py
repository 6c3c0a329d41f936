"""OKX v5, as its documentation describes it (as of 2026-11): candles at `/ws/v5/business`.

Each arg is acknowledged or refused by itself, and a refusal names its series in `msg` alone. On swaps the first volume
counts contracts, the second one is the base's. `candle1D` and the like open at 16:00 UTC, so they are not served here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import times_hundred, turnover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_WINDOWS = {
    **{name: name for name in ("1m", "3m", "5m", "15m", "30m")},
    "1h": "1H",
    "2h": "2H",
    "4h": "4H",
    "6h": "6Hutc",
    "12h": "12Hutc",
    "1d": "1Dutc",
    "1w": "1Wutc",
    "1M": "1Mutc",
}


class OKX(Adding):
    """Spot and swaps in one place; which of them, the name says: `BTC-USDT-SWAP`."""

    name = "okx"
    markets = ("spot", "swap")
    path = "/ws/v5/business"
    closed_flag = "confirm"
    present = True
    rules = Rules(move_within=30)
    timeframes: ClassVar = _WINDOWS
    verb = "op"

    def topics(self, message: Message) -> list[Topic]:
        args = message.get("args")
        return [Topic(self._series(arg), arg) for arg in args] if isinstance(args, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        connection = _connection(conversation)
        return [{"event": message["op"], "arg": topic.words, "connId": connection} for topic in topics]

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del message
        return [
            {
                "event": "error",
                "code": "60018",
                "msg": f"Wrong URL or {_named(topic.words)} doesn't exist.",
                "connId": _connection(conversation),
            }
            for topic in topics
        ]

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        del conversation
        return Reply(["pong"]) if message == "ping" else None

    def error(self, text: str) -> Message:
        return {"event": "error", "code": "60012", "msg": f"Invalid request: {text}", "connId": "ab12"}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        arg = {"channel": f"candle{self.timeframes.get(series[1], series[1])}", "instId": series[0]}
        is_swap = series[0].endswith("-SWAP")
        volumes = (times_hundred(bar.volume), bar.volume) if is_swap else (bar.volume, turnover(bar))
        row = [str(bar.open_time), bar.open, bar.high, bar.low, bar.close, *volumes, turnover(bar)]
        return {"arg": arg, "data": [[*row, "1" if closed else "0"]]}

    def wants_reconnect(self, conversation: Conversation) -> list[Message]:
        words = "The connection will soon be closed for a service upgrade. Please reconnect."
        return [{"event": "notice", "code": "64008", "msg": words, "connId": _connection(conversation)}]

    def _series(self, arg: Any) -> Series | None:
        channel = arg.get("channel") if isinstance(arg, dict) else None
        if not isinstance(channel, str) or not channel.startswith("candle"):
            return None
        return self.one_series(arg.get("instId"), channel.removeprefix("candle"))


def _named(arg: object) -> str:
    if not isinstance(arg, dict):
        return "arg"
    return f"channel:{arg.get('channel')},instId:{arg.get('instId')}"


def _connection(conversation: Conversation) -> str:
    return f"ab{conversation.number}"
