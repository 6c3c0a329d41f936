"""Other people's names of timeframes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from wealthsources import Timeframe, match_timeframe


@pytest.mark.parametrize("name", Timeframe.known())
def test_our_own_names_are_ours(name):
    assert match_timeframe(name) is Timeframe(name)


@pytest.mark.parametrize(
    ("meant", "names"),
    [
        ("1m", "1min 1Min 1minute m1 60s 60sec minute 1-min"),
        ("5m", "5min 5Min 5minutes M5 m5 300s 5_min"),
        ("15m", "15min M15 900s"),
        ("1h", "60m 1H 60min 1hour H1 h1 hour hourly 1hr 3600s 1_hour"),
        ("4h", "240m 4H 4hours H4 240min"),
        ("1d", "1D D1 1day day daily 24h 1440m 1Day"),
        ("1w", "1W W1 1week week weekly 1wk"),
        ("1M", "1mo 1month month monthly MN1 MN 1Mo"),
    ],
)
def test_another_name_of_it_is_read_where_it_can_mean_nothing_else(meant, names):
    for name in names.split():
        assert match_timeframe(name) is Timeframe(meant), name


def test_a_blank_may_stand_between_number_and_unit():
    assert match_timeframe("1 hour") is Timeframe("1h")


@pytest.mark.parametrize("name", ["60", "3600", "3M", "15M", "M1", "M3", "M", "m", "h"])
def test_what_may_be_two_is_not_guessed(name):
    assert match_timeframe(name) is None


@pytest.mark.parametrize(
    "name", ["7m", "7d", "168h", "30d", "2w", "2mo", "0h", "01h", "1x", "", "h1h", "1h ", "-1h", "1.5h"]
)
def test_what_is_none_of_ours_is_none(name):
    assert match_timeframe(name) is None


@given(st.text(max_size=12))
def test_any_text_is_read_or_not_and_never_fails(name):
    assert match_timeframe(name) in (None, *map(Timeframe, Timeframe.known()))
