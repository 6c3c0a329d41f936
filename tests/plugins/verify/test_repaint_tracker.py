"""Bars that were handed out, and the ones that come back with other values."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from wealthsources import Bars
from wealthsources_verify.repaint_tracker import Repainted, RepaintTracker

from ...support.bars import HOUR


def bars(closes, closed=True):
    times = [slot * HOUR for slot in sorted(closes)]
    values = [float(closes[slot]) for slot in sorted(closes)]
    ones = np.ones(len(times))
    return Bars.from_columns("X", "1h", times, ones, ones * 9, ones * 0, values, ones, closed=closed)


@given(st.lists(st.dictionaries(st.integers(0, 60), st.integers(1, 2), max_size=40), max_size=8))
def test_it_says_the_same_as_a_dict_of_what_was_handed_out_last(answers):
    seen, last = RepaintTracker(), {}
    for answer in answers:
        wrong = [slot for slot in sorted(answer) if last.get(slot, answer[slot]) != answer[slot]]
        repainted = seen.look(bars(answer))
        if wrong:
            first = wrong[0]
            assert repainted == Repainted(first * HOUR, "close", last[first], answer[first], len(wrong))
        else:
            assert repainted is None
        last |= answer


def test_a_forming_bar_may_change():
    seen = RepaintTracker()
    assert seen.look(bars({1: 1}, closed=False)) is None
    assert seen.look(bars({1: 2}, closed=False)) is None
    assert seen.look(bars({1: 3})) is None
    assert seen.look(bars({1: 4})) is not None


def test_a_closed_bar_that_comes_back_with_another_value_is_repainted(verify):
    result = verify("""
        from wealthdata import get_price
        def handle_bar(context, bar):
            get_price('BTC/USDT', count=5, frequency='1h')
            for each in context.market_data_context[0]['bars']:
                if each['open_time'] <= bar.open_time:
                    each['volume'] += 1
        """)
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"]) == ("repainted", "BTCUSDT 1h")
    assert finding["values"] == {"before": "2.0", "after": "3.0"}
    assert finding["detail"] == (
        "the bar that opens 2024-01-01 01:00 had the volume 2.0, then 3.0 (get_price at s.py:4)"
    )
    assert finding["times"] == 35 * 4


def test_the_bar_that_was_released_counts_as_handed_out(verify):
    result = verify(
        """
        from wealthdata import get_price
        def handle_bar(context, bar):
            at = [each['open_time'] for each in context.market_data_context[0]['bars']].index(bar.open_time)
            context.market_data_context[0]['bars'][at]['volume'] = 7000
            get_price('BTCUSDT', count=1, frequency='1h')
        """,
        "--limit",
        1,
    )
    assert result.found == [("repainted", "BTCUSDT 1h")]
