"""Bitget's candle channels v2: spot and USDT futures. Facts: the exchange's own documentation, as of 2026-11.

No flag says that a bar is closed, so that the next one began does. A bar's last change came 0.4 s after its end; later
ones are corrections. The first frame of a series holds up to a thousand bars, oldest first, the last one forming. A
minute without a trade is pushed at once, with volume 0.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Environment,
    Ignored,
    Limits,
    ProtocolEvent,
    Refused,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, as_text, each_of, milliseconds
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_HOSTS: Final[dict[Environment, str]] = {"live": "ws.bitget.com", "test": "wspap.bitget.com"}
#: The server's word for a market stands in each message: symbols are the same on all of them.
_KINDS: Final = {"spot": "SPOT", "usdt-futures": "USDT-FUTURES"}
_CHANNEL: Final = "candle"
_FIELDS: Final = 8
_TOO_MANY: Final = ("30006", "30007")
#: How the words of a refusal name its series, should nothing else do.
_NAMED: Final = re.compile(
    rf"\binstType:([\w-]+),channel:({_CHANNEL}\w+),instId:(\w+)(?:,precision:\w+)? doesn't exist", re.ASCII
)


class Bitget(JsonProtocol):
    """The protocol of Bitget's public streams."""

    name = "bitget"
    adds = True
    sends_snapshot = True
    markets = MappingProxyType({"spot": "spot", "usdt-futures": "perpetual futures that settle in USDT"})
    default_market = "spot"
    # Names without utc are on the grid of UTC+8, which up to 4H is the same. That 1Wutc opens on Monday is a guess, and
    # where 3Dutc opens is not said; bars off our grid would be refused.
    timeframes = MappingProxyType(
        {name: name for name in ("1m", "5m", "15m", "30m")}
        | {"1h": "1H", "4h": "4H", "6h": "6Hutc", "12h": "12Hutc"}
        | {"1d": "1Dutc", "3d": "3Dutc", "1w": "1Wutc", "1M": "1Mutc"}
    )
    closes_by = "successor"
    # A text may have 4,096 bytes, some 45 series. A connection may have 1,000 channels, but 240 subscriptions an hour:
    # should each series count as one, 200 stay below. 10 texts a second, pings among them. Connects a minute: a guess.
    limits = Limits(series_per_text=40, series_per_connection=200, texts_per_second=8, connects_per_minute=60)
    heartbeat = "text"
    plain_texts = MappingProxyType({b"pong": Alive(answer=True)})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._kind = _KINDS[self.market]

    def endpoints(self) -> tuple[str, ...]:
        return (f"wss://{_HOSTS[self.environment]}/v2/ws/public",)

    def spell(self, symbol: str) -> str:
        return join_symbol(symbol, "")

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        channels = [(f"{_CHANNEL}{self.timeframes[timeframe]}", symbol) for symbol, timeframe in series]
        args = [{"instType": self._kind, "channel": name, "instId": symbol} for name, symbol in channels]
        return json.dumps({"op": verb, "args": args})

    def heartbeat_text(self, number: int) -> str:
        return "ping"

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        event = message.get("event")
        if event is None:
            yield from self._candles(message["arg"], message["data"])
        elif event == "error":
            yield self._error(message)
        elif event == "subscribe" and (series := self._series(message["arg"])) is not None:
            yield Acknowledged(None, (series,))
        else:
            yield Ignored(sample_of(str(event)), sample_of(str(message.get("msg", ""))))

    def _candles(self, arg: dict[str, Any], rows: Any) -> Iterable[ProtocolEvent]:
        channel, kind = arg["channel"], arg["instType"]
        if not channel.startswith(_CHANNEL) or kind != self._kind:
            yield Ignored(sample_of(f"{channel} of {kind}"))
            return
        symbol, theirs = as_text(arg["instId"], "instId"), channel.removeprefix(_CHANNEL)
        read = functools.partial(self._candle, symbol, theirs)
        yield from each_of(as_list(rows, "data"), read, lambda _, why: self.bad_bar(why, symbol, theirs))

    def _candle(self, symbol: str, theirs: str, row: Any) -> ProtocolEvent:
        return self.bar(symbol, theirs, milliseconds(as_list(row, "row", _FIELDS)[0]), row[1:6])

    def _series(self, arg: dict[str, Any]) -> Series | None:
        """The series that an argument names, if it is one of ours."""
        channel, symbol = arg.get("channel"), arg.get("instId")
        if type(channel) is not str or type(symbol) is not str or not channel.startswith(_CHANNEL) or not symbol:
            return None
        timeframe = self.names.get(channel.removeprefix(_CHANNEL))
        return None if timeframe is None or arg.get("instType") != self._kind else (symbol, timeframe)

    def _error(self, message: dict[str, Any]) -> ProtocolEvent:
        code = str(message.get("code"))
        words = sample_of(f"{message.get('msg', '')} (code {code})")
        if code in _TOO_MANY:
            return ServerError(words, "rate")
        named = _NAMED.search(str(message.get("msg")))
        arg = message.get("arg") or (
            dict(zip(("instType", "channel", "instId"), named.groups(), strict=True)) if named else {}
        )
        series = self._series(arg)
        return ServerError(words) if series is None else Refused(words, series=(series,))
