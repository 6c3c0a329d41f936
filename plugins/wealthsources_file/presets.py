"""How those lay out their files whose files people have, and where that is said.

wealthsources       our own: docs/files.md
binance             Binance, "Binance Public Data" (its README): 12 columns; files of the spot market have no header,
                    those of futures have one; times are ms, of the spot market microseconds from 2025 on; packed by
                    month and by day, as in BTCUSDT-1m-2024-01.zip
freqtrade           freqtrade, its feather data handler: a column `date` and our five
yfinance            yfinance, `Ticker.history(…).to_csv(…)`: `Date` of daily bars and longer, `Datetime` of shorter
                    ones, with the offset of the exchange; `Adj Close` beside `Close` where prices are not adjusted
cryptodatadownload  the files themselves: their first line is the address of the site, the newest row comes first,
                    `unix` is in seconds or, in files of some exchanges and years, in ms; the volume is given in both
                    currencies, as in `Volume BTC` and `Volume USDT`
kraken              Kraken Support, "Downloadable historical OHLCVT data": no header; time (seconds), open, high, low,
                    close, volume, trades; the length of a bar in minutes is in the name, as in XBTUSD_60.csv; a
                    window without a trade has no row
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from wealthsources import FIELDS
from wealthsources_file.layout import NEEDED, Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What stands for what is traded in the name of a column that each of its currencies has.
BASE: Final = "{base}"
#: How many columns rows have that have no header.
WIDTHS: Final[Mapping[str, int]] = {"binance": 12, "kraken": 7}

_TITLES: Final = {name: (name.title(),) for name in FIELDS}

PRESETS: Final[Mapping[str, Layout]] = MappingProxyType(
    {
        "wealthsources": Layout(),
        "binance": Layout(
            columns={name: (name, place) for place, name in enumerate(("open_time", *FIELDS, "close_time"), start=1)},
            header=None,
            time=("ms", "us"),
        ),
        "freqtrade": Layout(
            columns={"open_time": ("date",), **{name: (name,) for name in FIELDS}},
            time=("iso",),
        ),
        "yfinance": Layout(columns={"open_time": ("Date", "Datetime"), **_TITLES}, time=("iso",)),
        "cryptodatadownload": Layout(
            columns={
                "open_time": ("unix", "Unix", "Unix Timestamp"),
                **{name: (name, name.title()) for name in FIELDS},
                "volume": (f"Volume {BASE}",),
            },
            time=("s", "ms"),
            order="newest_first",
            preamble="http",
            timeframes={"d": "1d"},
        ),
        "kraken": Layout(
            columns={name: (place,) for place, name in enumerate(("open_time", *FIELDS), start=1)},
            header=False,
            time=("s",),
            timeframes={
                "1": "1m",
                "5": "5m",
                "15": "15m",
                "30": "30m",
                "60": "1h",
                "240": "4h",
                "720": "12h",
                "1440": "1d",
            },
        ),
    }
)


def of_header(names: Sequence[str]) -> str | None:
    """The format whose header has such names, if there is one."""
    return next((name for name, preset in PRESETS.items() if _has(preset, names)), None)


def of_rows(width: int) -> str | None:
    """The format whose rows have so many columns and no header, if there is one."""
    return next((name for name, count in WIDTHS.items() if count == width), None)


def _has(layout: Layout, names: Sequence[str]) -> bool:
    def is_there(name: str) -> bool:
        begin, base, _ = name.partition(BASE)
        return name in names or (base != "" and any(there.startswith(begin) for there in names))

    return all(any(map(is_there, layout.names(column))) for column in NEEDED)
