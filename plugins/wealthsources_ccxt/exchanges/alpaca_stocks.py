"""Alpaca's bars of stocks, `GET /v2/stocks/bars`. Facts: its own documentation of that address, as of 2026-11."""

from __future__ import annotations

from typing import Any, Final

import ccxt

#: A page may have fewer bars than were asked for, or none, while there are more: only the token says so.
_MOST_PAGES: Final = 10
#: Rows of one page at most.
_MOST_ROWS: Final = 10_000


class AlpacaStocks(ccxt.alpaca):  # type: ignore[misc]  # ccxt has no types
    """As ccxt's class of Alpaca asks for crypto.

    options["feed"]  `iex`: trades of IEX alone; `sip`: of all exchanges
    options["late"]  ms; what is newer is not asked for

    Prices and volumes are as they were traded, without splits and dividends, as the stream has them. A symbol stands
    for the company that has it today, also in the time before it was called so.
    """

    def describe(self) -> Any:
        """With timeframes that open with the hour: longer ones may be cut by New York's day."""
        described = super().describe()
        described["timeframes"] = {"1m": "1Min", "5m": "5Min", "15m": "15Min", "30m": "30Min", "1h": "1Hour"}
        # Both come with the status 403.
        exact = {"forbidden.": ccxt.AuthenticationError}
        broad = {"subscription does not permit": ccxt.PermissionDenied, "invalid symbol": ccxt.BadSymbol}
        return self.deep_extend(described, {"exceptions": {"exact": exact, "broad": broad}})

    def fetch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        params: Any = None,
    ) -> Any:
        """Rows from `since`, ms, on, the oldest first; `limit` of them at most, two at least if there are so many.

        None of them ends later than it was asked for: of such a bar it is not documented what is in it. Raises what
        ccxt raises.
        """
        first, end = since or 0, self.milliseconds() - self.options["late"]
        length = self.parse_timeframe(timeframe) * 1000
        request = {
            "symbols": symbol,
            "timeframe": self.timeframes[timeframe],
            "start": self.iso8601(min(first, end)),
            "end": self.iso8601(end),  # the default is another one without a plan
            "limit": _MOST_ROWS,
            "adjustment": "raw",
            "feed": self.options["feed"],
            "sort": "asc",
            **(params or {}),
        }
        rows: list[Any] = []
        for _ in range(_MOST_PAGES):
            answer = self.marketPrivateGetV2StocksBars(request)
            rows += _rows_of(answer, symbol)
            found = [row for row in self.parse_ohlcvs(rows, None, timeframe, first, limit) if row[0] + length <= end]
            request["page_token"] = answer.get("next_page_token")
            # The first one may be the bar that they were asked for from: behind it there is one that is new.
            if not request["page_token"] or len(found) > 1:
                return found
        raise ccxt.BadResponse(f"{self.id} says again and again that there are more bars, and gives none")


def _rows_of(answer: Any, symbol: str) -> list[Any]:
    """Raises BadResponse for an answer that is not of this symbol."""
    bars = answer.get("bars", ()) if isinstance(answer, dict) else ()
    if bars is None or bars == {}:
        return []
    if not isinstance(bars, dict) or list(bars) != [symbol]:
        raise ccxt.BadResponse(f"alpaca has bars of {symbol} in no place where they should be")
    return list(bars[symbol] or ())
