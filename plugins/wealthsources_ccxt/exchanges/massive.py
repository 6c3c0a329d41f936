"""Massive's (once Polygon's) minute bars of stocks. Facts: the company's own documentation, as of 2026-11.

`GET /v2/aggs/ticker/{symbol}/range/1/minute/{from}/{to}`: its `limit` counts the minutes that an answer is made of, so
that some of the bars of hours are missing where it was reached. Bars of a minute alone are asked for.
"""

from __future__ import annotations

from typing import Any, Final

import ccxt

_MINUTE: Final = 60_000
#: Minutes that one answer is made of at most.
_MOST: Final = 50_000
_PATH: Final = "v2/aggs/ticker/{symbol}/range/1/minute/{from}/{to}"
#: The status of an answer by a plan whose data come a quarter of an hour late, and so much, in ms, with some to spare.
_DELAYED: Final = "DELAYED"
_LATE: Final = 16 * 60_000


class Massive(ccxt.Exchange):  # type: ignore[misc]  # ccxt has no types
    """Stocks of the United States, as they were traded: without splits, as the stream has them."""

    def describe(self) -> Any:
        """What ccxt asks of a class. That a plan allows no more, as the free one 5 a minute, is told by status 429."""
        own = {
            "id": "massive",
            "name": "Massive",
            "countries": ["US"],
            "rateLimit": 100,
            "has": {"fetchOHLCV": True},
            "urls": {"api": {"rest": "https://api.massive.com"}},
            "timeframes": {"1m": "minute"},
            "requiredCredentials": {"apiKey": True, "secret": False},
        }
        return self.deep_extend(super().describe(), own)

    def sign(self, path: str, api: str, method: str, params: Any) -> Any:
        """The key goes into a header line, where addresses do not show it."""
        self.check_required_credentials()
        query = self.urlencode(self.omit(params, self.extract_params(path)))
        url = f"{self.urls['api'][api]}/{self.implode_params(path, params)}?{query}"
        return {"url": url, "method": method, "body": None, "headers": {"Authorization": f"Bearer {self.apiKey}"}}

    def handle_errors(self, code: int, *said: Any) -> None:
        """A plan that lacks this is told with 403; any other status ccxt itself understands."""
        if code == 403:
            raise ccxt.PermissionDenied(f"{self.id} {said[4]}")

    def fetch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        params: Any = None,
    ) -> Any:
        """Rows of the `limit` minutes from `since`, ms, on, the oldest first. Raises what ccxt raises.

        That is no more than an answer is made of, so none is cut; if one is, what is left out comes with the next page.
        """
        first, minutes = since or 0, min(limit or _MOST, _MOST)
        span = {"symbol": symbol, "from": first, "to": first + minutes * _MINUTE - 1}
        request = {**span, "adjusted": "false", "sort": "asc", "limit": _MOST, **(params or {})}
        answer = self.request(_PATH, "rest", "GET", request)
        found = self.parse_ohlcvs(_rows_of(answer, symbol), None, timeframe, first, limit)
        if answer["status"] == _DELAYED:
            # Of the minute in which what the plan has ends, it is not documented what is in it.
            found = [row for row in found if row[0] + _MINUTE <= self.milliseconds() - _LATE]
        # The first one may be the bar that they were asked for from: behind it there is one that is new.
        if answer.get("next_url") and len(found) < 2:
            raise ccxt.BadResponse(f"{self.id} says that there are more bars, and gives none")
        return found

    def parse_ohlcv(self, ohlcv: Any, market: Any = None) -> Any:
        """Time, open, high, low, close, volume; the same for every `market`."""
        del market
        return [self.safe_integer(ohlcv, "t"), *(self.safe_number(ohlcv, name) for name in "ohlcv")]


def _rows_of(answer: Any, symbol: str) -> list[Any]:
    """Raises BadResponse for an answer that is not whole, or to another question."""
    match answer:
        # BCPC and BCpC are two: what is of the one is no answer for the other.
        case {"status": status, "adjusted": False, "ticker": name, "resultsCount": int(count)} if (
            status in ("OK", _DELAYED) and name == symbol
        ):
            rows = answer.get("results") or []
            if isinstance(rows, list) and len(rows) == count:
                return rows
            raise ccxt.BadResponse(f"massive says that it has {count} bars of {symbol}, and gives another number")
    raise ccxt.BadResponse(f"massive answered to another question than for bars of {symbol}: {str(answer)[:200]}")
