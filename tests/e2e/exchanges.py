"""Exchanges for the tests of the whole path: what each calls its symbols, and where its history is served."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import time
from collections.abc import Mapping
from typing import Any

from wealthsources import FIELDS, Bar, Bars, Timeframe
from wealthsources_simulator import Market, MarketServer, PlayedBar, Series
from wealthsources_simulator.exchanges.catalogue import make_exchange
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

Row = tuple[int, tuple[str, ...]]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One market of an exchange.

    symbols    ours → the server's, and ccxt's
    unknown    one that it does not have, and what its state is in the end
    history    the class of its REST interface in `wealthsources_simulator.history`, None if there is none
    zeros      whether its history keeps the zeros at the end of a number
    contracts  its volume is counted in contracts, and so has zeros of its own
    live, rest options of the live source, and of its history
    """

    name: str
    market: str
    symbols: Mapping[str, tuple[str, str]]
    unknown: tuple[str, str]
    history: str | None = None
    timeframe: str = "1m"
    zeros: bool = True
    contracts: bool = False
    live: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    rest: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}-{self.market}"

    @property
    def series(self) -> dict[str, Series]:
        """Ours → what the simulator calls it."""
        return {ours: (theirs, self.timeframe) for ours, (theirs, _) in self.symbols.items()}

    def play(self, bars: int) -> Market:
        """A market whose last bar is over by now, so that its history is recent too."""
        timeframe = Timeframe(self.timeframe)
        last = timeframe.floor(int(time.time() * 1000)) - timeframe.milliseconds
        played = {}
        for key in self.series.values():
            made = invent_bars(key[0], timeframe, bars, 7)
            by = last - made[-1].open_time
            played[key] = [dataclasses.replace(bar, open_time=bar.open_time + by, end=bar.end + by) for bar in made]
        return Market(played, exchange=make_exchange(self.name, self.market), updates=3)

    def serve_history(self, market: Market) -> HistoryServer | None:
        """The same bars over REST, as far as they were played."""
        if self.history is None:
            return None
        kind = getattr(importlib.import_module(f"wealthsources_simulator.history.{self.name}"), self.history)
        bars = {
            (unified, self.timeframe): functools.partial(market.all, self.series[ours])
            for ours, (_, unified) in self.symbols.items()
        }
        return HistoryServer(kind(), Truth(bars, lambda: int(time.time() * 1000)))

    def config(self, server: MarketServer, history: HistoryServer | None) -> dict[str, Any]:
        """The exchange live, then its history."""
        options = {
            "protocol": self.name,
            "market": self.market,
            "endpoint": server.url,
            "symbols": [*self.symbols, self.unknown[0]],
            "resolutions": [self.timeframe],
            "backoff_base": 0.005,
            "backoff_cap": 0.01,
            "connects_per_minute": 100_000,
            **self.live,
        }
        sources: list[dict[str, Any]] = [{"name": "live", "plugin": "websocket", "options": options}]
        if history is not None:
            rest = {"exchange": self.name, "market": self.market, "endpoint": history.url, **self.rest}
            sources.append({"name": "history", "plugin": "ccxt", "options": rest})
        return {"sources": sources, "on_stale": "mark", "source_deadline": 10}


def pairs(joined: str, contract: str = "", quote: str = "USDT") -> dict[str, tuple[str, str]]:
    """Two symbols: ours → as the server joins base and quote, and as ccxt does."""
    return {
        f"{base}{quote}": (joined.format(base=base, quote=quote), f"{base}/{quote}{contract}")
        for base in ("BTC", "ETH")
    }


PERPETUAL = ":USDT"
REFUSED = ("FOOUSDT", "refused")
SILENT = ("FOOUSDT", "never_received")
SIZES = {"contract_sizes": dict.fromkeys(("BTCUSDT", "ETHUSDT", "FOOUSDT"), "0.01")}
KEY = {"api_key": "a-key-of-a-user"}
KEYS, REST_KEYS = ({**KEY, name: "the-secret-of-a-user"} for name in ("api_secret", "secret"))
STOCKS = {"AAPL": ("AAPL", "AAPL"), "SPY": ("SPY", "SPY")}

ALL = [
    Exchange("binance", "spot", pairs("{base}{quote}"), SILENT, "Binance"),
    Exchange("binance", "usdm", pairs("{base}{quote}", PERPETUAL), SILENT, "Binance"),
    Exchange("okx", "spot", pairs("{base}-{quote}"), REFUSED, "Okx"),
    Exchange("okx", "swap", pairs("{base}-{quote}-SWAP", PERPETUAL), REFUSED, "Okx"),
    Exchange("bybit", "spot", pairs("{base}{quote}"), REFUSED, "Bybit"),
    Exchange("bybit", "linear", pairs("{base}{quote}", PERPETUAL), REFUSED, "Bybit"),
    Exchange("gate", "spot", pairs("{base}_{quote}"), REFUSED, "Gate", zeros=False),
    Exchange(
        "gate",
        "perps",
        pairs("{base}_{quote}", PERPETUAL),
        REFUSED,
        "Gate",
        zeros=False,
        contracts=True,
        live=SIZES,
    ),
    Exchange("kraken", "spot", pairs("{base}/{quote}"), REFUSED, "Kraken"),
    Exchange("bitget", "spot", pairs("{base}{quote}"), REFUSED, "Bitget"),
    Exchange("bitget", "usdt-futures", pairs("{base}{quote}", PERPETUAL), REFUSED, "Bitget"),
    Exchange("kucoin", "spot", pairs("{base}-{quote}"), REFUSED, "KuCoin"),
    Exchange(
        "hyperliquid",
        "perps",
        {"BTC": ("BTC", "BTC/USDC:USDC"), "ETH": ("ETH", "ETH/USDC:USDC")},
        ("FOO", "refused"),
        "Hyperliquid",
        zeros=False,
    ),
    Exchange(
        "htx",
        "spot",
        {"BTCUSDT": ("btcusdt", "BTC/USDT"), "ETHUSDT": ("ethusdt", "ETH/USDT")},
        REFUSED,
        "Htx",
        zeros=False,
    ),
    Exchange(
        "deribit",
        "future",
        {f"{base}_USDC-PERPETUAL": (f"{base}_USDC-PERPETUAL", f"{base}/USDC:USDC") for base in ("BTC", "ETH")},
        ("FOO_USDC-PERPETUAL", "refused"),
        "Deribit",
        zeros=False,
    ),
    Exchange(
        "coinbase",
        "spot",
        pairs("{base}-{quote}", quote="USD"),
        ("FOOUSD", "never_received"),
        "Coinbase",
        timeframe="5m",
    ),
    Exchange("mexc", "spot", pairs("{base}{quote}"), REFUSED, "Mexc", zeros=False),
    Exchange(
        "mexc",
        "perps",
        pairs("{base}_{quote}", PERPETUAL),
        REFUSED,
        "Mexc",
        zeros=False,
        contracts=True,
        live=SIZES,
    ),
    Exchange(
        "alpaca",
        "iex",
        STOCKS,
        ("FOO", "never_received"),
        "Alpaca",
        zeros=False,
        live=KEYS,
        rest=REST_KEYS,
    ),
    Exchange(
        "alpaca",
        "crypto",
        pairs("{base}/{quote}", quote="USD"),
        ("FOOUSD", "never_received"),
        "Alpaca",
        zeros=False,
        live=KEYS,
        rest=REST_KEYS,
    ),
    Exchange("massive", "stocks", STOCKS, ("FOO", "never_received"), "Massive", zeros=False, live=KEY, rest=KEY),
]


def stated(bar: PlayedBar) -> Row:
    """What is true of a bar."""
    return bar.open_time, tuple(getattr(bar, field) for field in FIELDS)


def told(bars: Bars) -> list[Row]:
    """What is said of bars."""
    return [told_of(bar) for bar in bars]


def told_of(bar: Bar) -> Row:
    """What is said of one bar."""
    return bar.open_time, tuple(bar.exact(field) for field in FIELDS)


def numbers(rows: list[Row]) -> list[tuple[int, tuple[float, ...]]]:
    """The same as numbers, where the zeros at the end of a text did not come all of the way."""
    return [(open_time, tuple(map(float, texts))) for open_time, texts in rows]
