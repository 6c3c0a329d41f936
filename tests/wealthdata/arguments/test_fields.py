from __future__ import annotations

import pytest

from wealthdata import ParamsError
from wealthdata.arguments.fields import BARS_DEFAULT, PRICE_DEFAULT, read_fields


def test_none_means_the_default_ones_in_joinquants_order():
    assert PRICE_DEFAULT.names == ("open", "close", "high", "low", "volume")


def test_one_name_may_be_text():
    assert read_fields("close").names == ("close",)


@pytest.mark.parametrize("kind", [list, tuple])
def test_the_order_is_that_of_the_request(kind):
    assert read_fields(kind(["volume", "open", "paused"])).names == ("volume", "open", "paused")


def test_a_name_given_twice_counts_once():
    assert read_fields(["close", "open", "close"]).names == ("close", "open")


def test_an_unknown_field_is_refused_and_the_valid_ones_listed():
    with pytest.raises(ParamsError, match=r"unknown field 'turnover', 'pe'; valid are open, .*money.*open_interest"):
        read_fields(["close", "turnover", "pe"])


@pytest.mark.parametrize("fields", [[], (), 5, {"close": 1}, ["close", 5], [["close"]]])
def test_what_is_no_list_of_names_is_refused(fields):
    with pytest.raises(ParamsError, match="fields"):
        read_fields(fields)


def test_date_is_a_field_of_bars_only():
    assert BARS_DEFAULT.numbers == ("open", "high", "low", "close")
    with pytest.raises(ParamsError, match="'date'"):
        read_fields("date")
