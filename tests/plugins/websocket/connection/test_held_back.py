"""What is kept of a connection that is not in use yet."""

from __future__ import annotations

import logging

import pytest

from wealthsources import Shard
from wealthsources_websocket.connection.held_back import HeldBack
from wealthsources_websocket.protocols.base import BarMessage, Malformed

BTC, ETH = ("BTCUSDT", "1m"), ("ETHUSDT", "1m")
MINUTE = 60_000
BAD = Malformed("bad_bar", "close")


class Kept:
    """What is held back of a shard with two series, each message a second after the one before."""

    def __init__(self, most: int = 100, **options) -> None:
        self.shard = Shard(0, [BTC, ETH], str.lower)
        self.held = HeldBack(logging.getLogger("test"), most, **options)
        self.now = 0.0

    def bar(self, place: int, volume: float = 1.0, symbol: str = "btcusdt") -> bool:
        self.now += 1
        values = (1.0, 2.0, 0.5, 1.5, volume)
        bar = BarMessage(symbol, "1m", place * MINUTE, (place + 1) * MINUTE, values, 0)
        return self.held.on_bar(self.shard, bar, self.now)

    def bad(self) -> None:
        self.held.on_malformed(self.shard, BAD)

    def lacks(self, place: int, volume: float, series=BTC) -> bool:
        return self.held.lacks({series: [(place * MINUTE, volume)]})

    def take(self, forming: tuple[int, float] | None = None) -> list:
        """(minute, volume, when it came) of each bar; what was lost as it is."""
        wanted = {} if forming is None else {BTC: [(forming[0] * MINUTE, forming[1])]}
        return [
            message if message is BAD else (message.open_time // MINUTE, message.values[4], at)
            for message, at in self.held.take(wanted)
        ]


@pytest.fixture
def kept():
    return Kept()


def test_the_last_message_of_each_bar_is_kept_in_the_order_in_which_they_came_last(kept):
    kept.bar(1, 1)
    kept.bar(1, 2, symbol="ethusdt")
    kept.bar(1, 3)
    kept.bar(2, 4)
    assert kept.take() == [(1, 2, 2.0), (1, 3, 3.0), (2, 4, 4.0)]
    assert kept.take() == []


def test_a_bar_whose_last_message_came_after_a_later_bar_is_handed_on_before_that(kept):
    kept.bar(1, 1)
    kept.bar(2, 1)
    kept.bar(1, 2)
    assert kept.take() == [(1, 2, 3.0), (2, 1, 2.0)]


def test_so_it_is_with_each_of_several_bars_in_their_order(kept):
    kept.bar(2, 1)
    kept.bar(1, 2)  # that is all that came of it
    kept.bar(3, 3)
    kept.bar(2, 4)
    assert kept.take() == [(1, 2, 2.0), (2, 4, 4.0), (3, 3, 3.0)]


def test_a_later_bar_of_another_series_changes_no_place(kept):
    kept.bar(2, 1, symbol="ethusdt")
    kept.bar(1, 2)
    assert kept.take() == [(2, 1, 1.0), (1, 2, 2.0)]


def test_what_was_lost_makes_a_later_bar_uncertain_whatever_came_for_the_one_before(kept):
    kept.bar(1, 1)
    kept.bar(2, 1)
    kept.bad()
    kept.bar(1, 2)
    assert kept.take() == [(1, 2, 3.0), (2, 1, 2.0), BAD]


def test_what_was_lost_keeps_its_place(kept):
    kept.bar(1)
    kept.bad()
    kept.bar(2)
    kept.bad()
    assert kept.take() == [(1, 1, 1.0), BAD, (2, 1, 2.0), BAD]


def test_a_bar_that_came_again_after_something_was_lost_stands_after_it(kept):
    kept.bar(1, 1)
    kept.bad()
    kept.bar(1, 2)
    assert kept.take() == [BAD, (1, 2, 2.0)]


def test_a_bar_is_lacking_until_that_very_bar_was_stated_as_far(kept):
    assert kept.lacks(1, 5)
    kept.bar(1, 4)
    assert kept.lacks(1, 5)
    kept.bar(2, 9)  # a later one says nothing of it
    assert kept.lacks(1, 5)
    kept.bar(1, 5)
    assert not kept.lacks(1, 5)
    assert not kept.lacks(1, 4)


def test_every_series_has_to_be_stated(kept):
    kept.bar(1)
    assert not kept.held.lacks({BTC: [(MINUTE, 1.0)]})
    assert kept.held.lacks({BTC: [(MINUTE, 1.0)], ETH: [(MINUTE, 1.0)]})
    kept.bar(1, symbol="ethusdt")
    assert not kept.held.lacks({BTC: [(MINUTE, 1.0)], ETH: [(MINUTE, 1.0)]})
    assert not kept.held.lacks({})


def test_where_the_first_bar_of_a_connection_is_partial_it_states_nothing():
    kept = Kept(partial_first=True)
    kept.bar(2, 7)
    kept.bar(1, 7)
    assert kept.lacks(1, 5)
    assert kept.lacks(2, 5)
    kept.bar(3, 7)
    assert not kept.lacks(3, 5)


def test_an_older_state_of_a_bar_that_is_held_is_left_out(kept):
    kept.bar(0, 1)
    kept.bar(1, 4)
    kept.bar(2, 1)
    assert kept.take(forming=(1, 5)) == [(0, 1, 1.0), (2, 1, 3.0)]


def test_a_state_that_is_as_new_is_not_left_out(kept):
    kept.bar(1, 5)
    assert kept.take(forming=(1, 5)) == [(1, 5, 1.0)]


def test_a_first_bar_that_is_partial_is_not_left_out_since_it_says_which_one_is_the_first():
    kept = Kept(partial_first=True)
    kept.bar(1, 4)
    assert kept.take(forming=(1, 5)) == [(1, 4, 1.0)]


def test_what_is_older_than_a_first_bar_that_is_partial_is_not_taken_for_the_first():
    kept = Kept(partial_first=True)
    kept.bar(2, 1)
    assert kept.bar(1, 9)
    kept.bar(2, 2)
    assert kept.take() == [(2, 2, 3.0)]


def test_a_bar_of_others_is_counted_and_not_kept(kept):
    assert kept.bar(1)
    assert not kept.bar(1, symbol="dogeusdt")
    assert kept.take() == [(1, 1, 1.0)]
    assert kept.shard.counters["unsolicited"] == 1
    assert "dogeusdt" in str(kept.shard.unused.tell("X"))


def test_it_is_bounded_the_oldest_go_and_that_is_said_once(caplog):
    kept = Kept(most=3)
    for place in range(10):
        kept.bar(place)
    assert kept.lacks(6, 1)
    assert not kept.lacks(7, 1)
    assert [place for place, _, _ in kept.take()] == [7, 8, 9]
    assert caplog.text.count("more than 3 messages (a fixed limit)") == 1


def test_nothing_else_is_done_on_such_a_connection(kept):
    kept.held.on_turn(kept.shard, 1.0)
    kept.held.on_resubscribed(kept.shard)
    kept.held.on_state(kept.shard, "connected", "")
    assert kept.held.forming_bars(kept.shard, 1.0) == {}
    assert not kept.held.is_silent(kept.shard, 1.0)
    assert kept.take() == []
