"""One subscribed series: how far it can be vouched for, and what is said of it."""

from __future__ import annotations

import pytest

from wealthsources import SeriesBuffer, Shard, StreamStatus, Timeframe
from wealthsources.live.stream import ENOUGH_TO_JUDGE, Stream

from ..support.bars import at, places

FRAME = Timeframe("1h")
HOURS = 3600.0
NOW = 100_000.0


@pytest.fixture
def stream() -> Stream:
    """A stream on a shard that was acknowledged just now; no bar has come yet."""
    made = Stream("BTCUSDT", FRAME)
    made.shard = Shard(0, [made.key])
    made.shard.state, made.shard.epoch = "connected", 1
    made.shard.since = made.shard.acknowledged_at = NOW
    return made


def receive(stream: Stream, place: int, now: float, closed: bool | None = None) -> None:
    if stream.series is None:
        stream.series = SeriesBuffer("BTCUSDT", "1h", 10)
    voucher = stream.shard.voucher
    stream.series.put(at(place), at(place + 1), (1.0,) * 5, closed=closed, epoch=voucher, arrived=now)


def closed(stream: Stream) -> list[int]:
    return places(stream.series.snapshot())


# silence -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "due", "limit"), [("1m", 90, 150), ("1h", 3_630, 7_230), ("1d", 86_430, 172_830)])
def test_a_bar_is_due_half_a_minute_after_its_window_and_missing_after_two(name, due, limit):
    stream = Stream("BTCUSDT", Timeframe(name))
    assert (stream.due, stream.limit) == (due, limit)
    assert stream.key == ("BTCUSDT", name)


def test_a_stream_on_no_shard_is_neither_stale_nor_fresh(stream):
    stream.shard = None
    assert stale_seconds(stream, NOW) is None


def test_silence_counts_from_the_acknowledgement_until_a_bar_comes(stream):
    assert stale_seconds(stream, NOW + 7_230) == 0.0
    assert stale_seconds(stream, NOW + 7_231) == 1.0


def test_and_then_from_the_newest_bar(stream):
    receive(stream, 0, NOW + 500)
    assert stale_seconds(stream, NOW + 500 + 7_230) == 0.0
    assert stale_seconds(stream, NOW + 500 + 7_235) == 5.0


def test_a_bar_from_before_the_connection_says_nothing_about_it(stream):
    receive(stream, 0, NOW - 50_000)
    assert stale_seconds(stream, NOW + 7_231) == 1.0


@pytest.mark.parametrize("state", ["connecting", "reconnecting", "error", "auth_failed", "disconnected"])
def test_without_a_connection_it_is_stale_since_that_was_lost(stream, state):
    receive(stream, 0, NOW)
    stream.shard.state, stream.shard.since = state, NOW + 10
    assert stale_seconds(stream, NOW + 15) == 5.0
    assert stale_seconds(stream, NOW + 10) > 0, "from the first moment on"


# what is said ------------------------------------------------------------------------------------------------------


def test_why_a_stale_stream_vouches_for_nothing_is_told(stream):
    assert stream.stale_note(7.4) == (
        "nothing came for 7 s more than a stream may be silent: cannot vouch for the newest bars"
    )
    stream.shard.state = "reconnecting"
    assert stream.stale_note(7.6) == "reconnecting for 8 s: cannot vouch for the newest bars"
    stream.shard = None
    assert stream.stale_note(7.0) == "disconnected for 7 s: cannot vouch for the newest bars"


def test_why_no_bar_ever_came_is_told(stream):
    assert stream.why_nothing() == "is connected, but no bar of this series has come"
    stream.shard.state = "connecting"
    assert stream.why_nothing() == "has received nothing: connecting"
    stream.shard.last_error = "refused"
    assert stream.why_nothing() == "has received nothing: connecting (refused)"
    stream.shard = None
    assert stream.why_nothing() == "is not subscribed"


def test_before_the_first_bar_it_has_never_received_anything(stream):
    assert status_of(stream, NOW) == StreamStatus("BTCUSDT", "1h", "never_received")
    receive(stream, 0, NOW)
    stream.shard = None
    assert status_of(stream, NOW) == StreamStatus("BTCUSDT", "1h", "never_received")


@pytest.mark.parametrize(
    ("silent", "state"), [(0, "live"), (3_630, "live"), (3_631, "late"), (7_230, "late"), (7_231, "stale")]
)
def test_a_stream_is_live_then_late_then_stale(stream, silent, state):
    receive(stream, 0, NOW)
    status = status_of(stream, NOW + silent)
    assert (status.state, status.idle, status.bars, status.holes) == (state, silent, 1, 0)


def test_a_hole_is_told_unless_it_is_late_or_stale(stream):
    for place in (0, 3):
        receive(stream, place, NOW, closed=True)
    assert (status_of(stream, NOW).state, status_of(stream, NOW).holes) == ("hole", 1)
    assert status_of(stream, NOW + 3_631).state == "late"


# messages ----------------------------------------------------------------------------------------------------------


def test_after_a_silence_a_new_bar_closes_nothing(stream):
    receive(stream, 0, NOW)
    stream.begin_bar(stream.series, at(1), NOW + 7_231)
    receive(stream, 1, NOW + 7_231)
    receive(stream, 2, NOW + 7_231)
    assert closed(stream) == [1]
    assert stream.last_open == at(1)


def test_without_one_it_does(stream):
    receive(stream, 0, NOW)
    stream.begin_bar(stream.series, at(1), NOW + 7_230)
    receive(stream, 1, NOW + 7_230)
    assert closed(stream) == [0]


@pytest.mark.parametrize(("lost", "left"), [(None, []), (at(0), []), (at(1), []), (at(2), [1]), (at(9), [1])])
def test_a_lost_message_leaves_doubt_about_the_newest_bar_unless_it_was_of_a_later_one(stream, lost, left):
    receive(stream, 1, NOW)
    stream.lost(lost)
    receive(stream, 2, NOW)
    assert closed(stream) == left


def test_a_message_that_is_lost_before_the_first_bar_does_no_harm(stream):
    stream.lost(None)
    stream.series = SeriesBuffer("BTCUSDT", "1h", 10)
    stream.lost(at(0))
    receive(stream, 0, NOW)
    receive(stream, 1, NOW)
    assert closed(stream) == [0]


def test_the_first_bar_of_a_connection_is_partial_and_so_are_those_before_it(stream):
    assert [stream.is_partial(1, at(place)) for place in (5, 5, 4, 6, 5)] == [True, True, True, False, True]


def test_on_the_next_connection_it_is_the_first_one_of_that(stream):
    stream.is_partial(1, at(5))
    assert [stream.is_partial(2, at(place)) for place in (8, 6, 9)] == [True, True, False]


def test_asked_again_the_server_may_begin_anew(stream):
    stream.is_partial(1, at(5))
    stream.begin_again()
    assert [stream.is_partial(1, at(place)) for place in (7, 8)] == [True, False]


@pytest.mark.parametrize(
    ("new_bars", "pushes_forming", "seems"),
    [(ENOUGH_TO_JUDGE - 1, False, False), (ENOUGH_TO_JUDGE, False, True), (ENOUGH_TO_JUDGE, True, False)],
)
def test_a_server_seems_to_push_closed_bars_only_after_a_few_that_came_once(stream, new_bars, pushes_forming, seems):
    stream.new_bars, stream.pushes_forming = new_bars, pushes_forming
    assert stream.seems_closed_only is seems
