"""Gate v4, as documented: oldest first, bounds in s and inclusive, and no limit beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, contracts_of, seconds, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_SPOT: Final = "/api/v4/spot"
_PERPS: Final = "/api/v4/futures/usdt"
_MOST: Final = {_SPOT: 1000, _PERPS: 2000}
#: Units of the base in one contract.
_SIZE: Final = "0.001"


class Gate(HistoryExchange):
    """Spot, and perpetual contracts settled in USDT."""

    timeframes: ClassVar[dict[str, str]] = {
        name: name for name in ("1m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "1d")
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The lists of symbols. None of them can be borrowed, and none is settled in bitcoin."""
        if ask.path == f"{_SPOT}/currency_pairs":
            return [_pair(each) for each in truth.traded(contracts=False)]
        if ask.path == f"{_PERPS}/contracts":
            return [_contract(each) for each in truth.traded(contracts=True)]
        if ask.path in ("/api/v4/margin/currency_pairs", "/api/v4/futures/btc/contracts"):
            return []
        raise Refusal(404, {"label": "NOT_FOUND", "message": "no such path"})

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From `from` to `to`, or the newest `limit`; both at once are turned down."""
        place = ask.path.removesuffix("/candlesticks")
        if place == ask.path or place not in _MOST:
            return None
        if "limit" in ask.query and ("from" in ask.query or "to" in ask.query):
            raise _refusal("`limit` conflicts with `from` and `to`")
        spelled = ask.query.get("currency_pair" if place == _SPOT else "contract", "")
        symbol = symbol_of(truth.traded(place == _PERPS), spelled, "_")
        if symbol is None:
            raise Refusal(400, {"label": "INVALID_CURRENCY_PAIR", "message": f"unknown currency pair: {spelled}"})
        first, last = ask.number("from"), ask.number("to")
        bars = truth.bars(symbol, self.ours(ask.query["interval"]))
        found = within(bars, _ms(first), _ms(last))
        if len(found) > _MOST[place]:
            raise _refusal("too many points are asked for")
        return found if first is not None else found[-(ask.number("limit", 100) or 100) :]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:
        """Spot: time, volume in the quote, close, high, low, open, volume in the base, closed. Else objects."""
        if ask.path.startswith(_SPOT):
            return [
                [
                    str(seconds(bar.open_time)),
                    *("1.0", bar.close, bar.high, bar.low, bar.open, bar.volume),
                    str(bar.end <= truth.now).lower(),
                ]
                for bar in bars
            ]
        return [
            {
                "t": seconds(bar.open_time),
                "v": int(float(contracts_of(bar.volume, _SIZE))),
                "c": bar.close,
                "h": bar.high,
                "l": bar.low,
                "o": bar.open,
                "sum": "1.0",
            }
            for bar in bars
        ]


def _ms(time: int | None) -> int | None:
    return None if time is None else time * 1000


def _refusal(message: str) -> Refusal:
    return Refusal(400, {"label": "INVALID_PARAM_VALUE", "message": message})


def _pair(each: Traded) -> dict[str, Any]:
    names = {"id": f"{each.base}_{each.quote}", "base": each.base, "quote": each.quote}
    return {**names, "fee": "0.2", "amount_precision": 4, "precision": 2, "trade_status": "tradable"}


def _contract(each: Traded) -> dict[str, Any]:
    name = f"{each.base}_{each.quote}"
    steps = {"order_size_min": 1, "order_price_round": "0.1", "mark_price_round": "0.01", "leverage_max": "100"}
    fees = {"taker_fee_rate": "0.00075", "maker_fee_rate": "-0.00025"}
    return {"name": name, "type": "direct", "quanto_multiplier": _SIZE, "in_delisting": False, **steps, **fees}
