"""Bars as they come one by one: mappings or objects that have open_time, open, high, low, close, volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources.model.decimals import read_value
from wealthsources.model.rows import FIELDS, FORMING, UNSET, Finality, closed_by, pack_decimals, pack_row
from wealthsources.model.times import read_time

if TYPE_CHECKING:
    from wealthsources.model.timeframe import Timeframe

_REQUIRED: Final = object()


def pack_record(record: object, timeframe: Timeframe) -> tuple[bytes, int, tuple[str | None, ...] | None]:
    """The record as a packed row, its open time, and the texts of values that the row cannot give back.

    close_time, closed and finality may be there too. Raises ValueError that names the field.
    """
    field = "open_time"
    try:
        open_time = read_time(_required(record, field))
        if timeframe.hours is not None:
            open_time = int(timeframe.opens_by_date(np.array([open_time]))[0])
        field = "close_time"
        sent = read_field(record, field)
        close_time = timeframe.end(open_time) if sent is None else read_time(sent)
        values = []
        for field in FIELDS:
            values.append(read_value(_required(record, field)))
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None
    decimals = pack_decimals(*(value.code for value in values))
    texts = tuple(value.text for value in values)
    row = pack_row(open_time, close_time, *(value.number for value in values), _status(record), 0, 0, decimals)
    return row, open_time, texts if any(text is not None for text in texts) else None


def read_field(record: object, name: str, default: object = None) -> object:
    """A value of a mapping or of an object, the default if it is not there."""
    if isinstance(record, dict | Mapping):  # a dict first: to ask an abstract class takes ten times as long
        return record.get(name, default)
    return getattr(record, name, default)


def _required(record: object, name: str) -> object:
    value = read_field(record, name, _REQUIRED)
    if value is _REQUIRED:
        raise ValueError("is missing")
    return value


def _status(record: object) -> int:
    closed = read_field(record, "closed")
    if closed is None:
        return UNSET
    if not isinstance(closed, bool):
        raise ValueError(f"closed: {closed!r} is neither true nor false")
    return closed_by(Finality(str(read_field(record, "finality") or Finality.HISTORY))) if closed else FORMING
