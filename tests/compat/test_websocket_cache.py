"""The legacy cache: bar dicts by open_time."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from engine.python_sdk._bar import Bar
from engine.python_sdk.websocket_cache import WebSocketCache, get_websocket_cache, set_websocket_cache

ONE = ("BTCUSDT", "1h")
MARKET = ("wss://somewhere", "binance")


@pytest.fixture
def cache():
    return WebSocketCache()


@pytest.fixture
def forming(bar):
    return lambda open_time, close="105.0": Bar(bar(open_time, close, closed=False))


def times(cache, *series):
    return [each["open_time"] for each in cache.get_bars(*(series or ONE))]


# adding and reading --------------------------------------------------------------------------------------------------


def test_a_bar_is_given_back_as_it_was_added(cache, bar):
    cache.add_bar(*ONE, bar(1000))
    assert cache.get_bars(*ONE) == [bar(1000)]
    assert cache.get_latest_bar(*ONE) == bar(1000)
    assert json.loads(json.dumps(cache.get_bars(*ONE))) == [bar(1000)]


def test_origin_01_a_repeated_open_time_replaces(cache, bar):
    for update in range(25):
        cache.add_bar(*ONE, bar(1000, close=f"{100 + update}"))
    assert [each["close"] for each in cache.get_bars(*ONE)] == ["124"]
    assert cache.get_cache_size() == 1


def test_origin_03_updates_of_one_bar_push_no_other_out(bar):
    cache = WebSocketCache(max_bars_per_symbol=5)
    for place in range(5):
        cache.add_bar(*ONE, bar(place * 1000))
    for _ in range(1000):
        cache.add_bar(*ONE, bar(4000))
    assert times(cache) == [0, 1000, 2000, 3000, 4000]


def test_of_too_many_bars_the_oldest_go(bar):
    cache = WebSocketCache(max_bars_per_symbol=5)
    for place in range(10):
        cache.add_bar(*ONE, bar(place * 1000, close=str(105 + place)))
    assert [each["close"] for each in cache.get_bars(*ONE)] == ["110", "111", "112", "113", "114"]
    cache.add_bar(*ONE, bar(0))
    assert times(cache) == [5000, 6000, 7000, 8000, 9000]


def test_a_late_bar_goes_where_it_belongs(cache, bar):
    for open_time in (3000, 1000, 2000):
        cache.add_bar(*ONE, bar(open_time))
    assert times(cache) == [1000, 2000, 3000]
    assert cache.get_latest_bar(*ONE)["open_time"] == 3000
    assert cache.get_last_update_time(*ONE) == 4000


def test_count_takes_the_newest(cache, bar):
    for place in range(10):
        cache.add_bar(*ONE, bar(place * 1000))
    assert [each["open_time"] for each in cache.get_bars(*ONE, count=3)] == [7000, 8000, 9000]
    assert len(cache.get_bars(*ONE, count=10)) == len(cache.get_bars(*ONE, count=99)) == 10


@pytest.mark.parametrize("count", [0, -1])
def test_origin_21_a_count_of_nothing_gives_nothing(cache, bar, count):
    cache.add_bar(*ONE, bar(1000))
    assert cache.get_bars(*ONE, count=count) == []


def test_origin_21_what_is_handed_out_is_a_copy(cache, bar):
    cache.add_bar(*ONE, bar(1000, more={"trades": [1]}))
    for taken in (cache.get_bars(*ONE)[0], cache.get_latest_bar(*ONE)):
        taken["close"] = "0"
        taken["more"]["trades"].append(2)
    assert cache.get_bars(*ONE) == [bar(1000, more={"trades": [1]})]


def test_origin_21_what_is_added_is_copied(cache, bar):
    mine = bar(1000, more={"trades": [1]})
    cache.add_bar(*ONE, mine)
    mine["close"] = "0"
    mine["more"]["trades"].append(2)
    assert cache.get_bars(*ONE) == [bar(1000, more={"trades": [1]})]


@pytest.mark.parametrize("field", ["open_time", "close_time", "open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("value", [None, "", "12,5", "NaN", float("inf"), True, [1]])
def test_origin_20_a_bar_without_its_values_is_refused_by_name(cache, bar, field, value):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        cache.add_bar(*ONE, bar(1000, **{field: value}))
    assert cache.get_cached_symbols() == []


def test_origin_20_a_bar_without_prices_is_not_zeros_at_time_0(cache):
    with pytest.raises(ValueError, match="open_time: is missing"):
        cache.add_bar(*ONE, {"symbol": "BTCUSDT", "timeframe": "1h"})
    assert cache.get_cache_size() == 0


def test_a_time_that_is_no_whole_number_is_refused(cache, bar):
    with pytest.raises(ValueError, match=r"^open_time: 1000.5 is not a time in ms"):
        cache.add_bar(*ONE, bar(1000, open_time=1000.5))


def test_numbers_become_text_and_times_become_int(cache, bar):
    numbers = {"open": 100.5, "high": 110, "low": np.float64(90.25), "close": "105.00", "volume": 1e-7}
    cache.add_bar(*ONE, bar(0, open_time="1000", close_time=np.int64(2000), **numbers))
    shown = cache.get_bars(*ONE)[0]
    assert shown == {
        "open_time": 1000,
        "close_time": 2000,
        "open": "100.5",
        "high": "110",
        "low": "90.25",
        "close": "105.00",
        "volume": "0.0000001",
    }
    assert type(shown["open_time"]) is type(shown["close_time"]) is int


def test_times_off_the_grid_and_at_0_are_accepted(cache, bar):
    cache.add_bar(*ONE, bar(0))
    cache.add_bar(*ONE, bar(1_700_000_000_123))
    assert times(cache) == [0, 1_700_000_000_123]


def test_forming_bars_are_shown_with_their_flag(cache, bar):
    cache.add_bar(*ONE, bar(1000))
    cache.add_bar(*ONE, bar(2000, closed=False))
    first, second = cache.get_bars(*ONE)
    assert (first.get("closed", True), second["closed"]) == (True, False)


# many series ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(cache, bar):
    for series in (ONE, ("BTCUSDT", "5m"), ("ETHUSDT", "1h")):
        cache.add_bar(*series, bar(1000))
        cache.add_bar(*series, bar(2000))
    return cache


def test_series_are_apart_and_listed(three):
    assert three.get_cached_symbols() == [ONE, ("BTCUSDT", "5m"), ("ETHUSDT", "1h")]
    assert three.get_bars("ETHUSDT", "5m") == []
    assert three.get_latest_bar("ETHUSDT", "5m") is None
    assert three.get_last_update_time("ETHUSDT", "5m") is None


def test_the_size_is_of_one_series_of_a_symbol_or_of_all(three):
    assert three.get_cache_size("BTCUSDT", "5m") == 2
    assert three.get_cache_size("BTCUSDT") == 4
    assert three.get_cache_size() == 6
    assert three.get_cache_size("NONE") == 0


@pytest.mark.parametrize(("which", "left"), [((), 0), (("BTCUSDT",), 2), (ONE, 4), (("NONE",), 6)])
def test_clear_forgets_one_series_a_symbol_or_all(three, which, left):
    three.clear(*which)
    assert three.get_cache_size() == left
    assert len(three.get_cached_symbols()) == left // 2


def test_the_number_of_series_is_bounded(cache, bar, monkeypatch):
    monkeypatch.setattr("engine.python_sdk.websocket_cache._MOST_SERIES", 3)
    for place in range(9):
        cache.add_bar(f"S{place}", "1h", bar(1000))
        cache.add_bar("S0" if place < 3 else f"S{place}", "1h", bar(2000))
    assert cache.get_cached_symbols() == [("S6", "1h"), ("S7", "1h"), ("S8", "1h")]


@pytest.mark.parametrize("most", [0, -1])
def test_a_cache_for_no_bar_is_refused(most):
    with pytest.raises(ValueError, match="at least 1"):
        WebSocketCache(most)


def test_readers_beside_writers_always_see_bars_in_order_and_once(bar):
    cache = WebSocketCache(max_bars_per_symbol=50)
    seen: list[bool] = []
    done = threading.Event()

    def write(first: int) -> None:
        for place in range(first, 900, 3):
            cache.add_bar(*ONE, bar(place * 1000))

    def read() -> None:
        while not done.is_set():
            found = times(cache)
            seen.append(found == sorted(set(found)) and len(found) <= 50)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(first,)) for first in range(3)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join(20)
    done.set()
    reader.join(20)
    assert seen
    assert all(seen)
    assert times(cache) == [place * 1000 for place in range(850, 900)]


# what a feed brings --------------------------------------------------------------------------------------------------


def test_a_forming_bar_is_updated_and_closes(cache, bar, forming):
    for close in ("101", "102"):
        cache.receive(*ONE, forming(1000, close), MARKET)
    assert cache.get_bars(*ONE) == [forming(1000, "102")]
    cache.receive(*ONE, Bar(bar(1000, "103")), MARKET)
    assert cache.get_bars(*ONE) == [bar(1000, "103")]


def test_a_bar_left_forming_is_gone_when_the_next_begins(cache, bar, forming):
    cache.receive(*ONE, Bar(bar(1000)), MARKET)
    cache.receive(*ONE, forming(2000), MARKET)
    cache.receive(*ONE, forming(4000), MARKET)
    assert times(cache) == [1000, 4000]
    cache.receive(*ONE, Bar(bar(5000)), MARKET)
    assert times(cache) == [1000, 5000]


def test_a_late_closed_bar_leaves_the_forming_one(cache, bar, forming):
    cache.receive(*ONE, forming(4000), MARKET)
    cache.receive(*ONE, Bar(bar(3000)), MARKET)
    assert times(cache) == [3000, 4000]


def test_a_forming_bar_older_than_the_newest_is_not_shown(cache, bar, forming):
    cache.receive(*ONE, Bar(bar(2000)), MARKET)
    cache.receive(*ONE, forming(1000), MARKET)
    assert times(cache) == [2000]


def test_hand_and_feed_replace_each_other(cache, bar, forming):
    cache.add_bar(*ONE, bar(1000, "1"))
    cache.receive(*ONE, forming(1000, "2"), MARKET)
    assert cache.get_bars(*ONE) == [forming(1000, "2")]
    cache.add_bar(*ONE, bar(1000, "3"))
    assert cache.get_bars(*ONE) == [bar(1000, "3")]


def test_the_forming_bar_counts_among_the_most(bar, forming):
    cache = WebSocketCache(max_bars_per_symbol=2)
    for open_time in (1000, 2000):
        cache.receive(*ONE, Bar(bar(open_time)), MARKET)
    cache.receive(*ONE, forming(3000), MARKET)
    assert times(cache) == [2000, 3000]
    assert cache.get_cache_size(*ONE) == 2


def test_bars_of_another_market_begin_the_series_anew(cache, bar):
    cache.add_bar(*ONE, bar(0))
    for open_time in (1000, 2000):
        cache.receive(*ONE, Bar(bar(open_time)), MARKET)
    assert times(cache) == [0, 1000, 2000]
    cache.receive(*ONE, Bar(bar(3000)), ("wss://somewhere", "testnet"))
    assert times(cache) == [3000]


# the cache of the process --------------------------------------------------------------------------------------------


def test_there_is_one_cache_in_a_process_and_it_can_be_exchanged():
    first = get_websocket_cache()
    assert get_websocket_cache() is first
    other = WebSocketCache(500)
    set_websocket_cache(other)
    assert get_websocket_cache() is other
    set_websocket_cache(None)
    assert get_websocket_cache() not in (first, other)
