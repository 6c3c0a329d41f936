"""Coinbase Advanced Trade, as documented: newest first, bounds in s, 350 rows; no row where nobody traded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, seconds, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_MOST: Final = 350
_PRODUCTS: Final = "/api/v3/brokerage/market/products"


class Coinbase(HistoryExchange):
    """Spot."""

    timeframes: ClassVar[dict[str, str]] = {
        "1m": "ONE_MINUTE",
        "5m": "FIVE_MINUTE",
        "15m": "FIFTEEN_MINUTE",
        "30m": "THIRTY_MINUTE",
        "1h": "ONE_HOUR",
        "2h": "TWO_HOUR",
        "6h": "SIX_HOUR",
        "1d": "ONE_DAY",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of symbols; there are no futures."""
        if ask.path != _PRODUCTS:
            raise Refusal(404, {"error": "NOT_FOUND", "message": "no such path"})
        there = [] if ask.query.get("product_type") == "FUTURE" else truth.traded(contracts=False)
        return {"products": [_symbol(each) for each in there], "num_products": len(there)}

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From `start` to `end`, both inclusive; a span of more windows than it gives rows is turned down."""
        if not ask.path.startswith(_PRODUCTS) or not ask.path.endswith("/candles"):
            return None
        spelled = ask.path.removeprefix(f"{_PRODUCTS}/").removesuffix("/candles")
        symbol = symbol_of(truth.traded(contracts=False), spelled, "-")
        if symbol is None:
            raise Refusal(404, {"error": "NOT_FOUND", "message": "product not found"})
        start, end = ask.number("start", 0) or 0, ask.number("end", 0) or 0
        bars = truth.bars(symbol, self.ours(ask.query["granularity"]))
        found = within(bars, start * 1000, end * 1000)
        if len(found) > _MOST:
            raise Refusal(400, {"error": "INVALID_ARGUMENT", "message": "number of candles requested > 350"})
        return [bar for bar in found if float(bar.volume)][::-1]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """Objects of text."""
        rows = [
            {
                "start": str(seconds(bar.open_time)),
                "low": bar.low,
                "high": bar.high,
                "open": bar.open,
                "close": bar.close,
                "volume": bar.volume,
            }
            for bar in bars
        ]
        return {"candles": rows}


def _symbol(each: Traded) -> dict[str, Any]:
    names = {"product_id": f"{each.base}-{each.quote}", "base_currency_id": each.base, "quote_currency_id": each.quote}
    steps = {"base_increment": "0.00000001", "quote_increment": "0.01", "price": "100", "base_min_size": "0.00000001"}
    return {**names, **steps, "product_type": "SPOT", "trading_disabled": False, "alias_to": []}
