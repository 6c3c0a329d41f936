from __future__ import annotations

import pytest

from wealthdata import ParamsError
from wealthdata.arguments.symbols import read_symbols


def test_one_symbol_stays_text():
    assert read_symbols("BTCUSDT") == "BTCUSDT"


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_lose_repetitions_and_keep_their_order(kind):
    assert read_symbols(kind(["B", "A", "B"])) == ("B", "A")


def test_symbol_is_another_name_of_it():
    assert read_symbols(None, "BTCUSDT") == "BTCUSDT"


def test_both_names_are_refused():
    with pytest.raises(ParamsError, match="give one of them"):
        read_symbols("A", "B")


@pytest.mark.parametrize("given", [None, "", [], (), {"A"}, 5, ["A", 5], ["A", ""], b"A", [["A"]]])
def test_what_is_no_symbol_is_refused(given):
    with pytest.raises(ParamsError, match="security must be"):
        read_symbols(given)
