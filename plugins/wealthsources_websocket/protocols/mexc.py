"""MEXC's streams of klines: spot and perpetual futures. Facts: the exchange's own documentation, as of 2026-11.

Bars of spot come as protobuf, everything else is JSON. No bar is ever marked as closed: the next one closes it. Whether
a minute without a trade is pushed is not documented, so it is not counted on; nor is when a day opens (UTC is a guess).
The acknowledgement of futures names nothing: the first one counts for all, and a refusal takes its series out again.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Ignored,
    Limits,
    Malformed,
    ProtocolEvent,
    Refused,
    Reply,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, milliseconds
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final = {"spot": ("wss://wbs-api.mexc.com/ws",), "perps": ("wss://contract.mexc.com/edge",)}
_DAY: Final = 86_400.0
#: More subscriptions than 30 are acknowledged, but not streamed. How many fit in one text is not documented.
_LIMITS: Final = {"spot": Limits(10, 30, lifetime=_DAY), "perps": Limits(1, 30, lifetime=_DAY)}
_KLINES: Final = "spot@public.kline.v3.api.pb@"
_CHANNEL: Final = re.compile(re.escape(_KLINES) + r"([A-Za-z0-9_.-]+)@([A-Za-z0-9]+)")
_REFUSED: Final = re.compile(r"Not Subscribed[^\[]*\[([^\]]*)\]", re.IGNORECASE)
_CONTRACT: Final = re.compile(r"\[([A-Za-z0-9_.-]+)\]")  # "Contract [FOO_USDT] not exists"


class MEXC(JsonProtocol):
    """The protocol of MEXC's market streams."""

    name = "mexc"
    adds = True
    markets = MappingProxyType({"spot": "spot", "perps": "perpetual futures"})
    default_market = "spot"
    # Whether Week1 opens on Monday is not documented.
    timeframes = MappingProxyType(
        {
            "1m": "Min1",
            "5m": "Min5",
            "15m": "Min15",
            "30m": "Min30",
            "1h": "Min60",
            "4h": "Hour4",
            "8h": "Hour8",
            "1d": "Day1",
        }
    )
    closes_by = "successor"
    pushes_quiet_minutes = False
    history_bars = 500  # of minutes; of longer ones nothing is known
    heartbeat = "text"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.limits = _LIMITS[self.market]
        self.needs_contract_size = self.market == "perps"
        if self.market == "spot":
            try:
                self._frames: Any = importlib.import_module("wealthsources_websocket.protocols.mexc_frames")
            except ImportError as error:
                raise ValueError(f"mexc spot needs protobuf ({error}): pip install 'wealthsources[mexc]'") from None

    def endpoints(self) -> tuple[str, ...]:
        if self.environment != "live":
            raise ValueError(f"{self.name} has no {self.environment} environment")
        return _ENDPOINTS[self.market]

    def spell(self, symbol: str) -> str:
        return re.sub(r"[-_/ ]", "", symbol).upper() if self.market == "spot" else join_symbol(symbol, "_")

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("SUBSCRIPTION", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("UNSUBSCRIPTION", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        named = [(symbol, self.timeframes[timeframe]) for symbol, timeframe in series]
        if self.market == "perps":
            ((symbol, interval),) = named
            return json.dumps(
                {
                    "method": "sub.kline" if verb == "SUBSCRIPTION" else "unsub.kline",
                    "param": {"symbol": symbol, "interval": interval},
                }
            )
        channels = [f"{_KLINES}{symbol}@{interval}" for symbol, interval in named]
        return json.dumps({"method": verb, "params": channels})

    def heartbeat_text(self, number: int) -> str:
        return json.dumps({"method": "PING" if self.market == "spot" else "ping"})

    # spot ------------------------------------------------------------------------------------------------------

    def read_binary(self, data: bytes, most: int) -> Sequence[ProtocolEvent] | None:
        if self.market != "spot":
            return None
        if len(data) > most:
            return (Malformed("bad_message", f"more than {most} bytes (max_message)"),)
        try:
            return (self._spot_kline(self._frames.read_frame(data)),)
        except (TypeError, ValueError) as error:
            return (Malformed("bad_message", sample_of(str(error))),)

    def _spot_kline(self, frame: Any) -> ProtocolEvent:
        found, kline = _CHANNEL.fullmatch(frame.channel), frame.kline
        if kline is None and frame.channel and not found:
            return Ignored(sample_of(frame.channel))
        if found is None or kline is None or found.groups() != (frame.symbol, kline.interval):
            why = f"the channel {sample_of(repr(frame.channel))} does not go with what is in the frame"
            return Malformed("bad_bar" if kline else "bad_message", why, frame.symbol)
        if not kline.start:  # so reads a field that did not come
            return self.bad_bar("windowStart is missing", frame.symbol, kline.interval)
        raw = (kline.open, kline.high, kline.low, kline.close, kline.volume)
        return self.bar(frame.symbol, kline.interval, milliseconds(kline.start, 1000), raw)

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        if message.get("method") == "PING":
            yield Reply(json.dumps({"method": "PONG"}))
        elif self.market == "perps":
            yield self._perps(message)
        elif message.get("msg") == "PONG":
            yield Alive(answer=True)
        elif "code" in message:
            yield from self._answers(message["code"], str(message.get("msg", "")))
        else:
            yield Ignored(sample_of(", ".join(message)))

    def _answers(self, code: Any, words: str) -> Iterable[ProtocolEvent]:
        """Channels in brackets after "Not Subscribed" are refused, with code 0; others are acknowledged."""
        refused = [each for part in _REFUSED.findall(words) for each in self._channels(part)]
        acknowledged = self._channels(_REFUSED.sub("", words)) if type(code) is int and code == 0 else []
        if refused:
            yield Refused(sample_of(words), series=tuple(refused))
        if acknowledged:
            yield Acknowledged(None, tuple(acknowledged))
        if not refused and not acknowledged:  # to name nothing would acknowledge everything
            yield ServerError(sample_of(f"{words} (code {code})"))

    def _channels(self, words: str) -> list[Series]:
        return [(symbol, self.names[name]) for symbol, name in _CHANNEL.findall(words) if name in self.names]

    # perps -----------------------------------------------------------------------------------------------------

    def _perps(self, message: dict[str, Any]) -> ProtocolEvent:
        channel, data = message["channel"], message.get("data")
        if channel == "push.kline":
            return self._perps_kline(message["data"])
        if channel == "pong":
            return Alive(answer=True)
        if channel == "rs.sub.kline" and data == "success":
            return Acknowledged(None)
        if channel in ("rs.sub.kline", "rs.error"):
            words = sample_of(data if type(data) is str else json.dumps(data))
            found = _CONTRACT.search(words)  # the timeframe is not named: it does not exist in any
            refused = tuple((found[1], timeframe) for timeframe in self.timeframes) if found else ()
            return Refused(words, series=refused)  # if it names none, that of the oldest text without an answer
        return Ignored(sample_of(str(channel)))

    def _perps_kline(self, data: dict[str, Any]) -> ProtocolEvent:
        begin = milliseconds(data["t"], 1000)
        return self.bar(data["symbol"], data["interval"], begin, [data[name] for name in "ohlcq"])
