"""Errors that carry what there was of an answer."""

from __future__ import annotations

import copy
import pickle

import pytest

from wealthsources import AllSourcesFailed, Attempt, Bars, Hole, HoleError, StaleDataError

from ..support.bars import at, hourly

ATTEMPTS = [Attempt("live", "not_here", reason="reconnecting"), Attempt("archive", "failed", reason="no disk")]
HOLES = [Hole(at(7), at(9), 2)]


def test_when_all_failed_every_source_has_a_line_with_its_reason():
    error = AllSourcesFailed("3 bars of BTCUSDT 1h", ATTEMPTS)
    assert str(error).splitlines() == [
        "no source has 3 bars of BTCUSDT 1h:",
        "  live: not here - reconnecting",
        "  archive: failed - no disk",
    ]
    assert (error.request, error.attempts) == ("3 bars of BTCUSDT 1h", tuple(ATTEMPTS))


def test_a_chain_without_a_source_says_so():
    error = AllSourcesFailed("3 bars of BTCUSDT 1h", [])
    assert str(error).splitlines()[1:] == ["  the chain has no source"]
    assert error.attempts == ()


def test_a_stale_answer_says_why_each_source_had_no_more_and_keeps_what_there_was():
    bars = hourly(5, 6)
    error = StaleDataError("BTCUSDT 1h is stale", bars, ATTEMPTS)
    assert str(error).splitlines() == ["BTCUSDT 1h is stale", *(f"  {attempt.line()}" for attempt in ATTEMPTS)]
    assert error.bars is bars
    assert (error.summary, error.attempts) == ("BTCUSDT 1h is stale", tuple(ATTEMPTS))


def test_a_hole_that_is_an_error_keeps_the_answer_and_the_holes():
    bars = hourly(5, 6, 9)
    error = HoleError("it has holes", bars, HOLES)
    assert str(error) == error.summary == "it has holes"
    assert error.bars is bars
    assert error.holes == tuple(HOLES)


@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "error",
    [
        AllSourcesFailed("3 bars", ATTEMPTS),
        StaleDataError("stale", hourly(5), ATTEMPTS),
        HoleError("holes", hourly(5, 9), HOLES),
    ],
    ids=lambda error: type(error).__name__,
)
def test_such_an_error_survives_being_pickled_or_copied_with_all_it_carries(error, again):
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    mine, theirs = vars(error).copy(), vars(other).copy()
    for carried in (mine, theirs):
        if isinstance(carried.get("bars"), Bars):
            carried["bars"] = list(carried["bars"])
    assert mine == theirs
