"""What a connection knows when another one is to take its place."""

from __future__ import annotations

import pytest

from wealthsources import Market, Shard
from wealthsources.live.renewing import are_silent, bars_vouched_for
from wealthsources.live.series import SeriesBuffer
from wealthsources.live.stream import Stream

from ..support.bars import FRAME, at
from .feed import LIMIT


@pytest.fixture
def shard() -> Shard:
    """Of two series, acknowledged at 0."""
    shard = Shard(0, [("BTCUSDT", "1h"), ("ETHUSDT", "1h")])
    shard.state, shard.epoch = "connected", 1
    return shard


@pytest.fixture
def stream(shard):
    def made(symbol: str = "BTCUSDT") -> Stream:
        stream = Stream(symbol, FRAME)
        stream.shard = shard
        return stream

    return made


def push(stream: Stream, hour: int, now: float = 0.0, *, volume: float = 1.0, closed: bool | None = None) -> None:
    if stream.series is None:
        stream.series = SeriesBuffer(stream.symbol, FRAME)
    values = (1.0, 2.0, 0.5, 1.0, volume)
    stream.series.put(at(hour), at(hour + 1), values, closed=closed, epoch=stream.shard.voucher, arrived=now)


def test_the_bar_that_forms_is_vouched_for_with_its_volume(stream):
    btc, eth = stream(), stream("ETHUSDT")
    push(btc, 1)
    push(btc, 2, volume=7.0)
    push(eth, 2, volume=3.0)
    assert bars_vouched_for([btc, eth], 0.0) == {btc.key: ((at(2), 7.0),), eth.key: ((at(2), 3.0),)}


def test_a_series_without_a_bar_or_with_closed_ones_only_has_nothing_to_lose(stream):
    none, closed = stream(), stream("ETHUSDT")
    push(closed, 1, closed=True)
    assert bars_vouched_for([none, closed], 0.0) == {}


def test_a_bar_of_another_connection_or_from_before_something_was_lost_is_not_vouched_for(stream, shard):
    btc = stream()
    push(btc, 1)
    shard.breaks += 1
    assert bars_vouched_for([btc], 0.0) == {}
    push(btc, 1, volume=2.0)
    assert bars_vouched_for([btc], 0.0) == {btc.key: ((at(1), 2.0),)}
    shard.epoch += 1
    assert bars_vouched_for([btc], 0.0) == {}


def test_a_stream_that_is_silent_for_too_long_vouches_for_nothing(stream):
    btc = stream()
    push(btc, 1, 100.0)
    assert bars_vouched_for([btc], 100.0 + LIMIT)
    assert bars_vouched_for([btc], 101.0 + LIMIT) == {}


def test_a_lost_connection_still_knows_what_it_knew(stream, shard):
    btc = stream()
    push(btc, 1)
    shard.state = "reconnecting"
    assert bars_vouched_for([btc], 1.0) == {btc.key: ((at(1), 1.0),)}


def test_a_connection_is_silent_when_all_of_its_streams_are(stream):
    btc, eth = stream(), stream("ETHUSDT")
    push(btc, 1, 100.0)
    assert not are_silent([btc, eth], 50.0 + LIMIT)  # eth, which never came, is silent
    assert are_silent([eth], 50.0 + LIMIT)
    assert are_silent([btc, eth], 101.0 + LIMIT)


def test_a_series_that_is_refused_is_no_silence(stream, shard):
    btc, eth = stream(), stream("ETHUSDT")
    shard.refused[eth.key] = "no such market"
    push(btc, 1, 100.0)
    assert not are_silent([eth], 1e6)
    assert are_silent([btc, eth], 1e6)


def test_where_there_is_no_stream_there_is_no_silence():
    assert not are_silent([], 1e6)
    assert not are_silent([Stream("BTCUSDT", FRAME)], 1e6)


@pytest.fixture
def quiet(stream):
    """A stream of a market whose quiet hours have no bar, with one bar that is closed."""
    quiet = stream()
    quiet.market = Market(continuous=False)
    quiet.series = SeriesBuffer(quiet.symbol, FRAME, continuous=False)
    push(quiet, 1, closed=True)
    return quiet


def test_on_a_quiet_market_a_connection_vouches_that_nothing_came_after_a_closed_bar(quiet, shard):
    """Else what is quiet after the next connection took over would pass for lost."""
    assert bars_vouched_for([quiet], 100 * LIMIT) == {quiet.key: ((at(1), 1.0),)}
    shard.epoch += 1
    assert bars_vouched_for([quiet], 0.0) == {}


def test_a_quiet_market_is_never_silent(quiet):
    assert not are_silent([quiet], 100 * LIMIT)
