"""KuCoin's candles: spot and futures, the classic streams. Facts: the exchange's own documentation, as of 2026-11.

Before each connection REST is asked for a server and a token, and nothing is sent before the server's `welcome`. No bar
is ever marked as closed. A minute without a trade is pushed only together with the next one that has a trade.
The frames of futures are as public clients read them: the same order, with the volume in contracts at the end.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import msgspec

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Greeting,
    Ignored,
    Limits,
    ProtocolEvent,
    Refused,
    Series,
    ServerError,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, milliseconds, parse_json
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_ENDPOINTS: Final = {
    "spot": "https://api.kucoin.com/api/v1/bullet-public",
    "futures": "https://api-futures.kucoin.com/api/v1/bullet-public",
}
_TOPICS: Final = {"spot": "/market/candles:", "futures": "/contractMarket/limitCandle:"}
#: Without 1week, which opens on Thursday.
_SPOT: Final = {
    "1m": "1min",
    "3m": "3min",
    "5m": "5min",
    "15m": "15min",
    "30m": "30min",
    "1h": "1hour",
    "2h": "2hour",
} | {"4h": "4hour", "6h": "6hour", "8h": "8hour", "12h": "12hour", "1d": "1day", "1M": "1month"}
_NOT_OF_FUTURES: Final = ("3m", "6h", "1M")
_LINEAR: Final = re.compile(r"([A-Z0-9]+?)[-_/]?(USDT|USDC)M?")
_SERVER: Final = re.compile(r"(wss?)://[!-~]+")
_TOKEN_EXPIRED: Final = 401
_NOT_FOUND: Final = re.compile(r":([A-Za-z0-9-]+)_(\w+) is not found", re.ASCII)
_TOO_MANY: Final = 509


class KuCoin(JsonProtocol):
    """The protocol of KuCoin's streams of candles."""

    name = "kucoin"
    adds = True
    markets = MappingProxyType({"spot": "spot", "futures": "USDT and USDC perpetuals"})
    default_market = "spot"
    asks_first = "POST"
    closes_by = "successor"
    pushes_quiet_minutes = False
    limits = Limits(100, 300, 8, connects_per_minute=30)  # 100 texts in ten seconds, pings among them
    greets = True
    heartbeat = "text"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        futures = self.market == "futures"
        skipped = _NOT_OF_FUTURES if futures else ()
        self.timeframes = MappingProxyType({ours: its for ours, its in _SPOT.items() if ours not in skipped})
        self.needs_contract_size = futures
        self.history_bars = 0 if futures else None
        self._topic = _TOPICS[self.market]

    def endpoints(self) -> tuple[str, ...]:
        if self.environment == "test":
            raise ValueError("KuCoin has no test environment any more; leave `environment` out")
        return (_ENDPOINTS[self.market],)

    def address(self, endpoint: str, series: Sequence[Series], answer: bytes) -> str:
        try:
            message = parse_json(answer)
            if message["code"] != "200000":
                raise ValueError(sample_of(f"KuCoin gives no token: {message.get('msg')} (code {message['code']})"))
            server, token = message["data"]["instanceServers"][0]["endpoint"], message["data"]["token"]
            found = _SERVER.fullmatch(server)
        except (msgspec.DecodeError, RecursionError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"KuCoin's answer names no server and token: {type(error).__name__}") from None
        # A token in clear text only for those who asked in clear text.
        if found is None or (found[1] == "ws" and not endpoint.startswith("http://")):
            raise ValueError(f"KuCoin's answer names no wss:// server but {sample_of(server)}")
        if type(token) is not str or not token:
            raise ValueError("KuCoin's answer holds no token")
        # Any text that differs between connections will do; made of the token, which does, it needs no chance.
        connection = hashlib.sha256(token.encode()).hexdigest()[:16]
        return f"{server}{'&' if '?' in server else '?'}token={quote(token, safe='')}&connectId={connection}"

    def spell(self, symbol: str) -> str:
        if self.market == "spot":
            return join_symbol(symbol, "-")
        found = _LINEAR.fullmatch(symbol.upper())
        if found is None:
            # The volume of inverse contracts, such as XBTUSDM, is in USD: no fixed amount of the base is in one.
            raise ValueError(
                f"{symbol!r} is no perpetual of KuCoin's in USDT or USDC; write it like XBTUSDTM or BTCUSDT"
            )
        base, money = found.groups()
        return f"{'XBT' if base == 'BTC' else base}{money}M"

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        topics = ",".join(f"{symbol}_{self.timeframes[timeframe]}" for symbol, timeframe in series)
        return json.dumps({"id": request_id, "type": verb, "topic": self._topic + topics, "response": True})

    def heartbeat_text(self, number: int) -> str:
        return json.dumps({"id": f"ping{number}", "type": "ping"})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        kind = message["type"]
        if kind == "message":
            yield self._candle(message)
        elif kind == "pong":
            yield Alive(answer=True)
        elif kind == "welcome":
            yield Greeting()
        elif kind == "ack":
            yield Acknowledged(str(message["id"]))
        elif kind == "error":
            yield self._error(message)
        else:
            yield Ignored(sample_of(str(kind)))

    def _candle(self, message: dict[str, Any]) -> ProtocolEvent:
        topic, data = message["topic"], message["data"]
        if not topic.startswith(self._topic):
            return Ignored(sample_of(topic))
        symbol, _, theirs = topic.removeprefix(self._topic).rpartition("_")
        row = data["candles"]
        if type(row) is not list or len(row) < 7 or data.get("symbol", symbol) != symbol:
            return self.bad_bar("its data are no seven values of this symbol", symbol, theirs)
        start, first, last, high, low, volume, contracts = row[:7]
        if self.needs_contract_size:
            volume = contracts  # the value before it is wrong, says the documentation
        return self.bar(symbol, theirs, milliseconds(start, 1000), [first, high, low, last, volume])

    def _error(self, message: dict[str, Any]) -> ProtocolEvent:
        code, request, said = message.get("code"), message.get("id"), str(message.get("data", ""))
        words = sample_of(f"{said} (code {code})")
        if code == _TOO_MANY:
            return ServerError(words, "rate")
        if code == _TOKEN_EXPIRED or request is None:
            # No matter of a credential: the next connection asks for a token of its own. Its id is not ours.
            return ServerError(words)
        found = _NOT_FOUND.search(said)
        theirs = found[2] if found else ""
        return Refused(words, str(request), ((found[1], self.names[theirs]),) if found and theirs in self.names else ())
