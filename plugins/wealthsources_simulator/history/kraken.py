"""Kraken, as documented: the newest 720 bars and no others, oldest first, the last of them always forming."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, seconds, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

_KEPT: Final = 720


class Kraken(HistoryExchange):
    """Spot. Windows without a trade have no row."""

    timeframes: ClassVar[dict[str, str]] = {
        "1m": "1",
        "5m": "5",
        "15m": "15",
        "30m": "30",
        "1h": "60",
        "4h": "240",
        "1d": "1440",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of symbols, in which bitcoin is XBT."""
        if ask.path != "/0/public/AssetPairs":
            raise Refusal(404, {"error": ["EGeneral:Unknown method"]})
        return {"error": [], "result": {_id(each): _symbol(each) for each in truth.traded(contracts=False)}}

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """Those that opened after `since`, which is exclusive; there is no other bound and no limit."""
        if ask.path != "/0/public/OHLC":
            return None
        symbol = next((each.symbol for each in truth.traded(contracts=False) if _id(each) == ask.query["pair"]), None)
        if symbol is None:
            raise Refusal(200, {"error": ["EQuery:Unknown asset pair"]})
        bars = truth.bars(symbol, self.ours(ask.query.get("interval", "1")))
        traded = [bar for bar in bars if float(bar.volume) or bar.end > truth.now][-_KEPT:]
        since = ask.number("since")
        return traded if since is None else within(traded, since * 1000 + 1, None)

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:
        """Under the name of the pair: time in s, the four prices, vwap, volume, trades."""
        rows = [
            [seconds(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.close, bar.volume, 3] for bar in bars
        ]
        return {"error": [], "result": {ask.query["pair"]: rows, "last": seconds(truth.now)}}


def _id(each: Traded) -> str:
    return each.base.replace("BTC", "XBT") + each.quote


def _symbol(each: Traded) -> dict[str, Any]:
    base = each.base.replace("BTC", "XBT")
    decimals = {"pair_decimals": 1, "lot_decimals": 8}
    return {"altname": _id(each), "base": base, "quote": each.quote, "status": "online", **decimals}
