"""Massive, once Polygon, as documented: bars of stocks, bounds that snap outwards, a limit that counts minutes.

What its documentation leaves open is as bad here as it can be: of a plan that is late the newest minute is not whole.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.bars import forming_state
from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Truth

_PATH: Final = re.compile(r"/v2/aggs/ticker/[^/]+/range/[1-9][0-9]*/(minute|hour)/[0-9]+/[0-9]+")
_REQUEST: Final = "6a7e4663-79af"
_MINUTE: Final = 60_000
_MINUTES: Final = {"minute": 1, "hour": 60}
#: ms; so much later a plan that is late has a trade.
_LATE: Final = 15 * 60_000
_USUAL: Final = 5000
_MOST: Final = 50_000


class Massive(HistoryExchange):
    """Stocks. A window without a trade has no bar.

    token     the key that it lets in; None: any
    entitled  whether the plan has these bars
    delayed   whether it has them a quarter of an hour late
    most      so many minutes an answer is made of at most, however many are asked for
    """

    timeframes: ClassVar[dict[str, str]] = {"1m": "1 minute", "5m": "5 minute", "15m": "15 minute", "1h": "1 hour"}

    def __init__(
        self, token: str | None = None, *, entitled: bool = True, delayed: bool = False, most: int = _MOST
    ) -> None:
        self._token = token
        self._entitled = entitled
        self._delayed = delayed
        self._most = most

    def other(self, ask: Ask, truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """Nothing that a history would ask for."""
        raise Refusal(404, "404 page not found")

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """Of the minutes that `limit` allows, the oldest first unless `sort` says otherwise."""
        if not _PATH.fullmatch(ask.path):
            return None
        self._let_in(ask)
        bars = self._all_of(ask.path, truth)[:: -1 if ask.query.get("sort") == "desc" else 1]
        return bars[: min(ask.number("limit", _USUAL) or 0, self._most) // _minutes(ask.path)]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:
        """Objects of numbers, how many there are, and where to go on if more are left."""
        symbol, first = ask.path.split("/")[4], ask.path.split("/")[-2]
        left = self._all_of(ask.path, truth)
        told: dict[str, Any] = {
            "ticker": symbol,
            "queryCount": len(bars),
            "resultsCount": len(bars),
            "adjusted": ask.query.get("adjusted", "true") == "true",
            "status": "DELAYED" if self._delayed else "OK",
            "request_id": _REQUEST,
        }
        if bars:  # with none there is no such field
            told["results"] = [_row(bar) for bar in bars]
        then = bars[-1].end if bars else int(first)
        if any(bar.open_time >= then for bar in left) and ask.query.get("sort") != "desc":
            cursor = base64.urlsafe_b64encode(b"limit=50000&sort=asc").decode()
            path = ask.path.replace(f"/{first}/", f"/{then}/")
            told["next_url"] = f"https://api.massive.com{path}?cursor={cursor}"
        return told

    def _let_in(self, ask: Ask) -> None:
        key = ask.headers.get("authorization", "").removeprefix("Bearer ") or ask.query.get("apiKey")
        if not key:
            raise _refusal(401, "ERROR", "API Key was not provided")
        if self._token not in (None, key):
            raise _refusal(401, "ERROR", "Unknown API Key")
        if not self._entitled:
            raise _refusal(403, "NOT_AUTHORIZED", "You are not entitled to this data. Please upgrade your plan.")

    def _all_of(self, path: str, truth: Truth) -> list[PlayedBar]:
        """From the window that holds the one bound to that which holds the other."""
        symbol, first, last = path.split("/")[4], *map(int, path.split("/")[-2:])
        minutes, hour = _minutes(path), _MINUTES["hour"]
        timeframe = f"{minutes}m" if minutes < hour else f"{minutes // hour}h"
        newest = truth.now - (_LATE if self._delayed else 0)
        bars = [bar for bar in truth.bars(symbol, timeframe) if float(bar.volume)]
        found = within(bars, first // (minutes * _MINUTE) * minutes * _MINUTE, min(last, newest))
        if found and truth.now >= found[-1].end > newest:
            found[-1] = forming_state(found[-1], 1, 4)
        return found


def _minutes(path: str) -> int:
    """How many of them a bar of that path is made of."""
    count, unit = path.split("/")[-4:-2]
    return int(count) * _MINUTES[unit]


def _refusal(status: int, word: str, message: str) -> Refusal:
    field = "message" if word == "NOT_AUTHORIZED" else "error"
    return Refusal(status, {"status": word, "request_id": _REQUEST, field: message})


def _row(bar: PlayedBar) -> dict[str, Any]:
    values = {name[0]: float(getattr(bar, name)) for name in ("volume", "open", "close", "high", "low")}
    return {**values, "vw": float(bar.close), "t": bar.open_time, "n": 3}
