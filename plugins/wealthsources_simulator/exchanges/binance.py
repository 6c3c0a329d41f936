"""Binance spot and USDⓈ-M, as its documentation describes them (as of 2026-11): streams in the URL or by SUBSCRIBE.

An unknown symbol is acknowledged and silent. What `/stream` sends is wrapped in the stream's name, what `/ws` sends is
bare. On USDⓈ-M klines come only below `/market`; elsewhere all is acknowledged and nothing comes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Final

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Message, Reply
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.values import told_at, trades, turnover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

_WINDOWS: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
_FUTURES: Final = "usdm"


class Binance(Adding):
    """`spot` at `/ws` and `/stream`; `usdm` at `/market/ws` and `/market/stream`."""

    name = "binance"
    markets = ("spot", _FUTURES)
    closed_flag = "x"
    timeframes: ClassVar = {name: name for name in _WINDOWS}
    verb, joins, leaves = "method", "SUBSCRIBE", "UNSUBSCRIBE"
    acks_unknown = True

    def __init__(self, market: str | None = None, *, pace: float = 1.0) -> None:
        super().__init__(market, pace=pace)
        self.path = "/ws" if self.market == "spot" else "/market/ws"
        is_spot = self.market == "spot"
        self.rules = Rules(ping_every=20, pong_within=60) if is_spot else Rules(ping_every=180, pong_within=600)

    def serves(self, path: str) -> bool:
        kinds = (path.removeprefix("/market") if self.market == _FUTURES else path).split("/")
        return len(kinds) in (2, 3) and kinds[0] == "" and kinds[1] in ("ws", "stream")

    def greet(self, conversation: Conversation) -> Reply:
        names = conversation.query.get("streams", "").split("/") + conversation.path.partition("/ws/")[2].split("/")
        topics = [self._topic(name) for name in names if name]
        if not topics:
            return Reply()
        series = self._pushed(topics, conversation)
        return Reply((), series, series)

    def topics(self, message: Message) -> list[Topic]:
        params = message.get("params")
        return [self._topic(name) for name in params] if isinstance(params, list) else []

    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        del topics, conversation
        return [{"result": None, "id": message.get("id")}]

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        reply = super().subscribe(message, conversation, known)
        return reply if self._is_routed(conversation) else reply._replace(series=(), added=())

    def error(self, text: str) -> Message:
        return {"error": {"code": 2, "msg": f"Invalid request: {text}"}}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        symbol, timeframe = series
        count = trades(bar)
        kline = {"t": bar.open_time, "T": bar.end - 1, "s": symbol, "i": timeframe}
        kline |= {"f": 71 if count else -1, "L": 70 + count if count else -1}
        kline |= {"o": bar.open, "c": bar.close, "h": bar.high, "l": bar.low, "v": bar.volume, "n": count, "x": closed}
        kline |= {"q": turnover(bar), "V": "0", "Q": "0", "B": "0"}
        return {"e": "kline", "E": told_at(bar, closed), "s": symbol, "k": kline}

    def wants_reconnect(self, conversation: Conversation) -> list[Message]:
        return [{"e": "serverShutdown", "E": conversation.now}]

    def encode(self, text: str, conversation: Conversation) -> str:
        if not conversation.path.endswith("/stream") or not text.startswith(('{"e":', '{"e": ')):
            return text
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):  # a fault, and no event of any stream
            return text
        kline = event.get("k")
        name = f"{kline['s'].lower()}@kline_{kline['i']}" if kline else f"!{event['e']}"
        return f'{{"stream":{json.dumps(name)},"data":{text}}}'

    def _topic(self, name: object) -> Topic:
        symbol, _, kind = name.partition("@kline_") if isinstance(name, str) else ("", "", "")
        # Upper case is somebody else's stream: acknowledged, and silent for ever.
        return Topic(self.one_series(symbol.upper(), kind) if symbol == symbol.lower() else None, name)

    def _pushed(self, topics: Sequence[Topic], conversation: Conversation) -> tuple[Series, ...]:
        if not self._is_routed(conversation):
            return ()
        return tuple(sorted({topic.series for topic in topics if topic.series is not None}))

    def _is_routed(self, conversation: Conversation) -> bool:
        return self.market != _FUTURES or conversation.path.startswith("/market/")
