from __future__ import annotations

import dataclasses

from wealthsources import Bars
from wealthsources_replay.closings import Closings

from ...support.bars import FRAME, at


def bar(place, symbol="BTCUSDT"):
    values = dict.fromkeys(("open", "high", "low", "close", "volume"), "1")
    return Bars.from_records(symbol, FRAME, [{"open_time": at(place), **values}])[0]


def test_a_bar_is_new_once_in_each_series_whatever_becomes_of_it():
    closings = Closings()
    assert [closings.is_new(bar(place)) for place in (0, 1, 0)] == [True, True, False]
    assert not closings.is_new(dataclasses.replace(bar(1), close=2.0, revision=3))
    assert closings.is_new(bar(0, "ETHUSDT"))


def test_of_very_many_the_first_ones_are_forgotten():
    closings = Closings(2)
    assert [closings.is_new(bar(place)) for place in (0, 1, 2, 1, 0)] == [True, True, True, False, True]
