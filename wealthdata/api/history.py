"""history and attribute_history: JoinQuant's calls for one field of many securities, and many fields of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wealthdata.api.get_price import check_fq
from wealthdata.arguments.fields import HISTORY_DEFAULT, PRICE_DEFAULT, read_fields
from wealthdata.arguments.frequency import read_frequency
from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_binding, current_reader
from wealthdata.errors import ParamsError
from wealthdata.reading.columns import Request, filling_for, read_columns, read_several
from wealthdata.reading.frames import one_frame, wide_frame
from wealthdata.reading.span import Span, read_count
from wealthdata.settings import process

if TYPE_CHECKING:
    from collections.abc import Sequence


def history(
    count: int,
    unit: str = "1d",
    field: str = "avg",
    security_list: str | Sequence[str] | None = None,
    df: bool = True,
    skip_paused: bool | None = None,
    fq: str | None = "pre",
) -> Any:
    """One field of the newest `count` closed bars of several securities, all as of one moment; see `get_price`.

    field          one of those of get_price; money, and avg which is made of it, are NaN where no source gives money
    security_list  one symbol, or a list of them; None: the bound context's `universe`
    df             True: a frame of float64, a column per symbol as it was given, the newest `count` labels that any
                   of them has as naive datetime64[ns]; NaN where one has no bar. Notes in `df.attrs` are by symbol
                   False: a dict of symbol to an array of float64, shape (n,), n <= count, each of its own bars
    skip_paused, fq  as in get_price

    A day that is not over has no row, nor has a minute. Raises WealthDataError, see wealthdata.errors.
    """
    symbols = _symbols(security_list)
    check_fq(fq)
    if not isinstance(field, str):
        raise ParamsError(f"field must be one name like 'close', was {field!r}; attribute_history takes several")
    fields, timeframe, number = read_fields(field), read_frequency(unit), read_count(count)
    settings = process.settings
    request = Request(timeframe, Span(number), fields, settings.tz if df else dt.UTC, filling_for(skip_paused, True))
    by_symbol = read_several(current_reader(), symbols, request)
    if not df:
        return {symbol: columns.numbers[0] for symbol, columns in by_symbol.items()}
    return wide_frame(by_symbol, number, positional=settings.positional)


def attribute_history(
    security: str,
    count: int,
    unit: str = "1d",
    fields: str | Sequence[str] | None = HISTORY_DEFAULT,
    skip_paused: bool = True,
    df: bool = True,
    fq: str | None = "pre",
) -> Any:
    """Fields of the newest `count` closed bars of one security; see `get_price`, whose frame this is.

    fields  default: open, close, high, low, volume, and money where a source gives it. Asked for by name it is NaN
            where none does; a default column of NaN would empty every `dropna()`
    df      True: a frame of float64, indexed by label, a column per field
            False: a dict of field to an array of float64, shape (n,), n <= count
    skip_paused, fq  as in get_price

    A day that is not over has no row, nor has a minute. Raises WealthDataError, see wealthdata.errors.
    """
    chosen = read_symbols(security)
    if not isinstance(chosen, str):
        raise ParamsError(f"security must be one symbol, was {security!r}; for several there are history and get_price")
    check_fq(fq)
    wanted = PRICE_DEFAULT if fields is None or fields is HISTORY_DEFAULT else read_fields(fields)
    timeframe, number = read_frequency(unit), read_count(count)
    settings, reader = process.settings, current_reader()
    request = Request(timeframe, Span(number), wanted, settings.tz if df else dt.UTC, filling_for(skip_paused, True))
    columns = read_columns(reader, chosen, request)
    if not df:
        return dict(zip(wanted.numbers, columns.numbers, strict=True))
    return one_frame(columns, wanted, positional=settings.positional)


def _symbols(security_list: object) -> tuple[str, ...]:
    if security_list is None:
        security_list = _universe()
    chosen = read_symbols(security_list)
    return (chosen,) if isinstance(chosen, str) else chosen


def _universe() -> object:
    binding = current_binding()
    context = None if binding is None else binding.context
    universe = context.get("universe") if isinstance(context, Mapping) else getattr(context, "universe", None)
    if not isinstance(universe, list | tuple) or not universe:
        raise ParamsError(
            "security_list is not given, and the context has no universe: pass the symbols, as in "
            "history(5, '1d', 'close', ['BTCUSDT']), or have the engine put a list of them into context.universe"
        )
    return universe
