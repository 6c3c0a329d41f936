"""Binance, spot and USDⓈ-M, as documented. Oldest first; from a start on the oldest, else the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

#: Quote volume, trades, and what takers bought: nobody here asks.
_REST: Final = ("1.0", 3, "0.5", "0.5", "0")
_NAMES: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")


class Binance(HistoryExchange):
    """Both markets on one address: the path tells them apart."""

    timeframes: ClassVar[dict[str, str]] = {name: name for name in _NAMES}

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The lists of symbols."""
        contracts = ask.path.startswith("/fapi/")
        if not ask.path.endswith("/exchangeInfo"):
            raise Refusal(404, {"code": -1, "msg": "no such path"})
        return {"symbols": [_symbol(each, contracts) for each in truth.traded(contracts)]}

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """Bounds are inclusive, by open time; the limit is cut to its maximum without a word."""
        if ask.path not in ("/api/v3/klines", "/fapi/v1/klines"):
            return None
        contracts = ask.path.startswith("/fapi/")
        symbol = symbol_of(truth.traded(contracts), ask.query.get("symbol", ""), "")
        if symbol is None:
            raise Refusal(400, {"code": -1121, "msg": "Invalid symbol."})
        start = ask.number("startTime")
        bars = within(truth.bars(symbol, self.ours(ask.query["interval"])), start, ask.number("endTime"))
        limit = min(ask.number("limit", 500) or 500, 1500 if contracts else 1000)
        return bars[-limit:] if start is None else bars[:limit]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """A list of lists."""
        return [
            [bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.end - 1, *_REST] for bar in bars
        ]


def _symbol(each: Traded, contracts: bool) -> dict[str, Any]:
    common = {
        "symbol": each.base + each.quote,
        "status": "TRADING",
        "baseAsset": each.base,
        "quoteAsset": each.quote,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": ["LIMIT"],
        "filters": [],
        "permissionSets": [["SPOT"]],
    }
    if not contracts:
        return common
    return {**common, "pair": each.base + each.quote, "contractType": "PERPETUAL", "marginAsset": each.settle}
