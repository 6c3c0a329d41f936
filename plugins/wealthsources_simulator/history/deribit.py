"""Deribit, as documented: columns, oldest first, both bounds inclusive; `no_data` where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_MOST: Final = 5000
_PATH: Final = "/api/v2/public/"


class Deribit(HistoryExchange):
    """Perpetual contracts settled in a stable coin, and spot."""

    timeframes: ClassVar[dict[str, str]] = {
        **{f"{minutes}m": str(minutes) for minutes in (1, 3, 5, 15, 30)},
        **{f"{hours}h": str(hours * 60) for hours in (1, 2, 6, 12)},
        "1d": "1D",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """All symbols at once."""
        if ask.path != f"{_PATH}get_instruments":
            raise Refusal(404, {"error": {"code": -32601, "message": "Method not found"}})
        return _answer([_symbol(each) for each in _all(truth)])

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From `start_timestamp` to `end_timestamp`, ms."""
        if ask.path != f"{_PATH}get_tradingview_chart_data":
            return None
        name = ask.query["instrument_name"]
        symbol = next((each.symbol for each in _all(truth) if _id(each) == name), None)
        if symbol is None:
            raise Refusal(400, {"error": {"code": -32602, "message": "Invalid params"}})
        bars = truth.bars(symbol, self.ours(ask.query["resolution"]))
        return within(bars, ask.number("start_timestamp"), ask.number("end_timestamp"))[-_MOST:]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """Each value of all bars as a list of JSON numbers."""
        columns: dict[str, Any] = {
            name: [float(getattr(bar, name)) for bar in bars] for name in ("open", "high", "low", "close", "volume")
        }
        ticks = [bar.open_time for bar in bars]
        return _answer({**columns, "ticks": ticks, "cost": ticks, "status": "ok" if bars else "no_data"})


def _all(truth: Truth) -> list[Traded]:
    return [*truth.traded(contracts=True), *truth.traded(contracts=False)]


def _answer(result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": result, "usIn": 1, "usOut": 2, "usDiff": 1, "testnet": False}


def _id(each: Traded) -> str:
    return f"{each.base}_{each.quote}-PERPETUAL" if each.settle else f"{each.base}_{each.quote}"


def _symbol(each: Traded) -> dict[str, Any]:
    names = {"instrument_name": _id(each), "base_currency": each.base, "counter_currency": each.quote}
    steps = {"tick_size": 0.5, "min_trade_amount": 0.001, "contract_size": 0.001, "taker_commission": 0.0005}
    common = {**names, **steps, "quote_currency": each.quote, "is_active": True, "maker_commission": 0.0}
    if not each.settle:
        return {**common, "kind": "spot"}
    return {**common, "kind": "future", "settlement_period": "perpetual", "settlement_currency": each.settle}
