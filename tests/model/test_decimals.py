from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, read_value

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
