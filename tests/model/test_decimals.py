"""Numbers as text: read exactly, and given back as they came."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, exact_texts, pack_decimals, read_value
from wealthsources.model.decimals import exact_text
from wealthsources.model.rows import AS_NUMBER, KEPT_ASIDE

from ..support.bars import record


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False))
def test_exact_gives_back_any_decimal_text(number: Decimal):
    text = format(number, "f")
    if len(text) > 40:
        return
    value = read_value(text)
    row = Bars.from_records("X", "1h", [record(0, volume=text)])[0]
    assert row.exact("volume") == text
    assert row.volume == value.number == float(text)


@pytest.mark.parametrize("text", [".5", "1e-7", "5.", "007", "0.1234567890123456789", "1234567890123456.5", "+1", "-0"])
def test_text_that_a_float_cannot_give_back_is_kept_aside(text):
    assert Bars.from_records("X", "1h", [record(0, volume=text)])[0].exact("volume") == text


@pytest.mark.parametrize(
    "raw", ["", "abc", "1_000", " 1", "1 ", "١٢٣", "nan", "inf", "1e400", "0x10", "9" * 41, True, None, [1]]
)
def test_what_is_no_number_is_refused_with_its_value(raw):
    with pytest.raises(ValueError, match=r"number|large|characters"):
        read_value(raw)


def test_numbers_are_accepted_and_print_plainly():
    bar = Bars.from_records("X", "1h", [record(0, volume=1e-7, close=np.float64(11))])[0]
    assert bar.exact("volume") == "0.0000001"
    assert bar.close == 11.0


@pytest.mark.parametrize(
    ("text", "decimals"),
    [("0", 0), ("12", 0), ("-3", 0), ("1.0", 1), ("0.00", 2), ("-10.50", 2), ("0.00000000000001", 14)],
)
def test_text_of_at_most_15_digits_needs_no_more_than_the_number_of_its_decimals(text, decimals):
    value = read_value(text)
    assert value == (float(text), decimals, None)
    assert exact_text(*value) == text


@pytest.mark.parametrize("text", ["123456789012345", "123456789.123456", "-123456789012345", "-123456789.12345"])
def test_fifteen_digits_are_not_too_many(text):
    assert read_value(text).text is None


@pytest.mark.parametrize("text", ["1234567890123456", "1234567890.123456", "-1234567890123456", "-1234567890.123456"])
def test_the_sixteenth_digit_is_one_too_many(text):
    value = read_value(text)
    assert value == (float(text), KEPT_ASIDE, text)
    assert exact_text(*value) == text


@pytest.mark.parametrize("raw", [5, np.int64(5), 5.0, np.float32(5.0)])
def test_a_number_is_known_as_one(raw):
    assert read_value(raw) == (5.0, AS_NUMBER, None)


def test_a_decimal_is_read_as_its_text():
    assert read_value(Decimal("1.50")) == (1.5, 2, None)
    assert read_value(Decimal("1E-7")) == (1e-7, 7, None)


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_a_number_that_is_not_finite_is_refused(raw):
    with pytest.raises(ValueError, match="is not a finite number"):
        read_value(raw)


def test_text_that_is_too_long_is_not_repeated_in_full():
    assert read_value("0" * 39 + "1").number == 1.0
    with pytest.raises(ValueError, match=f"^'{'7' * 20}'… has 41 characters; at most 40 are read$"):
        read_value("7" * 41)


def test_a_text_that_was_lost_is_the_number_that_is_left():
    assert exact_text(0.5, KEPT_ASIDE, None) == "0.5"
    assert exact_text(0.5, KEPT_ASIDE, ".5") == ".5"
    assert exact_text(0.5, AS_NUMBER, ".5") == "0.5"


def test_the_texts_of_a_bar_are_given_back_by_its_numbers_and_what_is_kept_aside():
    sent = ("91000.10", ".5", "1e-7", "12.50012345678901234567", "0")
    values = [read_value(text) for text in sent]
    packed = pack_decimals(*(value.code for value in values))
    numbers, aside = [value.number for value in values], [value.text for value in values]
    assert exact_texts(numbers, packed, aside) == sent
    assert exact_texts((1.0,) * 5, pack_decimals(2, 2, 2, 2, 0)) == ("1.00", "1.00", "1.00", "1.00", "1")
