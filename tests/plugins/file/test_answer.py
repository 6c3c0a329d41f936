"""What a file with bad rows answers: what they do not touch, and else what its option says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, strategies as st

from wealthsources import HistoryRequest, Hole, NotHere, SourceError, Timeframe
from wealthsources_file.answer import answer_of, told
from wealthsources_file.pieces import Piece
from wealthsources_file.table import Table
from wealthsources_file.text_reader import read_table

from ...support.bars import HOUR, MINUTE, at, places
from ...support.hours import hours_of, utc
from ...support.markets import HEADER
from .files import HOURS

PATH = Path("1h.csv")
BAD = None


def table_of(*rows: int | None) -> Table:
    """A file of these hours, in which None stands for a row that is no bar."""
    lines = ["x\n" if row is None else f"{at(row)},10,12,9,11,1\n" for row in rows]
    return read_table([Piece("".join([HEADER, "\n", *lines]).encode())], HOURS, at(10_000))


def ask(table: Table, on_bad_row: str = "fail", **request: Any) -> list[int]:
    asked = HistoryRequest("BTCUSDT", Timeframe("1h"), **({"end": at(10_000)} | request))
    return places(answer_of(table, asked, PATH, on_bad_row))


MIDDLE = table_of(0, 1, 2, BAD, 4, 5, 6)
CLOSE = table_of(0, 1, 2, BAD, 3, 4, 5)  # no bar is missing around it
LAST = table_of(0, 1, 2, BAD)
FIRST = table_of(BAD, 3, 4, 5)


@pytest.mark.parametrize(
    ("file", "request_", "there"),
    [
        (MIDDLE, {"count": 3, "end": at(7)}, [4, 5, 6]),
        (MIDDLE, {"count": 3, "end": at(3)}, [0, 1, 2]),
        (MIDDLE, {"start": at(0), "end": at(3)}, [0, 1, 2]),
        (MIDDLE, {"start": at(4), "end": at(7)}, [4, 5, 6]),
        (MIDDLE, {"start": at(3) + 1, "end": at(7)}, [4, 5, 6]),
        (CLOSE, {"start": at(3), "end": at(9)}, [3, 4, 5]),
        (CLOSE, {"count": 3, "end": at(3)}, [0, 1, 2]),
        (LAST, {"count": 3, "end": at(3)}, [0, 1, 2]),
        (LAST, {"count": 3, "end": at(4) - 1}, [0, 1, 2]),
        (FIRST, {"count": 3, "end": at(9)}, [3, 4, 5]),
        (FIRST, {"start": at(3), "end": at(9)}, [3, 4, 5]),
    ],
)
def test_what_is_on_one_side_of_a_bad_row_is_answered(file: Table, request_: dict[str, int], there: list[int]) -> None:
    assert ask(file, **request_) == there
    assert ask(file, "skip", **request_) == there


@pytest.mark.parametrize(
    ("file", "request_", "there"),
    [
        (MIDDLE, {"count": 4, "end": at(7)}, [2, 4, 5, 6]),  # spans over it
        (MIDDLE, {"start": at(3), "end": at(7)}, [4, 5, 6]),  # needs it
        (MIDDLE, {"count": 3, "end": at(4)}, [0, 1, 2]),
        (CLOSE, {"start": at(2), "end": at(4)}, [2, 3]),
        (LAST, {"count": 3, "end": at(4)}, [0, 1, 2]),
        (LAST, {"start": at(1), "end": at(9)}, [1, 2]),
        (FIRST, {"count": 4, "end": at(6)}, [3, 4, 5]),
        (FIRST, {"start": at(2), "end": at(6)}, [3, 4, 5]),
    ],
)
def test_what_touches_it_fails_or_goes_without_it(file: Table, request_: dict[str, int], there: list[int]) -> None:
    with pytest.raises(SourceError, match=r"^1h.csv:\d: has 1 values; .* \(on_bad_row: skip would leave it out\)$"):
        ask(file, **request_)
    assert ask(file, "skip", **request_) == there


def test_a_request_for_nothing_but_the_bad_row_names_it() -> None:
    with pytest.raises(SourceError, match=r"1h.csv:5: has 1 values"):
        ask(MIDDLE, start=at(3), end=at(4))
    with pytest.raises(NotHere, match=r"1h.csv has none of these bars; its bars open from .*; 1 row was skipped: 1h"):
        ask(MIDDLE, "skip", start=at(3), end=at(4))


def test_a_request_for_nothing_beside_it_does_not() -> None:
    with pytest.raises(NotHere, match=r"^1h.csv has none of these bars; its bars open from [^;]*$"):
        ask(FIRST, start=at(6), end=at(9))


@pytest.mark.parametrize(
    ("file", "request_", "there"),
    [
        (MIDDLE, {"start": at(0), "end": at(4), "held": (False, True)}, [0, 1, 2]),
        (MIDDLE, {"start": at(3), "end": at(7), "held": (True, False)}, [4, 5, 6]),
        (LAST, {"count": 4, "end": at(4), "held": (False, True)}, [0, 1, 2]),
    ],
)
def test_a_bad_row_where_the_bar_is_held_already_is_no_matter(
    file: Table, request_: dict[str, Any], there: list[int]
) -> None:
    assert ask(file, **request_) == there
    with pytest.raises(SourceError):
        ask(file, **request_ | {"held": (False, False)})


def test_several_are_counted() -> None:
    file = table_of(0, BAD, BAD, 3, BAD, 5)
    with pytest.raises(SourceError, match=r"1h.csv:3: has 1 values; .* \(on_bad_row: skip would leave it and 2 more"):
        ask(file, start=at(0), end=at(6))
    with pytest.raises(SourceError, match=r"1h.csv:6: .* would leave it out"):
        ask(file, start=at(3), end=at(6))


def test_where_a_row_was_skipped_the_answer_says_that_bars_may_be_missing() -> None:
    """Else they would pass for hours without a trade, where the market has such."""
    asked = HistoryRequest("BTCUSDT", Timeframe("1h"), at(10_000), at(0))
    assert answer_of(MIDDLE, asked, PATH, "skip").holes == (Hole(at(3), at(4), 1),)
    assert answer_of(table_of(0, 3, BAD, 6, 9), asked, PATH, "skip").holes == (Hole(at(4), at(6), 2),)
    assert answer_of(CLOSE, asked, PATH, "skip").holes == ()
    assert answer_of(LAST, asked, PATH, "skip").holes == ()


def test_what_was_skipped_is_a_note_of_the_answer_that_it_touches() -> None:
    file = table_of(0, BAD, BAD, 3, BAD, 5)
    asked = HistoryRequest("BTCUSDT", Timeframe("1h"), at(6), at(0))
    note = "3 rows were skipped, the first: 1h.csv:3: has 1 values; the header names 6 columns"
    assert answer_of(file, asked, PATH, "skip").note == note
    later = HistoryRequest("BTCUSDT", Timeframe("1h"), at(6), at(5))
    assert answer_of(file, later, PATH, "skip").note == ""


def test_one_row_is_told_as_one() -> None:
    assert told(LAST.bad, slice(0, 1), PATH).startswith("1 row was skipped: 1h.csv:5: has 1 values")


class Case(NamedTuple):
    rows: list[int | None]
    start: int | None
    end: int
    count: int | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows: list[int | None] = sorted(draw(st.sets(st.integers(0, 12), min_size=1, max_size=8)))
    for _ in range(draw(st.integers(1, 3))):
        rows.insert(draw(st.integers(0, len(rows))), None)
    count = draw(st.none() | st.integers(1, 9))
    return Case(rows, draw(st.none() | st.integers(-2, 14)), draw(st.integers(-2, 15)), count)


def is_touched(case: Case) -> bool:
    """Whether a bad row is between two bars of the answer, or a window beside it might be one of what is wanted."""
    there = [p for p in case.rows if p is not None and p < case.end and (case.start is None or p >= case.start)]
    answer = there[-case.count :] if case.count else there
    oldest = -99 if case.start is None else case.start
    if case.count and len(answer) == case.count:
        oldest = answer[0]
    for place, row in enumerate(case.rows):
        if row is None:
            before = max((p for p in case.rows[:place] if p is not None), default=-99)
            after = min((p for p in case.rows[place:] if p is not None), default=99)
            wanted = any(oldest <= window < case.end for window in range(before + 1, after))
            if wanted or (before in answer and after in answer):
                return True
    return False


@given(cases())
@example(Case([0, None, 5], None, 5, 1))
def test_a_request_fails_exactly_if_a_bad_row_touches_it(case: Case) -> None:
    file = table_of(*case.rows)
    request = {"start": None if case.start is None else at(case.start), "end": at(case.end), "count": case.count}
    try:
        ask(file, **request)
        failed = False
    except NotHere:
        failed = False
    except SourceError:
        failed = True
    assert failed == is_touched(case)


def test_a_bar_that_may_still_change_is_not_counted() -> None:
    rows = "".join(f"{at(place)},10,12,9,11,1\n" for place in (1, 2, 3))
    file = read_table([Piece(f"{HEADER}\nx\n{rows}".encode())], HOURS, at(4) - 1)
    assert ask(file, count=2, end=at(4)) == [1, 2, 3]
    with pytest.raises(SourceError):
        ask(file, count=3, end=at(4))


def test_a_span_ends_where_a_window_does() -> None:
    assert ask(LAST, start=at(0), end=at(3) + HOUR - 1) == [0, 1, 2]


@pytest.mark.parametrize("start", ["00:00", "09:29", "09:30"])
def test_a_span_that_begins_while_the_market_is_closed_begins_with_the_first_bar_after_that(start: str) -> None:
    hours = Timeframe("1m").on(hours_of({"2024-01-02": [("09:30", "11:30")]}))
    opening = utc(2024, 1, 2, 9, 30)
    rows = [f"{opening + place * MINUTE},10,12,9,11,1\n" for place in range(120)]
    table = read_table(
        [Piece("".join([HEADER, "\n", *rows]).encode())], dataclasses.replace(HOURS, timeframe=hours), utc(2025, 1, 1)
    )
    asked = HistoryRequest("BTCUSDT", hours, utc(2024, 1, 3), utc(2024, 1, 2, *map(int, start.split(":"))))
    assert len(answer_of(table, asked, PATH, "fail")) == 120
