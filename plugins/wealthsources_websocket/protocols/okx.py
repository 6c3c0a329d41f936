"""OKX's candle channels: spot and linear perpetual swaps. Facts: the exchange's own documentation v5, as of 2026-11.

The last field of a candle says whether it is closed. A minute without a trade is pushed too (a guess: a history that is
filled suggests it). Candles are not on `/public` any more but on `/business`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from wealthsources import EARLIEST_TIME, LATEST_TIME, Timeframe, pack_decimals
from wealthsources_websocket.errors import FailureKind
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
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
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, each_of, milliseconds
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.protocols.values import KnownDecimals, decimals_of
from wealthsources_websocket.text import sample_of

#: Both markets share them. Customers of the EEA and the USA have hosts of their own, for `endpoint` in a configuration.
_ENDPOINTS: Final[dict[Environment, tuple[str, ...]]] = {
    "live": ("wss://ws.okx.com:8443/ws/v5/business",),
    "test": ("wss://wspap.okx.com:8443/ws/v5/business?brokerId=9999",),
}
_CHANNEL: Final = "candle"
#: Of a swap, field 5 counts contracts, and only field 6 is in the base.
_VOLUME: Final = {"spot": 5, "swap": 6}
_SYMBOLS: Final = {
    "spot": re.compile(r"[A-Z0-9]+-[A-Z0-9]+", re.ASCII),
    "swap": re.compile(r"[A-Z0-9]+-[A-Z0-9]+-SWAP", re.ASCII),
}
_FIELDS: Final = 9
_CONFIRM: Final = {"0": False, "1": True}

#: How the words of a refusal name its series: nothing else does.
_NAMED: Final = re.compile(rf"\bchannel:({_CHANNEL}\w+),instId:([\w-]+) doesn't exist", re.ASCII)
_RECONNECT: Final = "64008"
_SUBSCRIPTION: Final = ("60012", "60018", "64001")  # bad request · no such channel or instrument · moved to /business
_TOO_MANY: Final = ("50011", "60014")
#: Timestamp, key, signature, login, "please log in": no candle asks for any of it today.
_LOGIN: Final = ("60004", "60005", "60006", "60007", "60009", "60011")
_MOST: Final = 4_096  # series whose frames are read quickly


class _Arg(msgspec.Struct, gc=False):
    channel: str
    instId: str  # noqa: N815 - the server's name


class _Texts(msgspec.Struct, array_like=True, gc=False):
    time: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    base: str
    quote: str
    confirm: str


class _Frame(msgspec.Struct, gc=False):
    arg: _Arg
    data: list[_Texts]
    event: Any = None


class _Floats(msgspec.Struct, array_like=True, gc=False):
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    base: float


class _FloatFrame(msgspec.Struct, gc=False):
    data: list[_Floats]


_texts: Final = msgspec.json.Decoder(_Frame).decode
_floats: Final = msgspec.json.Decoder(_FloatFrame, strict=False).decode


class OKX(JsonProtocol):
    """The protocol of OKX's `/business` endpoint."""

    name = "okx"
    adds = True
    sends_snapshot = True
    markets = MappingProxyType({"spot": "spot", "swap": "linear perpetual swaps, such as BTC-USDT-SWAP"})
    default_market = "spot"
    # Names without utc are on the grid of UTC+8, which up to 4H is the same. That 1Wutc opens on Monday is a guess; off
    # our grid a bar would be refused. There is no 8H in the documented list.
    timeframes = MappingProxyType(
        {name: name for name in ("1m", "3m", "5m", "15m", "30m")}
        | {"1h": "1H", "2h": "2H", "4h": "4H", "6h": "6Hutc", "12h": "12Hutc"}
        | {"1d": "1Dutc", "1w": "1Wutc", "1M": "1Mutc"}
    )
    closes_by = "flag"
    # A text may have 64 KB, which is a thousand series, and a connection 480 requests an hour: with fewer series than
    # that, even asking for each by itself stays below. Connects: 3 a second are documented, fewer are polite.
    limits = Limits(series_per_text=100, series_per_connection=400, connects_per_minute=60)
    heartbeat = "text"
    plain_texts = MappingProxyType({b"pong": Alive(answer=True)})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known = KnownDecimals()
        self._steps: dict[tuple[str, str], tuple[str, int]] = {}  # channel and symbol → our timeframe, its length
        self._is_spot = self.market == "spot"

    def endpoints(self) -> tuple[str, ...]:
        return _ENDPOINTS[self.environment]

    def spell(self, symbol: str) -> str:
        text = symbol.upper()
        if _SYMBOLS[self.market].fullmatch(text):
            return text
        pair = join_symbol(symbol, "-")
        return pair if self.market == "spot" else f"{pair}-SWAP"

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        channels = [(f"{_CHANNEL}{self.timeframes[timeframe]}", symbol) for symbol, timeframe in series]
        return json.dumps({"op": verb, "args": [{"channel": name, "instId": symbol} for name, symbol in channels]})

    def heartbeat_text(self, number: int) -> str:
        return "ping"

    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        try:
            frame, known = _texts(data), self._known
            (row,), (number,) = frame.data, _floats(data).data
            symbol, open_time = frame.arg.instId, number.time
            ours, step = self._steps[frame.arg.channel, symbol]
            if EARLIEST_TIME <= open_time <= LATEST_TIME and row.time.isdigit() and frame.event is None:
                text, volume = (row.volume, number.volume) if self._is_spot else (row.base, number.base)
                decimals = pack_decimals(
                    known[row.open], known[row.high], known[row.low], decimals_of(row.close), decimals_of(text)
                )
                values = (number.open, number.high, number.low, number.close, volume)
                end = open_time + step
                return (BarMessage(symbol, ours, open_time, end, values, decimals, _CONFIRM[row.confirm]),)
        except (msgspec.DecodeError, LookupError, ValueError, RecursionError):
            pass  # another kind of message, several bars, or one whose text its numbers do not give back
        events = super().read(data)
        for bar in events:
            if isinstance(bar, BarMessage) and (step := Timeframe(bar.timeframe).fixed) and len(self._steps) < _MOST:
                self._steps[f"{_CHANNEL}{self.timeframes[bar.timeframe]}", bar.symbol] = (bar.timeframe, step)
        return events

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        event = message.get("event")
        if event is None:
            yield from self._candles(message["arg"], message["data"])
        elif event == "error" or message.get("code") == _RECONNECT:
            yield self._error(message)
        elif event == "subscribe" and (series := self._series(message["arg"])) is not None:
            yield Acknowledged(None, (series,))
        else:
            yield Ignored(sample_of(str(event)), sample_of(str(message.get("msg", ""))))

    def _candles(self, arg: dict[str, Any], rows: Any) -> Iterable[ProtocolEvent]:
        symbol, channel = arg["instId"], arg["channel"]
        if not channel.startswith(_CHANNEL) or not _SYMBOLS[self.market].fullmatch(symbol):
            yield Ignored(sample_of(f"{channel} of {symbol}, which is not of market {self.market}"))
            return
        theirs = channel.removeprefix(_CHANNEL)
        read = functools.partial(self._candle, symbol, theirs)
        yield from each_of(as_list(rows, "data"), read, lambda _, why: self.bad_bar(why, symbol, theirs))

    def _candle(self, symbol: str, theirs: str, row: Any) -> ProtocolEvent:
        open_time, closed = milliseconds(as_list(row, "row", _FIELDS)[0]), _CONFIRM.get(str(row[8]))
        if closed is None:
            return self.bad_bar(f"confirm: {sample_of(repr(row[8]))} is neither 0 nor 1", symbol, theirs, open_time)
        return self.bar(symbol, theirs, open_time, (*row[1:5], row[_VOLUME[self.market]]), closed)

    def _series(self, arg: dict[str, Any]) -> Series | None:
        """The series that an argument names, if it is one of ours."""
        channel, symbol = arg.get("channel"), arg.get("instId")
        if type(channel) is not str or type(symbol) is not str or not channel.startswith(_CHANNEL) or not symbol:
            return None
        timeframe = self.names.get(channel.removeprefix(_CHANNEL))
        return None if timeframe is None else (symbol, timeframe)

    def _error(self, message: dict[str, Any]) -> ProtocolEvent:
        code = str(message.get("code"))
        words = sample_of(f"{message.get('msg', '')} (code {code})")
        if code == _RECONNECT:
            return ReconnectSoon(words)
        named = _NAMED.search(str(message.get("msg")))
        series = self._series(message.get("arg") or ({"channel": named[1], "instId": named[2]} if named else {}))
        if series is not None and code in _SUBSCRIPTION:
            return Refused(words, series=(series,))
        return ServerError(words, _kind(code))


def _kind(code: str) -> FailureKind:
    if code in _TOO_MANY:
        return "rate"
    if code in _LOGIN:
        return "auth"
    return "subscription" if code in _SUBSCRIPTION else ""
