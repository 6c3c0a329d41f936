"""`--from` and `--to`."""

from __future__ import annotations

import pytest

from wealthsources import RequestError
from wealthsources.cli.span_options import read_span

from ..support.bars import HOUR, ms


@pytest.mark.parametrize(("since", "until", "option"), [("yesterday", None, "--from"), (None, "1700000000", "--to")])
def test_what_is_no_moment_is_named_with_its_option(since, until, option):
    with pytest.raises(RequestError, match=f"^{option} .* is no time of 1980 to 2200 .*write it as 2024-01-31"):
        read_span(since, until)


def test_a_span_may_be_open_on_either_side():
    assert read_span(None, None) == (None, None)
    assert read_span("2024-01-31", None) == (ms(2024, 1, 31), None)
    assert read_span("2024-01-31", "2024-01-31T01:00") == (ms(2024, 1, 31), ms(2024, 1, 31) + HOUR)


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(RequestError, match="--from 2024-02-01 is not before --to 2024-02-01"):
        read_span("2024-02-01", "2024-02-01")
