"""Hyperliquid, as documented: one path, asked by POST; the newest 5000 bars and no others, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from wealthsources_simulator.history.base import Ask, HistoryExchange, Refusal, within

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Truth

_KEPT: Final = 5000
_NAMES: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d")


class Hyperliquid(HistoryExchange):
    """Perpetual contracts, whose names are those of the base."""

    timeframes: ClassVar[dict[str, str]] = {name: name for name in _NAMES}

    def other(self, ask: Ask, truth: Truth) -> Any:
        """The contracts, and what is told of each."""
        if ask.path != "/info" or (ask.body or {}).get("type") != "metaAndAssetCtxs":
            raise Refusal(422, "Failed to deserialize the JSON body into the target type")
        there = truth.traded(contracts=True)
        told = {"markPx": "100.0", "midPx": "100.0", "oraclePx": "100.0", "dayNtlVlm": "1.0"}
        names = [{"name": each.base, "szDecimals": 5, "maxLeverage": 40} for each in there]
        return [{"universe": names}, [told for _ in there]]

    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """From `startTime` to `endTime`, inclusive, of those that are kept."""
        if ask.path != "/info" or (ask.body or {}).get("type") != "candleSnapshot":
            return None
        wanted = ask.body["req"]
        symbol = next((each.symbol for each in truth.traded(contracts=True) if each.base == wanted["coin"]), None)
        if symbol is None:
            raise Refusal(500, None)
        bars = truth.bars(symbol, self.ours(wanted["interval"]))[-_KEPT:]
        return within(bars, wanted["startTime"], wanted.get("endTime"))

    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:  # noqa: ARG002 - of every exchange
        """Objects, the values as text."""
        wanted = ask.body["req"]
        return [
            {
                "t": bar.open_time,
                "T": bar.end - 1,
                "s": wanted["coin"],
                "i": wanted["interval"],
                "n": 3,
                "o": bar.open,
                "h": bar.high,
                "l": bar.low,
                "c": bar.close,
                "v": bar.volume,
            }
            for bar in bars
        ]
