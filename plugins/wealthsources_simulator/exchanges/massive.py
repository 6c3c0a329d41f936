"""Massive, once Polygon, as its documentation describes it (as of 2026-11): a key, then closed minutes, `AM`.

Everything comes in arrays. A window that comes again takes the place of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.json_text import number, to_json
from wealthsources_simulator.exchanges.values import trades

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series


class Massive(Adding):
    """Stocks alone. The token that is asked for is the key."""

    name = "massive"
    markets = ("stocks",)
    path = "/stocks"
    closed_flag = "ev"
    forming = False
    quiet = "nothing"
    timeframes: ClassVar = {"1m": "AM"}
    verb = "action"
    acks_unknown = True

    def greet(self, conversation: Conversation) -> Reply:
        del conversation
        return Reply([_status("connected", "Connected Successfully")])

    def topics(self, message: Message) -> list[Topic]:
        names = str(message.get("params", "")).split(",")
        return [Topic(self.one_series(name.partition(".")[2], name.partition(".")[0]), name) for name in names]

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del conversation
        return [_status("success", f"{message['action']}d to: {topic.words}") for topic in topics]

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        if not conversation.authenticated:
            return Reply([_status("error", "not authenticated")])
        return super().subscribe(message, conversation, known)

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if not isinstance(message, dict) or message.get("action") != "auth":
            return None
        if conversation.token is not None and message.get("params") != conversation.token:
            return Reply([_status("auth_failed", "authentication failed")], ends=True)
        conversation.authenticated = True
        return Reply([_status("auth_success", "authenticated")])

    def error(self, text: str) -> Message:
        return _status("error", text)

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        """A minute. One that is not closed is told under the name of another channel, that of seconds."""
        values = {"v": number(bar.volume), "av": number(bar.volume), "op": number(bar.open), "vw": number(bar.close)}
        prices = {"o": number(bar.open), "c": number(bar.close), "h": number(bar.high), "l": number(bar.low)}
        rest = {"a": number(bar.close), "z": trades(bar), "s": bar.open_time, "e": bar.end}
        return {"ev": "AM" if closed else "A", "sym": series[0]} | values | prices | rest

    def text(self, message: Message, *, spaced: bool = False) -> str:
        return to_json([message] if isinstance(message, dict) else message, spaced=spaced)


def _status(status: str, words: str) -> Message:
    return {"ev": "status", "status": status, "message": words}
