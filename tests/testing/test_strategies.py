"""Bars that are drawn are such as a source may have, of any timeframe and market."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import Phase, find, given, settings

from wealthsources import Bars, Market, Timeframe, first_fault
from wealthsources.testing.strategies import bars, timeframes

from ..support.hours import hours_of, utc

SPANS = [("09:30", "11:30"), ("13:00", "15:00")]
SHANGHAI = hours_of({f"2024-01-{day:02}": SPANS for day in range(2, 31)})
BETWEEN = utc(2024, 1, 2, 10), utc(2024, 1, 10)


@given(timeframes())
def test_timeframes_are_those_that_are_known(timeframe):
    assert timeframe.name in Timeframe.known()


@given(bars(holes=True))
def test_bars_of_any_timeframe_are_possible_and_closed(drawn: Bars):
    assert first_fault(drawn) is None
    assert 1 <= len(drawn) <= 30
    assert all(bar.closed for bar in drawn)


@given(bars(timeframe="1h", least=5, most=5))
def test_without_holes_each_window_has_its_bar(drawn: Bars):
    assert np.diff(drawn.open_times).tolist() == [3_600_000] * 4


@given(bars(timeframe="1m", market=Market(prices="any"), symbol="A-B"))
def test_on_a_market_of_spreads_prices_may_be_anything(drawn: Bars):
    assert first_fault(drawn, "any") is None
    assert drawn.symbol == "A-B"


@given(bars(timeframe="30m", market=Market(hours=SHANGHAI), between=BETWEEN, holes=True))
def test_on_a_market_with_hours_windows_open_in_them(drawn: Bars):
    assert first_fault(drawn) is None
    assert drawn.timeframe.hours is SHANGHAI


@given(bars(forming=True, least=2))
def test_the_last_one_may_be_forming(drawn: Bars):
    closed, last = drawn.split_forming()
    assert (len(closed), last is not None) == (len(drawn) - 1, True)


@given(bars(most=3))
def test_the_texts_of_values_are_kept(drawn: Bars):
    for bar in drawn:
        assert float(bar.exact("open")) == bar.open


def test_holes_and_negative_prices_do_come():
    any_will_do = settings(phases=[Phase.generate], database=None)
    holes = bars(timeframe="1m", holes=True, most=3)
    assert find(holes, lambda drawn: (np.diff(drawn.open_times) > 60_000).any(), settings=any_will_do)
    assert find(bars(market=Market(prices="any"), most=1), lambda drawn: drawn[0].low < 0, settings=any_will_do)


def test_without_hypothesis_the_remedy_is_named():
    code = "import sys; sys.modules['hypothesis'] = None\nimport wealthsources.testing.strategies"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "needs hypothesis, which is not installed: pip install hypothesis" in done.stderr
