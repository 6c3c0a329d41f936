"""HTX spot, as documented: the newest `size` bars and no range, newest first, values as JSON numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, seconds

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_MOST: Final = 2000


class Htx(HistoryExchange):
    """Spot, whose names are in small letters."""

    timeframes: ClassVar[dict[str, str]] = {
        "1m": "1min",
        "5m": "5min",
        "15m": "15min",
        "30m": "30min",
        "1h": "60min",
        "4h": "4hour",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of symbols."""
        if ask.path != "/v1/common/symbols":
            raise Refusal(404, {"status": "error", "err-code": "not-found", "err-msg": "no such path"})
        return {"status": "ok", "data": [_symbol(each) for each in truth.traded(contracts=False)]}

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """The newest first."""
        if ask.path != "/market/history/kline":
            return None
        there = truth.traded(contracts=False)
        symbol = next((each.symbol for each in there if _id(each) == ask.query["symbol"]), None)
        if symbol is None:
            raise Refusal(200, {"status": "error", "err-code": "invalid-parameter", "err-msg": "invalid symbol"})
        size = min(ask.number("size", 150) or 150, _MOST)
        return truth.bars(symbol, self.ours(ask.query["period"]))[::-1][:size]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """Objects; `amount` is in the base, and `vol` is not."""
        rows = [
            {
                "id": seconds(bar.open_time),
                "open": float(bar.open),
                "close": float(bar.close),
                "count": 3,
                "low": float(bar.low),
                "high": float(bar.high),
                "amount": float(bar.volume),
                "vol": 1.0,
            }
            for bar in bars
        ]
        return {"status": "ok", "ts": truth.now, "data": rows}


def _id(each: Traded) -> str:
    return f"{each.base}{each.quote}".lower()


def _symbol(each: Traded) -> dict[str, Any]:
    names = {"symbol": _id(each), "base-currency": each.base.lower(), "quote-currency": each.quote.lower()}
    return {**names, "state": "online", "price-precision": 2, "amount-precision": 6, "min-order-value": 5}
