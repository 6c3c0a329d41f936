"""An answer's story as a table."""

from __future__ import annotations

import numpy as np

from wealthsources import AllSourcesFailed, Attempt, Bars, Hole, StaleDataError, Timeframe
from wealthsources.model.rows import source_codes
from wealthsources.resolve.chain import Resolution
from wealthsources.resolve.explanation import Explanation

from ..support.bars import at, hourly

ASKED = "3 bars of BTCUSDT 1h up to 2020-09-13 22:00 UTC"


def lines(*attempts: Attempt, bars: Bars | None = None, error: Exception | None = None) -> list[str]:
    return str(Explanation(ASKED, at(10), attempts, bars, error)).splitlines()


def test_every_attempt_is_a_row_of_aligned_columns():
    table = lines(
        Attempt("live", "not_here", 0, 0.00012, "reconnecting"),
        Attempt("context", "skipped", reason="no context is bound"),
        Attempt("long-archive", "bars", 3, 0.0123, "cut short", 2, Timeframe("1m")),
        Attempt("spare", "not_asked"),
        bars=hourly(7, 8, 9).replace(sources=("long-archive 1m",)),
    )
    assert table[:-1] == [
        ASKED,
        "source             outcome    bars  ms     reason",
        "live               not here         0.12   reconnecting",
        "context            skipped                 no context is bound",
        "long-archive (1m)  bars       3     12.30  cut short; 2 differ",
        "spare              not asked",
    ]


def test_the_number_of_bars_is_shown_where_there_were_some():
    assert lines(Attempt("live", "failed", 5), bars=hourly(1))[2] == "live    failed"
    assert lines(Attempt("live", "bars", 0), bars=hourly(1))[2].split() == ["live", "bars", "0"]


def test_bars_that_differ_need_no_other_reason():
    assert lines(Attempt("live", "bars", 5, differs=2), bars=hourly(1))[2].endswith("  2 differ")


def test_the_verdict_counts_the_bars_their_time_and_their_sources():
    rows = np.array(hourly(5, 6, 7).rows)
    source_codes(rows)[:] = (2, 0, 2)
    bars = hourly(5, 6, 7).replace(rows=rows, sources=("live", "unused", "archive"))
    assert lines(bars=bars)[2:] == ["3 bars, 2020-09-13 17:00 to 2020-09-13 20:00 UTC: 1 from live, 2 from archive"]


def test_holes_and_what_is_behind_follow():
    bars = hourly(1, 4, 6).replace(holes=(Hole(at(2), at(4), 2), Hole(at(5), at(6), 1)), behind=3, sources=("live",))
    assert lines(bars=bars)[3:] == [
        "hole: 2 missing from 2020-09-13 14:00 to 2020-09-13 16:00 UTC",
        "hole: 1 missing from 2020-09-13 17:00 to 2020-09-13 18:00 UTC",
        "behind: the newest 3 bars are missing",
    ]


def test_an_error_is_the_verdict_by_its_name_and_first_line():
    error = StaleDataError("BTCUSDT 1h is stale", hourly(5), [Attempt("live", "failed", reason="no disk")])
    assert lines(bars=hourly(5), error=error)[2:] == ["StaleDataError: BTCUSDT 1h is stale"]
    assert lines(error=AllSourcesFailed(ASKED, []))[2:] == [f"AllSourcesFailed: no source has {ASKED}"]


def test_where_no_bar_fits_that_is_the_verdict():
    assert lines(bars=Bars.empty("BTCUSDT", "1h"))[2:] == ["no bar fits"]
    assert lines()[2:] == ["no bar fits"]


def test_in_one_line_it_says_what_was_asked_and_what_came_of_it():
    answer = Explanation(ASKED, at(10), (Attempt("live", "bars", 1),), hourly(7), None)
    assert repr(answer) == f"<Explanation: {ASKED}, 1 bars, 2020-09-13 19:00 to 2020-09-13 20:00 UTC: 1 from>"
    failure = Explanation(ASKED, at(10), (), None, AllSourcesFailed("3 bars", []))
    assert repr(failure).startswith(f"<Explanation: {ASKED}, AllSourcesFailed: no source has 3 bars")


def test_a_resolution_is_one_line_that_says_who_brought_what():
    told = repr(Resolution(hourly(1, 2), (Attempt("live", "failed", reason="cut"), Attempt("archive", "bars", 2)), 0))
    assert told.startswith("<Resolution: <Bars BTCUSDT 1h: 2 from")
    assert told.endswith("live: failed - cut; archive: 2 bars>")
