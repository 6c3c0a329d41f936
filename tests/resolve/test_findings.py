"""What is found wrong with bars: rows that are none, and bars on which two sources disagree."""

from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Bars
from wealthsources.resolve.findings import MOST_TOLD, compare_sources, judge_rows

from ..support.bars import HOUR, at, moving, places


def rows(*wanted: tuple[float, ...]) -> Bars:
    """Hours as (place, open, high, low, close, volume); a place may be a fraction."""
    times = [int(at(0) + place * HOUR) for place, *_ in wanted]
    return Bars.from_columns("BTCUSDT", "1h", times, *zip(*(values for _, *values in wanted), strict=True))


GOOD = (10.0, 12.0, 9.0, 11.0, 5.0)


def judged(*wanted: tuple[float, ...]) -> tuple[list[int], list[tuple[str, int, str]]]:
    """The places of the good bars, and each finding with the hour that it begins in."""
    good, findings = judge_rows(rows(*wanted), "one", "positive")
    assert {finding.source for finding in findings} <= {"one"}
    return places(good), [(each.kind, (each.start - at(0)) // HOUR, each.text) for each in findings]


def test_rows_in_order_are_bars():
    assert judged(*((place, *GOOD) for place in range(5))) == ([0, 1, 2, 3, 4], [])


def test_nothing_is_wrong_with_no_rows():
    assert judge_rows(Bars.empty("X", "1h").replace(trusted=False), "one", "positive")[1] == []


def test_our_own_series_are_not_looked_at():
    bars = rows((0, 10, 1, 9, 11, 5)).replace(trusted=True)
    assert judge_rows(bars, "one", "positive") == (bars, [])


@pytest.mark.parametrize(
    ("row", "kind", "text"),
    [
        ((1, 10, 8, 9, 11, 5), "bad_values", "high 8.0 is below low 9.0"),
        ((1, 13, 12, 9, 11, 5), "bad_values", "open 13.0 or close 11.0 is above high 12.0"),
        ((1, 0, 12, 0, 11, 5), "bad_values", "open: 0.0 is not positive"),
        ((1, 10, 12, 9, 11, -5), "bad_values", "volume: -5.0 is negative"),
        ((1, 10, np.nan, 9, 11, 5), "bad_values", "high: nan is not a finite number"),
        ((1.5, *GOOD), "off_grid", "open_time: 1600003800000 is not on the 1h grid"),
    ],
)
def test_a_row_that_is_no_bar_is_named_and_the_others_stay(row, kind, text):
    assert judged((0, *GOOD), row, (2, *GOOD)) == ([0, 2], [(kind, 1, text)])


def test_a_time_that_no_calendar_has_is_named_too():
    bars = Bars.from_columns("X", "1M", [at(0), 1 << 61], *np.ones((5, 2)))
    assert [(each.kind, each.start) for each in judge_rows(bars, "one", "positive")[1]][-1] == ("off_grid", 1 << 61)


def test_prices_may_be_what_the_market_has():
    spread = rows((0, -3, -1, -4, -2, 5))
    assert judge_rows(spread, "one", "any")[1] == []
    assert len(judge_rows(spread, "one", "positive")[1]) == 1


def test_a_bar_that_is_there_twice_is_named_with_whether_both_say_the_same():
    other = (10.0, 12.0, 9.0, 10.5, 5.0)
    assert judged((0, *other), (1, *GOOD), (1, *GOOD)) == (
        [0, 1],
        [("duplicate", 1, "is there again, with the same values")],
    )
    assert judged((0, *other), (1, *GOOD), (1, *other))[1] == [("duplicate", 1, "is there again, with other values")]


def test_a_bar_that_comes_after_a_later_one_is_named_and_put_where_it_belongs():
    assert judged((0, *GOOD), (2, *GOOD), (1, *GOOD), (3, *GOOD)) == (
        [0, 1, 2, 3],
        [("out_of_order", 1, "comes after a later bar")],
    )


def test_a_bar_that_comes_after_a_row_that_is_none_is_in_order():
    kept, findings = judged((0, *GOOD), (2.5, *GOOD), (1, *GOOD), (2, *GOOD))
    assert kept == [0, 1, 2]
    assert [kind for kind, *_ in findings] == ["off_grid"]


def test_of_many_some_are_told_and_the_rest_is_counted():
    bars = rows(*((place, 10, 8, 9, 11, 5) for place in range(MOST_TOLD + 7)))
    findings = judge_rows(bars, "one", "positive")[1]
    assert len(findings) == MOST_TOLD + 1
    assert sum(each.number for each in findings) == MOST_TOLD + 7
    assert findings[-1].text == "and 7 more, which are not worse"


# two sources ---------------------------------------------------------------------------------------------------------


def changed(bars: Bars, place: int, column: int, value: float) -> Bars:
    """The same bars but for one value, of hour number `place`."""
    values = bars.values.copy()
    values[places(bars).index(place), column] = value
    return Bars.from_columns("BTCUSDT", "1h", bars.open_times, *values.T, closed=True).named("BTCUSDT", "two")


def compared(held: Bars, bars: Bars) -> list[tuple[str, int, str]]:
    found = compare_sources(held, "one", bars, "two")
    return [(each.kind, (each.start - at(0)) // HOUR, each.text) for each in found]


def test_sources_that_say_the_same_agree():
    assert compared(moving(*range(9)), moving(*range(3, 12))) == []
    assert compared(moving(0, 1), moving(5, 6)) == []


def test_each_bar_with_other_values_is_told_with_both_and_by_how_much():
    bars = changed(changed(moving(*range(9)), 4, 3, 113.565), 6, 4, 0.0)
    assert compared(moving(*range(9)), bars) == [
        ("disagreement", 6, "volume 0.0 for 168.0 (-100 %) of one"),
        ("disagreement", 4, "close 113.565 for 113.0 (+0.5 %) of one"),
    ]


def test_the_worst_is_what_differs_by_the_greatest_share_of_the_value():
    bars = changed(changed(moving(*range(9)), 3, 4, 160.0), 6, 3, 120.0)
    assert [text for *_, text in compared(moving(*range(9)), bars)] == [
        "close 120.0 for 119.0 (+0.84 %) of one",
        "volume 160.0 for 159.0 (+0.629 %) of one",
    ]


def test_of_a_value_of_0_no_share_is_told():
    held, bars = changed(moving(0, 1, 2), 1, 4, 0.0), moving(0, 1, 2)
    assert compared(held, bars)[0][2] == "volume 153.0 for 0.0 of one"


def test_a_source_whose_bars_are_those_of_another_one_window_later_is_named_once():
    (finding,) = compare_sources(moving(*range(20)), "one", moving(*range(1, 21), by=1), "two")
    assert finding.kind == "label_shift"
    assert finding.text == (
        "its bars are those of one, one window later: two seems to stamp bars with their end (label: end)"
    )
    assert (finding.start, finding.end, finding.bars, finding.stamped) == (at(1), at(20), 19, "two")


def test_a_first_source_that_is_late_is_named_as_such():
    ((kind, _, text),) = compared(moving(*range(1, 21), by=1), moving(*range(20)))
    assert kind == "label_shift"
    assert text == (
        "its bars are those of one, one window earlier: one seems to stamp bars with their end (label: end), "
        "or this one is said to and does not"
    )


def test_one_bar_that_is_like_its_neighbour_is_no_shift():
    held = moving(*range(9))
    bars = held.rows.copy()
    bars[4, 2:7] = bars[3, 2:7]
    found = compared(held, held.take(bars).named("BTCUSDT", "two"))
    assert [kind for kind, *_ in found] == ["disagreement"]
