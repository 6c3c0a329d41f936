"""Contracts are counted in the base exactly, whatever a server writes as their number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.protocols.contracts import in_base


def sized(size: str) -> dict[str, Decimal]:
    return {"BTC_USDT": Decimal(size)}


@pytest.mark.parametrize(
    ("contracts", "size", "volume"),
    [
        ("0", "0.0001", "0.0000"),
        (0, "10", "0"),
        (3, "0.001", "0.003"),
        ("3.5", "0.1", "0.35"),
        ("7", "1E+3", "7000"),
        ("1", "1E-7", "0.0000001"),
        ("2e2", "0.1", "20"),
        ("12345678901234567890", "0.123456789", "1524157875171467887.501905210"),
        ("9" * 40, "0." + "9" * 40, f"{'9' * 39}8.{'0' * 39}1"),
    ],
)
def test_no_digit_is_lost(contracts, size, volume):
    assert in_base(contracts, "BTC_USDT", sized(size)) == volume


@pytest.mark.parametrize("contracts", [0, "0", "0.00"])
def test_none_are_nothing_whatever_their_size(contracts):
    assert in_base(contracts, "BTC_USDT", {}) == str(contracts)


@pytest.mark.parametrize("contracts", [1, "0.1"])
def test_of_a_size_that_is_not_known_nothing_is_guessed(contracts):
    with pytest.raises(ValueError, match=r"^volume: contract_sizes does not tell .* in one of ETH_USDT$"):
        in_base(contracts, "ETH_USDT", sized("0.1"))


NONE = (None, True, [], {}, "", "x", "NaN", "Infinity", "1_0", "\u0663", "1" * 41, -1, "-0.1", "1e999", "1e-999999999")


@pytest.mark.parametrize("contracts", [*NONE, pytest.param(10**5_000, id="huge")])
def test_what_is_no_number_of_contracts_is_no_volume(contracts):
    for sizes in ({}, sized("0.1")):
        with pytest.raises(ValueError, match=r"^volume: "):
            in_base(contracts, "BTC_USDT", sizes)


@given(st.decimals(0, 10**18, places=6), st.decimals("0.000001", 10**6, places=9))
def test_it_is_what_fractions_make_of_it(contracts, size):
    (volume_up, volume_down), (up, down), (over, under) = (
        Decimal(number).as_integer_ratio()
        for number in (in_base(format(contracts, "f"), "BTC_USDT", {"BTC_USDT": size}), contracts, size)
    )
    assert volume_up * down * under == up * over * volume_down
