"""Streams of a market that closes: a night is no silence, no hole and no reason to let go of what is held."""

from __future__ import annotations

import pytest

from wealthsources import HistoryRequest, Timeframe
from wealthsources.live.stream import Stream
from wealthsources.model.markets import Market, Markets
from wealthsources.runtime.clocks import FeedClock

from ..support.bars import FRAME, HOUR, T0, at
from ..support.hours import hours_of
from .feed import LIMIT, Feed, Host, Message

#: Open at hours 0 to 3 of each of three days; hour 0 is noon.
DAYS = hours_of({f"2020-09-{day}": [("12:00", "16:00")] for day in (13, 14, 15)})
TIMED = FRAME.on(DAYS)


class _Clock(FeedClock):
    """The time of the feed's hand-moved clock."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed

    def now(self) -> int:
        return T0 + round((self._feed.now - 1000) * 1000)


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    monkeypatch.setattr(Host, "market", lambda _, symbol: Markets(Market(hours=DAYS)).of(symbol))
    made = Feed()
    made.host.clock = _Clock(made)
    return made


def play(feed: Feed, *hours: int) -> None:
    """Bars come as they open."""
    for hour in hours:
        feed.now = 1000 + hour * 3600 + 1
        feed.push("BTCUSDT", hour)


def test_a_night_between_two_bars_is_no_hole(feed: Feed) -> None:
    play(feed, 0, 1, 2, 3, 24, 25)
    bars = feed.source.get_history(HistoryRequest("BTCUSDT", TIMED, at(25)))
    assert [(time - T0) // HOUR for time in bars.open_times.tolist()] == [0, 1, 2, 3, 24]
    assert bars.unbroken
    assert not feed.told("hole")
    assert not feed.host.asked


def test_a_bar_that_is_missing_in_the_morning_is_a_hole(feed: Feed) -> None:
    play(feed, 0, 1, 2, 3, 25, 26)
    (told,) = feed.told("hole")
    assert (told.hole.start, told.hole.end, told.hole.count) == (at(24), at(25), 1)


def test_a_bar_that_is_missing_in_the_evening_is_a_hole_that_ends_with_it(feed: Feed) -> None:
    play(feed, 0, 1, 2, 24, 25)
    (told,) = feed.told("hole")
    assert (told.hole.start, told.hole.end, told.hole.count) == (at(3), at(4), 1)


def test_what_fills_a_hole_in_the_evening_is_asked_for_with_a_bar_on_either_side(feed: Feed) -> None:
    play(feed, 0, 1, 2, 24, 25)
    ((request, _),) = feed.host.asked
    assert (request.timeframe, request.start, request.end) == (TIMED, at(2), at(25))
    assert request.timeframe.hours is DAYS


def test_the_silence_of_a_night_makes_no_stream_stale(feed: Feed) -> None:
    play(feed, 0, 1, 2, 3)
    feed.later(15 * 3600)  # it is still night
    assert feed.source.stale_for("BTCUSDT", TIMED) == 0.0
    assert feed.status().state == "live"


def test_silence_while_the_market_is_open_does(feed: Feed) -> None:
    play(feed, 0, 1)
    feed.later(LIMIT + 7)
    assert feed.source.stale_for("BTCUSDT", TIMED) == pytest.approx(7, abs=0.01)


def test_only_the_time_it_was_open_counts_as_silence(feed: Feed) -> None:
    play(feed, 0, 1, 2, 3)
    feed.now = 1000 + 27 * 3600 + 600  # an hour of the evening and three of the next day
    assert feed.source.stale_for("BTCUSDT", TIMED) == pytest.approx(4 * 3600 + 600 - LIMIT, abs=1.1)


def test_a_bar_is_off_the_grid_while_the_market_is_closed(feed: Feed) -> None:
    play(feed, 0, 1, 2, 3)
    feed.now = 1000 + 5 * 3600
    assert feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", at(5)), feed.now) is None


def test_after_the_last_day_that_is_known_silence_counts_again(feed: Feed) -> None:
    play(feed, 48, 49, 50, 51)
    feed.later(15 * 3600)
    assert feed.source.stale_for("BTCUSDT", TIMED) > 0
    assert feed.status().state == "stale"


def test_a_daily_stream_is_stale_after_two_days_of_trade() -> None:
    stream = Stream("BTCUSDT", Timeframe("1d"))
    stream.set_market(Market(hours=DAYS), lambda: None)
    assert (stream.due, stream.limit) == (4 * 3600 + 30, 8 * 3600 + 30)
