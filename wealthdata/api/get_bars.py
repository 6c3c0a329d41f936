"""get_bars: JoinQuant's call for bars back from a moment, in the shapes of the platform and of jqdatasdk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wealthdata.api.get_price import fill_for
from wealthdata.arguments.dates import read_moment
from wealthdata.arguments.fields import BARS_DEFAULT, PRICE_DEFAULT, read_fields
from wealthdata.arguments.frequency import read_frequency
from wealthdata.arguments.symbols import read_securities
from wealthdata.binding.adapter_access import frozen
from wealthdata.binding.binding import current_adapter
from wealthdata.binding.session_lookup import current_options
from wealthdata.errors import ParamsError
from wealthdata.reading.columns import Request, read_table
from wealthdata.reading.frames import array, dated_frame, long_frame, numbered_frame, one_frame
from wealthdata.reading.span import read_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthdata.arguments.fields import Plan
    from wealthdata.reading.columns import Table
    from wealthdata.settings import Options


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
    chosen = read_securities(security, symbol)
    end_name, end = _either("end_dt", end_dt, "end_date", end_date)
    timeframe = read_frequency(_unit(unit, frequency))
    options, adapter = current_options(), current_adapter()
    if fq_ref_date is not None:
        read_moment(fq_ref_date, "fq_ref_date", options.tz)
    plan = read_fields(fields, PRICE_DEFAULT if df is None else BARS_DEFAULT, dated=True)
    window = read_window(adapter, options, timeframe, count, start_dt, end, ("start_dt", end_name))
    request = Request(timeframe, window, plan, options.tz, fill_for(skip_paused, True), bool(include_now))
    if isinstance(chosen, str):
        return _one(read_table(adapter, chosen, request), plan, options, df)
    moment = frozen(adapter)  # all of them as of one time
    return _several({code: read_table(moment, code, request) for code in chosen}, plan, options, df)


def _one(table: Table, plan: Plan, options: Options, df: bool | None) -> Any:
    if df is None:
        return one_frame(table, plan, positional=options.positional)
    return dated_frame(table, plan, positional=options.positional) if df else array(table, plan)


def _several(tables: dict[str, Table], plan: Plan, options: Options, df: bool | None) -> Any:
    if df is None:
        return long_frame(tables, plan, positional=options.positional)
    if df:
        return numbered_frame(tables, plan, positional=options.positional)
    return {code: array(table, plan) for code, table in tables.items()}


def _either(name: str, value: object, other_name: str, other: object) -> tuple[str, object]:
    if value is not None and other is not None:
        raise ParamsError(f"{name} and {other_name} are one argument under two names; give one of them")
    return (name, value) if other is None else (other_name, other)


def _unit(unit: str, frequency: str | None) -> str:
    if frequency is not None and unit not in ("1d", frequency):
        raise ParamsError(f"unit {unit!r} and frequency {frequency!r} are one argument under two names; give one")
    return unit if frequency is None else frequency
