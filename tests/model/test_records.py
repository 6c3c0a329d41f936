from __future__ import annotations

from wealthsources import Bars, Finality

from ..support.bars import HOUR, T0, recorded


def test_objects_serve_as_records_too():
    class Record:
        open_time, close_time = T0, T0 + HOUR - 1
        open, high, low, close, volume = "1", "2", "1", "2", "5"
        closed = True

    bar = Bars.from_records("X", "1h", [Record()])[0]
    assert (bar.closed, bar.finality, bar.close_time) == (True, Finality.HISTORY, T0 + HOUR - 1)


def test_unset_closed_stays_unset():
    assert recorded()[0].closed is None
