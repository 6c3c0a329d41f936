"""Coinbase's candles of five minutes (Advanced Trade). Facts: the exchange's own documentation, as of 2026-11.

No bar is ever marked as closed. That a window without a trade is not pushed is a guess; if one is, it closes the bar
before it like any other. A subscription brings many older bars first, the newest one first. The stream and its own
REST interface were seen to differ in what they say about the same window.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    BarMessage,
    Ignored,
    Limits,
    Malformed,
    ProtocolEvent,
    Refused,
    Series,
)
from wealthsources_websocket.protocols.json_text import JsonProtocol, as_list, as_text, each_of, milliseconds, text_in
from wealthsources_websocket.protocols.symbols import join_symbol
from wealthsources_websocket.text import sample_of

_TIMEFRAME: Final = "5m"
_THEIRS: Final = "FIVE_MINUTE"  # as its REST interface says it; the stream has no word for it
_VALUES: Final = ("open", "high", "low", "close", "volume")
#: The only products in USDC of which candles are streamed under their own name.
_IN_USDC: Final = ("USDT-USDC", "EURC-USDC")


class Coinbase(JsonProtocol):
    """The protocol of Coinbase's channel `candles`."""

    name = "coinbase"
    adds = True
    sends_snapshot = True
    markets = MappingProxyType({"spot": "spot"})
    default_market = "spot"
    timeframes = MappingProxyType({_TIMEFRAME: _THEIRS})
    closes_by = "successor"
    pushes_quiet_minutes = False
    # An error names no product, so each of a text is asked for once more: not too many of them.
    limits = Limits(series_per_text=20, texts_per_second=4, connects_per_minute=240)
    acknowledgement = "subscriptions"

    def endpoints(self) -> tuple[str, ...]:
        if self.environment == "test":
            raise ValueError("Coinbase's market data have no test environment; leave `environment` out")
        return ("wss://advanced-trade-ws.coinbase.com",)

    def spell(self, symbol: str) -> str:
        product = join_symbol(symbol, "-")
        if product.endswith("-USDC") and product not in _IN_USDC:
            # The frames would name the other product. Not to be done in silence: who reads USDC has to know.
            other = product.removesuffix("C")
            raise ValueError(
                f"Coinbase streams {product} as {other} only, with the same data; ask for that, or map it: "
                f"symbols: {{{symbol}: {other}}}"
            )
        return product

    def opening(self) -> Sequence[str]:
        # Without it the server ends a connection on which nothing was traded for a minute.
        return (json.dumps({"type": "subscribe", "channel": "heartbeats"}),)

    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        return self._ask("subscribe", series, request_id)

    def unsubscription(self, series: Sequence[Series], request_id: str) -> str:
        return self._ask("unsubscribe", series, request_id)

    def _ask(self, verb: str, series: Sequence[Series], request_id: str) -> str:
        products = [symbol for symbol, _ in series]
        return json.dumps({"type": verb, "product_ids": products, "channel": "candles"})

    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        kind = message.get("channel") or message.get("type")
        if kind == "candles":
            events = as_list(message["events"], "events")
            for candles in each_of(events, self._candles, lambda event, why: [self._lost(event, why)]):
                yield from candles
        elif kind == "heartbeats":
            yield Alive()
        elif kind == "subscriptions":
            yield _answer(message)
        elif kind == "error":
            # It has neither a code nor a name of what it is about: whatever is not acknowledged yet.
            yield Refused(sample_of(str(message["message"])))
        else:
            yield Ignored(sample_of(str(kind or ", ".join(message))))

    def _candles(self, event: Any) -> list[BarMessage | Malformed]:
        """The bars of one event, the oldest first, so that each is closed by the next."""
        return sorted(each_of(as_list(event["candles"], "candles"), self._candle, self._lost), key=_opened)

    def _candle(self, entry: Any) -> BarMessage | Malformed:
        open_time = milliseconds(entry["start"], 1000)
        return self.bar(entry["product_id"], _THEIRS, open_time, [entry[name] for name in _VALUES])

    def _lost(self, entry: Any, why: str) -> BarMessage | Malformed:
        symbol = text_in(entry, "product_id")
        return self.bad_bar(why, symbol, _THEIRS if symbol else "")


def _answer(message: dict[str, Any]) -> ProtocolEvent:
    """All that is subscribed to so far, of which the first answer may hold no more than the heartbeats."""
    lists = [as_list(event["subscriptions"].get("candles", []), "candles") for event in message["events"]]
    products = [as_text(product, "candles") for each in lists for product in each]
    if not products:
        return Alive()  # an acknowledgement without a series would mean all of them
    return Acknowledged(None, tuple((product, _TIMEFRAME) for product in products))


def _opened(event: BarMessage | Malformed) -> int:
    return -1 if event.open_time is None else event.open_time
