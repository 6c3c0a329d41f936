"""Bybit v5, as documented: newest first, both bounds inclusive, the category is part of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth


class Bybit(HistoryExchange):
    """Spot, and perpetual contracts in the category linear."""

    timeframes: ClassVar[dict[str, str]] = {
        **{f"{minutes}m": str(minutes) for minutes in (1, 3, 5, 15, 30)},
        **{f"{hours}h": str(hours * 60) for hours in (1, 2, 4, 6, 12)},
        "1d": "D",
        "1w": "W",
        "1M": "M",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of symbols of a category."""
        if ask.path != "/v5/market/instruments-info":
            raise Refusal(404, {"retCode": 404, "retMsg": "no such path"})
        category = ask.query["category"]
        there = [] if "status" in ask.query else truth.traded(category == "linear")
        return _answer({"category": category, "list": [_symbol(each) for each in there]})

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From a start on the oldest, else the newest; the newest of them first."""
        if ask.path != "/v5/market/kline":
            return None
        symbol = symbol_of(truth.traded(ask.query["category"] == "linear"), ask.query["symbol"], "")
        if symbol is None:
            raise Refusal(200, {"retCode": 10001, "retMsg": "params error: Symbol Invalid", "result": {}})
        start = ask.number("start")
        found = within(truth.bars(symbol, self.ours(ask.query["interval"])), start, ask.number("end"))
        limit = min(ask.number("limit", 200) or 200, 1000)
        return (found[-limit:] if start is None else found[:limit])[::-1]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """All as text."""
        rows = [[str(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.volume, "1.0"] for bar in bars]
        return _answer({"category": ask.query["category"], "symbol": ask.query["symbol"], "list": rows})


def _answer(result: dict[str, Any]) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result}


def _symbol(each: Traded) -> dict[str, Any]:
    spot = {"symbol": each.base + each.quote, "baseCoin": each.base, "quoteCoin": each.quote, "status": "Trading"}
    return {**spot, "contractType": "LinearPerpetual", "settleCoin": each.settle} if each.settle else spot
