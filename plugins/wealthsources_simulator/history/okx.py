"""OKX v5, as documented: newest first, both bounds exclusive, a last column that says whether a bar is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, contracts_of, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth

#: The newest bars alone are in `candles`; `history-candles` has all, but not the one that is forming.
_RECENT: Final = 1440
_LIMITS: Final = {"candles": 300, "history-candles": 100}
#: Contracts of that many units of the base.
_SIZE: Final = "0.01"


class Okx(HistoryExchange):
    """Spot and perpetual contracts."""

    timeframes: ClassVar[dict[str, str]] = {
        **{name: name for name in ("1m", "3m", "5m", "15m", "30m")},
        **{name: name.upper() for name in ("1h", "2h", "4h")},
        **{name: f"{name.upper()}utc" for name in ("6h", "12h", "1d", "1w")},
        "1M": "1Mutc",
    }

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The list of symbols of one kind."""
        if ask.path != "/api/v5/public/instruments":
            raise Refusal(404, {"code": "404", "msg": "no such path", "data": []})
        contracts = ask.query["instType"] == "SWAP"
        return {"code": "0", "msg": "", "data": [_symbol(each) for each in truth.traded(contracts)]}

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """The newest of what is older than `after` and newer than `before`."""
        kind = ask.path.removeprefix("/api/v5/market/")
        if kind not in _LIMITS:
            return None
        symbol = next((each.symbol for each in _all(truth) if _id(each) == ask.query["instId"]), None)
        if symbol is None:
            raise Refusal(200, {"code": "51001", "msg": "Instrument ID doesn't exist.", "data": []})
        bars = truth.bars(symbol, self.ours(ask.query["bar"]))
        bars = bars[-_RECENT:] if kind == "candles" else [bar for bar in bars if bar.end <= truth.now]
        before, after = ask.number("before"), ask.number("after")
        found = within(bars, None if before is None else before + 1, None if after is None else after - 1)
        return found[::-1][: min(ask.number("limit", 100) or 100, _LIMITS[kind])]

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:
        """All as text; of contracts the sixth column counts these, and the seventh is in the base."""
        contracts = ask.query["instId"].endswith("-SWAP")
        rows = [
            [
                str(bar.open_time),
                *(bar.open, bar.high, bar.low, bar.close),
                *((contracts_of(bar.volume, _SIZE), bar.volume) if contracts else (bar.volume, "1.0")),
                "1.0",
                "1" if bar.end <= truth.now else "0",
            ]
            for bar in bars
        ]
        return {"code": "0", "msg": "", "data": rows}


def _all(truth: Truth) -> list[Traded]:
    return [*truth.traded(contracts=False), *truth.traded(contracts=True)]


def _id(each: Traded) -> str:
    return f"{each.base}-{each.quote}-SWAP" if each.settle else f"{each.base}-{each.quote}"


def _symbol(each: Traded) -> dict[str, Any]:
    spot = {"instId": _id(each), "instType": "SPOT", "baseCcy": each.base, "quoteCcy": each.quote, "state": "live"}
    if not each.settle:
        return spot
    contract = {"uly": f"{each.base}-{each.quote}", "settleCcy": each.settle, "ctVal": _SIZE, "ctType": "linear"}
    return {**spot, **contract, "instType": "SWAP", "baseCcy": "", "quoteCcy": "", "ctMult": "1", "lever": "50"}
