"""The source as a whole, against a server on this machine."""

from __future__ import annotations

import threading
import time

import pytest

from wealthsources import HistoryRequest, NotHere, SourceError, Timeframe
from wealthsources.testing.fakes import LoneHost
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.source import CcxtSource
from wealthsources_simulator.bars import PlayedBar
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.binance import Binance

from ...support.waiting import nothing_left_behind, wait_until
from .exchange import MINUTE, SPOT, SWAP, minutes, stage, truth, values


@pytest.mark.parametrize(("market", "symbol"), [("spot", SPOT), ("usdm", SWAP)])
def test_a_long_range_is_asked_for_page_by_page_and_comes_whole(market, symbol):
    with stage(bars=minutes(2500), symbol=symbol, market=market) as on:
        bars = on.ask()
        assert values(bars) == truth(on.bars)
        starts = [ask.number("startTime") for ask in on.server.pages]
    # Each page begins with the bar that the one before ended with.
    assert starts == [on.bars[0].open_time, on.bars[999].open_time, on.bars[1998].open_time]


def test_a_count_is_of_the_newest_bars():
    with stage() as on:
        assert values(on.ask(start=None, count=7)) == truth(on.bars[-7:])


def test_without_start_and_count_one_page_of_the_newest_comes():
    with stage(bars=minutes(1300)) as on:
        assert values(on.ask(start=None)) == truth(on.bars[-999:])
        assert len(on.server.pages) == 1


def test_a_start_within_a_window_leaves_that_window_out():
    with stage() as on:
        assert values(on.ask(start=on.bars[3].open_time + 1)) == truth(on.bars[4:])


def test_the_forming_row_is_no_bar_whatever_the_session_believes_of_the_time():
    with stage() as on:
        on.clock.time = on.bars[-1].end - 1_000
        assert values(on.ask(end=on.bars[-1].end + 60_000)) == truth(on.bars[:-1])


def test_an_earlier_time_than_the_exchange_keeps_gives_what_there_is_and_proves_nothing():
    with stage() as on:
        bars = on.ask(start=on.bars[0].open_time - 86_400_000)
        assert values(bars) == truth(on.bars)


def test_an_outage_within_the_range_is_left_out():
    bars = minutes(50)
    with stage(bars=[*bars[:10], *bars[20:]]) as on:
        assert values(on.ask()) == truth(on.bars)


def test_before_the_markets_are_there_it_has_nothing_and_says_why():
    with stage(loaded=False) as on:
        on.source.stop()
        source = CcxtSource(on.source.options)
        with pytest.raises(NotHere, match="markets"):
            source.get_history(HistoryRequest("BTCUSDT", MINUTE, on.bars[-1].end, count=3))
        source.stop()


def test_the_first_request_waits_for_the_markets_that_are_being_loaded():
    with stage(loaded=False) as on:
        assert values(on.ask()) == truth(on.bars)


def test_but_not_longer_than_its_deadline():
    with stage(loaded=False) as on:
        on.server.loading = faults.slow(30)
        source = CcxtSource(on.source.options)
        source.start(LoneHost(on.clock))
        with pytest.raises(NotHere, match="its markets are being loaded"):
            on._replace(source=source).ask(deadline=time.monotonic() + 0.5)
        source.stop()


def test_more_bars_than_there_can_be_are_asked_for_from_the_earliest_time_on():
    with stage() as on:
        assert values(on.ask(start=None, count=100_000_000)) == truth(on.bars)


def test_a_timeframe_that_it_has_on_another_grid_is_not_here_with_what_there_is():
    with stage() as on, pytest.raises(NotHere, match=r"binance has no 3d on our grid; it has 1m, .* are made of these"):
        on.ask(frame=Timeframe("3d"))


def test_an_empty_list_is_no_proof_of_anything():
    with stage(script=(faults.nothing(),)) as on:
        with pytest.raises(NotHere, match="gave no bar of BTC/USDT 1m"):
            on.ask()
        assert values(on.ask()) == truth(on.bars)


def test_an_empty_list_in_the_middle_is_no_end():
    with stage(bars=minutes(2500), script=(None, faults.nothing())) as on:
        with pytest.raises(SourceError, match="a page is empty, though it was asked for from"):
            on.ask()
        assert values(on.ask()) == truth(on.bars)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (faults.html(), "no list of bars but with text/html .HTTP 200.; is a proxy"),
        (faults.half_body(), "cannot be reached, or broke off in the middle"),
        (faults.repeated(3), "the row of .* twice"),
        (faults.shifted(3, 15_000), "where no 1m opens"),
        (faults.changed(3, volume="-1"), "can be no bar"),
        (faults.changed(3, volume="much"), "no bar: .*volume"),
        (faults.changed(3, high="1"), "can be no bar"),
        (faults.changed(3, close=None), "no bar"),
        (faults.status(500), "does not work at present .HTTP 500"),
    ],
)
def test_a_page_that_cannot_be_right_is_refused_and_the_next_is_asked_for_anew(fault, told):
    with stage(script=(fault,)) as on:
        with pytest.raises(SourceError, match=told):
            on.ask()
        assert on.source.status().last_error
        assert values(on.ask()) == truth(on.bars)


def test_a_row_that_is_missing_at_the_seam_is_noticed():
    with stage(bars=minutes(1500), script=(None, faults.without(0))) as on:
        with pytest.raises(SourceError, match=r"a page begins with .* though it was asked for from"):
            on.ask()
        assert values(on.ask()) == truth(on.bars)


def test_a_seam_with_other_values_is_noticed():
    script = (None, faults.changed(0, volume="1"))
    with (
        stage(bars=minutes(1500), script=script) as on,
        pytest.raises(SourceError, match="different values"),
    ):
        on.ask()


def test_what_fails_in_the_middle_is_gone_on_with_where_it_stopped():
    with stage(bars=minutes(2500), script=(None, None, faults.status(500))) as on:
        with pytest.raises(SourceError):
            on.ask()
        assert values(on.ask()) == truth(on.bars)
        assert len(on.server.pages) == 4
        assert on.server.pages[-1].number("startTime") == on.bars[1998].open_time


def one_second_left_after_a_page(on, deadline):
    """A monotonic clock: however slow this machine is, the first page comes in time, and the second is begun."""
    came = []

    def clock():
        now = time.monotonic()
        if not on.server.pages:
            return now
        came.append(now)
        return deadline - 1 + now - came[0]

    return clock


def test_when_the_deadline_comes_the_verified_bars_are_given_and_kept():
    with stage(bars=minutes(2500), script=(None, faults.slow(30)), timeout=60) as on:  # no limit but the deadline
        deadline = time.monotonic() + 600
        on.source._connection._clock = one_second_left_after_a_page(on, deadline)
        bars = on.ask(deadline=deadline)
        assert values(bars) == truth(on.bars[:1000])
        assert "the next request goes on behind 1000 bars" in bars.note
        assert values(on.ask()) == truth(on.bars)
        assert len(on.server.pages) == 4


def test_when_the_deadline_comes_before_any_bar_it_failed():
    with (
        stage(script=(faults.slow(30),), timeout=60) as on,
        pytest.raises(SourceError, match="no answer before the deadline"),
    ):
        on.ask(deadline=time.monotonic() + 2)  # well over what there must be left to ask at all


def test_a_deadline_that_is_over_asks_nobody():
    with stage() as on:
        with pytest.raises(NotHere, match="no time was left"):  # no failure of the exchange
            on.ask(deadline=time.monotonic())
        assert not on.server.pages


def test_what_was_verified_is_not_asked_for_again_but_the_newest_is():
    with stage(bars=minutes(100)) as on:
        on.ask()
        on.ask()
        assert on.server.pages[-1].number("startTime") == on.bars[89].open_time  # ten minutes may still be corrected


def test_a_correction_of_a_kept_bar_makes_it_read_all_again():
    with stage(bars=minutes(100)) as on:
        on.ask()
        on.bars[89] = PlayedBar(on.bars[89].open_time, on.bars[89].end, "5", "9", "4", "6", "7")
        on.server.truth.series[SPOT, "1m"] = on.bars
        assert values(on.ask()) == truth(on.bars)


def test_a_limit_that_the_exchange_cuts_without_a_word_is_learnt_on_the_way():
    class Small(Binance):
        def page(self, ask, truth):
            bars = super().page(ask, truth)
            return bars and bars[:150]

    with stage(Small(), minutes(500)) as on:
        assert values(on.ask()) == truth(on.bars)


def test_stop_ends_a_request_that_is_under_way_and_leaves_nothing_behind():
    with stage(script=(faults.slow(30),)) as on:
        raised = []

        def ask():
            try:
                on.ask()
            except SourceError as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: on.server.pages)
        on.source.stop()
        thread.join(10)  # and not the 30 s that the answer takes
        assert not thread.is_alive()
        assert raised


def test_stop_ends_the_loading_of_markets_at_once():
    with stage(loaded=False) as on:
        on.source.stop()
        on.server.loading = faults.slow(30)
        source = CcxtSource(on.source.options)
        before = len(on.server.asked)
        source.start(LoneHost(on.clock))
        wait_until(lambda: len(on.server.asked) > before)
        source.stop()
        assert not [thread for thread in threading.enumerate() if thread.name == "wealthsources-ccxt-markets"]


def test_what_it_says_of_itself():
    with stage() as on:
        on.ask()
        assert repr(on.source) == "<CcxtSource: binance spot, ready>"
        assert on.source.capabilities.authoritative
        assert list(on.source.get_all_symbols()) == [SPOT]
        assert on.source.status().counters == {"requests": 2, "cached_bars": 30, "symbols": 1}


def test_timeframes_of_another_grid_are_not_served():
    for exchange, lacks in {
        "okx": {"8h", "1w"},
        "htx": {"1d"},
        "deribit": {"4h"},
        "kraken": {"1w"},
        "bitget": {"2h"},
    }.items():
        options = CcxtOptions(exchange=exchange, market="spot")
        source = CcxtSource(options)
        assert not lacks & set(source.capabilities.timeframes)
        assert "1h" in source.capabilities.timeframes
    assert "1w" in CcxtSource(CcxtOptions(exchange="binance")).capabilities.timeframes


def test_a_source_that_was_asked_and_stopped_leaves_no_thread_and_no_socket_behind():
    with nothing_left_behind(), stage() as on:
        on.ask()
