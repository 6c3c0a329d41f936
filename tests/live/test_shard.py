"""One of the connections of a subscription, as all others see it."""

from __future__ import annotations

from collections import Counter

import pytest

from wealthsources import Shard
from wealthsources.live.shard import sum_of, worst_of

BOTH = [("BTCUSDT", "1h"), ("BTCUSDT", "1m"), ("ETHUSDT", "1h")]


def in_state(state: str, number: int = 0) -> Shard:
    shard = Shard(number, BOTH)
    shard.state = state
    return shard


def test_at_first_it_has_no_connection_and_nothing_was_counted():
    shard = Shard(3, BOTH, endpoint="wss://host")
    assert (shard.number, shard.series, shard.endpoint, shard.state) == (3, tuple(BOTH), "wss://host", "disconnected")
    assert (shard.epoch, shard.reconnects, shard.breaks, shard.last_data, shard.last_error) == (0, 0, 0, None, "")
    assert (shard.refused, shard.counters, shard.reconnects_by_reason) == ({}, Counter(), Counter())


@pytest.mark.parametrize(("epoch", "reconnects"), [(0, 0), (1, 0), (2, 1), (7, 6)])
def test_every_connection_after_the_first_is_a_reconnect(epoch, reconnects):
    shard = Shard(0, BOTH)
    shard.epoch = epoch
    assert shard.reconnects == reconnects


def test_a_connection_vouches_until_a_message_of_it_is_lost_and_the_next_one_anew():
    shard, seen = Shard(0, BOTH), []
    for epoch, breaks in ((1, 0), (1, 1), (1, 2), (2, 2), (2, 3)):
        shard.epoch, shard.breaks = epoch, breaks
        seen.append(shard.voucher)
    assert seen == sorted(set(seen)), "each is another one, and later than those before"
    shard.epoch, shard.breaks = 1, 1 << 31
    assert shard.voucher < seen[3]


# whose bars they are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["BTCUSDT", "btcusdt", "BTC-USDT", "btc/usdt"])
def test_a_series_is_known_in_any_spelling(spelling):
    assert Shard(0, BOTH).match(spelling, "1m") == ("BTCUSDT", "1m")


@pytest.mark.parametrize(("symbol", "timeframe"), [("SOLUSDT", "1h"), ("ETHUSDT", "1m"), ("BTCUSDT", "5m"), ("", "")])
def test_what_was_not_asked_for_is_no_series_of_it(symbol, timeframe):
    assert Shard(0, BOTH).match(symbol, timeframe) is None


def test_the_servers_own_spelling_means_what_it_was_made_of():
    spelled = {"BTC/USDT": "XBT", "ETH/USDT": "XETH"}
    shard = Shard(0, [("BTC/USDT", "1h"), ("ETH/USDT", "1h")], spelled.__getitem__)
    assert shard.match("XBT", "1h") == ("BTC/USDT", "1h")
    assert shard.match("XETH", "1h") == ("ETH/USDT", "1h")
    assert shard.match("XBT", "1m") is None
    assert shard.match("btcusdt", "1h") == ("BTC/USDT", "1h")


def test_an_exact_spelling_of_the_server_beats_a_similar_one_of_ours():
    shard = Shard(0, [("BTC-USDT", "1h"), ("btcusdt", "1h")], {"BTC-USDT": "spot", "btcusdt": "BTC-USDT"}.__getitem__)
    assert shard.match("BTC-USDT", "1h") == ("btcusdt", "1h")


def test_it_takes_other_series_in_place_of_those_it_had():
    shard = Shard(0, BOTH)
    shard.take_series([("SOLUSDT", "1h")])
    assert shard.series == (("SOLUSDT", "1h"),)
    assert shard.match("BTCUSDT", "1h") is None
    assert shard.match("sol-usdt", "1h") == ("SOLUSDT", "1h")


# several together --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        (["connected", "reconnecting"], "reconnecting"),
        (["reconnecting", "connecting"], "connecting"),
        (["connecting", "disconnected"], "disconnected"),
        (["disconnected", "error"], "error"),
        (["connected", "error", "auth_failed", "connecting"], "auth_failed"),
        (["connected", "connected"], "connected"),
    ],
)
def test_a_subscription_does_no_better_than_the_worst_of_its_shards(states, worst):
    for order in (states, states[::-1]):
        assert worst_of(in_state(state) for state in order).state == worst


def test_of_shards_that_do_equally_badly_the_first_is_told():
    shards = [in_state("connected", 0), in_state("error", 1), in_state("error", 2)]
    assert worst_of(shards).number == 1


def test_counters_are_added_by_name_and_left_as_they_are():
    first, second = Counter(attempts=2, lost=1), Counter(attempts=3)
    assert sum_of([first, second]) == {"attempts": 5, "lost": 1}
    assert (first, second) == (Counter(attempts=2, lost=1), Counter(attempts=3))
    assert sum_of([]) == {}
