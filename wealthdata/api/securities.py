"""get_all_securities and get_security_info: which symbols there are."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Final

from wealthdata.arguments.dates import from_milliseconds, read_moment
from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_reader
from wealthdata.errors import DataUnavailable, FutureDataError, ParamsError, SecurityNotFound, StaleDataError
from wealthdata.reading.frames import securities_frame
from wealthdata.settings import process
from wealthsources import match_symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from wealthdata.binding.adapter_access import BarReader

_TYPE: Final = "crypto"
#: JoinQuant's other types. A strategy that asks for them gets what there is of them here: none.
_OTHER_TYPES: Final = (
    *("stock", "fund", "index", "futures", "options", "etf", "lof", "fja", "fjb", "open_fund", "bond_fund"),
    *("stock_fund", "QDII_fund", "money_market_fund", "mixture_fund"),
)

#: Sources list symbols without dates. NaT would make `start_date < day`, which is in many strategies, drop them all.
_START: Final = dt.date(1970, 1, 1)
_END: Final = dt.date(2200, 1, 1)


@dataclasses.dataclass(frozen=True, slots=True)
class SecurityInfo:
    """What `get_security_info` tells. Names are the symbol as it was given."""

    code: str
    display_name: str
    name: str
    start_date: dt.date = _START
    end_date: dt.date = _END
    type: str = _TYPE
    parent: str | None = None


def get_all_securities(types: str | Sequence[str] = (), date: object = None) -> pd.DataFrame:
    """All symbols that the sources list, sorted. One that cannot list its own in time adds none, and the log names it.

    types  'crypto', the type of all there is, or none: everything. JoinQuant's others, as 'stock': an empty frame
    date   checked, and of no effect: sources list their symbols without dates

    A frame indexed by symbol as its source spells it. Columns display_name, name (text, the symbol), start_date,
    end_date (datetime64[ns]), type ('crypto'). start_date is 1970-01-01, which stands for "not known", end_date
    2200-01-01, which is JoinQuant's for "still there".

    Raises ParamsError; FutureDataError if a backtest names a later date; NoContextError, ClockError.
    """
    wanted = _wants_ours(types)
    reader = current_reader()
    _check_date(reader, date)
    symbols = reader.symbols() if wanted else []
    return securities_frame(symbols, _START, _END, _TYPE, positional=process.settings.positional)


def get_security_info(code: str, date: object = None) -> SecurityInfo:
    """What is known of one symbol: code, display_name, name, start_date, end_date, type, parent.

    Dates are datetime.date, and mean what they do in get_all_securities, as `date` does; parent is None. A symbol is
    there if a source lists it or has a bar of it.

    Raises SecurityNotFound; DataUnavailable if a source failed that may have it, or could not list its symbols;
    ParamsError, FutureDataError, NoContextError, ClockError.
    """
    chosen = read_symbols(code)
    if not isinstance(chosen, str):
        raise ParamsError(f"code must be one symbol, was {code!r}")
    reader = current_reader()
    _check_date(reader, date)
    if match_symbol(chosen, reader.symbols()) is None:
        _require_bar(reader.as_of_now(), chosen)
    return SecurityInfo(chosen, chosen, chosen)


def _wants_ours(types: object) -> bool:
    names = (types,) if isinstance(types, str) else types
    valid = (_TYPE, *_OTHER_TYPES)
    if not isinstance(names, list | tuple | set | frozenset) or not all(name in valid for name in names):
        raise ParamsError(f"types must be some of {', '.join(valid)}, was {types!r}")
    return not names or _TYPE in names


def _check_date(reader: BarReader, date: object) -> None:
    if date is None:
        return
    zone = process.settings.tz
    day = read_moment(date, "date", zone).date()
    if reader.mode == "backtest":
        now = from_milliseconds(reader.now(), zone)
        if day > now.date():
            raise FutureDataError(f"date {date!r} is after the backtest's time, {now:%Y-%m-%d %H:%M:%S}")


def _require_bar(moment: BarReader, symbol: str) -> None:
    try:
        moment.latest_price(symbol)
    except StaleDataError:
        pass  # it has bars
    except DataUnavailable as failure:
        if any(attempt.outcome == "failed" for attempt in failure.attempts):
            raise
        raise SecurityNotFound(str(failure)) from None
