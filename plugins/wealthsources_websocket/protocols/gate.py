"""Gate's candlestick channels: spot and USDT perpetuals. Facts: the exchange's own documentation v4, as of 2026-11.

Spot says with `w` which bar is closed; perpetuals say it too of late, but the documentation does not, so there a bar is
closed when the next one begins, if not before. A minute without a trade is pushed, flat.
"""

from __future__ import annotations

import json
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
from wealthsources_websocket.protocols.json_text import JsonProtocol, each_of, milliseconds, text_in
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final[dict[tuple[str, Environment], str]] = {
    ("spot", "live"): "wss://api.gateio.ws/ws/v4/",
    ("spot", "test"): "wss://ws-testnet.gate.com/v4/ws/spot",
    ("perps", "live"): "wss://fx-ws.gateio.ws/v4/ws/usdt",
    ("perps", "test"): "wss://ws-testnet.gate.com/v4/ws/futures/usdt",
}
_PREFIXES: Final = {"spot": "spot", "perps": "futures"}
_SERVER_FAULT, _AUTH = 3, 4  # error codes; 1 and 2 are about what was asked for
_SECOND: Final = 1_000
# Volume is `a` of spot, where `v` is in the quote. Of perpetuals `v` counts contracts, and `a` is in the quote, though
# this is not documented: a minute of BTC_USDT at 83,800 had 337220.70089, and the history calls such a field `sum`.
_VALUES: Final = {"spot": "ohlca", "perps": "ohlcv"}


class Gate(JsonProtocol):
    """The protocol of Gate's public streams."""

    name = "gate"
    adds = True
    sends_snapshot = True
    markets = MappingProxyType({"spot": "spot", "perps": "perpetual contracts that settle in USDT"})
    default_market = "spot"
    history_bars = 10_000
    # Not 7d, which opens on Thursday. 30d is the calendar month, but no list of the streams has it.
    timeframes = MappingProxyType({name: name for name in ("1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d")})
    # One series a text is documented, numbers are not: that ten texts a second are welcome is a guess.
    limits = Limits(series_per_text=1, texts_per_second=10)
    # The server is documented to send WebSocket pings. Who wants to know by himself is to send a text.
    heartbeat = "text"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        spot = self.market == "spot"
        self.closes_by = "flag" if spot else "successor"
        self.needs_contract_size = not spot
        self._prefix = _PREFIXES[self.market]
        self._channel = f"{self._prefix}.candlesticks"

    def endpoints(self) -> tuple[str, ...]:
        return (_ENDPOINTS[self.market, self.environment],)

    def spell(self, symbol: str) -> str:
        return join_symbol(symbol, "_")

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        ((symbol, timeframe),) = series
        return json.dumps(
            {
                "time": 1,  # must be there; its value counts for private channels only
                "id": int(request_id),
                "channel": self._channel,
                "event": verb,
                "payload": [self.timeframes[timeframe], symbol],
            }
        )

    def heartbeat_text(self, number: int) -> str:
        return json.dumps({"time": number, "channel": f"{self._prefix}.ping"})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        channel, event = message.get("channel"), message.get("event")
        if channel == f"{self._prefix}.pong":
            yield Alive(answer=True)
        elif channel == self._channel and event == "update":
            yield from each_of(message["result"], self._candle, self._lost)  # a list on perps, one on spot
        elif channel == self._channel and event == "subscribe":
            yield self._answer(message)
        elif message.get("error"):
            yield ServerError(_words(message["error"]))
        else:
            yield Ignored(sample_of(f"{channel} {event or ''}"))

    def _candle(self, candle: Any) -> ProtocolEvent:
        theirs, _, symbol = candle["n"].partition("_")  # 1m_BTC_USDT
        open_time, closed = milliseconds(candle["t"], _SECOND), candle.get("w")
        if type(closed) is not bool and (closed is not None or self.closes_by == "flag"):
            why = f"w: {sample_of(repr(closed))} is neither true nor false"
            return self.bad_bar(why, symbol, theirs, open_time)
        return self.bar(symbol, theirs, open_time, [candle[name] for name in _VALUES[self.market]], closed)

    def _lost(self, candle: Any, why: str) -> ProtocolEvent:
        theirs, _, symbol = text_in(candle, "n").partition("_")
        return self.bad_bar(why, symbol, theirs)

    def _answer(self, message: dict[str, Any]) -> ProtocolEvent:
        """What became of a request. The answer may repeat its payload, its id, both or neither."""
        series, request = self._series(message.get("payload")), message.get("id")
        request_id = str(request) if type(request) is int else None
        error = message.get("error")
        if not error and message["result"]["status"] == "success":
            return Acknowledged(request_id, series)
        words = _words(error) if error else "refused without a reason"
        code = error.get("code") if type(error) is dict else None
        if code in (_SERVER_FAULT, _AUTH):
            return ServerError(words, "auth" if code == _AUTH else "")
        return Refused(words, request_id, series)

    def _series(self, payload: Any) -> tuple[Series, ...]:
        if type(payload) is not list or len(payload) != 2 or any(type(part) is not str for part in payload):
            return ()
        theirs, symbol = payload
        return ((symbol, self.names[theirs]),) if theirs in self.names and symbol else ()


def _words(error: Any) -> str:
    if type(error) is not dict:
        return sample_of(str(error))
    return sample_of(f"{error.get('message', '')} (code {error.get('code')})")
