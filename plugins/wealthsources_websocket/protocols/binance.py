"""Binance's streams of klines: spot and USDⓈ-M futures. Facts: its own documentation, as of 2026-11.

A bar's flag comes 0.2 to 2 s after its end, when the next bar may have begun; a minute without a trade is pushed too.
An unknown symbol is acknowledged and stays silent (not tried; so a silent series says that this may be the reason).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec

from wealthsources import Timeframe, pack_decimals
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    BarMessage,
    Environment,
    Ignored,
    Limits,
    ProtocolEvent,
    ReconnectSoon,
    Refused,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, milliseconds
from wealthsources_websocket.protocols.values import KnownDecimals, decimals_of
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final[dict[tuple[str, Environment], tuple[str, ...]]] = {
    ("spot", "live"): (
        "wss://stream.binance.com:9443/ws",
        "wss://stream.binance.com:443/ws",
        "wss://data-stream.binance.vision/ws",
    ),
    ("spot", "test"): ("wss://stream.testnet.binance.vision/ws",),
    # Without /market a connection looks healthy and brings no kline.
    ("usdm", "live"): ("wss://fstream.binance.com/market/ws",),
    ("usdm", "test"): ("wss://fstream.binancefuture.com/market/ws",),
}
_DAY: Final = 86_400.0
#: Pings and pongs count in spot's five messages a second; some room is left.
_LIMITS: Final = {
    "spot": Limits(100, 1024, 4, counts_control=True, connects_per_minute=60, lifetime=_DAY),
    "usdm": Limits(100, 200, 8, lifetime=_DAY),
}
_DELIVERY: Final = re.compile(r"[A-Z0-9]+_\d{6}")  # such as BTCUSDT_260327
_TOO_MANY: Final = (-1003, -1015)


#: What has more bits is no time of anything: `understand` is to say so.
_Time = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]


class _Kline(msgspec.Struct, gc=False):
    t: _Time
    T: _Time
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the server's names
    v: str
    x: bool


class _Event(msgspec.Struct, gc=False):
    e: str
    k: _Kline


class _Floats(msgspec.Struct, gc=False):
    o: float
    c: float
    h: float
    l: float  # noqa: E741
    v: float


class _FloatEvent(msgspec.Struct, gc=False):
    k: _Floats


_texts: Final = msgspec.json.Decoder(_Event).decode
_floats: Final = msgspec.json.Decoder(_FloatEvent, strict=False).decode


class Binance(JsonProtocol):
    """The protocol of Binance's market streams."""

    name = "binance"
    adds = True
    markets = MappingProxyType({"spot": "spot", "usdm": "USDⓈ-M perpetual and delivery futures"})
    default_market = "spot"
    timeframes = MappingProxyType({name: name for name in Timeframe.known()})
    closes_by = "flag"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.limits = _LIMITS[self.market]
        self._known = KnownDecimals()

    def endpoints(self) -> tuple[str, ...]:
        return _ENDPOINTS[self.market, self.environment]

    def spell(self, symbol: str) -> str:
        text = symbol.upper()
        return text if _DELIVERY.fullmatch(text) else re.sub(r"[-_/ ]", "", text)

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("SUBSCRIBE", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("UNSUBSCRIBE", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        streams = [f"{symbol.lower()}@kline_{self.timeframes[timeframe]}" for symbol, timeframe in series]
        return json.dumps({"method": verb, "params": streams, "id": int(request_id)})

    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        try:
            text, number = _texts(data), _floats(data).k
            if text.e == "kline":
                kline, known = text.k, self._known
                decimals = pack_decimals(
                    known[kline.o], known[kline.h], known[kline.l], decimals_of(kline.c), decimals_of(kline.v)
                )
                values = (number.o, number.h, number.l, number.c, number.v)
                return (BarMessage(kline.s, self.names[kline.i], kline.t, kline.T, values, decimals, kline.x),)
        except (msgspec.DecodeError, LookupError, ValueError, RecursionError):
            pass  # another kind of message, or a bar whose text its numbers do not give back
        return super().read(data)

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        event = message.get("data", message)
        kind = event.get("e")
        if kind == "kline":
            yield self._kline(event["k"])
        elif kind == "serverShutdown":
            yield ReconnectSoon("serverShutdown")
        elif "result" in message:
            yield Acknowledged(str(message["id"]))
        elif (error := message.get("error", message)).get("code") is not None:
            yield _error(error, message.get("id"))
        else:
            yield Ignored(sample_of(str(kind or ", ".join(message))))

    def _kline(self, kline: dict[str, Any]) -> ProtocolEvent:
        raw = [kline[name] for name in "ohlcv"]
        if type(kline["x"]) is not bool:
            raise TypeError(f"x: {sample_of(repr(kline['x']))} is neither true nor false")
        bar = self.bar(kline["s"], kline["i"], milliseconds(kline["t"]), raw, kline["x"])
        if isinstance(bar, BarMessage):
            bar.close_time = milliseconds(kline["T"])
        return bar


def _error(error: dict[str, Any], request: Any) -> ProtocolEvent:
    code, words = error["code"], sample_of(f"{error.get('msg', '')} (code {error['code']})")
    if code in _TOO_MANY:
        return ServerError(words, "rate")
    return ServerError(words) if request is None else Refused(words, str(request))
