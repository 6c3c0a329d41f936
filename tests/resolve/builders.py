"""Answers in the making, for the tests of this room."""

from __future__ import annotations

import dataclasses

import numpy as np

from wealthsources import Bars, Capabilities, HistoryRequest, Timeframe
from wealthsources.resolve.answer_builder import Added, AnswerBuilder
from wealthsources.resolve.query import Query
from wealthsources.testing import ListSource

from ..support.bars import HOUR, T0, at, hourly

FRAME = Timeframe("1h")
MINUTES = Timeframe("1m")


def query(count: int | None = 3, now: int = 10, **changes) -> Query:
    return dataclasses.replace(Query("BTCUSDT", FRAME, at(now), count), **changes)


def ranged(start: int, end: int | None = None, **changes) -> Query:
    return query(None, start=start, end=end, **changes)


def build(count: int | None = 3, now: int = 10, **changes) -> AnswerBuilder:
    return AnswerBuilder(query(count, now, **changes))


def source(**capabilities) -> ListSource:
    return ListSource(capabilities=Capabilities(blocking=False, **capabilities))


PLAIN = source()
LIVE = source(live=True)
EXCHANGE = source(authoritative=True)
ANYTHING = HistoryRequest("BTCUSDT", FRAME, at(10), include_forming=True)


def add(builder: AnswerBuilder, bars: Bars, name: str = "archive", of: ListSource = PLAIN) -> Added:
    """What comes of such an answer to what the builder would ask."""
    return builder.add(bars, name, builder.request_to(of, "BTCUSDT") or ANYTHING, of)


def closed(*wanted: int, price: float = 10.0) -> Bars:
    return hourly(*wanted, price=price, closed=True)


def forming(place: int, price: float = 10.0) -> Bars:
    return hourly(place, price=price, closed=False)


def together(*parts: Bars) -> Bars:
    return parts[0].replace(rows=np.concatenate([part.rows for part in parts]))


def asked(builder: AnswerBuilder, of: ListSource = PLAIN) -> tuple[int | None, int, int | None] | None:
    """Which hours are asked for: the first, the one after the last, and how many; None: nothing."""
    request = builder.request_to(of, "BTCUSDT")
    if request is None:
        return None
    start = None if request.start is None else (request.start - T0) / HOUR
    return start, (request.end - T0) / HOUR, request.count
