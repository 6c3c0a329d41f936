"""A live source that asks after each bar's end. Its thread is the test's, but where it says otherwise."""

from __future__ import annotations

import contextlib
import dataclasses
import time

import pytest

import wealthsources
from wealthsources import ConfigError, HistoryRequest, NotHere, PushedSource, Shard
from wealthsources.testing.fakes import LoneHost, SetClock
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.polling import PollingSource
from wealthsources_ccxt.source import CcxtSource
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.kucoin import KuCoin
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth

from ...support.waiting import wait_until
from .exchange import MINUTE, SPOT, minutes, truth, values

KEY = ("BTCUSDT", "1m")


class Polled:
    """A source, its shard, and a market whose bars went by until `place`, of which one is forming."""

    def __init__(self, server, source, bars, clock):
        self.server, self.source, self.bars, self.clock = server, source, bars, clock
        self.shard = Shard(0, [KEY])
        self.names = None

    def poll(self):
        return self.source.poll(self.shard, KEY, self.names)

    def held(self):
        return values(self.source.get_history(HistoryRequest("BTCUSDT", MINUTE, self.bars[-1].end)))


@contextlib.contextmanager
def polled(speaks=None, **options):
    now = int(time.time() * 1000)
    bars = minutes(60)
    by = MINUTE.floor(now) - bars[-1].end  # of the sixty minutes before now number 40 is forming at first
    bars = [dataclasses.replace(bar, open_time=bar.open_time + by, end=bar.end + by) for bar in bars]
    clock = [bars[40].open_time + 30_000]
    options = {"exchange": "binance", "live": "poll", "watch": ["BTCUSDT"], "timeframes": ["1m"], **options}
    with HistoryServer(speaks or Binance(), Truth({(SPOT, "1m"): bars}, lambda: clock[0])) as server:
        source = CcxtSource(CcxtOptions(endpoint=server.url, **options))
        source._connection.exchange.rateLimit = 0
        source._wall_ms = lambda: clock[0]
        on = Polled(server, source, bars, clock)
        on.names = source._connection.load_names()
        source.begin(LoneHost(SetClock(now)))
        source.assign(lambda _: on.shard)
        try:
            yield on
        finally:
            source.stop()


def test_with_live_poll_the_plugin_is_a_live_source():
    with polled() as on:
        assert isinstance(on.source, PollingSource)
        assert isinstance(on.source, PushedSource)
        assert on.source.capabilities.live
        assert not on.source.capabilities.authoritative
        assert not on.source.capabilities.blocking


def test_at_first_it_has_the_newest_bars_but_not_the_one_that_is_forming():
    with polled() as on:
        on.poll()
        assert on.held() == truth(on.bars[:40])
        assert all(bar.closed for bar in on.source.get_history(HistoryRequest("BTCUSDT", MINUTE, on.bars[-1].end)))
        assert (on.shard.state, on.shard.epoch) == ("connected", 1)


def test_each_poll_brings_the_bar_that_is_over_and_asks_from_the_newest_on():
    with polled() as on:
        on.poll()
        on.clock[0] = on.bars[42].open_time + 1_500
        on.poll()
        assert on.held() == truth(on.bars[:42])
        assert on.server.pages[-1].number("startTime") == on.bars[39].open_time


def test_it_asks_again_a_moment_after_the_bar_that_is_forming_has_ended():
    with polled() as on:
        on.clock[0] = on.bars[40].open_time + 20_000
        wait = on.poll()
        assert 41.0 <= wait <= 43.1


def test_a_bar_without_a_row_behind_it_is_not_stated_as_closed_and_is_asked_for_again_soon():
    with polled(KuCoin(), exchange="kucoin") as on:
        on.bars[41:] = [dataclasses.replace(bar, volume="0") for bar in on.bars[41:]]
        on.server.truth.series[SPOT, "1m"] = on.bars
        on.clock[0] = on.bars[43].open_time
        waits = [on.poll() for _ in range(4)]
        assert waits[:3] == [2.0, 4.0, 8.0]
        assert waits[3] > 55
        assert on.held() == truth(on.bars[:40])


def test_a_correction_of_the_newest_bar_is_taken():
    with polled() as on:
        on.poll()
        on.bars[39] = dataclasses.replace(on.bars[39], volume="901.5")
        on.server.truth.series[SPOT, "1m"] = on.bars
        on.poll()
        assert on.held()[-1][5] == "901.5"


def test_a_failure_loses_the_connection_and_the_next_poll_makes_up_for_it():
    with polled() as on:
        on.poll()
        on.server.script = [faults.html(), faults.too_many(0), faults.without(0)]
        on.clock[0] = on.bars[45].open_time
        first, second = on.poll(), on.poll()
        assert on.shard.state == "reconnecting"
        assert first <= 2.0
        assert second <= 4.0
        assert "asked too often" in on.shard.last_error
        on.poll()
        assert "does not begin with the bar of" in on.shard.last_error
        on.poll()
        assert on.held() == truth(on.bars[:45])
        assert (on.shard.state, on.shard.epoch, on.shard.reconnects_by_reason["poll_failed"]) == ("connected", 2, 2)


def test_a_page_of_no_use_costs_its_series_more_and_more_time_and_no_other_anything():
    with polled(timeframes=["1m", "5m"]) as on:
        on.poll()
        epoch = on.shard.epoch
        waits = []
        for number in range(5):
            on.clock[0] = on.bars[45 + number].open_time
            on.server.script = [faults.without(0)]
            waits.append(on.poll())
            assert on.source.poll(on.shard, ("BTCUSDT", "5m"), on.names) > 0  # another series fares well
        assert all(wait <= longest for wait, longest in zip(waits, (2, 4, 8, 16, 32), strict=True))
        assert all(wait >= least for wait, least in zip(waits, (1, 2, 4, 8, 16), strict=True))
        assert (on.shard.state, on.shard.epoch, on.shard.counters["bad_pages"]) == ("connected", epoch, 5)
        assert "BTCUSDT 1m: a page does not begin with the bar of" in on.shard.last_error
        assert on.poll() < 65  # and then all is well, until the next window
        assert on.held()[-1] == truth(on.bars)[48]


def test_who_asks_to_be_left_alone_is():
    with polled() as on:
        on.server.script = [faults.too_many(300)]
        assert on.poll() >= 300


def test_after_a_silence_that_no_page_spans_it_begins_with_the_newest(monkeypatch):
    asked = []
    with polled() as on:
        on.poll()
        monkeypatch.setattr(on.source._host, "backfill", lambda *request: asked.append(request))
        on.source._limit = 10
        on.clock[0] = on.bars[59].open_time
        on.poll()
        assert on.held()[-1] == truth(on.bars)[58]
        assert asked  # the chain is asked for the hole


def test_a_symbol_that_it_does_not_have_is_refused():
    with polled() as on:
        on.names = type(on.names)([], {}, "binance", "spot")
        assert on.poll() == 600
        assert "no market at all" in on.shard.refused[KEY]


def test_a_symbol_that_the_exchange_has_later_is_taken_up_and_refused_no_more():
    with polled() as on:
        known, on.names = on.names, type(on.names)([], {}, "binance", "spot")
        on.poll()
        on.names = on.source._list_again(on.names, 0.0)
        assert on.names.markets == known.markets
        on.poll()
        assert on.shard.refused == {}
        assert on.held() == truth(on.bars[:40])


def test_where_the_list_cannot_be_had_again_the_one_before_is_kept(caplog):
    with polled() as on:
        on.server.loading = faults.status(500)
        assert on.source._list_again(on.names, 0.0) is on.names
        assert "could not be loaded again" in caplog.text


def test_a_refusal_is_logged_once(caplog):
    with polled() as on:
        on.names = type(on.names)([], {}, "binance", "spot")
        on.poll()
        on.poll()
        assert caplog.text.count("BTCUSDT 1m is refused") == 1


def test_on_its_own_thread_it_polls_once_the_markets_are_there_and_stops_at_once():
    with polled() as on:
        source = CcxtSource(on.source.options)
        source.start(LoneHost(SetClock(on.clock[0])))
        wait_until(lambda: len(source.store.get("BTCUSDT", MINUTE) or ()) == 40)
        assert len(source.get_history(HistoryRequest("BTCUSDT", MINUTE, on.bars[-1].end))) == 40
        assert source.status().state == "connected"
        source.stop()
        assert not source._thread.is_alive()


def test_before_the_markets_are_there_it_says_why_there_is_nothing():
    with polled() as on:
        on.server.loading = faults.status(451)
        source = CcxtSource(on.source.options)
        source.start(LoneHost(SetClock(on.clock[0])))
        wait_until(lambda: "HTTP 451" in source.status().last_error)
        with pytest.raises(NotHere):
            source.get_history(HistoryRequest("BTCUSDT", MINUTE, on.bars[-1].end))
        source.stop()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"live": "poll"}, "live: poll needs watch"),
        ({"watch": ["BTCUSDT"], "timeframes": ["1m"]}, "watch and timeframes are for live: poll"),
        ({"live": "poll", "watch": ["BTCUSDT"], "timeframes": ["3d"]}, "timeframes: binance has no 3d on our grid"),
        ({"live": "poll", "watch": ["BTCUSDT"], "timeframes": ["7m"]}, "'7m' is not a timeframe"),
    ],
)
def test_a_wrong_option_is_told_with_its_remedy(options, told):
    config = {"sources": [{"plugin": "ccxt", "options": {"exchange": "binance", **options}}]}
    with pytest.raises(ConfigError, match=told), wealthsources.open(config):
        pass
