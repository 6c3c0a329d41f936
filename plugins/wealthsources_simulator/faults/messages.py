"""Rows E: texts that say the wrong thing. Each is sent once after the acknowledgement, then the server behaves well."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from wealthsources import Timeframe
from wealthsources_simulator.bars import PlayedBar
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.faults.registry import misbehaves_once

if TYPE_CHECKING:
    from wealthsources_simulator.peer import Peer

Bar = dict[str, Any]

#: Whose fields some of these change by name.
WEALTHAI: Final = "wealthai"

_PRICES: Final = ("open", "high", "low", "close", "volume")
_FIELDS: Final = ("type", "symbol", "timeframe", "open_time", "close_time", *_PRICES)
_YEAR_2262: Final = 9_214_646_400_000


@misbehaves_once("not-json", "E1", "messages")
def _not_json(peer: Peer) -> None:
    """Sends a text that is not JSON."""
    peer.send('{"type": "BAR", "symbol": ')


@misbehaves_once("no-object", "E1", "messages", default='"hello"')
def _no_object(peer: Peer, text: str) -> None:
    """Sends JSON that is no object."""
    peer.send(text)


@misbehaves_once("deep-nesting", "E1", "messages", default=10_000)
def _deep_nesting(peer: Peer, depth: int) -> None:
    """Sends a bar with so many lists inside each other."""
    bar = peer.exchange.text(peer.bar(data="?"), spaced=True)
    peer.send(bar.replace('"?"', "[" * depth + "]" * depth))


@misbehaves_once("duplicate-keys", "E1", "messages", protocol=WEALTHAI)
def _duplicate_keys(peer: Peer) -> None:
    """Sends a bar that says its close twice, the second time wrongly."""
    peer.send(_with_literal(peer.bar(), "close", f'"{peer.bar()["close"]}", "close": "{peer.bar()["low"]}"'))


@misbehaves_once("nan", "E1", "messages", default="NaN", choices=("NaN", "Infinity", "-Infinity"), protocol=WEALTHAI)
def _nan(peer: Peer, literal: str) -> None:
    """Sends a bar whose close is NaN or Infinity, without quotes."""
    peer.send(_with_literal(peer.bar(), "close", literal))


@misbehaves_once("bad-message-flood", "E1", "messages", default=2000)
def _bad_message_flood(peer: Peer, count: int) -> None:
    """Sends so many texts that are not JSON."""
    for number in range(count):
        peer.send(f"no message, number {number}")


@misbehaves_once("missing-field", "E2", "messages", default="close", choices=_FIELDS, protocol=WEALTHAI)
def _missing_field(peer: Peer, field: str) -> None:
    """Sends a bar without this field."""
    bar = peer.bar()
    del bar[field]
    peer.send(bar)


@misbehaves_once("null-field", "E2", "messages", default="close", choices=_FIELDS, protocol=WEALTHAI)
def _null_field(peer: Peer, field: str) -> None:
    """Sends a bar with null in this field."""
    peer.send(peer.bar(**{field: None}))


@misbehaves_once("wrong-type", "E2", "messages", default="close", choices=_FIELDS, protocol=WEALTHAI)
def _wrong_type(peer: Peer, field: str) -> None:
    """Sends a bar with an object in this field."""
    peer.send(peer.bar(**{field: {"value": 1}}))


@misbehaves_once(
    "number", "E2", "messages", default="close", choices=("symbol", "timeframe", *_PRICES), protocol=WEALTHAI
)
def _number(peer: Peer, field: str) -> None:
    """Sends a bar with a number where text is usual: the same value for a price, 1 for a name."""
    bar = peer.bar()
    peer.send(_with_literal(bar, field, bar[field] if field in _PRICES else "1"))


@misbehaves_once("odd-price", "E3", "messages", default="abc", protocol=WEALTHAI)
def _odd_price(peer: Peer, text: str) -> None:
    """Sends a bar whose close is this text."""
    peer.send(peer.bar(close=text))


def _above(text: str) -> str:
    return str(Decimal(text) + 1)


#: What is wrong with an impossible bar: the values that are changed, made from the bar as it should be.
_IMPOSSIBLE: Final[dict[str, Callable[[PlayedBar], dict[str, Any]]]] = {
    "high-below-low": lambda bar: {"high": bar.low, "low": _above(bar.high)},
    "close-outside": lambda bar: {"close": _above(bar.high)},
    "open-outside": lambda bar: {"open": _above(bar.high)},
    "zero-price": lambda _: {"low": "0"},
    "negative-price": lambda bar: {"low": f"-{bar.low}"},
    "negative-volume": lambda bar: {"volume": f"-{_above(bar.volume)}"},
    "off-grid": lambda bar: {"open_time": bar.open_time + 1},
    "odd-close-time": lambda bar: {"end": bar.end + 12_345},
    "close-time-999": lambda bar: {"end": bar.end - 1},
    "year-1970": lambda bar: {"open_time": 0, "end": bar.end - bar.open_time},
    "year-2262": lambda _: {"open_time": _YEAR_2262, "end": _YEAR_2262 + 60_000},
    "seconds": lambda bar: {"open_time": bar.open_time // 1000, "end": bar.end // 1000},
    "microseconds": lambda bar: {"open_time": bar.open_time * 1000, "end": bar.end * 1000},
}


@misbehaves_once("impossible-bar", "E4", "messages", default="high-below-low", choices=tuple(_IMPOSSIBLE))
def _impossible_bar(peer: Peer, kind: str) -> None:
    """Sends a bar that cannot be (odd-close-time and close-time-999 can, and decide nothing)."""
    bar, closed = peer.state()
    peer.send(peer.exchange.bar(peer.subject, replace(bar, **_IMPOSSIBLE[kind](bar)), closed))


@misbehaves_once("unknown-type", "E5", "messages")
def _unknown_type(peer: Peer) -> None:
    """Sends a message of a type that nobody knows."""
    peer.send({"type": "WEATHER", "symbol": "BTCUSDT", "text": "sunny"})


@misbehaves_once("extra-keys", "E5", "messages")
def _extra_keys(peer: Peer) -> None:
    """Sends a bar with more fields than there should be."""
    peer.send(peer.bar(trades=17, vwap="10.5", nested={"open": "1", "list": [1, None, "x"]}))


def _month(bar: Bar) -> Bar:
    """A bar of the month, whose open time is on the grid of every shorter timeframe but the week."""
    month = Timeframe("1M")
    open_time = month.floor(bar["open_time"])
    return bar | {"timeframe": "1M", "open_time": open_time, "close_time": month.end(open_time)}


def _without_timeframe(bar: Bar) -> Bar:
    return {name: value for name, value in bar.items() if name != "timeframe"}


#: Other ways to write the names of a bar.
_ODD_NAMES: Final[dict[str, Callable[[Bar], Bar]]] = {
    "resolution": lambda bar: _without_timeframe(bar) | {"resolution": bar["timeframe"]},
    "both": lambda bar: bar | {"resolution": bar["timeframe"]},
    "contradiction": lambda bar: bar | {"resolution": "1m" if bar["timeframe"] != "1m" else "5m"},
    "kline": lambda bar: bar | {"type": "KLINE"},
    "month": _month,
    "long-unit": lambda bar: bar | {"timeframe": bar["timeframe"].replace("m", "min").replace("h", "hour")},
    "upper-unit": lambda bar: bar | {"timeframe": bar["timeframe"].upper()},
    "lower-symbol": lambda bar: bar | {"symbol": bar["symbol"].lower()},
    "dashed-symbol": lambda bar: bar | {"symbol": f"{bar['symbol'][:3]}-{bar['symbol'][3:]}"},
    "slashed-symbol": lambda bar: bar | {"symbol": f"{bar['symbol'][:3]}/{bar['symbol'][3:]}"},
}


@misbehaves_once("odd-names", "E6", "messages", default="resolution", choices=tuple(_ODD_NAMES), protocol=WEALTHAI)
def _odd_names(peer: Peer, kind: str) -> None:
    """Sends a bar whose symbol or timeframe is written in another way."""
    peer.send(_ODD_NAMES[kind](peer.bar()))


@misbehaves_once("unsolicited", "E7", "messages", default="symbol", choices=("symbol", "timeframe"))
def _unsolicited(peer: Peer, kind: str) -> None:
    """Sends a bar of a symbol or a timeframe that was not asked for."""
    (symbol, timeframe), (bar, closed) = peer.subject, peer.state()
    if kind == "symbol":
        peer.send(peer.exchange.bar(("NOBODYASKED", timeframe), bar, closed))
        return
    other = Timeframe(_other_timeframe(peer))
    open_time = other.floor(bar.open_time)
    bar = replace(bar, open_time=open_time, end=other.end(open_time))
    peer.send(peer.exchange.bar((symbol, str(other)), bar, closed))


def _other_timeframe(peer: Peer) -> str:
    """One that the exchange has and the client did not ask for. Raises SimulatorError."""
    asked = {timeframe for _, timeframe in peer.series}
    for name in ("1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d"):
        if name not in asked and peer.exchange.has_timeframe(name):
            return name
    raise SimulatorError(f"{peer.exchange.name} has no other timeframe than those asked for")


@misbehaves_once("error-while-streaming", "E8", "messages", default="slow down")
def _error_while_streaming(peer: Peer, text: str) -> None:
    """Sends an error with this text after the acknowledgement."""
    peer.send(peer.exchange.error(text))


def _with_literal(bar: Bar, field: str, literal: str) -> str:
    """The text of a bar with a piece of JSON, right or wrong, as the value of one field."""
    return json.dumps(bar | {field: "?"}).replace('"?"', literal)
