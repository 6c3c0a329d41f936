"""The kinds of markets that an exchange has, as its live protocol states them and as its history is known here."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wealthsources_ccxt.options import CcxtOptions

#: What another package tells of an exchange's markets, by name: `describe(exchange)` gives objects like `MarketFacts`
#: of the websocket plugin, and raises KeyError for an exchange that it does not know.
GROUP: Final = "wealthsources.markets"
COLUMNS: Final = ("market", "served by", "volume", "closed by", "quiet minute", "timeframes")

_BASE: Final = "units of the base"

Kind = tuple[str, ...]


def live_kinds(exchange: str) -> Iterator[Kind]:
    """Those that bars are pushed of, the default one first; none of an exchange that nobody has a protocol of."""
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            described = entry.load()(exchange)
        except (KeyError, ImportError):
            continue
        yield from (_live(entry.name, facts) for facts in described)


def _live(served_by: str, facts: Any) -> Kind:
    volume = "contracts; say contract_sizes" if "contract_sizes" in facts.wants else _BASE
    quiet = "pushed" if facts.pushes_quiet_minutes else "no bar"
    return facts.market, served_by, volume, facts.closes_by, quiet, " ".join(facts.timeframes)


def history_kinds(options: CcxtOptions) -> Iterator[Kind]:
    """Those that there is a history of, the default one first."""
    facts = options.facts
    for name, word in facts.words.items():
        volume = "contracts, made into units of the base" if word.contracts else _BASE
        yield name, "history (ccxt)", volume, "", "no bar" if facts.omits else "bar", ""
