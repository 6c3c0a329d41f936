"""What is told of a bar beside its own values."""

from __future__ import annotations

import pytest

from wealthsources_simulator.exchanges.values import (
    is_quiet,
    rfc3339,
    told_at,
    trades,
    turnover,
)

from .talking import EIGHT, FIRST, MINUTE, QUIET


def test_the_turnover_is_exact_and_trades_grow_with_the_volume():
    assert turnover(FIRST) == "1173979.9800000"
    assert (trades(FIRST), trades(QUIET)) == (13, 0)
    assert (is_quiet(FIRST), is_quiet(QUIET)) == (False, True)


def test_a_message_is_written_in_its_window_or_just_after_it():
    assert told_at(FIRST, False) == EIGHT + MINUTE // 2
    assert told_at(FIRST, True) == EIGHT + MINUTE + 1000


@pytest.mark.parametrize(
    ("ms", "digits", "text"),
    [
        (EIGHT, 0, "2027-01-15T08:00:00Z"),
        (EIGHT + 123, 2, "2027-01-15T08:00:00.12Z"),
        (EIGHT + 45, 9, "2027-01-15T08:00:00.045000000Z"),
        (EIGHT * 1000, 3, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_has_as_many_digits_as_are_wanted(ms, digits, text):
    assert rfc3339(ms, digits) == text
