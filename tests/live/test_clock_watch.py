"""Whose clock is off, as the bars of one connection tell."""

from __future__ import annotations

import math
import random

import pytest

from wealthsources import NotHere
from wealthsources.live.clock_watch import ENOUGH_LATE, ENOUGH_OVER, ENOUGH_SLOW, ClockWatch

from ..support.bars import MINUTE, T0
from .apart import Apart

SECOND = 1_000


def watching(wall_ahead: float = T0 / 1000, server: str = "here") -> ClockWatch:
    """At monotonic 0 it is T0 here."""
    watch = ClockWatch()
    watch.begin(wall_ahead, server)
    return watch


def minutes(watch: ClockWatch, count: int, ahead: float, first: int = 1, **said) -> None:
    """So many minutes begin, each so far ahead of our clock."""
    for number in range(first, first + count):
        proof, now = T0 + number * MINUTE, number * 60 - ahead
        if proof > now * 1000 + watch.limit:
            watch.early(proof, now, flagged=said.get("flagged", False), opens_early=True)
        else:
            watch.saw(proof, now, flagged=False, **said)


def limit(watch: ClockWatch) -> float:
    """How many seconds a bar may be ahead."""
    return round(watch.limit / 1000 - T0 / 1000, 6)


# A machine and a server, minute by minute.

SLOW = [-3600, -60, -10, -3, 0, 3, 6, 10, 29, 31, 45, 60, 62, 90, 3600]
WAYS = [(True, True), (True, False), (False, True)]


@pytest.mark.parametrize(("flags", "forms"), WAYS)
@pytest.mark.parametrize("slow", SLOW)
def test_whatever_this_machines_clock_shows_a_closed_bar_is_what_the_server_made_of_it(slow, flags, forms):
    apart = Apart(slow, flags=flags, forms=forms)
    apart.play(14)
    assert {time: apart.closes[time] for time in apart.held()} == apart.held()
    assert apart.clock.now() <= max(apart.time, apart.wall()) * 1000


@pytest.mark.parametrize(("flags", "forms"), WAYS)
@pytest.mark.parametrize("slow", [slow for slow in SLOW if slow < 30])
def test_a_clock_that_is_fast_or_less_than_half_a_minute_slow_delays_no_bar_for_long(slow, flags, forms):
    apart = Apart(slow, flags=flags, forms=forms)
    apart.play(12)
    delays = [apart.delays[time] for time in sorted(apart.closes)[6:]]
    assert len(delays) > 4
    assert max(delays) < 1.5


@pytest.mark.parametrize("slow", [6, 10, 29, 45, 60])
def test_before_it_is_known_by_how_much_the_clock_is_slow_a_flagged_bar_is_closed_by_the_next(slow):
    apart = Apart(slow)
    apart.play(2.5)
    first = min(apart.closes)
    assert slow - 6 < apart.delays[first] < slow + 1
    assert apart.shard.counters["flags_too_early"] >= 1


@pytest.mark.parametrize("slow", [6, 10, 29, 60, 3600])
def test_a_slow_clock_is_named_with_the_seconds_in_answer_and_status_and_log(slow, caplog):
    apart = Apart(slow)
    apart.play(6)
    named = f"this machine's clock is {slow - 0.2:.1f} s slow beside the server's"
    assert named in apart.note
    assert named in apart.source.status().reason
    assert apart.source.status().clock_offset == pytest.approx(slow - 0.2)
    assert [record.message for record in caplog.records if named in record.message] == [apart.note]
    if slow < 3600:
        assert named in apart.ask().note
    else:
        with pytest.raises(NotHere, match=named):
            apart.ask()


@pytest.mark.parametrize("slow", [-3, 0, 3, 4.9])
def test_of_a_clock_that_is_right_enough_nothing_is_said(slow, caplog):
    apart = Apart(slow)
    apart.play(14)
    assert (apart.note, apart.source.status().reason, apart.ask().note, caplog.records) == ("", "", "", [])


@pytest.mark.parametrize(("fast", "minutes"), [(10, 12), (60, 12), (3600, 4)])
@pytest.mark.parametrize("flags", [True, False])
def test_a_fast_clock_is_named_too_beside_the_other_thing_that_it_may_be(fast, minutes, flags):
    apart = Apart(-fast, flags=flags)
    apart.play(minutes)
    assert (
        apart.note
        == f"this machine's clock is {fast + 0.2:.1f} s fast beside the server's (set it), or the server is late"
    )
    assert apart.ask().note == apart.note


def test_a_server_that_pushes_finished_bars_alone_makes_no_clock_fast():
    apart = Apart(0, flags=False, forms=False)
    apart.play(14)
    assert apart.note == ""


@pytest.mark.parametrize(("flags", "forms"), WAYS)
@pytest.mark.parametrize("slow", [0, 10, 60])
def test_a_bar_of_tomorrow_amid_good_ones_is_not_taken_and_moves_no_clock(slow, flags, forms):
    apart = Apart(slow, flags=flags, forms=forms)
    rng = random.Random(slow)
    for _ in range(12):
        apart.play(rng.uniform(0.2, 1.5))
        tomorrow = T0 + (1440 + rng.randrange(100)) * MINUTE
        assert not apart.push(tomorrow, 1.9999, rng.choice([True, False, None]))
    assert {time: apart.closes[time] for time in apart.held()} == apart.held()
    assert apart.clock.now() <= apart.time * 1000
    assert apart.held()


def test_a_bar_of_tomorrow_is_told_until_enough_good_ones_came(caplog):
    apart = Apart(0)
    apart.play(5)
    apart.push(T0 + 1440 * MINUTE)
    told = apart.note
    assert told.startswith("a bar opened 860")
    assert told.endswith("s too early by this machine's clock and was refused: the clock is slow, or that bar is wrong")
    assert apart.ask().note == told
    apart.play(1)
    assert [record.message for record in caplog.records] == [told]
    apart.play(3)
    assert (apart.note, apart.ask().note, apart.source.status().reason) == ("", "", "")


def test_flags_that_come_before_the_end_are_not_believed_where_bars_begin_in_time():
    apart = Apart(0, flags=False)
    for _ in range(8):
        apart.play(0.5)
        now = int(apart.time * 1000) // MINUTE * MINUTE
        assert apart.push(now, 1.9999, closed=True)  # half a minute to go
        assert "was flagged as closed" in apart.note
        apart.play(0.5)
    assert apart.shard.counters["flags_too_early"] == 8
    assert {time: apart.closes[time] for time in apart.held()} == apart.held()


@pytest.mark.parametrize("step", [-3600, -20, 20, 3600])
def test_a_clock_that_is_set_while_the_connection_is_up_is_said_and_refuses_nothing(step, caplog):
    apart = Apart(0)
    apart.play(4)
    apart.slow -= step
    apart.play(4)
    assert set(apart.closes) == set(apart.held())
    assert apart.shard.counters["from_the_future"] == 0
    way, what = ("forward", "fast") if step > 0 else ("back", "slow")
    assert f"s {what} beside the server's" in apart.note
    assert apart.note.endswith(f"; it was set {way} by {abs(step):.1f} s while the connection was up")
    assert [record.message for record in caplog.records] == [apart.note]


def test_a_slow_clock_that_is_set_right_is_right(caplog):
    apart = Apart(10)
    apart.play(5)
    apart.slow = 0
    apart.play(1)
    assert apart.note == ""
    assert caplog.records[-1].message == "this machine's clock agrees with the server's again"
    apart.connect()
    apart.play(5)
    assert apart.note == ""
    assert set(apart.closes) - set(apart.held()) == set()


def test_what_is_known_of_a_server_stays_when_it_is_connected_to_again(caplog):
    apart = Apart(10)
    apart.play(5)
    said = len(caplog.records)
    for _ in range(3):
        apart.connect()
        apart.play(2)
    assert "9.8 s slow" in apart.note
    assert len(caplog.records) == said
    assert apart.shard.counters["flags_too_early"] <= ENOUGH_SLOW


def test_another_server_is_judged_by_its_own_bars():
    apart = Apart(10)
    apart.play(5)
    apart.shard.endpoint = "ws://elsewhere/"
    apart.connect()
    assert apart.note == ""
    assert apart.source.status().clock_offset is None


# What a row of bars tells.


def test_a_bar_may_be_five_seconds_ahead():
    assert limit(watching()) == 5.0


def test_where_bars_carry_old_times_nothing_is_early():
    watch = watching()
    watch.begin(None)
    watch.saw(T0 + 10**9, 0.0, flagged=False)
    watch.look(5_000.0)
    assert (watch.limit, watch.note, watch.news(), watch.ahead) == (None, "", "", None)


def test_too_few_bars_that_are_early_by_the_same_tell_nothing():
    watch = watching()
    minutes(watch, ENOUGH_SLOW - 1, ahead=20.0)
    assert limit(watch) == 5.0
    assert "slow, or that bar is wrong" in watch.note


def test_enough_bars_that_are_early_by_the_same_are_in_time():
    watch = watching()
    minutes(watch, ENOUGH_SLOW, ahead=20.0)
    assert limit(watch) == 25.0
    assert watch.ahead == 20.0


def test_the_bar_that_makes_them_enough_is_in_time_itself():
    watch = watching()
    minutes(watch, ENOUGH_SLOW - 1, ahead=20.0)
    number = ENOUGH_SLOW
    assert watch.early(T0 + number * MINUTE, number * 60 - 20.0, flagged=False, opens_early=True)


@pytest.mark.parametrize(("ahead", "limited"), [(30.0, 35.0), (30.5, 5.0), (60.0, 5.0), (28_800.0, 5.0)])
def test_what_may_be_another_way_of_labelling_is_not_made_up_for(ahead, limited):
    watch = watching()
    minutes(watch, 6, ahead)
    assert limit(watch) == limited
    assert ("labels its bars" in watch.note) is (limited == 5.0)


def test_bars_that_are_early_by_different_times_tell_nothing():
    watch = watching()
    for number, ahead in enumerate((20.0, 26.0, 20.0, 14.0, 20.0, 26.0), 1):
        minutes(watch, 1, ahead, first=number)
    assert limit(watch) == 5.0
    assert "that bar is wrong" in watch.note


def test_messages_of_one_moment_are_one():
    watch = watching()
    for _ in range(ENOUGH_SLOW):
        minutes(watch, 1, ahead=20.0)
    assert limit(watch) == 5.0


def test_old_bars_between_them_do_not_count_once_it_is_known():
    watch = watching()
    minutes(watch, 4, ahead=20.0)
    watch.saw(T0 + 2 * MINUTE, 4 * 60 - 19.0, flagged=False)
    minutes(watch, 1, ahead=20.0, first=5)
    assert limit(watch) == 25.0


def test_bars_that_are_in_time_again_take_it_back():
    watch = watching()
    minutes(watch, 4, ahead=20.0)
    minutes(watch, ENOUGH_SLOW, ahead=0.0, first=5)
    assert (limit(watch), watch.note) == (5.0, "")


def test_flags_alone_tell_the_time_where_no_bar_begins():
    watch = watching()
    for number in range(1, 5):
        watch.early(T0 + number * MINUTE, number * 60 - 20.0, flagged=True, opens_early=False)
    assert limit(watch) == 25.0


def test_flags_tell_nothing_where_bars_begin():
    watch = watching()
    watch.saw(T0, 0.0, flagged=False)
    for number in range(1, 9):
        watch.early(T0 + number * MINUTE, number * 60 - 20.0, flagged=True, opens_early=False)
    assert limit(watch) == 5.0


def test_bars_of_a_snapshot_tell_nothing():
    watch = watching()
    for number in range(1, 9):
        watch.early(T0 + number * MINUTE, number * 60 - 20.0, flagged=False, opens_early=True, counts=False)
    assert limit(watch) == 5.0
    assert watch.ahead == 20.0


@pytest.mark.parametrize(("enough", "count"), [(ENOUGH_LATE, 10), (ENOUGH_OVER, 2)])
def test_bars_that_begin_late_by_the_same_are_told_when_they_are_enough(enough, count):
    watch = watching()
    minutes(watch, count - 1, ahead=-70.0, enough=enough)
    assert watch.note == ""
    minutes(watch, 1, ahead=-70.0, first=count, enough=enough)
    assert "70.0 s fast" in watch.note


def test_bars_that_never_tell_being_late_never_do():
    watch = watching()
    minutes(watch, 50, ahead=-70.0, enough=math.inf)
    assert watch.note == ""


def test_bars_that_begin_late_by_chance_tell_nothing():
    watch, rng = watching(), random.Random(7)
    for number in range(1, 500):
        minutes(watch, 1, ahead=-rng.uniform(0, 58), first=number)
        assert watch.note == ""


def test_the_offset_of_a_clock_that_was_set_is_that_of_now():
    watch = watching()
    minutes(watch, 4, ahead=20.0)
    watch.look(T0 / 1000 + 20.0)
    assert (watch.ahead, watch.note, limit(watch)) == (0.0, "", 25.0)


def test_a_second_more_or_less_is_not_set():
    watch = watching()
    watch.look(T0 / 1000 + 0.9)
    assert watch.ahead is None
    minutes(watch, 4, ahead=2.0)
    assert watch.ahead == 2.0


def test_of_early_bars_the_log_hears_once_and_again_only_after_a_good_while():
    watch = watching()
    minutes(watch, 1, ahead=500.0)
    assert watch.news() == watch.note
    minutes(watch, ENOUGH_LATE, ahead=0.0, first=2)
    minutes(watch, 1, ahead=700.0, first=20)
    assert "700.0 s" in watch.news()
    minutes(watch, 3, ahead=0.0, first=21)
    minutes(watch, 1, ahead=900.0, first=24)
    assert watch.news() == ""


def test_of_an_offset_the_log_hears_again_when_it_is_another():
    watch = watching()
    heard = []
    for first, ahead in ((1, 20.0), (11, 22.0), (21, 40.0), (31, 0.0), (41, 3.0)):
        minutes(watch, 5, ahead, first=first)
        heard.append(watch.news())
    assert [text[:42] for text in heard] == [
        "this machine's clock is 20.0 s slow beside",
        "",
        "this machine's clock is 40.0 s slow beside",
        "this machine's clock agrees with the serve",
        "",
    ]
