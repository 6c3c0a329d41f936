"""Deribit's candles: futures, perpetuals and spot pairs. Facts: the exchange's own documentation, as of 2026-11.

No bar is marked as closed: `status` is `ok` or `imputed`, which is more likely to mean that nobody traded (a guess), so
neither is taken for a flag. A window without a trade is pushed, flat and with no volume. The volume is of the base, for
inverse instruments too. A channel that the server does not know is missing from its answer, without an error.
"""

from __future__ import annotations

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
    ProtocolEvent,
    Refused,
    Reply,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, milliseconds
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final = {
    "live": ("wss://www.deribit.com/ws/api/v2",),
    "test": ("wss://test.deribit.com/ws/api/v2",),
}
_CHANNEL: Final = "chart.trades."
_VALUES: Final = ("open", "high", "low", "close", "volume")
#: Such as BTC-PERPETUAL, BTC_USDC-PERPETUAL, BTC-26MAR27 and BTC_USDC-26MAR27.
_FUTURE: Final = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)?-(?:PERPETUAL|[0-9]{1,2}[A-Z]{3}[0-9]{2})")
#: Our own requests beside the subscriptions, whose ids count from 1.
_OWN: Final = 900_001
_SET_HEARTBEAT: Final = _OWN
_TEST: Final = _OWN + 1
_TOO_MANY: Final = (10028, 10066)
#: retry, system_maintenance, internal_server_error, temporarily_unavailable, timed_out: about no series.
_TROUBLE: Final = (10040, 11051, 11094, 13028, 13888)


class Deribit(JsonProtocol):
    """The protocol of Deribit's channels `chart.trades`."""

    name = "deribit"
    adds = True
    markets = MappingProxyType({"future": "perpetuals and dated futures, inverse and linear", "spot": "spot pairs"})
    default_market = "future"
    # It has 10 and 180 minutes too, but no four hours.
    timeframes = MappingProxyType(
        {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60"}
        | {"2h": "120", "6h": "360", "12h": "720", "1d": "1D"}
    )
    closes_by = "successor"
    limits = Limits(series_per_text=50, texts_per_second=3)

    def endpoints(self) -> tuple[str, ...]:
        return _ENDPOINTS[self.environment]

    def spell(self, symbol: str) -> str:
        if self.market == "spot":
            return join_symbol(symbol, "_")
        text = symbol.upper()
        if not _FUTURE.fullmatch(text):
            raise ValueError(
                f"Deribit's futures have names of their own, such as BTC-PERPETUAL (in BTC) and BTC_USDC-PERPETUAL "
                f"(in USDC); map it: symbols: {{{symbol}: …}}"
            )
        return text

    def opening(self) -> Sequence[str]:
        # With this the server asks whether we live, and so shows that it does.
        return (_request(_SET_HEARTBEAT, "public/set_heartbeat", {"interval": 30}),)

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("public/subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("public/unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        channels = [f"{_CHANNEL}{symbol}.{self.timeframes[timeframe]}" for symbol, timeframe in series]
        return _request(int(request_id), verb, {"channels": channels})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        method, request = message.get("method"), message.get("id")
        if method == "subscription":
            yield self._candle(message["params"])
        elif method == "heartbeat":
            asks = message["params"]["type"] == "test_request"
            yield Reply(_request(_TEST, "public/test", {})) if asks else Alive()
        elif "error" in message:
            yield _error(message["error"], request)
        elif "result" in message and type(request) is int and request >= _OWN:
            yield Alive()
        elif "result" in message and request is not None:
            yield from self._accepted(str(request), message["result"])
        else:
            yield Ignored(sample_of(str(method or ", ".join(message))))

    def _candle(self, params: dict[str, Any]) -> ProtocolEvent:
        channel, data = params["channel"], params["data"]
        if not channel.startswith(_CHANNEL):
            return Ignored(sample_of(channel))
        symbol, _, theirs = channel.removeprefix(_CHANNEL).rpartition(".")
        return self.bar(symbol, theirs, milliseconds(data["tick"]), [data[name] for name in _VALUES])

    def _accepted(self, request: str, channels: Any) -> Iterable[ProtocolEvent]:
        """The series of an answer to a subscription; what else it asked for, the server does not know."""
        series = []
        for channel in as_list(channels, "result"):
            symbol, _, theirs = channel.removeprefix(_CHANNEL).rpartition(".")
            if channel.startswith(_CHANNEL) and theirs in self.names:
                series.append((symbol, self.names[theirs]))
        if series:  # with none, an acknowledgement would mean the whole request
            yield Acknowledged(request, tuple(series))
        yield Refused("not in the server's answer", request)


def _request(number: int, method: str, params: dict[str, Any]) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def _error(error: dict[str, Any], request: Any) -> ProtocolEvent:
    code, words = error["code"], sample_of(f"{error.get('message', '')} (code {error['code']})")
    if code in _TOO_MANY:
        return ServerError(words, "rate")
    if request is None or code in _TROUBLE:
        return ServerError(words)
    if type(request) is int and request >= _OWN:
        return Ignored("error of a heartbeat", words)  # bars come all the same
    return Refused(words, str(request))
