"""What may be seen of an answer: valid, closed by then, and of the span that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Attempt, Bars, Finality, HistoryRequest, Hole, Timeframe
from wealthsources.model.errors import InvalidAnswer
from wealthsources.resolve.visibility import check_answer, split_visible

from ..support.bars import at, hourly, places

FRAME = Timeframe("1h")
FOREVER = 1 << 60


def request(end: int = at(10), start: int | None = None, count: int | None = None, **more) -> HistoryRequest:
    return HistoryRequest("BTCUSDT", FRAME, end, start, count, **more)


def series(*wanted: int, forming: int | None = None) -> Bars:
    """Bars as a series of ours has them: closed, none missing, and made by our own code."""
    found = hourly(*wanted, *([] if forming is None else [forming]), closed=True)
    if forming is not None:
        found = stating(found, *[True] * len(wanted), False)
    return found.replace(trusted=True, unbroken=True)


def stating(bars: Bars, *closed: bool | None) -> Bars:
    """The same bars, of each of which that is said."""
    parts = [hourly(place, closed=each) for place, each in zip(places(bars), closed, strict=True)]
    return bars.replace(rows=np.concatenate([part.rows for part in parts]))


# checking ------------------------------------------------------------------------------------------------------


def test_a_good_answer_passes():
    check_answer(hourly(1, 2, 5), request(), "positive")
    check_answer(Bars.empty("BTCUSDT", "1h"), request(), "positive")


@pytest.mark.parametrize("answer", [None, [], "bars", hourly(1).to_frame()])
def test_what_is_no_bars_is_no_answer(answer):
    with pytest.raises(InvalidAnswer, match=f"^returned {type(answer).__name__}, not Bars$"):
        check_answer(answer, request(), "positive")


@pytest.mark.parametrize(
    "answer", [Bars.empty("ETHUSDT", "1h"), Bars.empty("BTCUSDT", "1m"), Bars.empty("BTCUSDT", "1d")], ids=repr
)
@pytest.mark.parametrize("trusted", [True, False])
def test_an_answer_about_another_series_is_none(answer, trusted):
    with pytest.raises(InvalidAnswer, match=f"^returned {answer.symbol} {answer.timeframe} when asked for BTCUSDT 1h$"):
        check_answer(answer.replace(trusted=trusted), request(), "positive")


def test_a_bad_bar_is_named_with_its_time_and_what_is_wrong():
    with pytest.raises(InvalidAnswer) as caught:
        check_answer(hourly(1, 2, 2), request(), "positive")
    assert str(caught.value) == (
        "returned a bad bar: bars[2] at 2020-09-13 14:00: open_time is not after the one before"
    )


def test_a_price_of_nothing_is_a_bad_bar_where_prices_are_positive():
    halted = Bars.from_columns("BTCUSDT", "1h", [at(1)], *[[0.0]] * 5)
    check_answer(halted, request(), "any")
    with pytest.raises(InvalidAnswer, match=r"open: 0\.0 is not positive"):
        check_answer(halted, request(), "positive")


def test_what_our_own_code_made_is_not_looked_at():
    check_answer(hourly(2, 1).replace(trusted=True), request(), "positive")


# which bars are closed by then -----------------------------------------------------------------------------------


def test_bars_that_are_stated_as_closed_are_seen_and_keep_their_finality():
    flagged = Bars.from_records(
        "BTCUSDT",
        "1h",
        [
            {
                "open_time": at(1),
                **dict.fromkeys(("open", "high", "low", "close", "volume"), "1"),
                "closed": True,
                "finality": "flag",
            }
        ],
    )
    closed, forming = split_visible(flagged, request(), at(0))
    assert [(bar.closed, bar.finality) for bar in closed] == [(True, Finality.FLAG)]
    assert forming is None


def test_a_bar_of_which_nothing_is_said_is_closed_once_its_time_is_over():
    closed, _ = split_visible(hourly(7, 8, 9), request(), at(9))
    assert places(closed) == [7, 8]
    assert {(bar.closed, bar.finality) for bar in closed} == {(True, Finality.HISTORY)}
    assert places(split_visible(hourly(7, 8, 9), request(), at(9) - 1)[0]) == [7]


def test_a_bar_that_is_stated_as_forming_is_not_closed_however_late_it_is():
    closed, forming = split_visible(stating(hourly(7, 8), True, False), request(), FOREVER)
    assert places(closed) == [7]
    assert forming is None, "it was not asked for"


def test_a_forming_bar_is_shown_if_it_was_asked_for_and_is_the_last():
    asked = request(include_forming=True)
    closed, forming = split_visible(stating(hourly(6, 7, 8), True, True, False), asked, FOREVER)
    assert (places(closed), places(forming), forming[0].closed) == ([6, 7], [8], False)
    closed, forming = split_visible(stating(hourly(7, 8), False, True), asked, FOREVER)
    assert (places(closed), forming) == ([8], None)


def test_of_no_bars_none_is_forming():
    closed, forming = split_visible(Bars.empty("BTCUSDT", "1h"), request(include_forming=True), FOREVER)
    assert (len(closed), forming) == (0, None)


# which are of the span -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [hourly, series])
@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (request(at(10)), [5, 6, 7, 8, 9]),
        (request(at(10) - 1), [5, 6, 7, 8]),
        (request(at(8)), [5, 6, 7]),
        (request(at(10), at(7)), [7, 8, 9]),
        (request(at(10), at(7) + 1), [8, 9]),
        (request(at(8), at(6)), [6, 7]),
        (request(at(5)), []),
        (request(at(20), at(10)), []),
    ],
)
def test_bars_are_of_the_span_that_was_asked_for(make, asked, seen):
    closed, _ = split_visible(make(5, 6, 7, 8, 9), asked, FOREVER)
    assert places(closed) == seen


@pytest.mark.parametrize(("count", "seen"), [(1, [9]), (3, [7, 8, 9]), (9, [5, 6, 7, 8, 9])])
def test_the_newest_count_of_them_is_enough(count, seen):
    assert places(split_visible(hourly(5, 6, 7, 8, 9), request(count=count), FOREVER)[0]) == seen


def test_bars_that_are_not_closed_do_not_count():
    answer = stating(hourly(7, 8, 9), True, True, False)
    assert places(split_visible(answer, request(count=2), FOREVER)[0]) == [7, 8]


# what is said of the whole -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "unbroken"), [((5, 6, 7), True), ((5, 7), False), ((5,), True), ((), True)])
def test_it_is_known_of_the_rest_whether_one_is_missing(wanted, unbroken):
    closed, _ = split_visible(hourly(*wanted, closed=True), request(), FOREVER)
    assert closed.unbroken is unbroken


def test_a_hole_that_lies_before_the_span_is_none_of_it():
    closed, _ = split_visible(hourly(1, 5, 6), request(start=at(5)), FOREVER)
    assert closed.unbroken


def test_what_a_source_says_of_its_whole_answer_is_not_repeated():
    said = hourly(1, 5).replace(
        holes=(Hole(at(2), at(5), 3),), behind=7, failed=(Attempt("x", "failed"),), note="as read", sources=("mine",)
    )
    closed, _ = split_visible(said, request(), FOREVER)
    assert (closed.holes, closed.behind, closed.failed, closed.trusted) == ((), 0, (), False)
    assert (closed.note, closed.sources) == ("as read", ("mine",))


def test_the_answer_itself_is_not_changed():
    answer = hourly(7, 8)
    before = answer.rows.tobytes()
    split_visible(answer, request(), FOREVER)
    assert answer.rows.tobytes() == before
