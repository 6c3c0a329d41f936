"""KuCoin spot, as documented: newest first; time, open, **close, high, low**, volume; no row where nobody traded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, seconds, symbol_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_MOST: Final = 1500


class KuCoin(HistoryExchange):
    """Spot."""

    timeframes: ClassVar[dict[str, str]] = {
        **{f"{minutes}m": f"{minutes}min" for minutes in (1, 3, 5, 15, 30)},
        **{f"{hours}h": f"{hours}hour" for hours in (1, 2, 4, 6, 8, 12)},
        "1d": "1day",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of symbols."""
        if not ask.path.endswith("/symbols"):
            raise Refusal(404, {"code": "404000", "msg": "no such path"})
        return {"code": "200000", "data": [_symbol(each) for each in truth.traded(contracts=False)]}

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From `startAt` on and before `endAt`, both in s; the newest first."""
        if ask.path != "/api/v1/market/candles":
            return None
        symbol = symbol_of(truth.traded(contracts=False), ask.query["symbol"], "-")
        if symbol is None:
            raise Refusal(200, {"code": "400100", "msg": "This pair is not provided at present"})
        start, end = ask.number("startAt", 0) or 0, ask.number("endAt") or seconds(truth.now)
        bars = [bar for bar in truth.bars(symbol, self.ours(ask.query["type"])) if float(bar.volume)]
        return within(bars, start * 1000, end * 1000 - 1)[::-1][:_MOST]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """All as text."""
        rows = [
            [str(seconds(bar.open_time)), bar.open, bar.close, bar.high, bar.low, bar.volume, "1.0"] for bar in bars
        ]
        return {"code": "200000", "data": rows}


def _symbol(each: Traded) -> dict[str, Any]:
    names = {"symbol": f"{each.base}-{each.quote}", "baseCurrency": each.base, "quoteCurrency": each.quote}
    return {**names, "enableTrading": True, "baseIncrement": "0.0001", "priceIncrement": "0.01"}
