"""The states that a bar goes through before its end."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, strategies as st

from wealthsources_simulator import PlayedBar, forming_state

from .numbered import make_bar

PRICES = ("open", "high", "low", "close")


decimals = st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=3).map(str)


@st.composite
def bars(draw: st.DrawFn) -> PlayedBar:
    low, first, second, high = sorted((draw(decimals) for _ in range(4)), key=Decimal)
    open_, close = draw(st.permutations([first, second]))
    return make_bar(open=open_, high=high, low=low, close=close, volume=draw(decimals))


def test_a_rising_bar_goes_by_its_low_to_its_high() -> None:
    states = [forming_state(make_bar(), number, 4) for number in range(4)]
    assert [state.close for state in states] == ["10.0", "9", "12.50", "11.0"]
    assert [state.low for state in states] == ["10.0", "9", "9", "9"]
    assert [state.high for state in states] == ["10.0", "10.0", "12.50", "12.50"]


def test_a_falling_bar_goes_by_its_high_to_its_low() -> None:
    states = [forming_state(make_bar(close="9.5"), number, 4) for number in range(4)]
    assert [state.close for state in states] == ["10.0", "12.50", "9", "9.5"]
    assert [state.low for state in states] == ["10.0", "10.0", "9", "9"]
    assert [state.high for state in states] == ["10.0", "12.50", "12.50", "12.50"]


@given(bars(), st.integers(1, 12))
def test_every_forming_state_is_a_sane_bar_in_the_files_own_text(bar: PlayedBar, updates: int) -> None:
    texts = {getattr(bar, name) for name in PRICES}
    for state in (forming_state(bar, number, updates) for number in range(updates)):
        assert {getattr(state, name) for name in PRICES} <= texts
        assert Decimal(state.low) <= min(Decimal(state.open), Decimal(state.close))
        assert Decimal(state.high) >= max(Decimal(state.open), Decimal(state.close))
        assert (state.open_time, state.end, state.open) == (bar.open_time, bar.end, bar.open)


@given(bars(), st.integers(2, 12))
def test_a_bar_only_widens_and_its_volume_only_grows(bar: PlayedBar, updates: int) -> None:
    states = [forming_state(bar, number, updates) for number in range(updates)] + [bar]
    for earlier, later in pairwise(states):
        assert Decimal(later.high) >= Decimal(earlier.high)
        assert Decimal(later.low) <= Decimal(earlier.low)
        assert Decimal(later.volume) >= Decimal(earlier.volume)


@given(st.from_regex(r"[0-9]{1,40}(\.[0-9]{1,20})?(e[+-]?[0-9])?", fullmatch=True), st.integers(1, 12))
def test_a_forming_volume_is_below_the_final_one(volume: str, updates: int) -> None:
    last = Decimal(forming_state(make_bar(volume=volume), updates - 1, updates).volume)
    assert last < Decimal(volume) or last == Decimal(volume) == 0
