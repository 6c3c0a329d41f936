"""When a strategy is called: where what came by then and what came later can be told apart by the time alone."""

from __future__ import annotations

import dataclasses

import pytest

import wealthsources
from wealthsources_replay.frames import StateRecord
from wealthsources_replay.moments import moments

from .records import ACK, BINANCE, T0, frame, kline, record

MINUTE = 60_000
#: Records before those of the test: the process began, it connects, it is acknowledged.
BEFORE = 3


def found(folder, texts, clock):
    """The moments of a recording: how many frames came, time, bars by symbol and minute. `texts`: at which ms, what."""
    begun = frame(0)
    records = [StateRecord(begun.wall_ms, begun.monotonic_ns, 0, 1, "connecting", ""), frame(0, ACK)]
    records += [frame(after, text) for after, text in texts]
    header = dataclasses.replace(BINANCE, symbols=("BTCUSDT", "ETHUSDT"), options={"clock": clock})
    record(folder, records, header=header)
    source = {"plugin": "replay", "options": {"recording": str(folder), "speed": "step"}}
    with wealthsources.open({"clock": "feed", "sources": [source]}) as session:
        session.start_live()
        return [
            (
                each.played - BEFORE,
                each.now - T0,
                [(bar.symbol[:3], (bar.open_time - T0) // MINUTE) for bar in each.bars],
            )
            for each in moments(session, session.source("replay"))
        ]


def other(text):
    return text.replace("BTCUSDT", "ETHUSDT")


# by the time of a feed -----------------------------------------------------------------------------------------


@pytest.fixture
def by_feed(tmp_path):
    return lambda *texts: found(tmp_path / "live", [(10 * place, text) for place, text in enumerate(texts, 1)], "feed")


def test_all_bars_of_one_time_of_the_feed_are_there_before_it_goes_on(by_feed):
    first, second = kline(0, closed=True), other(kline(0, closed=True))
    # The fifth takes the time to the next minute.
    assert by_feed(second, first, kline(1), kline(1, "3"), kline(2)) == [(4, MINUTE, [("BTC", 0), ("ETH", 0)])]


def test_a_correction_in_the_same_time_of_the_feed_comes_before_it_too(by_feed):
    assert by_feed(kline(0, closed=True), kline(0, "3", closed=True), kline(2)) == [(2, MINUTE, [("BTC", 0)])]


def test_a_bar_that_comes_when_the_time_has_gone_on_is_of_that_time(by_feed):
    late = other(kline(0, closed=True))
    assert by_feed(kline(0, closed=True), kline(1, closed=True), late, kline(2, closed=True)) == [
        (1, MINUTE, [("BTC", 0)]),
        (3, 2 * MINUTE, [("ETH", 0), ("BTC", 1)]),
        (4, 3 * MINUTE, [("BTC", 2)]),
    ]


def test_what_waits_at_the_end_is_of_the_last_moment(by_feed):
    assert by_feed(kline(0, closed=True)) == [(1, MINUTE, [("BTC", 0)])]


def test_without_a_closed_bar_there_is_no_moment(by_feed):
    assert by_feed(kline(0), kline(0, "3")) == []


# by the time of the machine ------------------------------------------------------------------------------------


@pytest.fixture
def by_system(tmp_path):
    return lambda *texts: found(tmp_path / "live", texts, "system")


def test_a_quarter_of_a_second_without_a_closed_bar_is_a_moment(by_system):
    texts = [(1_000, kline(-1, closed=True)), (1_200, other(kline(-1, closed=True))), (9_000, kline(0))]
    assert by_system(*texts) == [(2, 1_450, [("BTC", -1), ("ETH", -1)])]


def test_what_comes_behind_it_is_of_the_next(by_system):
    texts = [(1_000, kline(-1, closed=True)), (1_300, other(kline(-1, closed=True)))]
    assert by_system(*texts) == [(1, 1_250, [("BTC", -1)]), (2, 1_550, [("ETH", -1)])]


def test_bars_that_form_do_not_delay_it(by_system):
    texts = [(1_000, kline(-1, closed=True)), (1_200, kline(0)), (1_251, kline(0, "3"))]
    assert by_system(*texts) == [(2, 1_250, [("BTC", -1)])]


def test_closed_bars_without_end_do_not_delay_it_for_ever(by_system):
    texts = [(1_000 + 200 * place, kline(place - 100, closed=True)) for place in range(99)]
    assert [now for _, now, _ in by_system(*texts)] == [6_000, 11_200, 16_400, 20_850]
