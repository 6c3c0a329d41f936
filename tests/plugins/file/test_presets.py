"""Whose files people have. What each preset makes of a file is in test_layouts.py."""

from __future__ import annotations

from typing import get_args

import pytest

from wealthsources import match_timeframe
from wealthsources_file.layout import COLUMNS, NEEDED, Layout
from wealthsources_file.layout_options import Format
from wealthsources_file.presets import PRESETS


def test_each_may_be_named_as_a_format() -> None:
    assert tuple(PRESETS) == get_args(Format)


def test_the_default_is_ours() -> None:
    assert PRESETS["wealthsources"] == Layout()


@pytest.mark.parametrize("layout", PRESETS.values(), ids=PRESETS)
def test_each_says_where_every_needed_column_is(layout: Layout) -> None:
    assert set(NEEDED) <= set(layout.columns) <= set(COLUMNS)
    assert layout.header is False or all(layout.names(name) for name in NEEDED)
    assert layout.header or all(layout.place(name) is not None for name in NEEDED)


@pytest.mark.parametrize("layout", PRESETS.values(), ids=PRESETS)
def test_names_of_timeframes_that_are_told_are_ours_and_were_not_known_before(layout: Layout) -> None:
    assert all(match_timeframe(name) is not None for name in layout.timeframes.values())
    assert not any(match_timeframe(name) for name in layout.timeframes)
