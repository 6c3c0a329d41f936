"""Which symbols there are, of what sources list."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Capabilities
from wealthsources.resolve.chain import ChainLink
from wealthsources.runtime.symbol_lists import all_symbols, is_known
from wealthsources.testing import ListSource


def listing(*symbols: str, **capabilities) -> ListSource:
    return ListSource(
        *(Bars.empty(symbol, "1h") for symbol in symbols),
        capabilities=Capabilities(**{"blocking": False, **capabilities}),
    )


def links(*sources) -> list[ChainLink]:
    return [ChainLink(f"s{place}", source) for place, source in enumerate(sources)]


def known(symbol, *sources, live=True, deployed=None) -> bool:
    chain = links(*sources)
    named = {link.name: link.source for link in chain} if deployed is None else deployed
    return is_known(symbol, chain, named, live=live)


def test_all_symbols_are_those_of_all_sources_that_take_part():
    sources = links(listing("B", "A"), listing("C", live=True), None)
    assert all_symbols(sources, live=True) == ["A", "B", "C"]
    assert all_symbols(sources, live=False) == ["A", "B"]


def test_a_symbol_is_known_by_any_spelling():
    assert known("btc/usdt", listing("ETHUSDT"), listing("BTCUSDT"))
    assert not known("BTCUSD", listing("ETHUSDT"), listing("BTCUSDT"))


def test_what_several_spellings_make_ambiguous_for_all_is_known_to_each():
    assert known("btcusdt", listing("BTC-USDT"), listing("BTC/USDT"))


@pytest.mark.parametrize("broken", [None, lambda: 1 / 0])
def test_a_source_that_cannot_list_may_have_it(broken):
    mute = listing()
    if broken is not None:
        mute.get_all_symbols = broken
    assert known("X", listing("A"), mute)


def test_without_any_list_it_may_be_there():
    assert known("X")
    assert known("X", listing("A", live=True), live=False)


def test_a_source_that_is_left_out_may_have_it():
    assert known("X", listing("A"), deployed={"s0": listing("A"), "gone": None})


def test_a_view_of_a_context_has_what_it_states_and_else_cannot_tell():
    view = listing("A")
    assert known("X", view, deployed={"s0": listing()})
    assert not known("X", listing("A", symbols=("A",)), deployed={"s0": listing()})
