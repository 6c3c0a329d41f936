"""`--from` and `--to`."""

from __future__ import annotations

import pytest

from wealthsources import RequestError
from wealthsources.cli.span_options import read_moment, read_span

from ..support.bars import HOUR, ms


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-31", ms(2024, 1, 31)),
        ("2024-01-31T12:30", ms(2024, 1, 31, 12, 30)),
        ("2024-01-31 12:30", ms(2024, 1, 31, 12, 30)),
        ("2024-01-31T12:30+08:00", ms(2024, 1, 31, 4, 30)),
        (str(ms(2024, 1, 31)), ms(2024, 1, 31)),
    ],
)
def test_a_moment_is_utc_unless_it_says_otherwise(text, time):
    assert read_moment(text, "--from") == time


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "", "1700000000", "1970-01-01", "99999999999999"])
def test_what_is_no_moment_is_named_with_its_option(text):
    with pytest.raises(RequestError, match=r"^--to .* is no time of 1980 to 2200 .*write it as 2024-01-31"):
        read_moment(text, "--to")


def test_a_time_in_seconds_is_told_as_such():
    with pytest.raises(RequestError, match="in seconds it would be 2023-11-14"):
        read_moment("1700000000", "--from")


def test_a_span_may_be_open_on_either_side():
    assert read_span(None, None) == (None, None)
    assert read_span("2024-01-31", None) == (ms(2024, 1, 31), None)
    assert read_span("2024-01-31", "2024-01-31T01:00") == (ms(2024, 1, 31), ms(2024, 1, 31) + HOUR)


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(RequestError, match="--from 2024-02-01 is not before --to 2024-02-01"):
        read_span("2024-02-01", "2024-02-01")
