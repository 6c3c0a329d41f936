"""Hyperliquid's candles: perpetuals and spot pairs. Facts: the exchange's own documentation, as of 2026-11.

No bar is ever marked as closed. That a window without a trade is not pushed is a guess; if one is, it closes the bar
before it like any other. A subscription names one coin: with several it is ignored without an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Ignored,
    Limits,
    ProtocolEvent,
    Refused,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, each_of, milliseconds, parse_json, text_in
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final = {
    "live": ("wss://api.hyperliquid.xyz/ws",),
    "test": ("wss://api.hyperliquid-testnet.xyz/ws",),
}
#: Without 3d and 1w, which opens on Thursday.
_TIMEFRAMES: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "1M")
#: Perpetuals are named by their coin, whatever money their price is in.
_COIN: Final = re.compile(r"([A-Za-z0-9]+?)(?:[-_/]?(?:USDT|USDC|USD))?", re.IGNORECASE)
_THOUSANDS: Final = re.compile(r"k[A-Z0-9]+")  # such as kPEPE: a thousand of them
_BUILT: Final = re.compile(r"[A-Za-z0-9]+:[A-Za-z0-9]+")  # such as xyz:NBIS
_SPOT: Final = re.compile(r"@[0-9]+|PURR/USDC")


class Hyperliquid(JsonProtocol):
    """The protocol of Hyperliquid's subscription `candle`."""

    name = "hyperliquid"
    adds = True
    markets = MappingProxyType({"perps": "perpetuals", "spot": "spot pairs"})
    default_market = "perps"
    timeframes = MappingProxyType({name: name for name in _TIMEFRAMES})
    closes_by = "successor"
    pushes_quiet_minutes = False
    history_bars = 5000
    limits = Limits(1, 1000, 20, counts_control=True)  # 2000 texts a minute; all of them are per IP address
    heartbeat = "text"

    def endpoints(self) -> tuple[str, ...]:
        return _ENDPOINTS[self.environment]

    def spell(self, symbol: str) -> str:
        if self.market == "spot":
            if _SPOT.fullmatch(symbol):
                return symbol
            raise ValueError(
                f"Hyperliquid names spot pairs by their number in `spotMeta`, such as @107; map it: "
                f"symbols: {{{symbol}: '@…'}}"
            )
        if _BUILT.fullmatch(symbol):
            return symbol
        found = _COIN.fullmatch(symbol)
        if found is None:
            raise ValueError(f"{symbol!r} is no perpetual of Hyperliquid's; write its coin, like BTC, or BTC-USDC")
        return found[1] if _THOUSANDS.fullmatch(found[1]) else found[1].upper()

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        ((coin, timeframe),) = series
        candle = {"type": "candle", "coin": coin, "interval": self.timeframes[timeframe]}
        return json.dumps({"method": verb, "subscription": candle})

    def heartbeat_text(self, number: int) -> str:
        return '{"method": "ping"}'

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        kind = message["channel"]
        if kind == "candle":
            # Documented as a list, seen as a single one.
            yield from each_of(message["data"], self._candle, self._lost)
        elif kind == "pong":
            yield Alive(answer=True)
        elif kind == "subscriptionResponse":
            yield self._answer(message["data"])
        elif kind == "error":
            yield self._error(message["data"])
        else:
            yield Ignored(sample_of(str(kind)))

    def _answer(self, data: Any) -> ProtocolEvent:
        if data["method"] == "subscribe":
            return Acknowledged(None, (self._series(data["subscription"]),))
        return Ignored(sample_of(f"subscriptionResponse {data['method']}"))

    def _candle(self, entry: Any) -> ProtocolEvent:
        return self.bar(entry["s"], entry["i"], milliseconds(entry["t"]), [entry[name] for name in "ohlcv"])

    def _lost(self, entry: Any, why: str) -> ProtocolEvent:
        return self.bad_bar(why, text_in(entry, "s"))

    def _series(self, subscription: Any) -> Series:
        """Which series one of our subscriptions is about. Raises LookupError or TypeError."""
        coin = subscription["coin"]
        if type(coin) is not str or subscription["type"] != "candle":
            raise TypeError(f"{sample_of(repr(subscription))} is no subscription of candles")
        return coin, self.names[subscription["interval"]]

    def _error(self, said: Any) -> ProtocolEvent:
        """What an error means. There are no codes: its words are followed by our subscription, if it is about one."""
        words = sample_of(str(said))
        try:
            series = self._series(parse_json(said[said.index("{") :]))
        except (msgspec.DecodeError, RecursionError, ValueError, LookupError, TypeError, AttributeError):
            if words.startswith("Cannot send more than"):
                return ServerError(words, "rate")
            return ServerError(words, "subscription" if "subscri" in words.lower() else "")
        if words.startswith("Already subscribed"):
            return Acknowledged(None, (series,))
        return Refused(words, series=(series,))
