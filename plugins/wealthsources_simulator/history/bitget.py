"""Bitget v2, as documented: oldest first, the end exclusive; older bars in another place, 200 at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_SPOT: Final = "/api/v2/spot/market/"
_PERPS: Final = "/api/v2/mix/market/"
_MOST: Final = {"candles": 1000, "history-candles": 200}
#: The words of the spot market that differ from those of perpetuals.
_OURS: Final = {"1min": "1m", "3min": "3m", "5min": "5m", "15min": "15m", "30min": "30m"}


class Bitget(HistoryExchange):
    """Spot, and perpetual contracts settled in USDT."""

    timeframes: ClassVar[dict[str, str]] = {
        **{name: name for name in ("1m", "3m", "5m", "15m", "30m")},
        **{name: name.upper() for name in ("1h", "2h", "4h")},
        "6h": "6Hutc",
        "12h": "12Hutc",
        "1d": "1Dutc",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The lists of symbols; none can be borrowed."""
        if ask.path == "/api/v2/spot/public/symbols":
            return _answer([_symbol(each) for each in truth.traded(contracts=False)])
        if ask.path == f"{_PERPS}contracts":
            there = truth.traded(contracts=True) if ask.query.get("productType") == "USDT-FUTURES" else []
            return _answer([_symbol(each) for each in there])
        if ask.path == "/api/v2/margin/currencies":
            return _answer([])
        raise Refusal(404, {"code": "40404", "msg": "Request URL NOT FOUND"})

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """The newest so many of what is before `endTime`; `history-candles` does not know a start."""
        contracts = ask.path.startswith(_PERPS)
        kind = ask.path.removeprefix(_PERPS if contracts else _SPOT)
        if kind not in _MOST:
            return None
        symbol = symbol_of(truth.traded(contracts), ask.query["symbol"], "")
        if symbol is None:
            raise Refusal(400, {"code": "40034", "msg": "Parameter does not exist"})
        name = ask.query["granularity"]
        bars = truth.bars(symbol, self.ours(_OURS.get(name, name)) or name)
        start = ask.number("startTime") if kind == "candles" else None
        end = ask.number("endTime")
        found = within(bars, start, None if end is None else end - 1)
        return found[-min(ask.number("limit", 100) or 100, _MOST[kind]) :]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """All as text."""
        return _answer(
            [[str(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.volume, "1.0", "1.0"] for bar in bars]
        )


def _answer(data: list[Any]) -> dict[str, Any]:
    return {"code": "00000", "msg": "success", "requestTime": 1, "data": data}


def _symbol(each: Traded) -> dict[str, Any]:
    spot = {"symbol": each.base + each.quote, "baseCoin": each.base, "quoteCoin": each.quote, "status": "online"}
    if not each.settle:
        return {**spot, "pricePrecision": "2", "quantityPrecision": "6"}
    steps = {"volumePlace": "3", "pricePlace": "1", "priceEndStep": "1", "sizeMultiplier": "0.001", "minTradeNum": "1"}
    return {**spot, **steps, "symbolType": "perpetual", "supportMarginCoins": [each.settle], "symbolStatus": "normal"}
