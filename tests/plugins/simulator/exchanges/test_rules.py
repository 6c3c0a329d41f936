"""What exchanges do by the clock, as their documentation says."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from wealthsources_simulator.exchanges.catalogue import make_exchange
from wealthsources_simulator.exchanges.rules import Rules

#: Whoever is not here does nothing by the clock.
KNOWN = {
    ("binance", "spot"): {"ping_every": 20, "pong_within": 60},
    ("binance", "usdm"): {"ping_every": 180, "pong_within": 600},
    ("okx", None): {"move_within": 30},
    ("kraken", None): {"beat_every": 1, "idle_beats": True},
    ("kucoin", None): {"speak_within": 28},
    ("bybit", "linear"): {"move_within": 600},
    ("bitget", None): {"speak_within": 120},
    ("hyperliquid", None): {"move_within": 60},
    ("htx", "linear-swap"): {"beat_every": 5},
    ("coinbase", None): {"subscribe_within": 5, "move_within": 75},
    ("mexc", "spot"): {"subscribe_within": 30, "move_within": 60},
    ("mexc", "perps"): {"speak_within": 60},
    ("alpaca", "sip"): {"authenticate_within": 10},
    ("wealthai", None): {},
    ("gate", None): {},
    ("deribit", None): {},  # but what the client asks for
    ("massive", None): {},
}


def test_there_is_no_rule_unless_an_exchange_has_it():
    assert asdict(Rules()) == {name: False if name == "idle_beats" else None for name in asdict(Rules())}


@pytest.mark.parametrize(("name", "market"), KNOWN)
def test_the_rules_of_an_exchange_are_those_of_its_documentation(name, market):
    assert make_exchange(name, market).rules == Rules(**KNOWN[name, market])
