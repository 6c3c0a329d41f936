"""How the rows of a file are laid out."""

from __future__ import annotations

import pytest

from wealthsources_file.layout import NEEDED, UNITS, Layout


def test_ours_has_a_header_with_our_own_names_and_times_in_ms() -> None:
    layout = Layout()
    assert [layout.names(name) for name in NEEDED] == [(name,) for name in NEEDED]
    assert (layout.header, layout.time, layout.is_written) == (True, ("ms",), False)


def test_a_column_may_have_names_and_a_place_that_counts_from_1() -> None:
    layout = Layout(columns={"open": ("Open", "o", 2)})
    assert (layout.names("open"), layout.place("open")) == (("Open", "o"), 1)


def test_of_a_column_of_which_nothing_is_said_nothing_is_known() -> None:
    layout = Layout(columns={"open": ("Open",)})
    assert (layout.names("close"), layout.place("close"), layout.place("open")) == ((), None, None)


@pytest.mark.parametrize("time", ["iso", "%d/%m/%Y"])
def test_times_are_written_out_unless_they_count_units(time: str) -> None:
    assert Layout(time=(time,)).is_written
    assert not any(Layout(time=(unit,)).is_written for unit in UNITS)
