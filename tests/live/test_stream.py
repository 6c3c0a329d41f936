"""One subscribed series, and how far it can be vouched for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wealthsources import Hole, Shard, StreamStatus
from wealthsources.live.pushed import stale_seconds
from wealthsources.live.series import SeriesBuffer
from wealthsources.live.stream import Stream

from ..support.bars import FRAME, at, places
from .feed import LIMIT

#: After so many seconds without a message an hourly bar is due.
DUE = 3600 + 30


def status_of(stream: Stream, now: float) -> StreamStatus:
    return stream.status(now, bool(stale_seconds(stream, now)))


def made(*hours: int, arrived: float = 0.0, closed: bool | None = None) -> Stream:
    """A stream on a shard that was acknowledged at 0, with the bars of these hours."""
    stream = Stream("BTCUSDT", FRAME)
    stream.shard = Shard(0, [stream.key])
    stream.shard.state, stream.shard.epoch = "connected", 1
    if hours:
        stream.series = SeriesBuffer("BTCUSDT", FRAME)
        for hour in hours:
            push(stream, hour, arrived, closed=closed)
    return stream


def push(stream: Stream, hour: int, now: float, *, closed: bool | None = None) -> None:
    stream.begin_bar(stream.series, at(hour), now)
    stream.series.put(at(hour), at(hour + 1), (1.0, 2.0, 0.5, 1.0, 1.0), closed=closed, arrived=now)


def held(stream: Stream) -> list[int]:
    """The hours that are closed."""
    return places(stream.series.snapshot(at(1000)))


def lose(stream: Stream, now: float, state: str = "reconnecting") -> None:
    stream.shard.state, stream.shard.since = state, now


def test_it_is_known_by_its_symbol_and_the_name_of_its_timeframe():
    assert Stream("BTCUSDT", FRAME).key == ("BTCUSDT", "1h")


@pytest.mark.parametrize(("timeframe", "due", "limit"), [("1m", 90, 150), ("1h", DUE, LIMIT), ("1d", 86_430, 172_830)])
def test_a_bar_is_due_half_a_minute_after_its_length_and_a_stream_is_stale_after_two(timeframe, due, limit):
    stream = Stream("X", type(FRAME)(timeframe))
    assert (stream.due, stream.limit) == (due, limit)


def test_at_first_nothing_is_known_of_how_the_server_pushes():
    stream = Stream("BTCUSDT", FRAME)
    assert (stream.last_open, stream.new_bars, stream.pushes_forming, stream.said_stale) == (None, 0, False, False)
    assert not stream.seems_closed_only


# For how long it has been stale.


def test_on_no_shard_there_is_no_telling():
    assert stale_seconds(Stream("BTCUSDT", FRAME), 5.0) is None


def test_while_its_messages_come_it_is_not_stale():
    stream = made(0, arrived=100.0)
    assert stale_seconds(stream, 100.0) == 0.0
    assert stale_seconds(stream, 100.0 + LIMIT) == 0.0


def test_when_nothing_comes_for_longer_than_it_may_be_silent_it_is_stale_since_then():
    stream = made(0, arrived=100.0)
    assert stale_seconds(stream, 100.0 + LIMIT + 7) == 7.0


def test_before_its_first_bar_it_may_be_silent_from_the_acknowledgement_on():
    stream = made()
    stream.shard.acknowledged_at = 50.0
    assert stale_seconds(stream, 50.0 + LIMIT) == 0.0
    assert stale_seconds(stream, 50.0 + LIMIT + 7) == 7.0


def test_a_new_connection_gives_it_time_again():
    stream = made(0, arrived=100.0)
    stream.shard.acknowledged_at = 100.0 + LIMIT
    assert stale_seconds(stream, 100.0 + LIMIT + 7) == 0.0


@pytest.mark.parametrize("state", ["disconnected", "connecting", "reconnecting", "error", "auth_failed"])
def test_without_a_connection_it_is_stale_since_that_was_lost(state):
    stream = made(0, arrived=100.0)
    lose(stream, 110.0, state)
    assert stale_seconds(stream, 115.0) == 5.0


def test_at_the_moment_of_the_loss_it_is_stale_already():
    stream = made(0, arrived=100.0)
    lose(stream, 110.0)
    assert stale_seconds(stream, 110.0) > 0


# What is said of it.


def test_before_its_first_bar_it_has_never_received():
    assert status_of(made(), 5.0) == StreamStatus("BTCUSDT", "1h", "never_received")


def test_on_no_shard_it_has_never_received_whatever_it_holds():
    stream = made(0, 1)
    stream.shard = None
    assert status_of(stream, 5.0) == StreamStatus("BTCUSDT", "1h", "never_received")


def test_while_its_messages_come_it_is_live():
    assert status_of(made(0, 1, arrived=100.0), 100.0 + DUE) == StreamStatus("BTCUSDT", "1h", "live", 2, DUE, 0, 0)


def test_when_a_bar_is_due_it_is_late():
    assert status_of(made(0, 1, arrived=100.0), 100.5 + DUE).state == "late"


def test_late_counts_from_the_acknowledgement_if_that_is_later():
    stream = made(0, 1, arrived=100.0)
    stream.shard.acknowledged_at = 150.0
    assert status_of(stream, 150.0 + DUE).state == "live"
    assert status_of(stream, 150.5 + DUE).state == "late"


def test_when_it_was_silent_for_too_long_it_is_stale_and_no_more_late():
    assert status_of(made(0, 1, arrived=100.0), 100.5 + LIMIT).state == "stale"


def test_without_a_connection_it_is_stale():
    stream = made(0, 1, arrived=100.0)
    lose(stream, 110.0)
    assert status_of(stream, 110.0).state == "stale"


def test_with_a_hole_in_it_that_is_said():
    status = status_of(made(0, 1, 4, 5, arrived=100.0, closed=True), 100.0)
    assert (status.state, status.bars, status.holes, status.verified_empty) == ("hole", 4, 1, 0)


@pytest.mark.parametrize(("seconds", "state"), [(DUE + 1, "late"), (LIMIT + 1, "stale")])
def test_late_and_stale_are_worse_than_a_hole_which_is_still_counted(seconds, state):
    status = status_of(made(0, 1, 4, 5, arrived=100.0, closed=True), 100.0 + seconds)
    assert (status.state, status.holes) == (state, 1)


def test_a_hole_of_which_there_never_was_a_bar_is_none():
    stream = made(0, 1, 4, 5, 8, 9, arrived=100.0, closed=True)
    stream.filler = SimpleNamespace(known_empty=lambda now: (Hole(at(2), at(4), 2),))
    status = status_of(stream, 100.0)
    assert (status.state, status.holes, status.verified_empty) == ("hole", 1, 1)
    stream.filler = SimpleNamespace(known_empty=lambda now: (Hole(at(2), at(4), 2), Hole(at(6), at(8), 2)))
    status = status_of(stream, 100.0)
    assert (status.state, status.holes, status.verified_empty) == ("live", 0, 2)


def test_what_is_known_to_be_empty_is_asked_as_of_the_same_moment():
    stream, asked = made(0, 1, arrived=100.0), []
    stream.filler = SimpleNamespace(known_empty=lambda now: asked.append(now) or ())
    status_of(stream, 123.0)
    assert asked == [123.0]


def test_idle_is_since_the_last_message():
    assert status_of(made(0, 1, arrived=100.0), 130.0).idle == 30.0


def test_bars_that_came_by_another_way_make_it_idle_for_no_time_that_is_known():
    stream = made(0)
    stream.series.arrived = None
    assert status_of(stream, 130.0).idle is None


# Notes.


def test_of_a_silent_stream_it_is_said_for_how_long():
    assert made(0).stale_note(6.7) == (
        "nothing came for 7 s more than a stream may be silent: cannot vouch for the newest bars"
    )


def test_of_a_lost_connection_it_is_said_what_it_does():
    stream = made(0)
    lose(stream, 0.0)
    assert stream.stale_note(5.0) == "reconnecting for 5 s: cannot vouch for the newest bars"


def test_of_a_stream_on_no_shard_it_is_said_that_it_is_not_connected():
    assert Stream("X", FRAME).stale_note(5.0) == "disconnected for 5 s: cannot vouch for the newest bars"


@pytest.mark.parametrize(
    ("state", "error", "why"),
    [
        ("connected", "", "is connected, but no bar of this series has come"),
        ("connecting", "", "has received nothing: connecting"),
        ("error", "refused", "has received nothing: error (refused)"),
    ],
)
def test_it_says_why_no_bar_ever_came(state, error, why):
    stream = made()
    stream.shard.state, stream.shard.last_error = state, error
    assert stream.why_nothing() == why


def test_on_no_shard_nothing_comes_because_it_is_not_subscribed():
    assert Stream("X", FRAME).why_nothing() == "is not subscribed"


# Messages.


def test_a_successor_closes_a_bar_unless_there_was_a_silence_before_it():
    stream = made(0, arrived=100.0)
    push(stream, 1, 100.0 + LIMIT)
    assert held(stream) == [0]
    push(stream, 2, 100.5 + 2 * LIMIT)
    push(stream, 3, 101.0 + 2 * LIMIT)
    assert held(stream) == [0, 2]


def test_what_came_by_another_way_is_no_silence():
    stream = made(0)
    stream.series.arrived = None
    push(stream, 1, 10_000_000.0)
    assert held(stream) == [0]


def test_the_bar_that_was_begun_is_remembered():
    stream = made(0)
    push(stream, 1, 0.0)
    assert stream.last_open == at(1)


def test_the_first_bar_of_a_connection_is_partial_and_what_is_older():
    stream = made()
    assert stream.is_partial(1, at(5))
    assert stream.is_partial(1, at(5))  # each of its updates
    assert stream.is_partial(1, at(4))
    assert not stream.is_partial(1, at(6))
    assert stream.is_partial(1, at(5))  # a correction of it is partial all the same


def test_on_another_connection_another_bar_is_partial():
    stream = made()
    stream.is_partial(1, at(5))
    assert stream.is_partial(2, at(6))
    assert not stream.is_partial(2, at(7))


def test_when_it_was_asked_for_again_the_next_bar_is_partial():
    stream = made()
    stream.is_partial(1, at(5))
    stream.begin_again()
    assert stream.is_partial(1, at(6))


# Lost messages.


def test_a_lost_message_of_its_newest_bar_leaves_that_open():
    stream = made(0, 1)
    stream.lost(at(1))
    push(stream, 2, 0.0)
    push(stream, 3, 0.0)
    assert held(stream) == [0, 2]


def test_a_lost_message_of_an_older_bar_leaves_doubt_about_the_newest():
    stream = made(0, 1)
    stream.lost(at(0))
    push(stream, 2, 0.0)
    assert held(stream) == [0]


def test_a_lost_message_of_some_bar_may_have_been_of_the_newest():
    stream = made(0, 1)
    stream.lost(None)
    push(stream, 2, 0.0)
    assert held(stream) == [0]


def test_a_lost_message_of_a_later_bar_says_nothing_against_the_newest():
    stream = made(0, 1)
    stream.lost(at(2))
    push(stream, 2, 0.0)
    assert held(stream) == [0, 1]


def test_before_its_first_bar_nothing_can_be_lost():
    stream = made()
    stream.lost(None)
    assert stream.series is None


# How a server pushes.


@pytest.mark.parametrize(("bars", "forming", "seems"), [(2, False, False), (3, False, True), (3, True, False)])
def test_a_server_seems_to_push_closed_bars_only_after_three_that_came_once(bars, forming, seems):
    stream = made()
    stream.new_bars, stream.pushes_forming = bars, forming
    assert stream.seems_closed_only is seems


def test_when_the_first_bar_of_a_connection_came_is_remembered_until_the_next_one():
    stream = made()
    assert [stream.first_came(1, now) for now in (5.0, 6.0)] == [5.0, 5.0]
    assert [stream.first_came(2, now) for now in (7.0, 8.0)] == [7.0, 7.0]
