"""Kraken's candles of its spot markets, WebSocket v2. Facts: the exchange's own documentation, as of 2026-11.

No bar is ever marked as closed, and a window without a trade is not pushed: the next one that has a trade closes what
came before, and may come late. A subscription brings some older bars first. The volume may change after the end.
A symbol can have one interval on a connection: the second is answered with "Already subscribed to one ohlc interval on
this symbol" (seen by several public clients).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

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
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, as_text, each_of, rfc3339, text_in
from wealthsources_websocket.protocols.symbols import split_symbol
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final = {"live": ("wss://ws.kraken.com/v2",), "test": ("wss://beta-ws.kraken.com/v2",)}
_PER_TEXT: Final = 50
#: Version 1 and REST have names of their own for these.
_COINS: Final = {"XBT": "BTC", "XDG": "DOGE"}
_VALUES: Final = ("open", "high", "low", "close", "volume")
_HAS_IT: Final = "Already subscribed"
_TOO_FAST: Final = "Exceeded msg rate"  # there are no codes


class Kraken(JsonProtocol):
    """The protocol of Kraken's channel `ohlc`."""

    name = "kraken"
    adds = True
    sends_snapshot = True
    markets = MappingProxyType({"spot": "spot"})
    default_market = "spot"
    # Those of 10080 and 21600 minutes open elsewhere than our weeks and months.
    timeframes = MappingProxyType(
        {"1m": "1", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "4h": "240", "1d": "1440"}
    )
    closes_by = "successor"
    pushes_quiet_minutes = False
    history_bars = 720
    limits = Limits(series_per_text=_PER_TEXT, connects_per_minute=15)  # 150 in ten minutes: a guess
    heartbeat = "text"  # its documentation knows no other ping of the client's

    def endpoints(self) -> tuple[str, ...]:
        return _ENDPOINTS[self.environment]

    def spell(self, symbol: str) -> str:
        base, quote = split_symbol(symbol)
        return f"{_COINS.get(base, base)}/{_COINS.get(quote, quote)}"

    def lane(self, series: Series) -> str:
        """A text names one interval, and a symbol can have one only on a connection."""
        return series[1]

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        interval = int(self.timeframes[series[0][1]])
        symbols = [symbol for symbol, _ in series]
        params = {"channel": "ohlc", "symbol": symbols, "interval": interval}
        params |= {"snapshot": True} if verb == "subscribe" else {}
        return json.dumps({"method": verb, "params": params, "req_id": int(request_id)})

    def heartbeat_text(self, number: int) -> str:
        return json.dumps({"method": "ping", "req_id": number})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        kind = message.get("channel") or message.get("method")
        if kind == "ohlc":
            yield from each_of(as_list(message["data"], "data"), self._candle, self._lost)
        elif kind == "heartbeat":
            yield Alive()
        elif kind == "pong":
            yield Alive(answer=True)
        elif kind == "subscribe":
            yield self._answer(message)
        elif kind == "status":
            system = str(message["data"][0]["system"])
            yield Alive() if system == "online" else Ignored(sample_of(f"status: {system}"))
        elif message.get("error"):
            yield ServerError(sample_of(str(message["error"])))
        else:
            yield Ignored(sample_of(str(kind or ", ".join(message))))

    def _candle(self, entry: Any) -> ProtocolEvent:
        open_time = rfc3339(entry["interval_begin"])  # `timestamp` is the end of the window
        return self.bar(entry["symbol"], str(entry["interval"]), open_time, [entry[name] for name in _VALUES])

    def _lost(self, entry: Any, why: str) -> ProtocolEvent:
        return self.bad_bar(why, text_in(entry, "symbol"))

    def _answer(self, message: dict[str, Any]) -> ProtocolEvent:
        """An acknowledgement or a refusal: there is one for each symbol."""
        number = message.get("req_id")
        request = None if number is None else str(number)
        if message["success"] is True:
            result = message["result"]
            if result["channel"] != "ohlc":
                return Ignored(sample_of(f"subscribe {result['channel']}"))
            return Acknowledged(request, ((as_text(result["symbol"], "symbol"), self.names[str(result["interval"])]),))
        words, symbol = sample_of(str(message["error"])), message.get("symbol")
        if words.startswith(_HAS_IT) and symbol is not None:
            # A connection asks for one interval only, so it is this one: the subscription was sent again.
            return Acknowledged(request, ((as_text(symbol, "symbol"), ""),))
        if words.startswith(_TOO_FAST):
            return ServerError(words, "rate")
        if symbol is not None:
            # It does not name the interval: an empty timeframe means whichever that symbol has in this request.
            return Refused(words, request, ((as_text(symbol, "symbol"), ""),))
        return ServerError(words) if request is None else Refused(words, request)
