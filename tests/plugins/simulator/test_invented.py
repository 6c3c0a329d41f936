"""Bars that nobody traded: the same for the same seed, and possible."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import Market

from .clients import BEGINNING, BTC


def test_made_bars_are_the_same_for_the_same_seed_and_others_for_another():
    def bars(seed):
        market = Market.made(seed=seed)
        market.play(48)
        return market.all(BTC)

    assert bars(7) == bars(7)
    assert bars(7) != bars(8)
    assert len(bars(7)) == 48


@pytest.mark.parametrize("timeframe", Timeframe.known())
def test_made_bars_are_possible_follow_each_other_and_begin_at_noon_or_before(timeframe):
    market = Market.made(("BTCUSDT",), timeframe, bars=200)
    market.play(200)
    bars = market.all(("BTCUSDT", timeframe))
    assert bars[0].open_time == Timeframe(timeframe).floor(BEGINNING)
    assert all(bar.end == after.open_time for bar, after in itertools.pairwise(bars))
    for bar in bars:
        o, h, l, c, v = (Decimal(text) for text in (bar.open, bar.high, bar.low, bar.close, bar.volume))  # noqa: E741
        assert 0 < l <= min(o, c) <= max(o, c) <= h
        assert v > 0
