from __future__ import annotations

from wealthsources_ccxt.shelf import Shelf
from wealthsources_ccxt.stretch import Stretch

from .exchange import MINUTE
from .test_stretch import T0, at, bars

KEY = ("BTC/USDT", "1m")


def of(*places):
    stretch = Stretch(MINUTE, at(places[0]))
    stretch.add(bars(*places), at(places[-1] + 1))
    return stretch


def test_what_was_put_is_taken_once_by_who_asks_from_within_it():
    shelf, stretch = Shelf(), of(2, 3, 4)
    shelf.put(KEY, stretch)
    assert shelf.take(KEY, at(1)) is None
    assert shelf.take(KEY, at(5)) is None
    assert shelf.take(("ETH/USDT", "1m"), at(3)) is None
    assert shelf.take(KEY, at(3)) is stretch
    assert shelf.take(KEY, at(3)) is None


def test_it_is_kept_for_a_quarter_of_an_hour():
    now = [0.0]
    shelf = Shelf(clock=lambda: now[0])
    shelf.put(KEY, of(0, 1))
    now[0] = 901.0
    assert shelf.take(KEY, T0) is None
    assert shelf.bars == 0


def test_what_was_put_first_goes_first_when_there_are_too_many_bars():
    shelf = Shelf(most=5)
    shelf.put(KEY, of(0, 1, 2))
    shelf.put(("ETH/USDT", "1m"), of(0, 1, 2))
    assert shelf.bars == 3
    assert shelf.take(KEY, T0) is None
    shelf.put(KEY, of(*range(9)))
    assert shelf.bars == 0
