"""MEXC, as documented, but for the limit of spot, which in fact is 500; contracts answer in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, contracts_of, seconds, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_SPOT: Final = "/api/v3/klines"
_PERPS: Final = "/api/v1/contract/kline/"
_MOST: Final = 500
_MOST_PERPS: Final = 2000
#: Units of the base in one contract.
_SIZE: Final = "0.001"
_PERPS_NAMES: Final = {
    **{f"Min{minutes}": f"{minutes}m" for minutes in (1, 5, 15, 30)},
    "Min60": "1h",
    "Hour4": "4h",
    "Hour8": "8h",
    "Day1": "1d",
}


class Mexc(HistoryExchange):
    """Spot, and perpetual contracts settled in USDT."""

    timeframes: ClassVar[dict[str, str]] = {
        **{name: name for name in ("1m", "5m", "15m", "30m", "4h", "1d")},
        "1h": "60m",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The lists of symbols."""
        if ask.path == "/api/v3/exchangeInfo":
            return {"symbols": [_symbol(each) for each in truth.traded(contracts=False)]}
        if ask.path == "/api/v1/contract/detail":
            return {"success": True, "code": 0, "data": [_contract(each) for each in truth.traded(contracts=True)]}
        raise Refusal(404, {"code": 404, "msg": "no such path"})

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """Spot: the end is exclusive, the oldest of the span; contracts: from `start`, s, on."""
        if ask.path.startswith(_PERPS):
            symbol = symbol_of(truth.traded(contracts=True), ask.path.removeprefix(_PERPS), "_")
            if symbol is None:
                raise Refusal(200, {"success": False, "code": 1001, "message": "contract not exists"})
            bars = truth.bars(symbol, _PERPS_NAMES.get(ask.query["interval"], ""))
            start, end = ask.number("start"), ask.number("end")
            found = within(bars, start and start * 1000, end and end * 1000)
            return found[:_MOST_PERPS]
        if ask.path != _SPOT:
            return None
        symbol = symbol_of(truth.traded(contracts=False), ask.query["symbol"], "")
        if symbol is None:
            raise Refusal(400, {"code": -1121, "msg": "Invalid symbol."})
        end = ask.number("endTime")
        bars = truth.bars(symbol, self.ours(ask.query["interval"]))
        found = within(bars, ask.number("startTime"), None if end is None else end - 1)
        return found[: min(ask.number("limit", _MOST) or _MOST, _MOST)]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """Lists of text; of contracts columns of numbers, `vol` counting contracts."""
        if ask.path == _SPOT:
            return [[bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.end, "1.0"] for bar in bars]
        columns: dict[str, Any] = {
            name: [float(getattr(bar, name)) for bar in bars] for name in ("open", "close", "high", "low")
        }
        contracts = [int(float(contracts_of(bar.volume, _SIZE))) for bar in bars]
        columns |= {"time": [seconds(bar.open_time) for bar in bars], "vol": contracts}
        return {"success": True, "code": 0, "data": columns}


def _symbol(each: Traded) -> dict[str, Any]:
    names = {"symbol": each.base + each.quote, "baseAsset": each.base, "quoteAsset": each.quote, "status": "1"}
    return {**names, "isSpotTradingAllowed": True, "baseSizePrecision": "0.0001", "quotePrecision": 2}


def _contract(each: Traded) -> dict[str, Any]:
    names = {"symbol": f"{each.base}_{each.quote}", "baseCoin": each.base, "quoteCoin": each.quote}
    steps = {"contractSize": float(_SIZE), "priceUnit": 0.1, "volUnit": 1, "minVol": 1, "maxVol": 1000000}
    return {**names, **steps, "settleCoin": each.settle, "state": 0}
