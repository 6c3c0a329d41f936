"""Asking the rest of the chain for what a stream missed."""

from __future__ import annotations

import itertools
import logging
from collections import Counter

import pytest

from wealthsources import Bars, BarStore, Finality, Hole, Timeframe
from wealthsources.live.filling import HoleFiller

from ..support.bars import FRAME, HOUR, T0, at, moving, ms, places
from .feed import Feed, Host


def history(*wanted: int, price: float = 7.0, holes: tuple[Hole, ...] = ()) -> Bars:
    """What another source has of these hours."""
    columns = [[at(place) for place in wanted], *([price] * len(wanted) for _ in range(5))]
    bars = Bars.from_columns("BTCUSDT", "1h", *columns, closed=True)
    return Bars(bars.symbol, bars.timeframe, bars.rows, bars.sources, holes=holes)


class Filling:
    """A filler by itself: its series, what it asks, what it counts, and a clock that moves by hand."""

    def __init__(
        self, *hours: int, capacity: int = 1000, timeframe: str = "1h", counters: Counter[str] | None = None
    ) -> None:
        self.now = 100.0
        self.host = Host()
        self.counters: Counter[str] = Counter() if counters is None else counters
        self.store = BarStore("live", capacity=capacity)
        self.series = self.store.series("BTCUSDT", Timeframe(timeframe))
        self.filler = HoleFiller(self.series, self.store, self.host, self.counters, lambda: self.now)
        self.push(*hours)

    def push(self, *hours: int, epoch: int = 1) -> None:
        """These hours come, and every hole that one opens is told to the filler."""
        for hour in hours:
            self.push_at(at(hour), epoch)

    def push_at(self, open_time: int, epoch: int = 1) -> None:
        hole = self.put(open_time, epoch)
        if hole is not None:
            self.filler.fill_new(hole)

    def put(self, open_time: int, epoch: int = 1) -> Hole | None:
        """A bar comes, and the filler is not told of the hole that it may open."""
        return self.series.put(open_time, open_time + HOUR, (1.0, 2.0, 0.5, 1.0, 1.0), epoch=epoch).hole

    def look_after(self, seconds: float) -> int:
        """Look once, some time later. Returns how many questions there have been."""
        self.now += seconds
        self.filler.look(self.now)
        return len(self.host.asked)

    def pauses(self, number: int) -> list[float]:
        """After how many seconds each it asks again, while nobody has anything."""
        found = []
        for _ in range(number):
            self.host.answer(None, "archive: not here")
            began, asked = self.now, len(self.host.asked)
            while self.look_after(1.0) == asked:
                pass
            found.append(self.now - began)
        return found

    def known_empty(self) -> list[tuple[int, int]]:
        return [((hole.start - T0) // HOUR, (hole.end - T0) // HOUR) for hole in self.filler.known_empty(self.now)]


# What is asked, and when.


def test_the_backfill_is_asked_for_the_hole_and_the_bars_beside_it():
    filling = Filling(0, 1, 5)
    ((wanted, _),) = filling.host.asked
    assert (wanted.symbol, wanted.timeframe, wanted.start, wanted.end) == ("BTCUSDT", FRAME, at(1), at(6))
    assert wanted.count is None


def test_the_bars_beside_a_hole_are_those_of_the_calendar():
    filling = Filling(timeframe="1M")
    for month in (ms(2024, 1, 1), ms(2024, 2, 1), ms(2024, 4, 1)):
        filling.push_at(month)
    ((wanted, _),) = filling.host.asked
    assert (wanted.start, wanted.end) == (ms(2024, 2, 1), ms(2024, 5, 1))


def test_the_interrupted_bar_belongs_to_the_hole():
    filling = Filling(0, 1)
    filling.push(3, epoch=2)
    assert filling.host.holes_asked_for() == [(1, 3)]


def test_a_hole_is_asked_for_again_later_and_not_with_every_bar(feed):
    feed.push("BTCUSDT", 0, 4)
    feed.host.answer(None, "archive: not here")
    for hour in range(5, 9):
        feed.push("BTCUSDT", hour)
        feed.later(0)
    assert len(feed.host.asked) == 1
    feed.later(30)
    assert feed.host.holes_asked_for() == [(1, 4)] * 2


def test_the_first_pause_is_five_seconds_to_the_millisecond():
    filling = Filling(0, 4)
    filling.host.answer(None, "archive: not here")
    assert filling.look_after(4.999) == 1
    assert filling.look_after(0.001) == 2


def test_the_pauses_between_the_questions_grow():
    pauses = Filling(0, 4).pauses(40)
    assert pauses == sorted(pauses)


def test_each_pause_is_twice_the_one_before_up_to_ten_minutes():
    assert Filling(0, 4).pauses(10) == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_a_new_hole_is_asked_for_at_once_and_the_pauses_begin_anew():
    filling = Filling(0, 4)
    assert filling.pauses(4)[-1] == 40
    filling.host.answer(None, "archive: not here")
    filling.push(5, 9)
    assert filling.host.holes_asked_for()[-1] == (6, 9)
    assert filling.pauses(2) == [5, 10]


def test_one_question_at_a_time_however_long_the_answer_takes():
    filling = Filling(0, 2)
    filling.push(5, 8)
    assert filling.look_after(10_000) == 1
    filling.host.answer(None, "archive: not here")
    assert filling.look_after(0) == 2


def test_a_hole_that_opens_while_another_is_being_filled_is_filled_as_well():
    filling = Filling(0, 2, 3, 5)
    assert filling.host.holes_asked_for() == [(1, 2)]
    filling.host.answer(history(1), "archive: 1 bars")
    filling.push(6)
    assert filling.look_after(30) == 2
    assert filling.host.holes_asked_for()[1:] == [(4, 5)]


def test_all_that_is_missing_is_asked_for_in_one_question():
    filling = Filling(0, 2, 3, 5, 6, 9, 10)
    filling.host.answer(None, "archive: not here")
    filling.look_after(30)
    assert filling.host.holes_asked_for()[-1] == (1, 9)


def test_when_nothing_is_missing_any_more_nobody_is_asked():
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(history(2, 3))
    assert [filling.look_after(pause) for pause in (30, 600, 3600)] == [1, 1, 1]


def test_what_came_by_another_way_is_not_asked_for():
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(None, "archive: not here")
    filling.store.fill(history(2, 3))
    assert filling.look_after(30) == 1


def test_nobody_is_asked_before_a_hole_was_told():
    filling = Filling(0, 1, 2)
    assert filling.look_after(10_000) == 0
    filling.put(at(5))
    assert filling.look_after(10_000) == 0


def test_when_nothing_was_missing_any_more_nobody_is_asked_before_another_hole_is_told():
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(history(2, 3))
    filling.look_after(30)
    filling.put(at(9))
    assert filling.look_after(10_000) == 1


def test_a_hole_that_opens_while_another_is_asked_for_has_a_first_pause_of_its_own():
    filling = Filling(0, 4)
    filling.pauses(4)
    filling.push(8)
    filling.host.answer(None, "archive: not here")
    began = len(filling.host.asked)
    assert filling.look_after(4.9) == began
    assert filling.look_after(0.1) == began + 1


# What comes of it.


def test_what_is_brought_goes_where_it_was_missing(feed):
    feed.push("BTCUSDT", 0, 1, 4)
    feed.host.answer(history(1, 2, 3, 4), "archive: 4 bars")
    bars = feed.source.store.get("BTCUSDT", FRAME).all()
    assert places(bars) == [0, 1, 2, 3, 4]
    assert [bar.finality for bar in bars][2:4] == [Finality.HISTORY] * 2


def test_a_backfill_never_replaces_what_the_server_closed(feed):
    feed.push("BTCUSDT", 0, 1, 4)
    feed.host.answer(history(0, 1, 2, 3, 4, 5), "archive: 6 bars")
    bars = feed.source.store.get("BTCUSDT", FRAME).all()
    assert places(bars) == [0, 1, 2, 3, 4]
    assert [bar.close for bar in bars] == [1.0, 1.0, 7.0, 7.0, 1.0]
    assert bars[-1].closed is False
    counted = feed.source.status().counters
    assert (counted["backfilled"], counted["disagreements"]) == (2, 2)


def test_what_was_not_brought_is_not_counted():
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(history(1, 4))
    assert set(filling.counters) <= {"disagreements", "verified_empty"}


def test_a_hole_that_was_filled_is_told_with_who_did_it():
    filling = Filling(0, 1, 4)
    filling.host.answer(history(2, 3), "archive: 2 bars")
    (event,) = filling.host.told("filled")
    assert (event.source, event.symbol, event.timeframe) == ("live", "BTCUSDT", FRAME)
    assert (event.hole, event.reason) == (Hole(at(2), at(4), 2), "archive: 2 bars")


def test_nobody_is_told_when_nobody_listens(caplog):
    caplog.set_level(logging.INFO)
    filling = Filling(0, 1, 4)
    filling.host.listening = False
    filling.host.answer(history(2, 3), "archive: 2 bars")
    assert filling.host.events == []
    assert "BTCUSDT 1h: filled 2 missing from" in caplog.text
    assert "(archive: 2 bars)" in caplog.text


def test_a_backfill_that_brings_nothing_leaves_the_hole_and_says_so(feed, caplog):
    caplog.set_level(logging.INFO)
    feed.push("BTCUSDT", 0, 4)
    feed.host.answer(None, "archive: not here")
    assert "is not filled: archive: not here" in caplog.text
    assert [event.kind for event in feed.host.events if event.kind not in ("bar", "state")] == ["hole"]


@pytest.mark.parametrize("newer", [(4,), (4, 5)], ids=["forming after it", "closed after it"])
def test_a_backfill_that_brings_a_part_leaves_the_rest_a_hole(feed, newer):
    feed.push("BTCUSDT", 0, *newer)
    feed.host.answer(history(1, 2), "archive: 2 bars")
    hole, filled = [event for event in feed.host.events if event.kind not in ("bar", "state")]
    assert (hole.kind, hole.hole.count) == ("hole", 3)
    assert (filled.kind, filled.hole, filled.known_at) == ("filled", Hole(at(1), at(4), 2), feed.host.clock.now())
    feed.push("BTCUSDT", newer[-1] + 1)
    feed.later(30)
    assert feed.held()[:3] == [0, 1, 2]
    assert feed.host.holes_asked_for()[-1][0] == 3
    feed.host.answer(history(3), "archive: 1 bars")
    assert len(feed.host.told("filled")) == 2


def test_a_hole_longer_than_the_cache_is_filled_as_far_as_it_goes():
    feed = Feed(capacity=10)
    feed.push("BTCUSDT", 0, 1, 40)
    feed.host.answer(history(*range(2, 40)), "archive: 38 bars")
    feed.push("BTCUSDT", 41)
    assert feed.held() == list(range(32, 41))
    assert len(feed.host.told("filled")) == 1


def test_what_had_to_give_way_is_not_missing():
    filling = Filling(0, 1, 4, 5, capacity=4)
    filling.push(6, 7, 8)  # the hole is older than all that is kept
    filling.host.answer(None, "archive: not here")
    assert filling.look_after(30) == 1


def test_a_hole_in_a_cache_that_is_full_is_not_filled_by_nothing():
    filling = Filling(0, 1, 4, 5, 6, capacity=5)
    filling.host.answer(history(1))
    assert filling.host.told("filled") == []


def test_what_there_is_room_for_is_missing():
    filling = Filling(0, 1, 4, 5, capacity=5)
    filling.push(6)
    filling.host.answer(None, "archive: not here")
    assert filling.look_after(30) == 2


# What proves that there never was a bar.


def test_a_hole_that_a_history_knows_to_be_empty_is_believed_and_asked_for_no_more(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    feed.host.answer(history(1, 4), "exchange: 2 bars")  # it has both neighbours, and lists no hole between them
    feed.later(30)
    assert len(feed.host.asked) == 1
    assert (feed.status().holes, feed.status().verified_empty) == (0, 1)
    assert feed.source.status().counters["verified_empty"] == 2


def test_a_hole_that_is_known_to_be_empty_is_told_as_filled():
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(history(1, 4), "exchange: 2 bars")
    (event,) = filling.host.told("filled")
    assert event.hole == Hole(at(2), at(4), 2)


def test_a_hole_that_is_found_empty_twice_is_counted_once(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    feed.host.answer(history(1, 4), "exchange: 2 bars")
    feed.push("BTCUSDT", 8, 9)
    feed.host.answer(None, "exchange: not here")
    feed.later(30)
    feed.host.answer(history(1, 4, 5, 8), "exchange: 4 bars")  # it was asked for both
    assert (feed.status().holes, feed.status().verified_empty) == (0, 2)
    assert feed.source.status().counters["verified_empty"] == 4


@pytest.mark.parametrize("hole", [Hole(at(2), at(4), 2), Hole(at(2), at(3), 1), Hole(at(0), at(9), 9)])
def test_a_hole_that_a_history_does_not_explain_stays_one(feed, hole):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    feed.host.answer(history(1, 4, holes=(hole,)), "file: 2 bars")
    feed.later(30)
    assert len(feed.host.asked) == 2
    assert (feed.status().holes, feed.status().verified_empty) == (1, 0)


@pytest.mark.parametrize("hole", [Hole(at(0), at(2), 2), Hole(at(4), at(6), 2)], ids=["before", "after"])
def test_a_hole_elsewhere_says_nothing_of_this_one(hole):
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(history(1, 4, holes=(hole,)))
    assert filling.known_empty() == [(2, 4)]


@pytest.mark.parametrize("answer", [(0, 1), (4, 5), ()], ids=["only before", "only after", "nothing"])
def test_an_answer_without_the_bars_beside_the_hole_proves_nothing(feed, answer):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    feed.host.answer(history(*answer), "exchange: 2 bars")
    assert (feed.status().holes, feed.status().verified_empty) == (1, 0)


def test_what_a_part_was_filled_of_is_empty_as_far_as_the_answer_goes_on_both_sides():
    filling = Filling(0, 1, 6, 7)
    filling.host.answer(history(1, 3, 6))
    assert filling.known_empty() == [(2, 3), (4, 6)]
    assert (filling.counters["backfilled"], filling.counters["verified_empty"]) == (1, 3)


def test_what_was_believed_to_be_empty_is_asked_for_again_after_an_hour(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    feed.host.answer(history(1, 4), "exchange: 2 bars")
    feed.later(3601)
    assert len(feed.host.asked) == 2


def test_it_is_believed_for_an_hour_and_no_longer():
    filling = Filling(0, 1, 4, 5)
    filling.host.answer(history(1, 4))
    assert filling.look_after(3599) == 1
    assert filling.known_empty() == [(2, 4)]
    assert filling.look_after(1) == 2
    assert filling.known_empty() == []


def test_nothing_is_known_to_be_empty_at_first():
    assert Filling(0, 1, 4, 5).known_empty() == []


def test_a_hole_that_opened_meanwhile_does_not_wait_for_an_hour():
    filling = Filling(0, 1, 4, 5)
    filling.push(8, 9)
    filling.host.answer(history(1, 4))  # of the first one alone
    assert filling.known_empty() == [(2, 4)]
    assert filling.look_after(4.9) == 1
    assert filling.look_after(0.1) == 2
    assert filling.host.holes_asked_for()[-1] == (2, 8)


def test_a_hole_that_opens_while_an_answer_is_weighed_does_not_wait_for_an_hour():
    class Counted(Counter[str]):
        def __setitem__(self, name: str, number: int) -> None:
            """Another hole opens when the holes have been looked at, on the thread that reads."""
            super().__setitem__(name, number)
            if name == "verified_empty":
                filling.push(8, 9)

    filling = Filling(0, 1, 4, 5, counters=Counted())
    filling.host.answer(history(1, 4), "exchange: 2 bars")
    filling.host.answer(None, "exchange: not here")
    assert filling.look_after(30) == 3


@pytest.mark.parametrize("hours", [(2,), (2, 3)])
def test_a_hole_is_not_filled_with_our_own_bars_of_one_window_later(caplog, hours):
    filling = Filling()
    around = moving(0, 1, *range(2 + len(hours), 6))
    for bar in around:
        filling.series.put(bar.open_time, bar.end, tuple(around.values[around.open_times == bar.open_time][0]), epoch=1)
    hole = Hole(at(2), at(2 + len(hours)), len(hours))
    filling.filler.fill_new(hole)
    for _ in range(2):
        filling.host.answer(moving(1, *hours, hours[-1] + 1, by=1).replace(sources=("archive",)))
        filling.look_after(30)
    assert places(filling.series.all()) == places(around)
    assert filling.counters == {"label_shift": 2}
    told = (
        f"BTCUSDT 1h: {hole} is not filled with our own bars a window off: archive seems to stamp bars with their end"
    )
    assert [message.startswith(told) for message in caplog.messages] == [True]
    filling.host.answer(moving(1, *hours, hours[-1] + 1))
    assert places(filling.series.all()) == [*range(6)]


def test_a_hole_of_a_stream_that_is_late_itself_is_not_filled_either(caplog):
    filling = Filling()
    around = moving(0, 1, 3, 4, by=1)
    for bar in around:
        filling.series.put(bar.open_time, bar.end, tuple(around.values[around.open_times == bar.open_time][0]), epoch=1)
    filling.filler.fill_new(Hole(at(2), at(3), 1))
    filling.host.answer(moving(1, 2, 3))
    assert places(filling.series.all()) == [0, 1, 3, 4]
    assert "live seems to stamp bars with their end" in caplog.text


def test_a_hole_between_bars_that_are_all_the_same_is_filled_with_another():
    filling = Filling(0, 1, 3, 4)
    same = Bars.from_columns("BTCUSDT", "1h", [at(2)], [1.0], [2.0], [0.5], [1.0], [1.0], closed=True)
    filling.host.answer(same)
    assert places(filling.series.all()) == [0, 1, 2, 3, 4]


def test_after_an_answer_that_settled_a_hole_the_pauses_begin_anew():
    filling = Filling(0, 1, 4, 5)
    assert filling.pauses(4)[-1] == 40
    filling.host.answer(history(1, 4))
    filling.now += 3600
    filling.filler.look(filling.now)
    assert filling.pauses(2) == [5, 10]


def test_the_pauses_are_as_long_as_the_first_one_says():
    filling = Filling()
    filling.filler = HoleFiller(filling.series, filling.store, filling.host, filling.counters, lambda: filling.now, 2.0)
    filling.push(0, 4)
    assert filling.pauses(3) == [2, 4, 8]
    assert list(itertools.accumulate(filling.pauses(2))) == [16, 48]
