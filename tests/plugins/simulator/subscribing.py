"""How a client subscribes to one series of each exchange, as its documentation says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from wealthsources_simulator import Market
from wealthsources_simulator.exchanges.base import Conversation, Exchange, Request
from wealthsources_simulator.exchanges.catalogue import make_exchange

from .clients import TEXT, Client

_KLINE = "spot@public.kline.v3.api.pb@BTCUSDT@Min1"
_DERIBIT = {"jsonrpc": "2.0", "id": 1, "method": "public/subscribe"}


@dataclass(frozen=True)
class Way:
    """The series, the texts that subscribe to it, and after which words the text of a bar is the same for all."""

    symbol: str
    texts: tuple[Any, ...]
    timeframe: str = "1m"
    after: str = ""


WAYS = {
    "binance": Way("BTCUSDT", ({"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 1},)),
    "okx": Way("BTC-USDT", ({"op": "subscribe", "args": [{"channel": "candle1m", "instId": "BTC-USDT"}]},)),
    "kraken": Way(
        "BTC/USD",
        ({"method": "subscribe", "params": {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 1}, "req_id": 1},),
    ),
    "kucoin": Way(
        "BTC-USDT",
        ({"id": "1", "type": "subscribe", "topic": "/market/candles:BTC-USDT_1min", "response": True},),
        after='"data":',
    ),
    "bybit": Way("BTCUSDT", ({"req_id": "1", "op": "subscribe", "args": ["kline.1.BTCUSDT"]},)),
    "gate": Way(
        "BTC_USDT",
        ({"time": 1, "channel": "spot.candlesticks", "event": "subscribe", "payload": ["1m", "BTC_USDT"]},),
    ),
    "bitget": Way(
        "BTCUSDT",
        ({"op": "subscribe", "args": [{"instType": "SPOT", "channel": "candle1m", "instId": "BTCUSDT"}]},),
    ),
    "hyperliquid": Way(
        "BTC", ({"method": "subscribe", "subscription": {"type": "candle", "coin": "BTC", "interval": "1m"}},)
    ),
    "htx": Way("btcusdt", ({"sub": "market.btcusdt.kline.1min", "id": "1"},)),
    "deribit": Way("BTC-PERPETUAL", (_DERIBIT | {"params": {"channels": ["chart.trades.BTC-PERPETUAL.1"]}},)),
    "coinbase": Way(
        "BTC-USD",
        ({"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "candles"},),
        timeframe="5m",
        after='"events":',
    ),
    "mexc": Way("BTCUSDT", ({"method": "SUBSCRIPTION", "params": [_KLINE]},)),
    "alpaca": Way("AAPL", ({"action": "auth", "key": "K", "secret": "S"}, {"action": "subscribe", "bars": ["AAPL"]})),
    "massive": Way("AAPL", ({"action": "auth", "params": "K"}, {"action": "subscribe", "params": "AM.AAPL"})),
}


#: So slow that no heartbeat comes in the midst of a test, and nobody is cut for being slow.
PACE = 1000.0


def make_market(name: str, *, two: bool = False, **options: Any) -> Market:
    """A market of the one series, or with a second one of another symbol."""
    way = WAYS[name]
    symbols = [way.symbol, _other(way.symbol)] if two else [way.symbol]
    options = {"bars": 20, "updates": 2} | options
    return Market.made(symbols, way.timeframe, exchange=make_exchange(name, pace=PACE), **options)


def path(exchange: Exchange, origin: str = "ws://127.0.0.1") -> str:
    """What to ask for, with a token where one has to be had first."""
    if not exchange.asks_first:
        return exchange.path
    answer = exchange.http(Request("POST", "/api/v1/bullet-public", origin))
    assert answer is not None
    return f"{exchange.path}?token={answer.body['data']['token']}&connectId=c"


def subscribe(client: Client, name: str, *, two: bool = False) -> None:
    texts = [json.dumps(text) for text in WAYS[name].texts]
    for text in [*texts, _other(texts[-1])] if two else texts:
        client.send(TEXT, text.encode())


def wire(name: str, exchange: Exchange, text: str) -> bytes:
    """What of a played text is to be seen on the wire."""
    after = WAYS[name].after
    shown = exchange.encode(text, Conversation(path=exchange.path))
    data = shown.encode() if isinstance(shown, str) else shown
    return data.partition(after.encode())[2] if after else data


def _other(text: str) -> str:
    """The same of another symbol, which comes later in the alphabet."""
    return text.replace("BTC", "ETH").replace("btc", "eth").replace("AAPL", "MSFT")
