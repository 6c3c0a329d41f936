"""What holds for every source that is pushed to; what a WebSocket adds is in tests/plugins/websocket/test_source.py."""

from __future__ import annotations

import pytest

from wealthsources import HistoryRequest, Market, NotHere, PushedSource, RequestError, Shard
from wealthsources.model.markets import Markets
from wealthsources.runtime.clocks import SystemClock

from ..support.bars import FRAME, HOUR, T0
from .feed import LIMIT, Feed, Lost, Message


def test_a_successor_on_the_same_connection_closes_a_bar(feed):
    feed.push("BTCUSDT", 0, 1)
    assert feed.held() == [0]


def test_the_forming_bar_follows_if_it_is_asked_for(feed):
    feed.push("BTCUSDT", 0, 1)
    assert feed.held(include_forming=True) == [0, 1]


def test_the_servers_spelling_is_understood(feed):
    feed.push("btcusdt", 0, 1)
    assert feed.held() == [0]


def test_a_bar_on_a_shard_that_does_not_have_its_series_is_unsolicited(feed):
    other = feed.shard("ETHUSDT")
    assert not feed.source.on_bar(other, Message("BTCUSDT", T0), feed.now)
    assert other.counters["unsolicited"] == 1
    with pytest.raises(NotHere, match="no bar of this series has come"):
        feed.held()


def test_a_lost_shard_makes_only_its_own_series_stale(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.push("ETHUSDT", 0, 1)
    feed.lose(feed.shard("BTCUSDT"))
    feed.now += 5
    assert feed.source.stale_for("BTCUSDT", FRAME) == 5.0
    assert feed.source.stale_for("ETHUSDT", FRAME) == 0.0
    assert feed.source.stale_for() == 0.0
    assert feed.held("ETHUSDT", include_forming=True) == [0, 1]
    assert feed.held("BTCUSDT", include_forming=True) == [0]
    assert [stream.state for stream in feed.source.status().streams if stream.symbol == "BTCUSDT"] == ["stale"]


def test_the_status_is_that_of_the_worst_shard_and_counts_all(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0, 1)
    feed.shard("ETHUSDT").last_error = "cut"
    feed.lose(feed.shard("ETHUSDT"))
    status = feed.source.status()
    assert (status.state, status.last_error, status.epoch) == ("reconnecting", "cut", 2)
    assert status.counters["bars.new"] == 3


def test_what_a_new_connection_brings_does_not_close_what_the_old_one_formed(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.lose(feed.shard("BTCUSDT"))
    feed.connect(feed.shard("BTCUSDT"))
    feed.push("BTCUSDT", 2, 3)
    assert feed.held() == [0, 2]


def test_a_message_of_no_known_series_leaves_doubt_about_those_of_its_shard_alone(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost())
    feed.push("BTCUSDT", 1, 2)
    feed.push("ETHUSDT", 1, 2)
    assert feed.held("BTCUSDT") == [1]
    assert feed.held("ETHUSDT") == [0, 1]


def test_a_lost_message_of_a_bar_leaves_doubt_about_that_series_alone(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost("BTCUSDT", "1h", T0))
    feed.push("BTCUSDT", 1, 2)
    feed.push("ETHUSDT", 1, 2)
    assert feed.held("BTCUSDT") == [1]
    assert feed.held("ETHUSDT") == [0, 1]


def test_what_cannot_be_a_bar_leaves_no_doubt(feed):
    feed.push("BTCUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost(may_be_bar=False))
    feed.push("BTCUSDT", 1)
    assert feed.held() == [0]


def test_after_a_subscription_was_sent_again_only_what_comes_then_stands_for_a_forming_bar(feed):
    feed.push("BTCUSDT", 0)
    feed.source.on_resubscribed(feed.shard("BTCUSDT"))
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1]


def test_after_a_silence_a_successor_closes_nothing(feed):
    feed.push("BTCUSDT", 0)
    feed.now += LIMIT + 1
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1]


def test_a_stream_that_went_silent_is_said_once(feed, caplog):
    feed.push("BTCUSDT", 0, 1)
    feed.now += LIMIT + 1
    for _ in range(3):
        feed.now += 2
        feed.source.on_turn(feed.shard("BTCUSDT"), feed.now)
    assert [record.message for record in caplog.records] == ["BTCUSDT 1h: the stream went silent"]
    assert feed.shard("BTCUSDT").counters["stale_streams"] == 1


def test_a_hole_is_told_and_the_rest_of_the_chain_is_asked_for_it(feed):
    feed.push("BTCUSDT", 0, 1, 4, closed=True)
    (event,) = [event for event in feed.host.events if event.kind == "hole"]
    assert (event.hole.start, event.hole.end, event.hole.count) == (T0 + 2 * HOUR, T0 + 4 * HOUR, 2)
    ((request, _),) = feed.host.asked
    assert (request.start, request.end) == (T0 + 1 * HOUR, T0 + 5 * HOUR)  # with the bar on either side


def test_the_first_bar_of_a_connection_is_left_out_where_servers_count_from_the_subscription():
    feed = Feed(partial_first=True)
    feed.push("BTCUSDT", 0, 1, 2)
    assert feed.held() == [1]


def test_events_tell_new_bars_updates_and_closed_ones(feed):
    feed.push("BTCUSDT", 0)
    feed.push("BTCUSDT", 0, close=1.5)
    feed.push("BTCUSDT", 1)
    bars = [event.bar for event in feed.host.events if event.kind == "bar"]
    told = [((bar.open_time - T0) // HOUR, bar.close, bar.closed) for bar in bars]
    assert told == [(0, 1.0, False), (0, 1.5, False), (0, 1.5, True), (1, 1.0, False)]


def test_an_event_says_when_that_came_to_be_known_and_on_which_connection(feed):
    feed.push("BTCUSDT", 0, 1)
    bars = [event for event in feed.host.events if event.kind == "bar"]
    assert [event.known_at for event in bars] == [T0, T0 + HOUR, T0 + HOUR]  # as the feed's own time was then
    assert {event.epoch for event in bars} == {feed.shard("BTCUSDT").epoch}


def test_the_clock_is_told_what_bars_prove(feed):
    feed.push("BTCUSDT", 0)
    assert feed.host.clock.now() == T0
    feed.push("BTCUSDT", 1)
    assert feed.host.clock.now() == T0 + HOUR


def test_a_source_that_has_not_been_started_says_so():
    source = PushedSource()
    source.subscribe_to(["BTCUSDT"], ["1h"])
    with pytest.raises(NotHere, match="has not been started"):
        source.get_history(HistoryRequest("BTCUSDT", FRAME, T0))
    assert source.status().state == "not started"
    assert source.stale_for("BTCUSDT", FRAME) is None


def test_bars_that_came_before_it_was_subscribed_again_are_not_continued(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.source.subscribe_to(["ETHUSDT"], ["1h"])
    feed.source.subscribe_to(["BTCUSDT", "ETHUSDT"], ["1h"])
    feed.source.assign(feed.shards.get)
    feed.push("BTCUSDT", 2, 3)
    assert feed.held() == [0, 2]


def test_series_that_are_subscribed_no_more_are_kept_only_up_to_a_number():
    source = PushedSource(keep_left=3)
    source.subscribe_to(["S0"], ["1h"])
    for number in range(10):
        source.store.series(f"S{number}", FRAME).put(T0, T0 + HOUR, (1.0,) * 5, closed=True)
        source.subscribe_to([f"S{number + 1}"], ["1h"])
    assert [series.symbol for series in source.store] == ["S7", "S8", "S9"]


# answering ---------------------------------------------------------------------------------------------------------


def test_a_question_about_a_time_of_which_it_holds_nothing_is_answered_with_how_much_it_holds(feed):
    feed.push("BTCUSDT", 5, 6)
    with pytest.raises(NotHere, match=r"^holds no closed bar of that time \(2 bars in all\)$"):
        feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0))


def test_a_stale_stream_still_answers_with_its_closed_bars_and_says_so(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.now += LIMIT + 5
    bars = feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0 + HOUR))
    assert bars.note == "nothing came for 5 s more than a stream may be silent: cannot vouch for the newest bars"
    with pytest.raises(NotHere, match=r"^holds no closed bar of that time \(2 bars in all\); nothing came for 5"):
        feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0))


def test_a_series_that_was_not_subscribed_is_none_of_it(feed):
    with pytest.raises(NotHere, match=r"^is not subscribed$"):
        feed.source.get_history(HistoryRequest("SOLUSDT", FRAME, T0))


def test_before_the_first_bar_it_says_how_the_connection_is(feed):
    feed.lose(feed.shard("BTCUSDT"))
    feed.shard("BTCUSDT").last_error = "cut"
    with pytest.raises(NotHere, match=r"^has received nothing: reconnecting \(cut\)$"):
        feed.held()


@pytest.mark.parametrize("spelling", ["BTCUSDT", "btc-usdt"])
def test_how_stale_a_series_is_can_be_asked_in_any_spelling(feed, spelling):
    feed.push("BTCUSDT", 0)
    feed.now += LIMIT + 3
    assert feed.source.stale_for(spelling, FRAME) == 3.0
    assert feed.source.stale_for("SOLUSDT", FRAME) is None


def test_it_can_what_it_was_subscribed_to(feed):
    can = feed.source.capabilities
    assert (can.live, can.blocking, can.symbols, can.timeframes) == (True, False, ("BTCUSDT", "ETHUSDT"), ("1h",))


# pushing closed bars only ------------------------------------------------------------------------------------------

HINT = "this server seems to push closed bars only"


def test_a_server_that_seems_to_push_closed_bars_only_is_told_of_once_and_in_every_answer(caplog):
    feed = Feed(closed_only_hint=HINT)
    feed.now += 2
    feed.push("BTCUSDT", 0, 1, 2, 3)
    assert [record.message for record in caplog.records] == [f"BTCUSDT 1h: {HINT}"]
    assert feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0 + HOUR)).note == HINT
    assert feed.source.status().reason == HINT
    with pytest.raises(NotHere, match=f"{HINT}$"):
        feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0))


@pytest.mark.parametrize("how", ["in a snapshot", "in a late snapshot", "with an update", "too few", "without a hint"])
def test_it_does_not_seem_so(how, caplog):
    late = how == "in a late snapshot"
    feed = Feed(closed_only_hint="" if how == "without a hint" else HINT, snapshots=late)
    feed.now += 0 if how == "in a snapshot" else 2
    feed.push("BTCUSDT", 0)
    if how == "with an update":
        feed.push("BTCUSDT", 0, close=1.5)
    feed.push("BTCUSDT", *((1,) if how == "too few" else (1, 2, 3)))
    assert caplog.records == []
    assert feed.source.status().reason == ""


# the time ----------------------------------------------------------------------------------------------------------


def by_the_system(now: int) -> Feed:
    """A feed whose wall clock shows `now` ms, in a session that goes by it."""
    feed = Feed(wall=lambda: now / 1000)
    feed.host.clock = SystemClock(lambda: now)
    for shard in feed.shards.values():
        feed.connect(shard)
    return feed


def test_a_bar_from_the_future_is_not_stored_and_what_it_would_have_closed_stays_open():
    feed = by_the_system(T0 + 10 * HOUR)
    feed.push("BTCUSDT", 9, 10)
    assert not feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0 + 11 * HOUR), feed.now)
    assert feed.shard("BTCUSDT").counters["from_the_future"] == 1
    assert feed.held() == [9]
    assert feed.source.status().clock_offset == 3600.0


@pytest.mark.parametrize(("ahead", "taken"), [(0, True), (5_000, True), (5_001, False)])
def test_five_seconds_ahead_of_our_clock_are_not_the_future(ahead, taken):
    feed = by_the_system(T0 - ahead)
    assert feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0), feed.now) is taken


def test_a_flag_that_comes_before_the_end_is_not_believed_but_the_bar_so_far_is():
    feed = by_the_system(T0 + 10)
    feed.push("BTCUSDT", 0, closed=True, close=1.5)
    assert feed.held(include_forming=True) == [0]
    assert feed.held_closes() == {}
    assert feed.shard("BTCUSDT").counters["flags_too_early"] == 1
    assert feed.host.clock.now() == T0 + 10


def test_a_bar_that_is_refused_breaks_nothing_that_is_held():
    feed = by_the_system(T0 + 30 * 60_000)
    feed.push("BTCUSDT", 0)
    assert not feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0 + 7 * HOUR, closed=True), feed.now)
    feed.now += 30 * 60
    feed.push("BTCUSDT", 1)
    assert feed.held() == [0]


def test_a_message_that_is_refused_of_a_bar_that_is_held_leaves_doubt_about_it():
    """No clock goes back, but should it ever seem so, what was not taken may have been the last of the bar."""
    feed = by_the_system(T0)
    feed.push("BTCUSDT", 0)
    feed.now -= 60
    assert not feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0, close=1.5), feed.now)
    feed.now += 60 + 3600
    feed.push("BTCUSDT", 1)
    assert feed.held_closes() == {}


def test_a_bar_that_is_refused_for_its_time_is_told_with_it():
    feed = by_the_system(T0)
    feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0 + HOUR), feed.now)
    with pytest.raises(NotHere, match=r"no bar of this series was taken: 1 message came and was refused.* 3600\.0 s"):
        feed.held()
    assert feed.source.status().streams[0].refused + feed.source.status().streams[1].refused == 1


def test_the_wall_is_looked_at_once_a_connection():
    wall = [(T0 + 10 * HOUR) / 1000]
    feed = Feed(wall=lambda: wall[0])
    feed.host.clock = SystemClock(lambda: T0)
    feed.connect(feed.shard("BTCUSDT"))
    wall[0] = 0.0
    feed.push("BTCUSDT", 10)
    feed.connect(feed.shard("BTCUSDT"))
    assert not feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0 + 10 * HOUR), feed.now)


def test_by_the_feeds_own_clock_no_bar_is_from_the_future(feed):
    feed.push("BTCUSDT", 1_000_000)
    assert feed.source.status().clock_offset is None


# why there is none -------------------------------------------------------------------------------------------------


def why_none(feed: Feed, symbol: str = "BTCUSDT") -> str:
    with pytest.raises(NotHere) as nothing:
        feed.held(symbol)
    return str(nothing.value)


def test_how_many_came_and_why_the_last_was_refused_is_told_of_the_series_it_was():
    feed = Feed()
    for place in range(3):
        feed.source.on_malformed(
            feed.shard("BTCUSDT"), Lost("BTCUSDT", "1h", why=f"open_time: {place} is not on the grid")
        )
    assert why_none(feed) == (
        "is connected, but no bar of this series was taken: "
        "3 messages came and were refused, the last one: open_time: 2 is not on the grid"
    )
    assert why_none(feed, "ETHUSDT") == "is connected, but no bar of this series has come"
    assert feed.status("BTCUSDT").refused == 3
    assert feed.source.status().reason == f"BTCUSDT 1h {why_none(feed)}"


def test_bars_of_the_symbol_under_another_timeframe_are_told():
    feed = Feed()
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost("btc-usdt", "60"))
    feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0, timeframe="2h"), feed.now)
    assert why_none(feed).endswith("bars of this symbol came under '60' (1), '2h' (1), which is not subscribed")


def test_bars_of_what_nobody_asked_for_are_told():
    feed = Feed()
    for symbol in ("XBTUSD", "XBTUSD", "ADAUSD"):
        feed.source.on_bar(feed.shard("BTCUSDT"), Message(symbol, T0), feed.now)
    assert why_none(feed).endswith("; bars came of what is not subscribed: 'XBTUSD 1h' (2), 'ADAUSD 1h' (1)")


def test_messages_of_no_series_that_cannot_be_used_are_told():
    feed = Feed()
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost(why="timeframe: None is not one"))
    assert why_none(feed).endswith("; messages came that cannot be used (1), the last one: timeframe: None is not one")


def test_what_is_nothing_like_a_bar_is_no_lost_message():
    feed = Feed()
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost(may_be_bar=False, why="plain text"))
    assert why_none(feed) == "is connected, but no bar of this series has come"


def test_a_series_that_the_server_refuses_says_so():
    feed = Feed()
    feed.shard("BTCUSDT").refused["BTCUSDT", "1h"] = "no such symbol"
    assert why_none(feed) == "the server refuses this series: no such symbol"
    assert feed.source.status().reason == "BTCUSDT 1h the server refuses this series: no such symbol"


def test_when_bars_are_refused_later_a_stale_answer_says_so_and_not_that_nothing_came():
    feed = Feed()
    feed.push("BTCUSDT", 0, 1)
    feed.now += LIMIT + 5
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost("BTCUSDT", "1h", why="low: -1 is not positive"))
    note = feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0 + HOUR)).note
    assert note.startswith("nothing that could be used came for 5 s more than a stream may be silent")
    assert note.endswith("1 message came and was refused, the last one: low: -1 is not positive")


def test_a_bar_that_is_taken_after_one_that_was_refused_ends_the_matter():
    feed = Feed()
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost("BTCUSDT", "1h"))
    feed.now += 1
    feed.push("BTCUSDT", 0, 1)
    assert feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0 + HOUR)).note == ""
    assert feed.source.status().reason == ""


def test_of_many_series_the_status_names_three():
    feed = Feed()
    symbols = [f"S{number}" for number in range(20)]
    feed.source.subscribe_to(symbols, ["1h"])
    shard = Shard(0, [(symbol, "1h") for symbol in symbols])
    feed.source.assign(lambda _: shard)
    feed.connect(shard)
    for symbol in symbols:
        feed.source.on_malformed(shard, Lost(symbol, "1h"))
    reason = feed.source.status().reason
    assert reason.count("came and was refused") == 3
    assert reason.endswith("; so it is with 17 more series")


def test_a_stale_stream_that_never_had_a_bar_says_in_the_log_what_came(feed, caplog):
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost("BTCUSDT", "1h", why="close: is missing"))
    feed.turn(later=LIMIT + 1)
    (said,) = caplog.messages
    assert said == (
        "BTCUSDT 1h: is connected, but no bar of this series was taken: "
        "1 message came and was refused, the last one: close: is missing"
    )


def test_an_answer_that_the_capacity_cuts_short_names_it():
    feed = Feed(capacity=5)
    feed.push("BTCUSDT", *range(9))
    (many, few) = (feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0 + 99 * HOUR, None, n)) for n in (9, 4))
    assert (many.note, few.note) == ("it keeps no more than 5 bars (capacity)", "")
    with pytest.raises(NotHere, match=r"\(5 bars in all, as many as its capacity\)"):
        feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, T0))


# what is counted ---------------------------------------------------------------------------------------------------


def test_a_close_time_that_is_neither_the_end_nor_just_before_it_is_odd():
    class Odd(Message):
        late = 0

        @property
        def close_time(self) -> int:
            return self.open_time + HOUR + self.late

    feed = Feed()
    for place, late in enumerate((0, -1, 1, 7)):
        message = Odd("BTCUSDT", T0 + place * HOUR)
        message.late = late
        feed.source.on_bar(feed.shard("BTCUSDT"), message, feed.now)
    assert feed.shard("BTCUSDT").counters["odd_close_time"] == 2


def test_a_message_of_a_connection_that_is_over_is_counted_and_not_stored(feed):
    feed.connect(feed.shard("BTCUSDT"))
    feed.push("BTCUSDT", 1)
    feed.shard("BTCUSDT").epoch = 1
    assert not feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", T0 + 2 * HOUR), feed.now)
    assert feed.shard("BTCUSDT").counters["bars.old_epoch"] == 1
    feed.shard("BTCUSDT").epoch = 2
    assert feed.held(include_forming=True) == [1]


def test_what_became_of_each_message_is_counted_by_kind(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.push("BTCUSDT", 1, close=1.5)
    feed.push("BTCUSDT", 0, 0)
    counted = feed.shard("BTCUSDT").counters
    assert {name: number for name, number in counted.items() if name.startswith("bars.")} == {
        "bars.new": 2,
        "bars.repeat": 2,
    }


def test_a_hole_as_wide_as_all_that_fits_is_a_reset():
    feed = Feed(capacity=5)
    feed.push("BTCUSDT", 0, 1, 7)
    assert (feed.shard("BTCUSDT").counters["holes"], feed.shard("BTCUSDT").counters["stream_resets"]) == (1, 1)
    feed.push("ETHUSDT", 0, 1, 6)
    assert (feed.shard("ETHUSDT").counters["holes"], feed.shard("ETHUSDT").counters["stream_resets"]) == (1, 0)


def test_a_stream_of_which_no_bar_ever_came_is_said_to_be_perhaps_misspelt(feed, caplog):
    feed.turn(later=LIMIT + 1)
    feed.turn(later=5)
    assert [record.message for record in caplog.records] == [
        "BTCUSDT 1h: no bar ever came; is that symbol and resolution right?"
    ]
    assert feed.shard("BTCUSDT").counters["never_received"] == 1


def test_a_source_that_nobody_started_takes_nothing():
    source, shard = PushedSource(), Shard(0, [("BTCUSDT", "1h")])
    source.subscribe_to(["BTCUSDT"], ["1h"])
    source.assign(lambda key: shard)
    assert not source.on_bar(shard, Message("BTCUSDT", T0), 0.0)
    source.on_state(shard, "connected", "")
    source.on_turn(shard, 100_000.0)
    assert len(source.store) == 0


# what is told ------------------------------------------------------------------------------------------------------


def test_states_are_told_with_their_reason(feed):
    feed.lose(feed.shard("BTCUSDT"))
    assert [(event.state, event.reason) for event in feed.told("state")][-1] == ("reconnecting", "lost")


def test_where_nobody_listens_no_event_is_made(feed):
    feed.host.listening = False
    before = len(feed.host.events)
    feed.push("BTCUSDT", 0, 1, 5)
    feed.lose(feed.shard("BTCUSDT"))
    assert len(feed.host.events) == before
    assert feed.held() == [0, 1]


def test_where_nobody_wants_updates_of_forming_bars_all_else_is_told(feed):
    feed.host.wants_forming = False
    feed.push("BTCUSDT", 0)
    told = len(feed.told("bar"))
    feed.push("BTCUSDT", 0, close=1.7)
    assert len(feed.told("bar")) == told
    feed.push("BTCUSDT", 1)
    (closed, _) = feed.told("bar")[told:]
    assert (closed.bar.open_time, closed.bar.closed, closed.bar.close) == (T0, True, 1.7)


# rules about bars ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        ({"all_values": (1.0, 2.0, 0.0, 1.0, 1.0)}, "low: 0.0 is not positive"),
        ({"all_values": (1.0, 2.0, 1.0, 3.0, 1.0)}, "open 1.0 or close 3.0 is above high 2.0"),
        ({"all_values": (1.0, 2.0, 1.0, float("nan"), 1.0)}, "close: nan is not a finite number"),
        ({"all_values": (1.0, 2.0, 1.0, 1.0, -1.0)}, "volume: -1.0 is negative"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused_and_leaves_doubt_about_its_bar(feed, caplog, spoiled, why):
    feed.push("BTCUSDT", 0)
    bad = Message("BTCUSDT", T0, **spoiled)
    assert feed.source.on_bar(feed.shard("BTCUSDT"), bad, feed.now) is None
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1]
    assert feed.shard("BTCUSDT").counters["bad_bar"] == 1
    assert caplog.messages[0] == f"bad_bar: {why} (BTCUSDT 1h)"


@pytest.mark.parametrize("open_time", [0, -1, T0 + 1, T0 // 1000, T0 * 1000, 1 << 80])
def test_a_message_with_a_time_that_is_none_may_have_been_for_any_bar_of_its_series(feed, open_time):
    feed.push("BTCUSDT", 0)
    assert feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", open_time), feed.now) is None
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1]


def test_the_first_message_of_all_is_judged_too(feed):
    assert feed.source.on_bar(feed.shard("BTCUSDT"), Message("BTCUSDT", 0), feed.now) is None
    assert feed.status().bars == 0


def test_prices_below_nothing_are_stored_where_the_market_has_them(feed):
    feed.host.markets = Markets(others=[(["BTC*"], Market(prices="any"))])
    feed.source.begin(feed.host)
    taken = [
        feed.source.on_bar(feed.shard(symbol), Message(symbol, T0, all_values=(-2.0, 0.0, -3.0, -1.0, 1.0)), feed.now)
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]
    assert taken == [True, None]


# spellings -------------------------------------------------------------------------------------------------------


def sent(feed: Feed, symbol: str, hour: int, spelling: str) -> bool | None:
    return feed.source.on_bar(feed.shard(symbol), Message(spelling, T0 + hour * HOUR), feed.now)


def test_every_spelling_that_may_be_the_symbol_is_the_same_series(feed):
    spellings = ["BTC-USDT", "btc/usdt", "BTCUSDT", "btcusdt", "BTC_USDT"]
    assert [sent(feed, "BTCUSDT", hour, spelling) for hour, spelling in enumerate(spellings)] == [True] * 5
    assert feed.held() == [0, 1, 2, 3]


def test_of_two_symbols_that_may_be_meant_neither_is_believed(feed, caplog):
    assert [sent(feed, "BTCUSDT", hour, "BTC-USDT") for hour in (0, 1)] == [True] * 2
    assert [sent(feed, "BTCUSDT", 2, spelling) for spelling in ("BTCU/SDT", "BTC-USDT", "BTCU/SDT")] == [False] * 3
    assert [text for text in caplog.messages if "two symbols" in text] == [
        "BTCUSDT 1h: comes as 'BTC-USDT' and as 'BTCU/SDT', which are two symbols; none is taken any more"
    ]
    with pytest.raises(NotHere):
        feed.held()
    assert feed.shard("BTCUSDT").counters["unsolicited"] == 3


def test_the_exact_spelling_is_believed_beside_two_that_are_like_it(feed):
    for spelling in ("BTC-USDT", "BTCU/SDT"):
        sent(feed, "BTCUSDT", 1, spelling)
    assert [sent(feed, "BTCUSDT", hour, "btcusdt") for hour in (2, 3)] == [True] * 2  # the server's spelling
    assert feed.held() == [2]


def test_why_neither_of_two_symbols_is_believed_is_told(feed):
    for spelling in ("BTC-USDT", "BTCU/SDT", "BTC-USDT"):
        sent(feed, "BTCUSDT", 1, spelling)
    told = "comes as 'BTC-USDT' and as 'BTCU/SDT', which are two symbols; none is taken any more"
    with pytest.raises(NotHere, match=f"2 messages came and were refused, the last one: {told}"):
        feed.held()


def named(feed: Feed, hour: int, timeframe: str) -> bool | None:
    message = Message("BTCUSDT", T0 + hour * HOUR, timeframe=timeframe)
    return feed.source.on_bar(feed.shard("BTCUSDT"), message, feed.now)


def test_every_name_that_can_only_be_the_timeframe_is_it(feed):
    assert [named(feed, hour, name) for hour, name in enumerate(("60m", "1H", "60min", "1 hour", "H1"))] == [True] * 5
    assert feed.held() == [0, 1, 2, 3]
    assert named(feed, 5, "60") is False


def test_where_our_own_name_comes_beside_another_only_that_is_believed(feed, caplog):
    assert [named(feed, hour, "60m") for hour in (0, 1)] == [True] * 2
    assert [named(feed, hour, "1h") for hour in (2, 3)] == [True] * 2
    assert [named(feed, hour, "60m") for hour in (3, 4)] == [False] * 2
    assert feed.held() == [2]
    assert [text for text in caplog.messages if "any more" in text] == [
        "BTCUSDT 1h: comes as '1h' and as '60m'; only '1h' is taken any more"
    ]


def test_a_server_that_invents_spellings_fills_no_memory(feed):
    letters = "btcusdt"
    for number in range(1 << 7):
        spelling = "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate(letters))
        assert sent(feed, "BTCUSDT", 0, spelling)
    assert len(feed.source._spellings) <= 4 * 2 + 16 + 1


def test_it_is_shown_with_its_worst_connection_and_the_number_of_its_series(feed):
    assert repr(feed.source) == "<PushedSource: live, connected, 2 series>"
    feed.shard("ETHUSDT").endpoint = "wss://market.example/"
    feed.lose(feed.shard("ETHUSDT"))
    assert repr(feed.source) == "<PushedSource: live, reconnecting, wss://market.example/, 2 series>"


def test_before_it_is_started_and_half_made_it_is_shown_too():
    source = PushedSource()
    source.subscribe_to(["BTCUSDT"], ["1h", "1m"])
    assert repr(source) == "<PushedSource: not started, 2 series>"
    assert repr(object.__new__(PushedSource)) == "<PushedSource>"


def test_a_source_that_says_nothing_of_it_takes_no_other_options():
    source = PushedSource()
    assert source.reloadable == frozenset()
    with pytest.raises(RequestError, match="it cannot take other options while it runs"):
        source.reload(None)
