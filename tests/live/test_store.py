from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Bars, BarStore, RequestError, SeriesBuffer, Timeframe

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


def test_a_backfill_fills_the_hole_and_keeps_its_sources_name():
    store = BarStore("live")
    buffer = store.series("BTCUSDT", Timeframe("1h"))
    for place in (0, 1, 4, 5):
        put(buffer, place)
    bars = history(2, 3)
    filled = store.fill(Bars(bars.symbol, bars.timeframe, np.array(bars.rows), ("archive",)))
    assert filled.added == 2
    answer = buffer.snapshot(FOREVER)
    assert [bar.source for bar in answer] == ["live", "live", "archive", "archive", "live"]
    assert answer.unbroken


def test_series_are_capped():
    store = BarStore(max_series=2)
    store.series("A", Timeframe("1h"))
    store.series("B", Timeframe("1h"))
    assert store.series("A", Timeframe("1h")) is store.get("A", Timeframe("1h"))
    with pytest.raises(RequestError, match="no room"):
        store.series("C", Timeframe("1h"))


def test_clear_forgets_one_or_all():
    store = BarStore()
    put(store.series("A", Timeframe("1h")), 0)
    put(store.series("B", Timeframe("1h")), 0)
    store.clear("A")
    assert [buffer.symbol for buffer in store if len(buffer)] == ["B"]
    store.clear()
    assert not any(len(buffer) for buffer in store)


def test_a_series_that_was_cleared_goes_on():
    store = BarStore()
    buffer = store.series("A", Timeframe("1h"))
    put(buffer, 0)
    store.clear()
    put(buffer, 5)
    put(buffer, 6)
    assert closed(store.series("A", Timeframe("1h"))) == [5]
