from __future__ import annotations

import ccxt
import pytest

from wealthsources import Timeframe
from wealthsources_ccxt.exchanges import OWN, exchange_class
from wealthsources_ccxt.facts import KNOWN, LONGER, UNKNOWN, facts_of, page_limit, served_timeframes


@pytest.mark.parametrize("exchange", KNOWN)
def test_there_are_the_classes_and_the_timeframes_of_what_is_known(exchange):
    facts = facts_of(exchange)
    assert {exchange, *(word.id or exchange for word in facts.words.values())} <= {*ccxt.exchanges, *OWN}
    assert facts.not_served | facts.also_served <= set(Timeframe.known())
    assert facts.also_served <= LONGER


def test_only_those_whose_history_is_complete_are_authoritative():
    authoritative = {name for name, facts in KNOWN.items() if facts.authoritative}
    assert authoritative == {"binance", "okx", "bybit", "bitget", "gate", "kucoin", "coinbase", "deribit"}


def test_of_another_exchange_the_spot_market_is_known_and_nothing_is_claimed():
    facts = facts_of("bitstamp")
    assert list(facts.words) == ["spot"]
    assert not facts.authoritative


def test_of_another_exchange_ccxt_says_how_many_rows_a_page_has_else_it_has_few():
    exchange = ccxt.bitstamp()
    assert page_limit(exchange, UNKNOWN) == 1000
    exchange.features = {}
    assert page_limit(exchange, UNKNOWN) == 100
    assert page_limit(exchange, KNOWN["okx"]) == 100


def test_of_another_exchange_timeframes_of_more_than_a_day_are_not_served():
    served = served_timeframes(ccxt.kucoinfutures(), UNKNOWN, "spot")
    assert "1d" in served
    assert not LONGER & set(served)


@pytest.mark.parametrize("exchange", ["alpaca", "massive"])
def test_of_stocks_and_of_crypto_where_they_are_bars_are_served_that_open_within_the_hour_alone(exchange):
    facts = facts_of(exchange)
    for word in facts.words.values():
        served = served_timeframes(exchange_class(word.id or exchange)(), facts, word.kind)
        assert served[0] == "1m"
        assert set(served) <= {"1m", "5m", "15m", "30m", "1h"}, "what is longer is cut by a day of another zone"


def test_what_an_exchange_wants_is_an_option_of_the_source():
    wanted = {name: facts.wants for name, facts in KNOWN.items() if facts.wants}
    assert wanted == {"alpaca": ("api_key", "secret"), "massive": ("api_key",)}
