"""The kinds of markets of an exchange, live and as history."""

from __future__ import annotations

import pytest

from wealthsources_ccxt.kinds import COLUMNS, history_kinds, live_kinds
from wealthsources_ccxt.options import CcxtOptions


def test_what_is_live_is_told_by_whoever_has_the_protocol():
    spot, usdm = live_kinds("binance")
    assert spot[:5] == ("spot", "live", "units of the base", "flag", "pushed")
    assert spot[5].startswith("1m 3m 5m ")
    assert usdm[0] == "usdm"
    assert len(spot) == len(COLUMNS)


def test_an_exchange_that_nobody_has_a_protocol_of_is_not_live():
    assert list(live_kinds("bitstamp")) == []


@pytest.mark.parametrize("module", ["import no_such_package", "def describe(name): raise KeyError(name)"])
def test_whoever_cannot_tell_costs_no_other(distribution, module):
    distribution(entry_points="[wealthsources.markets]\nzlive = zmarkets:describe", zmarkets=module)
    assert {kind[1] for kind in live_kinds("kraken")} == {"live"}


def test_the_history_says_whether_it_has_a_quiet_minute():
    assert [kind[4] for kind in history_kinds(CcxtOptions(exchange="binance"))] == ["bar", "bar"]
    assert [kind[4] for kind in history_kinds(CcxtOptions(exchange="kucoin"))] == ["no bar"]
