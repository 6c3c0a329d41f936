"""get_price: JoinQuant's call for bars, by count or by dates."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from wealthdata.arguments.fields import PRICE_DEFAULT, read_fields
from wealthdata.arguments.frequency import FREQUENCIES, read_frequency
from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_reader
from wealthdata.errors import PanelObsoleteWarning, ParamsError
from wealthdata.reading.columns import Request, filling_for, read_columns, read_several
from wealthdata.reading.frames import long_frame, one_frame
from wealthdata.reading.span import Span, read_span
from wealthdata.settings import process

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def get_price(
    security: str | Sequence[str] | None = None,
    start_date: object = None,
    end_date: object = None,
    frequency: str = "daily",
    fields: str | Sequence[str] | None = None,
    skip_paused: bool | None = None,
    fq: str | None = "pre",
    count: int | None = None,
    panel: bool | None = None,
    fill_paused: bool = True,
    round: bool = True,  # noqa: A002, ARG001 - JoinQuant's name; prices are not rounded
    *,
    symbol: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Closed bars, oldest first, as a fresh frame.

    security     one symbol, or a list of them; `symbol` is another name of it
    start_date   of intraday bars, those with start < label <= end; of longer ones, those labelled from start to end
    end_date     None: now. A date alone is its midnight
    frequency    '1m' to '1M', 'minute', 'daily', 'weekly', 'monthly', '60m', '5min'
    fields       default: open, close, high, low, volume; more: pre_close, money, avg, factor, paused, high_limit,
                 low_limit, open_interest
    skip_paused  False: put a row where a bar is missing, with the close before it, volume 0 and paused 1: between bars
                 and up to the newest window that is over, but none before the first bar, and none after the last one
                 if a source failed or the live streams are stale, since then a bar may be missing that there is
    fq           'pre', 'post', 'none' or None; of no effect, nothing here has dividends
    count        the newest so many bars, instead of start_date; neither: as many as `configure` says
    fill_paused  False: the rows that skip_paused=False puts in are NaN

    One symbol: a column of float64 per field, indexed by label: naive datetime64[ns] in the zone of `configure`, the
    end of an intraday bar, the last date (UTC) that a longer one covers. A list: rows numbered, columns time, code and
    the fields, grouped by code. Columns take positions, `df['close'][-1]`. Labels are unique and increasing: where
    clocks of the zone were set back among them, an answer that would have others is refused with a ParamsError.

    What is missing is in `df.attrs`, as plain values: `holes`, a list of dicts with start, end (ms), count and text;
    `behind`, how many of the newest bars; `failed`, a list of text. Of a list of securities each is a dict by code. A
    row that skip_paused=False puts in changes nothing there. Fewer bars than count is no error.

    Raises WealthDataError, see wealthdata.errors. An empty frame means that no whole bar fits.
    """
    # What nearly every call says is taken here, anything else where it is explained.
    chosen = security if symbol is None and isinstance(security, str) and security else read_symbols(security, symbol)
    if _looks_like_count(start_date):
        raise ParamsError(f"start_date was {start_date!r}, no date; for that many bars pass count={start_date}")
    check_fq(fq)
    wanted = PRICE_DEFAULT if fields is None else read_fields(fields)
    timeframe = (isinstance(frequency, str) and FREQUENCIES.get(frequency)) or read_frequency(frequency)
    settings, reader = process.settings, current_reader()
    if type(count) is int and count > 0 and start_date is end_date is None:
        span = Span(count)
    else:
        span = read_span(reader, settings, timeframe, count, start_date, end_date)
    request = Request(timeframe, span, wanted, settings.tz, filling_for(skip_paused, fill_paused))
    if isinstance(chosen, str):
        return one_frame(read_columns(reader, chosen, request), wanted, positional=settings.positional)
    if panel:
        text = "there is no Panel; several securities come as one long frame, with the columns time and code"
        warnings.warn(text, PanelObsoleteWarning, stacklevel=2)
    return long_frame(read_several(reader, chosen, request), wanted, positional=settings.positional)


def check_fq(fq: object) -> None:
    """Raise ParamsError for an adjustment that there is not."""
    if fq not in ("pre", "post", "none", None):
        raise ParamsError(f"fq must be 'pre', 'post', 'none' or None, was {fq!r}")


def _looks_like_count(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and abs(int(value)) < 10_000_000
