"""The series of one source: made as bars come, let go of, and filled under the names of others."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from wealthsources import Bars, BarStore, RequestError, Timeframe

from .buffers import FOREVER, closed, history, put

HOURS = Timeframe("1h")


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


def test_a_series_that_never_had_a_bar_is_none():
    store = BarStore()
    assert store.get("BTCUSDT", HOURS) is None
    made = store.series("BTCUSDT", HOURS)
    assert store.get("BTCUSDT", HOURS) is made
    assert store.get("BTCUSDT", Timeframe("1m")) is None


def test_a_series_is_made_as_the_store_was_told():
    store = BarStore("live", capacity=3, corrections="reject")
    buffer = store.series("BTCUSDT", HOURS)
    assert (buffer.symbol, buffer.timeframe, buffer.capacity) == ("BTCUSDT", HOURS, 3)
    put(buffer, 0, closed=True)
    assert put(buffer, 0, 2.0, closed=True).kind == "rejected"
    assert buffer.snapshot(FOREVER)[0].source == "live"


def test_the_series_of_a_store_are_counted_and_gone_through():
    store = BarStore()
    made = [store.series(symbol, HOURS) for symbol in ("A", "B")]
    assert len(store) == 2
    assert list(store) == made
    for _ in store:
        store.series("C", HOURS)
    assert len(store) == 3


def test_a_series_that_was_dropped_makes_room_for_another():
    store = BarStore(max_series=1)
    old = store.series("A", HOURS)
    store.drop("A", HOURS)
    store.drop("A", HOURS)
    assert store.get("A", HOURS) is None
    assert store.series("B", HOURS) is not old
    assert len(store) == 1


@pytest.mark.parametrize(
    ("cleared", "left"),
    [
        ((), []),
        (("A",), ["B 1h", "B 1m"]),
        ((None, "1h"), ["A 1m", "B 1m"]),
        ((None, Timeframe("1m")), ["A 1h", "B 1h"]),
        (("A", "1h"), ["A 1m", "B 1h", "B 1m"]),
        (("C",), ["A 1h", "A 1m", "B 1h", "B 1m"]),
    ],
)
def test_bars_are_forgotten_of_a_symbol_of_a_timeframe_of_both_or_all(cleared, left):
    store = BarStore()
    for symbol in ("A", "B"):
        for name in ("1h", "1m"):
            put(store.series(symbol, Timeframe(name)), 0)
    store.clear(*cleared)
    assert [f"{buffer.symbol} {buffer.timeframe}" for buffer in store if len(buffer)] == left
    assert len(store) == 4


def test_a_timeframe_that_there_is_not_cannot_be_cleared():
    with pytest.raises(RequestError, match="'5x' is not a timeframe"):
        BarStore().clear(timeframe="5x")


def from_source(bars: Bars, name: str) -> Bars:
    return bars.replace(rows=np.array(bars.rows), sources=(name,))


def test_a_source_that_fills_twice_takes_one_name():
    store = BarStore("live")
    buffer = store.series("BTCUSDT", HOURS)
    for place in (0, 3, 6, 7):
        put(buffer, place, closed=True)
    for name, wanted in (("archive", 1), ("cloud", 2), ("archive", 4), ("live", 5)):
        store.fill(from_source(history(wanted), name))
    answer = buffer.snapshot(FOREVER)
    assert [bar.source for bar in answer] == ["live", "archive", "cloud", "live", "archive", "live", "live", "live"]
    assert answer.sources == ("live", "archive", "cloud")


def test_names_are_those_of_the_store_in_every_series():
    store = BarStore("live")
    for symbol in ("A", "B"):
        for place in (0, 2):
            put(store.series(symbol, HOURS), place, closed=True)
        store.fill(from_source(history(1), f"archive of {symbol}").replace(symbol=symbol))
    assert store.series("B", HOURS).snapshot(FOREVER)[1].source == "archive of B"
    assert store.series("A", HOURS).snapshot(FOREVER)[1].source == "archive of A"


def test_a_row_can_tell_256_sources_apart_and_there_is_no_room_for_more():
    store = BarStore("live")
    for number in range(255):
        store.fill(from_source(history(1), f"s{number}"))
    store.fill(from_source(history(1), "s0"))
    with pytest.raises(RequestError, match="no room for one more source name, 'one more'"):
        store.fill(from_source(history(1), "one more"))


def test_many_threads_make_one_series():
    store, made = BarStore(), []
    threads = [threading.Thread(target=lambda: made.append(store.series("A", HOURS))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(made) == 16
    assert len(set(map(id, made))) == len(store) == 1
