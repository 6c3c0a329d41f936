"""One of the connections that share a subscription."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from wealthsources import Shard
from wealthsources.live.shard import sum_of, worst_of

STATES = ["auth_failed", "error", "disconnected", "connecting", "reconnecting", "connected"]


def shard(*series: tuple[str, str], number: int = 0, state: str = "connected") -> Shard:
    made = Shard(number, series, lambda symbol: symbol.replace("/", "").lower())
    made.state = state
    return made


# Whose bar it is.


def test_a_series_is_found_by_the_servers_spelling():
    assert shard(("BTC/USDT", "1h")).match("btcusdt", "1h") == ("BTC/USDT", "1h")


@pytest.mark.parametrize("spelling", ["BTC/USDT", "BTC-USDT", "BTCUSDT", "Btc_Usdt"])
def test_a_series_is_found_by_a_similar_spelling(spelling):
    assert shard(("BTC/USDT", "1h")).match(spelling, "1h") == ("BTC/USDT", "1h")


def test_the_servers_own_spelling_comes_before_a_similar_one():
    two = Shard(0, [("A-B", "1h"), ("AB", "1h")], {"A-B": "ab", "AB": "a.b"}.__getitem__)
    assert two.match("ab", "1h") == ("A-B", "1h")
    assert two.match("a.b", "1h") == ("AB", "1h")


def test_a_spelling_that_may_mean_two_symbols_means_none():
    assert Shard(0, [("A-B", "1h"), ("A.B", "1h")]).match("ab", "1h") is None


def test_of_one_symbol_the_timeframe_decides():
    two = shard(("BTCUSDT", "1h"), ("BTCUSDT", "1m"))
    assert two.match("btcusdt", "1m") == ("BTCUSDT", "1m")
    assert two.match("BTC-USDT", "1m") == ("BTCUSDT", "1m")


def test_a_timeframe_that_another_symbol_has_is_not_this_ones():
    two = shard(("BTCUSDT", "1h"), ("ETHUSDT", "1m"))
    assert two.match("btcusdt", "1m") is None
    assert two.match("BTC-USDT", "1m") is None


@pytest.mark.parametrize("name", ["60m", "1H", "60min", "H1"])
def test_another_name_of_its_timeframe_is_understood(name):
    one = shard(("BTC/USDT", "1h"), ("BTC/USDT", "1m"))
    assert one.match("btcusdt", name) == one.match("BTC-USDT", name) == ("BTC/USDT", "1h")


@pytest.mark.parametrize("name", ["60", "2h", "M1", ""])
def test_a_name_that_may_be_another_timeframe_is_not(name):
    assert shard(("BTC/USDT", "1h"), ("BTC/USDT", "1m")).match("btcusdt", name) is None


# What a server says.


def test_what_a_server_says_is_shown_short_and_on_one_line():
    shown = shard().shown("a\nb\t\x1b[2J" + "c" * 1_000_000)
    assert shown.startswith("a b")
    assert shown.isprintable()
    assert len(shown) == 160


def test_what_is_short_enough_is_shown_as_it_is():
    assert shard().shown("x" * 160) == "x" * 160


def test_what_it_does_not_have_is_nobodys():
    assert shard(("BTCUSDT", "1h")).match("ethusdt", "1h") is None


def test_without_a_spelling_of_its_own_the_server_spells_as_we_do():
    assert Shard(0, [("BTCUSDT", "1h")]).match("BTCUSDT", "1h") == ("BTCUSDT", "1h")


def test_other_series_take_the_place_of_those_before():
    one = shard(("BTCUSDT", "1h"))
    one.take_series([("ETHUSDT", "1m")])
    assert one.series == (("ETHUSDT", "1m"),)
    assert one.match("btcusdt", "1h") is None
    assert one.match("ethusdt", "1m") == ("ETHUSDT", "1m")


# What is known of it.


def test_at_first_it_is_not_connected_and_nothing_is_counted():
    one = Shard(3, [("BTCUSDT", "1h")], endpoint="ws://here/")
    assert (one.number, one.state, one.epoch, one.endpoint) == (3, "disconnected", 0, "ws://here/")
    assert (one.since, one.acknowledged_at, one.breaks) == (0.0, 0.0, 0)
    assert (one.last_data, one.last_error, one.refused) == (None, "", {})
    assert (one.counters, one.reconnects_by_reason) == (Counter(), Counter())


@pytest.mark.parametrize(("epoch", "reconnects"), [(0, 0), (1, 0), (2, 1), (9, 8)])
def test_the_first_connection_is_no_reconnect(epoch, reconnects):
    one = shard()
    one.epoch = epoch
    assert one.reconnects == reconnects


# Who vouches for a forming bar.


def test_each_connection_vouches_for_itself():
    one = shard()
    one.epoch = 1
    before = one.voucher
    one.epoch = 2
    assert one.voucher > before


def test_a_connection_that_lost_a_message_vouches_anew():
    one = shard()
    one.epoch = 1
    before = one.voucher
    one.breaks += 1
    assert one.voucher > before


def test_a_new_connection_vouches_as_no_lost_message_before_it_did():
    one = shard()
    one.epoch, one.breaks = 1, 1_000_000
    before = one.voucher
    one.epoch = 2
    assert one.voucher > before


# All of them together.


@pytest.mark.parametrize(("worse", "better"), [*itertools.pairwise(STATES)])
def test_all_together_do_no_better_than_the_worst(worse, better):
    bad, good = shard(number=1, state=worse), shard(number=2, state=better)
    assert worst_of([good, bad]) is worst_of([bad, good]) is bad


def test_of_two_that_do_as_badly_the_first_is_told():
    first, second = shard(number=1, state="error"), shard(number=2, state="error")
    assert worst_of([first, second]) is first


def test_counters_are_added_up():
    assert sum_of([Counter(a=1, b=2), Counter(b=3), Counter()]) == {"a": 1, "b": 5}


def test_a_sum_is_no_counter_that_goes_on():
    counted = Counter(a=1)
    total = sum_of([counted])
    counted["a"] += 1
    assert total == {"a": 1}
