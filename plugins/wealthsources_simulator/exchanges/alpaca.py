"""Alpaca's stocks and crypto, as its documentation describes them (as of 2026-11): credentials first, then closed bars.

Everything comes in arrays of one. An acknowledgement lists everything subscribed to so far, whether there is such a
stock or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.json_text import number, to_json
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import rfc3339, trades

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars")


class Alpaca(Adding):
    """Its markets are its feeds of stocks, and crypto. The token that is asked for is `KEY:SECRET`.

    With `taken` another client has the only connection that there is.
    """

    name = "alpaca"
    markets = ("iex", "sip", "delayed_sip", "test", "crypto")
    closed_flag = "T"
    forming = False
    quiet = "nothing"
    rules = Rules(authenticate_within=10)
    timeframes: ClassVar = {"1m": "bars"}
    verb = "action"
    acks_unknown = True

    def __init__(self, market: str | None = None, *, pace: float = 1.0, taken: bool = False) -> None:
        super().__init__(market, pace=pace)
        self.path = "/v1beta3/crypto/us" if self.market == "crypto" else f"/v2/{self.market}"
        self._taken = taken

    def greet(self, conversation: Conversation) -> Reply:
        del conversation
        return Reply([{"T": "success", "msg": "connected"}])

    def topics(self, message: Message) -> list[Topic]:
        names = message.get("bars")
        return [Topic(self.one_series(name, "bars"), name) for name in names] if isinstance(names, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del topics
        held = conversation.notes
        for channel in _CHANNELS:
            names = message.get(channel)
            asked = set(names) if isinstance(names, list) else set()
            before = set(held.get(channel, ()))
            held[channel] = sorted(before - asked if message["action"] == self.leaves else before | asked)
        return [{"T": "subscription"} | {channel: held[channel] for channel in _CHANNELS}]

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        if not conversation.authenticated:
            return Reply([_error(401, "not authenticated")])
        return super().subscribe(message, conversation, known)

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        if not isinstance(message, dict) or message.get("action") != "auth":
            return None
        if self._taken:
            return Reply([_error(406, "connection limit exceeded")], ends=True)
        given = f"{message.get('key')}:{message.get('secret')}"
        if conversation.token is not None and given != conversation.token:
            return Reply([_error(402, "auth failed")])
        conversation.authenticated = True
        return Reply([{"T": "success", "msg": "authenticated"}])

    def error(self, text: str) -> Message:
        return _error(400, text)

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        """A closed bar. One that is not is told as the day in progress would be: `d`."""
        return self._bar("b" if closed else "d", series, bar)

    def updated(self, series: Series, bar: PlayedBar) -> Message:
        """A closed bar once more, after late trades: `u`."""
        return self._bar("u", series, bar)

    def _bar(self, kind: str, series: Series, bar: PlayedBar) -> Message:
        prices = {"o": number(bar.open), "h": number(bar.high), "l": number(bar.low), "c": number(bar.close)}
        rest = {"v": number(bar.volume), "n": trades(bar), "vw": number(bar.close), "t": rfc3339(bar.open_time)}
        return {"T": kind, "S": series[0]} | prices | rest

    def text(self, message: Message, *, spaced: bool = False) -> str:
        return to_json([message] if isinstance(message, dict) else message, spaced=spaced)


def _error(code: int, words: str) -> Message:
    return {"T": "error", "code": code, "msg": words}
