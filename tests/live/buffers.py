"""Bars put into a series by hand, and what is there of it then."""

from __future__ import annotations

from wealthsources import Bars, SeriesBuffer

from ..support.bars import at, places

FOREVER = 1 << 60


def put(series: SeriesBuffer, place: int, volume: float = 1.0, *, epoch: int = 1, closed: bool | None = None):
    values = (10.0, 12.0, 9.0, 11.0, volume)
    return series.put(at(place), at(place + 1) - 1, values, epoch=epoch, closed=closed, arrived=1.0)


def closed(buffer: SeriesBuffer, **options) -> list[int]:
    return places(buffer.snapshot(FOREVER, **options))


def history(*wanted: int, volume: float = 7.0) -> Bars:
    rows = [(at(place), 10.0, 12.0, 9.0, 11.0, volume) for place in wanted]
    return Bars.from_columns("BTCUSDT", "1h", *zip(*rows, strict=True), closed=True)
