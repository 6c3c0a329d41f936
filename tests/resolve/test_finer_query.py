"""What is asked of a finer timeframe."""

from __future__ import annotations

import dataclasses

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
