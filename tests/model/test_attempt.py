from __future__ import annotations

from wealthsources import Timeframe
from wealthsources.model.attempt import Attempt


def test_the_line_of_an_attempt_says_what_it_was_asked_for():
    assert Attempt("archive", "bars", 5, finer=Timeframe("1m")).line() == "archive (1m): 5 bars"
    assert Attempt("archive", "bars", 5).line() == "archive: 5 bars"
