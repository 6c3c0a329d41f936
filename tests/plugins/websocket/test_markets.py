"""What each exchange gives, as its protocol states it."""

from __future__ import annotations

import importlib.metadata

import pytest

from wealthsources_websocket.markets import describe_markets
from wealthsources_websocket.protocols import BUILT_IN, load_protocol


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_market_of_every_exchange_is_described_the_default_one_first(name):
    described, kind = describe_markets(name), load_protocol(name)
    assert sorted(each.market for each in described) == sorted(kind.markets or [kind.default_market])
    assert [each.is_default for each in described] == [True, *[False] * (len(described) - 1)]
    assert described[0].market == kind.default_market
    for each in described:
        assert each.timeframes
        assert each.endpoints
        assert each.closes_by in ("flag", "successor")


def test_what_differs_between_the_markets_of_an_exchange_is_told_of_each():
    spot, perps = describe_markets("gate")
    assert (spot.market, spot.about, spot.closes_by, spot.wants) == ("spot", "spot", "flag", ())
    assert (perps.market, perps.closes_by, perps.wants) == ("perps", "successor", ("contract_sizes",))
    assert [facts.limits.series_per_connection for facts in describe_markets("binance")] == [1024, 200]


def test_what_comes_only_with_a_key_says_so():
    assert describe_markets("alpaca")[0].wants == ("api_key", "api_secret")
    assert describe_markets("massive")[0].wants == ("api_key",)
    assert describe_markets("wealthai")[0].wants == ()


def test_a_place_to_try_things_is_told_if_there_is_one():
    assert describe_markets("kraken")[0].test_endpoints == ("wss://beta-ws.kraken.com/v2",)
    assert describe_markets("mexc")[0].test_endpoints == ()
    trying = next(facts for facts in describe_markets("alpaca") if facts.market == "test")
    assert trying.test_endpoints == ()  # it is at the same place


def test_an_unknown_exchange_is_an_error():
    with pytest.raises(KeyError):
        describe_markets("nobody")


def test_a_command_of_another_package_finds_it_by_its_entry_point():
    (entry,) = importlib.metadata.entry_points(group="wealthsources.markets", name="live")
    assert entry.load() is describe_markets
