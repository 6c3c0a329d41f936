"""WebSocketCache: ways to look into the bars that came."""

from __future__ import annotations

import time

import pytest

from wealthsources import RequestError, Timeframe
from wealthsources_websocket.cache import WebSocketCache

from ...support.bars import HOUR

OPEN = 1_700_002_800_000


def put(cache: WebSocketCache, place: int, symbol: str = "BTCUSDT", timeframe: str = "1h", **options) -> None:
    frame = Timeframe(timeframe)
    open_time = frame.open_time(frame.slot(OPEN) + place)
    cache.series(symbol, frame).put(
        open_time,
        frame.end(open_time),
        (10.0, 12.0, 9.0, 11.0, float(place)),
        **{"arrived": time.monotonic()} | options,
    )


def places(bars) -> list[int]:
    return [int(bar.volume) for bar in bars]


@pytest.fixture
def cache() -> WebSocketCache:
    """Five bars of one series, the last of which is forming, and one bar each of two others."""
    made = WebSocketCache("live")
    for place in range(5):
        put(made, place)
    put(made, 0, timeframe="4h")
    put(made, 0, symbol="ETHUSDT")
    return made


def test_bars_come_oldest_first_and_the_forming_one_is_among_them(cache):
    bars = cache.get_bars("BTCUSDT", "1h")
    assert places(bars) == [0, 1, 2, 3, 4]
    assert [bar.closed for bar in bars] == [True] * 4 + [False]


@pytest.mark.parametrize(("count", "wanted"), [(1, [4]), (2, [3, 4]), (5, [0, 1, 2, 3, 4]), (99, [0, 1, 2, 3, 4])])
def test_count_takes_the_newest(cache, count, wanted):
    assert places(cache.get_bars("BTCUSDT", "1h", count)) == wanted


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_of_nothing_is_refused(cache, count):
    with pytest.raises(RequestError, match="at least 1"):
        cache.get_bars("BTCUSDT", "1h", count)


def test_a_timeframe_may_be_a_name_or_an_object(cache):
    assert places(cache.get_bars("BTCUSDT", Timeframe("1h"))) == places(cache.get_bars("BTCUSDT", "1h"))


def test_what_is_no_timeframe_is_refused(cache):
    with pytest.raises(RequestError, match="'5x' is not a timeframe"):
        cache.get_bars("BTCUSDT", "5x")


def test_a_series_that_never_came_is_empty_and_is_not_made(cache):
    bars = cache.get_bars("SOLUSDT", "1h")
    assert (len(bars), bars.symbol, bars.timeframe) == (0, "SOLUSDT", Timeframe("1h"))
    assert len(cache) == 3


def test_bars_name_their_source(cache):
    assert {bar.source for bar in cache.get_bars("BTCUSDT", "1h")} == {"live"}


def test_bars_that_were_given_out_do_not_change(cache):
    before = cache.get_bars("BTCUSDT", "1h")
    cache.series("BTCUSDT", Timeframe("1h")).put(
        OPEN + 4 * HOUR, OPEN + 5 * HOUR, (10.0, 12.0, 9.0, 11.0, 77.0), arrived=time.monotonic()
    )
    assert places(before) == [0, 1, 2, 3, 4]
    assert places(cache.get_bars("BTCUSDT", "1h", 1)) == [77]


def test_the_latest_bar_is_the_forming_one(cache):
    bar = cache.get_latest_bar("BTCUSDT", "1h")
    assert (bar.volume, bar.closed) == (4.0, False)


def test_there_is_no_latest_bar_of_a_series_that_never_came(cache):
    assert cache.get_latest_bar("SOLUSDT", "1h") is None


def test_the_last_update_is_a_time_of_this_machines_clock(cache):
    put(cache, 5, arrived=time.monotonic() - 3600)
    assert cache.get_last_update_time("BTCUSDT", "1h") == pytest.approx((time.time() - 3600) * 1000, abs=60_000)


def test_an_old_bar_that_comes_again_is_no_update(cache):
    before = cache.get_last_update_time("BTCUSDT", "1h")
    put(cache, 0, arrived=time.monotonic() - 7200)
    assert cache.get_last_update_time("BTCUSDT", "1h") == pytest.approx(before, abs=60_000)


def test_there_is_no_last_update_of_a_series_that_never_came(cache):
    assert cache.get_last_update_time("SOLUSDT", "1h") is None


def test_every_series_is_named(cache):
    assert sorted(cache.get_cached_symbols()) == [("BTCUSDT", "1h"), ("BTCUSDT", "4h"), ("ETHUSDT", "1h")]


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ((), 7),
        (("BTCUSDT",), 6),
        ((None, "1h"), 6),
        (("BTCUSDT", "1h"), 5),
        (("BTCUSDT", Timeframe("4h")), 1),
        (("SOLUSDT",), 0),
        (("ETHUSDT", "4h"), 0),
    ],
)
def test_the_size_counts_bars_of_what_is_named(cache, arguments, size):
    assert cache.get_cache_size(*arguments) == size


def test_a_series_holds_no_more_than_its_capacity():
    cache = WebSocketCache("live", capacity=3)
    for place in range(10):
        put(cache, place)
    assert places(cache.get_bars("BTCUSDT", "1h")) == [7, 8, 9]
    assert cache.get_cache_size() == 3


def test_a_cleared_cache_is_empty(cache):
    cache.clear()
    assert (cache.get_cached_symbols(), cache.get_cache_size(), len(cache.get_bars("BTCUSDT", "1h"))) == ([], 0, 0)
