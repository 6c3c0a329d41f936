"""get_bars: JoinQuant's call for bars back from a moment, in the shapes of the platform and of jqdatasdk."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from wealthdata.arguments.dates import read_moment
from wealthdata.arguments.fields import BARS_DEFAULT, PRICE_DEFAULT, read_fields
from wealthdata.arguments.frequency import read_frequency
from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_reader
from wealthdata.errors import ParamsError
from wealthdata.reading.columns import Request, filling_for, read_columns, read_several
from wealthdata.reading.frames import array, dated_frame, long_frame, numbered_frame, one_frame
from wealthdata.reading.span import read_span
from wealthdata.settings import process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthdata.arguments.fields import Fields
    from wealthdata.reading.columns import Columns


def get_bars(
    security: str | Sequence[str] | None = None,
    count: int | None = None,
    unit: str = "1d",
    fields: str | Sequence[str] | None = None,
    include_now: bool = False,
    end_dt: object = None,
    fq_ref_date: object = None,
    df: bool | None = None,
    start_dt: object = None,
    skip_paused: bool = True,
    *,
    frequency: str | None = None,
    end_date: object = None,
    symbol: str | Sequence[str] | None = None,
) -> Any:
    """The newest `count` closed bars that end by `end_dt`, oldest first; arguments mean what they do in `get_price`.

    include_now  the last row may be the bar that is forming. It is labelled now, a longer one with today's date
    fq_ref_date  checked, and of no effect
    df           None: the shapes of get_price, with the label once more as column if `date` is among the fields
                 True: rows numbered, the label in the column date; a list of securities: indexed by code and number
                 False: a structured array, `a['close'][-1]`, its date datetime64[ns]; a list: a dict of arrays
    frequency, end_date and symbol are other names of unit, end_dt and security.

    Default fields: open, close, high, low, volume, or if df is stated date, open, high, low, close.
    Raises WealthDataError, see wealthdata.errors.
    """
    chosen = read_symbols(security, symbol)
    end_name, end = _either("end_dt", end_dt, "end_date", end_date)
    timeframe = read_frequency(_unit(unit, frequency))
    settings, reader = process.settings, current_reader()
    if fq_ref_date is not None:
        read_moment(fq_ref_date, "fq_ref_date", settings.tz)
    wanted = _read_fields(fields, df)
    span = read_span(reader, settings, timeframe, count, start_dt, end, ("start_dt", end_name))
    zone = settings.tz if df is None or "date" in wanted.names else dt.UTC
    request = Request(timeframe, span, wanted, zone, filling_for(skip_paused, True), bool(include_now))
    if not isinstance(chosen, str):
        return _several(read_several(reader, chosen, request), wanted, settings.positional, df)
    if include_now:
        reader = reader.as_of_now()  # the label of a forming bar is of the time of the others
    return _one(read_columns(reader, chosen, request), wanted, settings.positional, df)


def _read_fields(fields: object, df: bool | None) -> Fields:
    if fields is None:
        return PRICE_DEFAULT if df is None else BARS_DEFAULT
    return read_fields(fields, dated=True)


def _one(columns: Columns, fields: Fields, positional: bool, df: bool | None) -> Any:
    if df is None:
        return one_frame(columns, fields, positional=positional)
    return dated_frame(columns, fields, positional=positional) if df else array(columns, fields)


def _several(by_symbol: dict[str, Columns], fields: Fields, positional: bool, df: bool | None) -> Any:
    if df is None:
        return long_frame(by_symbol, fields, positional=positional)
    if df:
        return numbered_frame(by_symbol, fields, positional=positional)
    return {symbol: array(columns, fields) for symbol, columns in by_symbol.items()}


def _either(name: str, value: object, other_name: str, other: object) -> tuple[str, object]:
    if value is not None and other is not None:
        raise ParamsError(f"{name} and {other_name} are one argument under two names; give one of them")
    return (name, value) if other is None else (other_name, other)


def _unit(unit: str, frequency: str | None) -> str:
    if frequency is not None and unit not in ("1d", frequency):
        raise ParamsError(f"unit {unit!r} and frequency {frequency!r} are one argument under two names; give one")
    return unit if frequency is None else frequency
