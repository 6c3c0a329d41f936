"""What a server wrote, fit to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.text import sample_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("a\nb\t c", "a b c"), ("\x1b[2Jgone", "[2Jgone"), ("x" * 120, "x" * 120), ("x" * 121, "x" * 119 + "…")],
)
def test_it_is_one_short_line(text, shown):
    assert sample_of(text) == shown


@given(st.text(max_size=1000))
def test_nothing_in_it_steers_a_terminal(text):
    assert sample_of(text).isprintable()
    assert len(sample_of(text)) <= 120
