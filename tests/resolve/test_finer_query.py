"""What is asked of a finer timeframe."""

from __future__ import annotations

import dataclasses

import pytest

from wealthsources import Bars
from wealthsources.resolve.answer_builder import AnswerBuilder
from wealthsources.resolve.finer_query import finer_query, may_go_on

from ..support.bars import at
from .builders import (
    FRAME,
    MINUTES,
    add,
    build,
    closed,
    query,
    ranged,
)


def test_finer_bars_are_asked_for_as_many_as_the_count_is_made_of():
    wanted = finer_query(build(5), MINUTES)
    assert (wanted.query.timeframe, wanted.query.count, wanted.query.start, wanted.clipped) == (
        MINUTES,
        300,
        None,
        False,
    )
    assert wanted.query.end == at(10)
    assert finer_query(build(5), MINUTES, 777).query.count == 777


def test_finer_bars_are_asked_for_from_the_oldest_missing_window_on():
    builder = AnswerBuilder(ranged(at(0) + 1, at(6)))
    wanted = finer_query(builder, MINUTES).query
    assert (wanted.start, wanted.end, wanted.count) == (at(1), at(6), None)
    add(builder, closed(1, 2, 5))
    wanted = finer_query(builder, MINUTES).query
    assert (wanted.start, wanted.end, wanted.count) == (at(3), at(5), None)


def test_for_a_forming_bar_finer_ones_are_asked_for_up_to_now():
    builder = AnswerBuilder(query(3, include_now=True, live=False, now=10))
    add(builder, closed(7, 8, 9))
    wanted = finer_query(builder, MINUTES).query
    assert (wanted.start, wanted.end, wanted.include_now) == (at(10), None, True)
    assert finer_query(build(5), MINUTES).query.include_now is False


def test_no_more_finer_bars_are_asked_for_than_is_said():
    few = build(5)
    assert finer_query(few, MINUTES, most=120) == (dataclasses.replace(query(120), timeframe=MINUTES, end=at(10)), True)
    wanted = finer_query(AnswerBuilder(ranged(at(0), at(6))), MINUTES, most=120)
    assert (wanted.query.start, wanted.query.end, wanted.clipped) == (at(4), at(6), True)
    enough = finer_query(AnswerBuilder(ranged(at(4), at(6))), MINUTES, most=120)
    assert (enough.query.start, enough.clipped) == (at(4), False)


def test_there_may_be_older_ones_where_the_oldest_that_could_be_asked_for_is_there():
    counted = build(2)
    assert not may_go_on(counted, FRAME)
    add(counted, closed(8, 9))
    assert may_go_on(counted, FRAME)
    cut = AnswerBuilder(ranged(at(3)))
    assert not may_go_on(cut, FRAME)
    add(cut, closed(6))
    assert not may_go_on(cut, FRAME)
    add(cut, closed(4))
    assert may_go_on(cut, FRAME)


def test_the_window_that_is_forming_is_made_of_as_many_as_a_whole_one():
    asked = finer_query(build(5, include_now=True, live=False), MINUTES).query
    assert (asked.count, asked.end) == (6 * 60, None)


def test_exactly_as_many_as_may_be_asked_for_are_not_cut():
    assert finer_query(build(2), MINUTES, most=120).clipped is False
    assert finer_query(build(2), MINUTES, most=119).clipped is True


@pytest.mark.parametrize(
    ("oldest", "goes_on"), [(at(3), True), (at(4), True), (at(4) + 59 * 60_000, True), (at(5), False)]
)
def test_older_bars_may_be_cut_off_where_the_first_window_or_the_next_has_any(oldest, goes_on):
    part = AnswerBuilder(ranged(at(3) + 5 * 60_000, timeframe=MINUTES))
    part.bars = Bars.from_columns("BTCUSDT", "1m", [oldest], *[[1.0]] * 5, closed=True)
    assert may_go_on(part, FRAME) is goes_on
