"""The WealthAI wire protocol, without any input or output: text in, events out, text to send."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from wealthsources import EARLIEST_TIME, LATEST_TIME, Timeframe, match_timeframe, pack_decimals
from wealthsources_websocket.errors import FailureKind
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    BarMessage,
    Ignored,
    Malformed,
    Protocol,
    ProtocolEvent,
    Reply,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.values import (
    KnownDecimals,
    decimals_of,
    read_values,
    refuse_doubles,
)
from wealthsources_websocket.text import sample_of

DEFAULT_ENDPOINT: Final = "wss://ws.wealthai.cc:18000/market_data"
DEFAULT_FALLBACKS: Final = ("wss://ws.wealthai.cc:18001/market_data", "wss://ws.wealthai.cc:18002/market_data")
DEFAULT_MARKET_TYPE: Final = "binance-testnet"

_LONGEST_SAMPLE: Final = 120
_TRUE: Final = (True, 1, "1", "true", "True")
_FALSE: Final = (False, 0, "0", "false", "False")
#: What a message of a kind that is not known may say to people, and what may name its kind if there is no type.
_WORDS: Final = ("message", "msg", "error", "reason", "text")
_KINDS: Final = ("op", "event", "e", "method", "action", "cmd", "channel")
_MOST_FIELDS: Final = 8
_LONGEST_GIVEN_BACK: Final = 200
_WITHOUT_BARS: Final = ("CONNECTED", "ERROR", "PING", "PONG")
#: In a message with every field of _Texts but the flag: ten names, eight texts. With more of them it may say more, or
#: something twice.
_QUOTES: Final = 36
_SUBSCRIPTION_WORDS: Final = re.compile(r"symbol|resolution|timeframe|interval|subscri|market", re.IGNORECASE)
_AUTH_WORDS: Final = re.compile(r"token|csrf|(?<![a-z])(?:un)?auth|credential|forbidden", re.IGNORECASE)


class _AnyMessage(msgspec.Struct, gc=False):
    """Every field of every message, in the order of a BAR's: msgspec looks for the next one first."""

    type: Any = None
    symbol: Any = None
    timeframe: Any = None
    resolution: Any = None
    open_time: Any = None
    close_time: Any = None
    open: Any = None
    high: Any = None
    low: Any = None
    close: Any = None
    volume: Any = None
    is_closed: Any = None
    closed: Any = None
    x: Any = None
    final: Any = None
    confirm: Any = None
    request_id: Any = None
    message: Any = None
    data: Any = None
    bars: Any = None


class _Texts(msgspec.Struct, gc=False):
    """What nearly every message is: one bar whose values are decimal text.

    Whatever else a message says shows in the number of its quotes.
    """

    type: str  # a field, no tag: msgspec lets a tag be missing, and then the quotes do not add up
    symbol: str
    timeframe: str
    open_time: int
    close_time: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    is_closed: Any = None


class _Floats(msgspec.Struct, gc=False):
    """The values of the same message once more: msgspec reads all five texts in the time of two float(text)."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class WealthAI(Protocol):
    """The protocol of the WealthAI market server. Its flag for a closed bar has several names, or is not sent."""

    name = "wealthai"
    default_market = DEFAULT_MARKET_TYPE
    timeframes = MappingProxyType({name: name for name in Timeframe.known()})
    closes_by = "successor"
    pushes_forming = None
    credential_name = "csrf_token"
    acknowledgement = "CONNECTED"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._closed_unless_said = True if self.push_closed else None
        self._known = KnownDecimals()
        self._own_names = frozenset(self.timeframes)
        self._texts = msgspec.json.Decoder(_Texts, float_hook=str).decode
        self._floats = msgspec.json.Decoder(_Floats, strict=False).decode
        # Numbers keep their text: float_hook is given it, and whole numbers lose nothing.
        self._one = msgspec.json.Decoder(_AnyMessage, float_hook=str).decode
        self._many = msgspec.json.Decoder(list[_AnyMessage], float_hook=str).decode

    def endpoints(self) -> tuple[str, ...]:
        """The same for all markets: a subscription says which it means."""
        return (DEFAULT_ENDPOINT, *DEFAULT_FALLBACKS)

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        """The text that subscribes to every symbol of these in every resolution."""
        return json.dumps(
            {
                "type": "CONNECT",
                "request_id": request_id,
                "symbols": list(dict.fromkeys(symbol for symbol, _ in series)),
                "resolutions": list(dict.fromkeys(timeframe for _, timeframe in series)),
                "csrf_token": credential,
                "market_type": self.market,
            }
        )

    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        """The events of one text frame, given as its bytes. Never raises: what is wrong becomes a Malformed event."""
        try:
            text, number = self._texts(data), self._floats(data)
            symbol, name, open_time, close_time = text.symbol, text.timeframe, text.open_time, text.close_time
            o, h, l, c, v = number.open, number.high, number.low, number.close, number.volume  # noqa: E741
            flag = text.is_closed
            if (
                text.type == "BAR"
                and data.count(b'"') == (_QUOTES if flag is None else _QUOTES + 2)
                and name in self._own_names
                and EARLIEST_TIME <= close_time <= LATEST_TIME
                and symbol
            ):
                known = self._known
                decimals = pack_decimals(
                    known[text.open],
                    known[text.high],
                    known[text.low],
                    decimals_of(text.close),
                    decimals_of(text.volume),
                )
                closed = self._closed_unless_said
                if flag is not None:
                    closed = _read_flag(flag)
                return (BarMessage(symbol, name, open_time, close_time, (o, h, l, c, v), decimals, closed),)
        except (msgspec.DecodeError, LookupError, ValueError, RecursionError):
            pass  # another kind of message, or something is wrong with it
        return self._read_any(data)

    def _read_any(self, data: bytes) -> Sequence[ProtocolEvent]:
        try:
            document = json.loads(data, object_pairs_hook=refuse_doubles)
            if data[:1] != b"{" and data.lstrip()[:1] == b"[":
                messages = self._many(data)
            else:
                message = self._one(data)
                if message.type == "BAR" and message.open_time is not None:
                    return (self._bar(message),)
                messages, document = [message], [document]
            events: list[ProtocolEvent] = []
            for message, whole in zip(messages, document, strict=True):
                self._read_message(message, whole, events)
            return events
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            sample = sample_of(repr(data[:_LONGEST_SAMPLE]))
            if data.lstrip()[:1] not in (b"{", b"["):
                return (Malformed("bad_message", f"plain text {sample}", may_be_bar=False),)
            return (Malformed("bad_message", f"{sample_of(str(error))}; it began {sample}"),)

    def _read_message(self, message: _AnyMessage, whole: dict[str, Any], events: list[ProtocolEvent]) -> None:
        kind = message.type
        if kind is not None and type(kind) is not str:
            events.append(Malformed("bad_message", f"type: {sample_of(repr(kind))} is not text"))
            return
        batch = message.data if isinstance(message.data, list) else message.bars
        if kind in ("BAR", "KLINE") and message.open_time is not None:
            events.append(self._bar(message))
        elif isinstance(batch, list) and kind not in _WITHOUT_BARS:
            self._read_batch(message, batch, events)
        elif kind in ("BAR", "KLINE"):
            events.append(self._bar(message))
        elif kind == "CONNECTED":
            events.append(Acknowledged(None if message.request_id is None else str(message.request_id)))
        elif kind == "ERROR":
            events.append(_server_error(sample_of(str(message.message))))
        elif kind == "PING":
            events.append(Reply(_pong(whole)))
        elif kind == "PONG":
            events.append(Alive())
        elif kind is None and message.open_time is not None:
            events.append(self._bar(message))
        else:
            words = next((text for name in _WORDS if isinstance(text := whole.get(name), str)), "")
            events.append(Ignored(_untyped(whole) if kind is None else sample_of(kind), sample_of(words)))

    def _read_batch(self, outer: _AnyMessage, batch: list[Any], events: list[ProtocolEvent]) -> None:
        """Several bars in one message; symbol and timeframe may be said once, outside."""
        for item in batch:
            try:
                message = msgspec.convert(item, _AnyMessage)
            except msgspec.ValidationError as error:
                events.append(Malformed("bad_bar", f"in a batch: {sample_of(str(error))}"))
                continue
            message.symbol = outer.symbol if message.symbol is None else message.symbol
            if message.timeframe is None and message.resolution is None:
                message.timeframe = outer.timeframe if outer.timeframe is not None else outer.resolution
            events.append(self._bar(message))

    def _bar(self, message: _AnyMessage) -> BarMessage | Malformed:
        name = message.timeframe if message.timeframe is not None else message.resolution
        symbol, open_time, close_time = message.symbol, message.open_time, message.close_time
        timeframe = _timeframe_of(name)
        if timeframe is None:
            ours = type(symbol) is str and type(name) is str and name  # a series that nobody can have asked for
            return Malformed(
                "bad_bar", f"timeframe: {sample_of(repr(name))} is not one", *((symbol, name) if ours else ())
            )
        if (
            message.resolution is not None
            and _timeframe_of(message.resolution) is not timeframe
            and type(symbol) is str
        ):
            return Malformed("bad_bar", "timeframe and resolution differ", symbol, name)
        if type(symbol) is not str or not symbol:
            return Malformed("bad_bar", f"symbol: {sample_of(repr(symbol))} is not text")
        if type(open_time) is not int or abs(open_time) >= 1 << 62:
            return Malformed("bad_bar", f"open_time: {sample_of(repr(open_time))} is not a time in ms", symbol, name)
        try:
            raw = (message.open, message.high, message.low, message.close, message.volume)
            values, decimals, texts = read_values(raw)
            flag = _flag(message)
            closed = True if flag is None and self.push_closed else flag
        except ValueError as error:
            return Malformed("bad_bar", sample_of(str(error)), symbol, name, open_time)
        if close_time is None:
            close_time = timeframe.end(open_time) if EARLIEST_TIME <= open_time <= LATEST_TIME else 0
        elif type(close_time) is not int or abs(close_time) >= 1 << 62:
            close_time = 0  # it decides nothing, and is counted as odd
        return BarMessage(symbol, name, open_time, close_time, values, decimals, closed, texts)


def _timeframe_of(name: Any) -> Timeframe | None:
    return match_timeframe(name) if type(name) is str else None


def _pong(ping: dict[str, Any]) -> str:
    """The answer to a PING: whatever plain field it has is given back, so also its id, however that is called."""
    given = {
        name: value
        for name, value in itertools.islice(ping.items(), _MOST_FIELDS)
        if name != "type"
        and (isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)))
        and len(f"{name}{value}") <= _LONGEST_GIVEN_BACK
    }
    return json.dumps({"type": "PONG", **given})


def _untyped(message: dict[str, Any]) -> str:
    """What to call a message without type: by the names of its first fields, and what some of these say."""
    told = [
        f"{name}={value}" if name in _KINDS and isinstance(value, str) else name
        for name, value in itertools.islice(message.items(), _MOST_FIELDS)
    ]
    return sample_of(f"without type ({', '.join(told)})") if told else "without type"


def _flag(message: _AnyMessage) -> bool | None:
    said: bool | None = None
    for value in (message.is_closed, message.closed, message.x, message.final, message.confirm):
        if value is None:
            continue
        closed = _read_flag(value)
        if said is not None and said is not closed:
            raise ValueError("closed flag: one says true, another false")
        said = closed
    return said


def _read_flag(value: Any) -> bool:
    if value not in _TRUE and value not in _FALSE:
        raise ValueError(f"closed flag: {value!r} is neither true nor false")
    return value in _TRUE


def _server_error(text: str) -> ServerError:
    return ServerError(text, classify_error(text))


def classify_error(text: str) -> FailureKind:
    """What an ERROR of the server is about: the credential, the subscription, or something else."""
    if _AUTH_WORDS.search(text):
        return "auth"
    return "subscription" if _SUBSCRIPTION_WORDS.search(text) else ""
