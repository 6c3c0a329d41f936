"""Alpaca, as documented: oldest first, bounds inclusive and RFC 3339, pages by token; stocks by feed, and crypto.

What its documentation leaves open is as bad here as it can be: a bar that ends later than was asked for is made of what
came before, and an end before the start is turned down.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.bars import forming_state
from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_STOCKS: Final = "/v2/stocks/bars"
_CRYPTO: Final = "/v1beta3/crypto/us/bars"
_ASSETS: Final = "/v2/assets"
_MOST: Final = 10_000
_USUAL: Final = 1000
#: ms; so much later a plan without real time has what all exchanges traded.
_LATE: Final = 15 * 60_000
_SYMBOL: Final = {_STOCKS: re.compile(r"[A-Z.]+"), _CRYPTO: re.compile(r"[A-Z]+/[A-Z]+")}
_UNITS: Final = {"min": "m", "t": "m", "hour": "h", "h": "h", "day": "d", "d": "d"}
_FRAME: Final = re.compile(r"([0-9]+)([A-Za-z]+)")


class Alpaca(HistoryExchange):
    """Stocks without a bar of a window without a trade; crypto, whose bar then has the prices of quotes and volume 0.

    token      `KEY:SECRET` that it lets in; None: any
    real_time  whether the plan has what all exchanges traded without delay
    most       so many bars a page has at most, however many are asked for
    """

    timeframes: ClassVar[dict[str, str]] = {}  # any number of minutes or hours

    def __init__(self, token: str | None = None, *, real_time: bool = True, most: int = _MOST) -> None:
        self._token = token
        self._real_time = real_time
        self._most = most

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of what is traded, of one class."""
        self._let_in(ask)
        if ask.path != _ASSETS:
            raise Refusal(404, {"code": 40410000, "message": "endpoint not found"})
        crypto = ask.query.get("asset_class", "us_equity") == "crypto"
        return [_asset(each) for each in truth.traded(contracts=False) if bool(each.quote) == crypto]

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From `start`, or what a token goes on from, to `end`, both inclusive, `limit` at most."""
        if ask.path not in _SYMBOL:
            return None
        if ask.path == _STOCKS:
            self._let_in(ask)
        elif "apca-api-key-id" in ask.headers:
            self._let_in(ask)  # it needs no key, but none that is wrong
        limit = ask.number("limit", _USUAL) or 0
        if not 1 <= limit <= _MOST:
            raise _bad(f"invalid limit: {limit}")
        return self._left(ask, truth)[: min(limit, self._most)]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:
        """Objects of numbers, by the symbol; a token if more are left."""
        symbol, left = ask.query["symbols"], self._left(ask, truth)
        last = bars[-1].open_time if bars else _start(ask) - 1
        more = any(bar.open_time > last for bar in left)
        rows = {symbol: [_row(bar) for bar in bars]} if bars else {}
        return {"bars": rows, "next_page_token": _to_token(symbol, last) if more else None}

    def _let_in(self, ask: Ask) -> None:
        key, secret = ask.headers.get("apca-api-key-id"), ask.headers.get("apca-api-secret-key")
        if not key or not secret:
            raise Refusal(401, {"message": "unauthorized."})
        if self._token not in (None, f"{key}:{secret}"):
            raise Refusal(403, {"message": "forbidden."})

    def _left(self, ask: Ask, truth: Truth) -> list[PlayedBar]:
        """All bars from this page on."""
        symbol = ask.query.get("symbols", "")
        if not _SYMBOL[ask.path].fullmatch(symbol):  # of several the tests ask nothing
            raise _bad(f"invalid symbol: {symbol}")
        bars = truth.bars(symbol, _ours(ask.query.get("timeframe", "")))
        if ask.path == _STOCKS:
            bars = [bar for bar in bars if float(bar.volume)]
        end = self._end(ask, truth.now)
        found = within(bars, _start(ask), end)
        if found and truth.now >= found[-1].end > end:
            found[-1] = forming_state(found[-1], 1, 4)
        return found

    def _end(self, ask: Ask, now: int) -> int:
        """Raises Refusal for a time that the plan does not have."""
        sip = ask.path == _STOCKS and ask.query.get("feed", "sip") == "sip"
        newest = now if self._real_time or not sip else now - _LATE
        end = _time(ask, "end", newest)
        if end > newest and sip and not self._real_time:
            raise Refusal(403, {"message": "subscription does not permit querying recent SIP data"})
        if end < _time(ask, "start", 0):
            raise _bad("end should not be before start")
        return end


def _ours(name: str) -> str:
    match = _FRAME.fullmatch(name)
    if match is None or match[2].lower() not in _UNITS:
        raise _bad(f"invalid timeframe: {name}")
    return match[1] + _UNITS[match[2].lower()]


def _start(ask: Ask) -> int:
    token = ask.query.get("page_token")
    return _time(ask, "start", 0) if token is None else _from_token(token) + 1


def _time(ask: Ask, name: str, default: int) -> int:
    if name not in ask.query:
        return default
    try:
        return round(dt.datetime.fromisoformat(ask.query[name]).timestamp() * 1000)
    except ValueError:
        raise _bad(f"Invalid format for parameter {name}: error parsing {ask.query[name]!r} as RFC3339") from None


def _to_token(symbol: str, last: int) -> str:
    return base64.urlsafe_b64encode(f"{symbol}|{last}".encode()).decode()


def _from_token(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().rpartition("|")[2])
    except ValueError:
        raise _bad("invalid page token") from None


def _bad(message: str) -> Refusal:
    return Refusal(400, {"message": message})


def _row(bar: PlayedBar) -> dict[str, Any]:
    values = {name[0]: float(getattr(bar, name)) for name in ("open", "high", "low", "close", "volume")}
    opens = dt.datetime.fromtimestamp(bar.open_time / 1000, dt.UTC)
    return {"t": f"{opens:%Y-%m-%dT%H:%M:%SZ}", **values, "n": 3, "vw": float(bar.close)}


def _asset(each: Traded) -> dict[str, Any]:
    if not each.quote:
        return {"class": "us_equity", "exchange": "NASDAQ", "symbol": each.symbol, "status": "active", "tradable": True}
    steps = {"min_order_size": "0.000026873", "min_trade_increment": "0.000000001", "price_increment": "1"}
    return {
        "class": "crypto",
        "exchange": "CRYPTO",
        "symbol": each.symbol,
        "status": "active",
        "tradable": True,
        **steps,
    }
