"""Bars that were handed out, and the ones that come back with other values."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from wealthdata.verify.seen import Repainted, SeenBars
from wealthsources import Bars

HOUR = 3_600_000


def bars(closes, closed=True):
    times = [slot * HOUR for slot in sorted(closes)]
    values = [float(closes[slot]) for slot in sorted(closes)]
    ones = np.ones(len(times))
    return Bars.from_columns("X", "1h", times, ones, ones * 9, ones * 0, values, ones, closed=closed)


@given(st.lists(st.dictionaries(st.integers(0, 60), st.integers(1, 2), max_size=40), max_size=8))
def test_it_says_the_same_as_a_dict_of_what_was_handed_out_last(answers):
    seen, last = SeenBars(), {}
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
    seen = SeenBars()
    assert seen.look(bars({1: 1}, closed=False)) is None
    assert seen.look(bars({1: 2}, closed=False)) is None
    assert seen.look(bars({1: 3})) is None
    assert seen.look(bars({1: 4})) is not None
