"""What is told of one source that was asked."""

from __future__ import annotations

import pytest

from wealthsources import Timeframe
from wealthsources.model.attempt import Attempt


def test_the_line_of_an_attempt_says_what_it_was_asked_for():
    assert Attempt("archive", "bars", 5, finer=Timeframe("1m")).line() == "archive (1m): 5 bars"
    assert Attempt("archive", "bars", 5).line() == "archive: 5 bars"


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (Attempt("live", "bars", 3), "live: 3 bars"),
        (Attempt("live", "not_here", reason="reconnecting"), "live: not here - reconnecting"),
        (Attempt("live", "failed", elapsed=0.0123, reason="OSError"), "live: failed in 12.3 ms - OSError"),
        (Attempt("live", "skipped", reason="no context is bound"), "live: skipped - no context is bound"),
        (Attempt("live", "not_asked"), "live: not asked"),
        (
            Attempt("live", "bars", 3, 0.5, "a note", 2),
            "live: 3 bars in 500.0 ms, 2 of its bars differ from an earlier source's - a note",
        ),
        (
            Attempt("archive", "bars", 3, reason="a note", differs=1, stamped="live"),
            (
                "archive: 3 bars, 1 of its bars differ from an earlier source's - a note; "
                "live seems to stamp bars with their end (label: end)"
            ),
        ),
        (
            Attempt("archive", "failed", reason="archive seems to …", differs=1, stamped="archive"),
            "archive: failed, 1 of its bars differ from an earlier source's - archive seems to …",
        ),
    ],
)
def test_a_line_says_what_came_of_it_how_long_it_took_and_why(attempt, line):
    assert attempt.line() == line


def test_an_attempt_of_which_no_more_is_said_brought_nothing():
    attempt = Attempt("live", "not_here")
    assert (attempt.bars, attempt.elapsed, attempt.reason, attempt.differs, attempt.finer) == (0, 0.0, "", 0, None)


def test_as_text_it_is_the_reason_or_else_what_came_of_it():
    assert str(Attempt("live", "failed", reason="no disk")) == "live: no disk"
    assert str(Attempt("live", "not_asked")) == "live: not_asked"
    assert str(Attempt("live", "failed", reason="no disk", finer=Timeframe("1m"))) == "live (1m): no disk"
