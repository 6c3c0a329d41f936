"""What a protocol has without saying it, and how protocols are found."""

from __future__ import annotations

import pytest

from wealthsources_websocket import protocols
from wealthsources_websocket.protocols.base import Limits, Protocol
from wealthsources_websocket.protocols.wealthai import WealthAI

from .invented import Invented

SERIES = [(symbol, "1m") for symbol in "ABCDE"]


def test_protocols_are_loaded_by_name():
    known = protocols.known_protocols()
    assert "wealthai" in known
    assert list(known) == sorted(known)
    assert set(protocols.BUILT_IN) <= set(known)
    assert protocols.load_protocol("wealthai") is WealthAI
    with pytest.raises(KeyError):
        protocols.load_protocol("invented")


@pytest.mark.parametrize("kind", [WealthAI, Invented])
def test_what_a_protocol_states_fits_together(kind):
    made = kind()
    assert issubclass(kind, Protocol)
    assert made.market == kind.default_market
    assert all(url.startswith("wss://") for url in made.endpoints())
    assert kind.closes_by in ("flag", "successor")
    assert set(kind.close_kinds.values()) <= {"auth", "rate", "fatal"}
    assert len(set(kind.timeframes.values())) == len(kind.timeframes)


def test_a_market_may_be_named_even_if_the_name_is_empty():
    assert WealthAI(market="").market == ""
    assert WealthAI(market=None).market == WealthAI.default_market


def test_without_a_limit_all_series_are_in_one_text():
    assert WealthAI().batches(SERIES) == [SERIES]
    assert WealthAI().batches([]) == []


@pytest.mark.parametrize(("size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (9, [5])])
def test_with_a_limit_each_text_has_so_many(size, sizes):
    class Small(WealthAI):
        limits = Limits(series_per_text=size)

    batches = Small().batches(SERIES)
    assert [len(batch) for batch in batches] == sizes
    assert [series for batch in batches for series in batch] == SERIES


def test_defaults_are_those_of_a_server_that_wants_nothing_special():
    assert WealthAI().spell("BTCUSDT") == "BTCUSDT"
    assert WealthAI().authentication("a-token", "") is None
    with pytest.raises(NotImplementedError, match="wealthai sends no text"):
        WealthAI().heartbeat_text(1)


def test_an_environment_of_its_own_may_have_other_addresses():
    assert Invented(environment="test").endpoints()[0] == "wss://test.invented.example/spot"
