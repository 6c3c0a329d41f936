"""What is known of the exchanges: docs/ccxt.md has the sources. Of those that are not here ccxt is asked.

A market is chosen by the exchange's own word for it. Where the volume of a market is not known to be in units of the
base, it has no word here, and is refused: a wrong number that looks right is the worst answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from wealthsources import Timeframe

_MINUTE: Final = 60_000


class MarketWord(NamedTuple):
    """A kind of market of one exchange.

    kind       ccxt's type of these markets
    linear     whether only those settled in the quote; None: all of the type
    settle     only those that are settled in it; None: any
    id         the ccxt class that serves it, if it is another than the exchange's
    load       options of ccxt that make it load or ask for these markets and no others
    contracts  the volume is in contracts: it is multiplied by the size of one, exactly
    listed     the exchange is asked for their list; else, where there are thousands, a symbol is taken as it is
    """

    kind: str = "spot"
    linear: bool | None = None
    settle: str | None = None
    id: str = ""
    load: Mapping[str, Any] = {}
    contracts: bool = False
    listed: bool = True


class Facts(NamedTuple):
    """What is known of one exchange.

    words          its kinds of markets, the default one first
    page           how many rows it returns at most; None: as ccxt says
    windowed       a page is of so many windows, whatever is in them, and not of so many bars
    authoritative  what it leaves out between two bars never existed
    settles        ms; what it leaves out may still come for so long
    omits          it leaves windows without a trade out
    not_served     timeframes of ccxt's that are on another grid than ours, or are not known to be on it
    also_served    timeframes longer than a day that are known to be on our grid
    options        options of ccxt for every market
    wants          options of the source without which it answers nothing
    """

    words: Mapping[str, MarketWord]
    page: int | None = None
    windowed: bool = True
    authoritative: bool = False
    settles: int = 0
    omits: bool = True
    not_served: frozenset[str] = frozenset()
    also_served: frozenset[str] = frozenset()
    options: Mapping[str, Any] = {}
    wants: tuple[str, ...] = ()


#: ccxt has them of many exchanges on other grids: weeks from Thursday, 3 days from anywhere.
LONGER: Final = frozenset({"3d", "1w", "1M"})


def _types(*types: str) -> dict[str, Any]:
    return {"fetchMarkets": {"types": list(types)}}


def _alpaca_stocks(traded_at: str, late: int = 0) -> MarketWord:
    return MarketWord(id="alpaca_stocks", load={"feed": traded_at, "late": late}, listed=False)


_SPOT: Final = MarketWord(load=_types("spot"))

KNOWN: Final[Mapping[str, Facts]] = {
    "binance": Facts(
        {"spot": _SPOT, "usdm": MarketWord("swap", True, id="binanceusdm", load=_types("linear"))},
        page=1000,  # of USD-M 1500, of which ccxt asks for 1000 at most
        windowed=False,
        authoritative=True,
        omits=False,
        also_served=frozenset({"1w", "1M"}),
        options={"fetchMargins": False},  # with a key it would ask for more than bars need
    ),
    "okx": Facts(
        # The seventh column of contracts is in the base; ccxt takes that one.
        {"spot": _SPOT, "swap": MarketWord("swap", load=_types("swap"))},
        page=100,  # 300 of the newest, 100 to 300 of those that are older
        authoritative=True,
        omits=False,
        not_served=frozenset({"8h"}),
    ),
    "bybit": Facts(
        {"spot": _SPOT, "linear": MarketWord("swap", True, load=_types("linear"))},
        page=1000,
        windowed=False,
        authoritative=True,
        omits=False,
    ),
    "gate": Facts(
        {"spot": _SPOT, "perps": MarketWord("swap", True, "USDT", load=_types("swap"), contracts=True)},
        page=1000,
        authoritative=True,
        omits=False,
    ),
    "kucoin": Facts(
        {"spot": MarketWord(load={"fetchMarkets": {"types": ["spot"], "fetchTickersFees": False}})},
        page=1500,
        authoritative=True,
    ),
    "bitget": Facts(
        {"spot": _SPOT, "usdt-futures": MarketWord("swap", True, "USDT", load=_types("swap"))},
        page=200,  # 1000 of the newest, 200 of those that are older
        authoritative=True,
        omits=False,
    ),
    "coinbase": Facts({"spot": MarketWord()}, page=300, authoritative=True, settles=10 * _MINUTE),
    "deribit": Facts(
        {"future": MarketWord("swap"), "spot": MarketWord()},
        page=1000,
        authoritative=True,
        omits=False,
        not_served=frozenset({"4h"}),  # it has none, and ccxt may take 3 h for it
    ),
    "kraken": Facts({"spot": MarketWord()}, page=720, windowed=False),
    "hyperliquid": Facts(
        {"perps": MarketWord("swap", load=_types("swap")), "spot": MarketWord(load=_types("spot"))},
        page=5000,
        windowed=False,
    ),
    "htx": Facts(
        {"spot": MarketWord(load={"fetchMarkets": {"types": {"spot": True, "linear": False, "inverse": False}}})},
        page=2000,
        windowed=False,
        omits=False,
        settles=10 * _MINUTE,
        not_served=frozenset({"1d"}),  # opens at 16:00 UTC
        # The newest so many rows is what its documentation knows; the other request with a range it does not.
        options={"fetchOHLCV": {"useHistoricalEndpointForSpot": False}},
    ),
    "mexc": Facts(
        {"spot": MarketWord(), "perps": MarketWord("swap", True, "USDT", contracts=True)},
        page=500,
    ),
    "alpaca": Facts(
        {
            "iex": _alpaca_stocks("iex"),
            "sip": _alpaca_stocks("sip"),
            "delayed_sip": _alpaca_stocks("sip", 16 * _MINUTE),  # any plan has what is 15 minutes old
            "crypto": MarketWord(),
        },
        page=10_000,
        windowed=False,
        # Its days are New York's, of crypto once Chicago's; where bars of several hours begin is not documented.
        not_served=frozenset({"3m", "2h", "4h", "6h", "8h", "12h", "1d"}),
        wants=("api_key", "secret"),
    ),
    "massive": Facts(
        dict.fromkeys(("stocks", "delayed-stocks"), MarketWord(listed=False)),
        page=50_000,
        wants=("api_key",),
    ),
}

#: Of an exchange that nobody looked at: its spot market, whose volume ccxt says in the base.
UNKNOWN: Final = Facts({"spot": MarketWord()})


def facts_of(exchange: str) -> Facts:
    """What is known of an exchange, by ccxt's name of it."""
    return KNOWN.get(exchange, UNKNOWN)


def served_timeframes(exchange: Any, facts: Facts, kind: str) -> tuple[str, ...]:
    """Our timeframes that ccxt has of the exchange and that are on our grid, shortest first."""
    has = set(exchange.timeframes or ()) - facts.not_served - (LONGER - facts.also_served)
    for of_kinds in ((exchange.options.get("fetchOHLCV") or {}).get("timeframes"), exchange.options.get("timeframes")):
        if isinstance(of_kinds, dict) and isinstance(of_kinds.get(kind), dict):
            has &= set(of_kinds[kind])
    return tuple(name for name in Timeframe.known() if name in has)


def page_limit(exchange: Any, facts: Facts) -> int:
    """Rows of a page: as known, or as ccxt says, or few."""
    if facts.page is not None:
        return facts.page
    said = exchange.features.get("spot") if isinstance(exchange.features, dict) else None
    limit = ((said or {}).get("fetchOHLCV") or {}).get("limit")
    return limit if isinstance(limit, int) and limit > 1 else 100
