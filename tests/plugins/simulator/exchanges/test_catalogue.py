"""The exchanges by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.catalogue import EXCHANGES, make_exchange

from .talking import FIRST, QUIET


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_exchange_is_made_by_its_name_and_for_each_of_its_markets(name):
    one = make_exchange(name)
    assert (one.name, type(one).__name__) == (name, EXCHANGES[name])
    for market in one.markets:
        made = make_exchange(name, market)
        assert made.market == market
        assert made.serves(made.path)
        assert not made.serves("/another")


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_exchange_says_each_bar_in_a_text(name):
    one = make_exchange(name)
    timeframe = next(word for word in ("1m", "5m") if one.has_timeframe(word))
    for bar in (FIRST, QUIET):
        closed, forming = (one.text(one.bar(("BTC-USDT", timeframe), bar, flag)) for flag in (True, False))
        assert (closed == forming) is False or one.closed_flag is None
    assert one.text(one.error("no"))


@pytest.mark.parametrize(
    ("name", "market", "words"),
    [
        ("kraken", "futures", "kraken has spot; not 'futures'"),
        ("wealthai", "spot", "wealthai has no other market than the one it has; not 'spot'"),
        ("bybit", "x", "bybit has spot, linear, inverse; not 'x'"),
        ("bitmex", None, "there is no protocol 'bitmex'; there are wealthai, binance, okx,"),
    ],
)
def test_what_there_is_not_is_told(name, market, words):
    with pytest.raises(SimulatorError, match=words):
        make_exchange(name, market)


def test_an_exchange_is_imported_when_it_is_wanted():
    code = (
        "import sys; from wealthsources_simulator.exchanges.catalogue import make_exchange;"
        "make_exchange('okx'); print(sorted(name.rsplit('.')[-1] for name in sys.modules"
        " if name.startswith('wealthsources_simulator.exchanges.') and name.rsplit('.')[-1] in ('okx', 'kraken')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "['okx']"
