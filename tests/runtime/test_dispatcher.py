"""Events on their way to subscribers, none of whom can hold up a source."""

from __future__ import annotations

import logging
import queue
import threading
import time

import pytest

from wealthsources import Bar, Event, Timeframe
from wealthsources.runtime.dispatcher import Dispatcher

from ..support.waiting import wait_until

FRAME = Timeframe("1h")


def forming(volume: float, symbol: str = "BTCUSDT") -> Event:
    bar = Bar(symbol, FRAME, 0, 1, 1, 1, 1, volume, closed=False)
    return Event("bar", "live", symbol, FRAME, bar)


def closed(open_time: int) -> Event:
    return Event("bar", "live", "BTCUSDT", FRAME, Bar("BTCUSDT", FRAME, open_time, 1, 1, 1, 1, 1, closed=True))


class Receiver:
    """Takes events one by one; the first waits until it is let go."""

    def __init__(self, wanted: int) -> None:
        self.events: list[Event] = []
        self.busy, self.go, self.done = threading.Event(), threading.Event(), threading.Event()
        self.threads: set[str] = set()
        self._wanted = wanted

    def __call__(self, event: Event) -> None:
        self.busy.set()
        assert self.go.wait(10)
        self.threads.add(threading.current_thread().name)
        self.events.append(event)
        if len(self.events) >= self._wanted:
            self.done.set()


@pytest.fixture
def dispatcher():
    one = Dispatcher(most_waiting=10)
    yield one
    one.stop(5)


def occupied(dispatcher: Dispatcher, wanted: int) -> Receiver:
    """A receiver that is at work on a first event, so that what follows waits."""
    receiver = Receiver(wanted + 1)
    dispatcher.subscribe(receiver)
    dispatcher.emit(Event("state", "live", state="connected"))
    assert receiver.busy.wait(10)
    return receiver


def test_events_come_in_order_on_another_thread(dispatcher):
    receiver = occupied(dispatcher, 3)
    for open_time in range(3):
        dispatcher.emit(closed(open_time))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [event.bar.open_time for event in receiver.events[1:]] == [0, 1, 2]
    assert receiver.threads == {"wealthsources-dispatcher"}


def test_of_the_updates_of_a_forming_bar_only_the_newest_waits(dispatcher):
    receiver = occupied(dispatcher, 1)
    for volume in range(1000):
        dispatcher.emit(forming(volume))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [event.bar.volume for event in receiver.events[1:]] == [999]
    assert dispatcher.conflated == 999


def test_a_closed_bar_is_lost_only_when_nothing_else_can_give_way_and_then_it_is_said(dispatcher, caplog):
    receiver = occupied(dispatcher, 10)
    for symbol in ("A", "B"):
        dispatcher.emit(forming(1, symbol))
    with caplog.at_level(logging.WARNING):
        for open_time in range(12):
            dispatcher.emit(closed(open_time))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [event.bar.open_time for event in receiver.events[1:]] == list(range(2, 12))
    assert (dispatcher.lost, dispatcher.conflated) == (2, 2)
    assert "too slow" in caplog.text


def test_a_subscriber_that_fails_is_logged_and_the_others_go_on(dispatcher, caplog):
    def failing(event):
        raise RuntimeError("mine")

    dispatcher.subscribe(failing)
    receiver = occupied(dispatcher, 0)
    receiver.go.set()
    assert receiver.done.wait(10)
    assert dispatcher.handler_errors == 1
    assert "a subscriber failed" in caplog.text


def test_a_subscriber_that_fails_at_each_event_makes_one_line_and_then_one_a_minute(caplog):
    now, done = [1000.0], threading.Event()
    dispatcher = Dispatcher(clock=lambda: now[0])

    def failing(event):
        now[0] += 1
        if event.bar.open_time == 600:
            done.set()
        raise KeyError(event.bar.open_time)

    dispatcher.subscribe(failing)
    for place in range(601):
        dispatcher.emit(closed(place))
    assert done.wait(10)
    dispatcher.stop(10)
    said = [record for record in caplog.records if record.name == "wealthsources.dispatcher"]
    assert [bool(record.exc_info) for record in said] == [True] + 10 * [False], "its traceback is there, once"
    assert said[1].getMessage() == "a subscriber failed on bar of live: KeyError: 60 (60 times in 60 s)"
    assert dispatcher.handler_errors == 601


def test_of_failures_that_have_ended_the_number_is_told(caplog):
    now, done = [1000.0], threading.Event()
    dispatcher = Dispatcher(clock=lambda: now[0])

    def failing(event):
        if event.bar.open_time < 5:
            raise KeyError("mine")
        now[0] += 30
        if event.bar.open_time == 8:
            done.set()

    dispatcher.subscribe(failing)
    for place in range(9):
        dispatcher.emit(closed(place))
    assert done.wait(10)
    dispatcher.stop(10)
    assert caplog.messages == [
        "a subscriber failed on bar of live",
        "a subscriber failed on bar of live: KeyError: 'mine' (4 times more in 0 s, and not since)",
    ]


def test_after_unsubscribing_nothing_comes(dispatcher):
    first, second = Receiver(1), Receiver(1)
    first.go.set()
    second.go.set()
    end = dispatcher.subscribe(first)
    dispatcher.subscribe(second)
    end()
    dispatcher.emit(closed(1))
    assert second.done.wait(10)
    assert first.events == []


def test_without_a_subscriber_nothing_is_kept():
    dispatcher = Dispatcher()
    dispatcher.emit(closed(1))
    assert not dispatcher.listening
    receiver = Receiver(1)
    receiver.go.set()
    dispatcher.subscribe(receiver)
    dispatcher.emit(closed(2))
    assert receiver.done.wait(10)
    dispatcher.stop(5)
    assert [event.bar.open_time for event in receiver.events] == [2]


def test_stop_waits_no_longer_than_it_is_told(dispatcher):
    receiver = occupied(dispatcher, 1)
    began = time.monotonic()
    dispatcher.stop(0.05)
    assert 0.05 <= time.monotonic() - began < 2
    assert receiver.events == [], "the callback is still at work"
    receiver.go.set()


def test_a_forming_bar_does_not_overtake_the_close_of_the_one_before(dispatcher):
    receiver = occupied(dispatcher, 3)
    dispatcher.emit(forming(1))
    dispatcher.emit(closed(0))
    dispatcher.emit(forming(2))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [(event.bar.volume, event.bar.closed) for event in receiver.events[1:]] == [
        (1, False),
        (1, True),
        (2, False),
    ]


def test_a_stuck_subscriber_makes_the_queue_no_longer_than_twice_its_size(dispatcher):
    receiver = occupied(dispatcher, 10)
    for number in range(1000):
        dispatcher.emit(forming(1, f"S{number}"))
    assert len(dispatcher._waiting) <= 21
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [event.symbol for event in receiver.events[1:]] == [f"S{number}" for number in range(990, 1000)]


def test_callbacks_that_take_nothing_for_over_a_second_are_counted_once():
    now = [100.0]
    dispatcher, receiver = Dispatcher(clock=lambda: now[0]), Receiver(6)
    dispatcher.subscribe(receiver)
    try:
        dispatcher.emit(closed(0))
        assert receiver.busy.wait(10)
        counted = []
        for place, later in enumerate((0.0, 0.5, 1.0, 1.2, 2.0), start=1):
            now[0] = 100.0 + later
            dispatcher.emit(closed(place))
            counted.append(dispatcher.slow_consumer)
        assert counted == [0, 0, 0, 1, 1]
    finally:
        receiver.go.set()
        assert receiver.done.wait(10)
        dispatcher.stop(5)


def test_a_subscriber_that_wants_to_exit_ends_nothing():
    dispatcher, receiver = Dispatcher(), Receiver(2)
    receiver.go.set()

    def leave(event):
        raise SystemExit

    dispatcher.subscribe(leave)
    dispatcher.subscribe(receiver)
    try:
        dispatcher.emit(closed(0))
        dispatcher.emit(closed(1))
        assert receiver.done.wait(10)
        assert dispatcher.handler_errors == 2
    finally:
        dispatcher.stop(5)


def test_events_of_different_forming_bars_do_not_replace_one_another(dispatcher):
    receiver = occupied(dispatcher, 2)
    for volume in range(5):
        dispatcher.emit(forming(volume, "A"))
        dispatcher.emit(forming(volume, "B"))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [(event.symbol, event.bar.volume) for event in receiver.events[1:]] == [("A", 4), ("B", 4)]
    assert dispatcher.conflated == 8


def test_an_update_that_was_taken_is_not_replaced_by_the_next(dispatcher):
    receiver = Receiver(2)
    receiver.go.set()
    dispatcher.subscribe(receiver)
    dispatcher.emit(forming(1))
    wait_until(lambda: receiver.events)
    dispatcher.emit(forming(2))
    assert receiver.done.wait(10)
    assert [event.bar.volume for event in receiver.events] == [1, 2]
    assert dispatcher.conflated == 0


def test_a_state_is_no_update_of_a_bar(dispatcher):
    receiver = occupied(dispatcher, 3)
    for number in range(3):
        dispatcher.emit(Event("state", "live", state=str(number)))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert [event.state for event in receiver.events[1:]] == ["0", "1", "2"]


def test_every_subscriber_gets_every_event(dispatcher):
    receivers = [Receiver(3) for _ in range(3)]
    for receiver in receivers:
        receiver.go.set()
        dispatcher.subscribe(receiver)
    for place in range(3):
        dispatcher.emit(closed(place))
    assert all(receiver.done.wait(10) for receiver in receivers)
    assert {tuple(event.bar.open_time for event in receiver.events) for receiver in receivers} == {(0, 1, 2)}


def test_who_wants_no_updates_of_forming_bars_gets_all_else(dispatcher):
    without, every = Receiver(3), Receiver(4)
    for receiver in (without, every):
        receiver.go.set()
    dispatcher.subscribe(without, forming=False)
    dispatcher.subscribe(every)
    sent = [closed(1), forming(1), Event("state", "live", state="connected"), closed(2)]
    for event in sent:
        dispatcher.emit(event)
    assert every.done.wait(10)
    assert without.done.wait(10)
    assert every.events == sent
    assert without.events == [sent[0], *sent[2:]]


def test_where_nobody_wants_updates_of_forming_bars_none_waits(dispatcher):
    receiver = Receiver(2)
    end = dispatcher.subscribe(receiver, forming=False)
    dispatcher.emit(closed(1))
    assert receiver.busy.wait(10)
    for volume in range(20):
        dispatcher.emit(forming(volume))
    dispatcher.emit(closed(2))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert (dispatcher.conflated, dispatcher.lost) == (0, 0)
    assert receiver.events == [closed(1), closed(2)]
    assert dispatcher.listening
    assert not dispatcher.wants_forming
    dispatcher.subscribe(lambda event: None)()
    assert dispatcher.listening
    end()
    assert not dispatcher.listening


def test_it_is_known_whether_anybody_listens(dispatcher):
    assert not dispatcher.listening
    first = dispatcher.subscribe(print)
    assert dispatcher.listening
    second = dispatcher.subscribe(repr)
    first()
    assert dispatcher.listening
    second()
    assert not dispatcher.listening


def test_after_a_stop_nothing_is_handed_out_and_nobody_is_waited_for(dispatcher):
    receiver = occupied(dispatcher, 1)
    dispatcher.emit(closed(1))
    dispatcher.stop(0.01)
    dispatcher.emit(closed(2))
    receiver.go.set()
    dispatcher.stop(5)
    assert [event.kind for event in receiver.events] == ["state"]


def test_a_subscriber_that_stops_it_does_not_wait_for_itself():
    dispatcher, took = Dispatcher(), []

    def stop(event: Event) -> None:
        began = time.monotonic()
        dispatcher.stop(20)
        took.append(time.monotonic() - began)

    dispatcher.subscribe(stop)
    dispatcher.emit(closed(0))
    wait_until(lambda: took)
    assert took[0] < 5


def test_callbacks_that_fall_behind_again_are_counted_again():
    now, order = [100.0], queue.Queue()
    dispatcher = Dispatcher(clock=lambda: now[0])
    busy, go = threading.Semaphore(0), threading.Semaphore(0)

    def slow(event: Event) -> None:
        busy.release()
        assert go.acquire(timeout=10)
        order.put(event.bar.open_time)

    dispatcher.subscribe(slow)
    try:
        for turn in range(3):
            now[0] += 10
            dispatcher.emit(closed(3 * turn))
            assert busy.acquire(timeout=10)
            now[0] += 1.5
            dispatcher.emit(closed(3 * turn + 1))
            dispatcher.emit(closed(3 * turn + 2))
            assert dispatcher.slow_consumer == turn, "nothing waited before"
            now[0] += 1.5
            dispatcher.emit(closed(99))
            assert dispatcher.slow_consumer == turn + 1
            for _ in range(3):
                go.release()
                assert busy.acquire(timeout=10)
            go.release()
            assert [order.get(timeout=10) for _ in range(4)] == [3 * turn, 3 * turn + 1, 3 * turn + 2, 99]
    finally:
        for _ in range(20):
            go.release()
        dispatcher.stop(5)


def test_a_stop_ends_the_thread():
    before, dispatcher = set(threading.enumerate()), Dispatcher()
    dispatcher.subscribe(print)
    (thread,) = set(threading.enumerate()) - before
    dispatcher.stop(10)
    assert not thread.is_alive()


def test_whoever_subscribes_after_the_stop_starts_no_thread():
    dispatcher, before = Dispatcher(), set(threading.enumerate())
    dispatcher.stop(0)
    dispatcher.subscribe(print)
    assert set(threading.enumerate()) == before


def test_a_loss_is_said_again_when_events_have_been_taken_meanwhile(caplog):
    now = [1000.0]
    dispatcher = Dispatcher(10, lambda: now[0])
    try:
        for turn in range(2):
            receiver = occupied(dispatcher, 10)
            for open_time in range(11):
                dispatcher.emit(closed(open_time))
            receiver.go.set()
            assert receiver.done.wait(10)
            now[0] += 60
            assert dispatcher.lost == turn + 1
            dispatcher._callbacks = ()
    finally:
        dispatcher.stop(5)
    assert [message for message in caplog.messages if "too slow" in message] == [
        "subscribers are too slow: 10 events wait (a fixed limit), the oldest are being lost"
    ] * 2


def test_a_loss_is_said_once_and_counted_every_time(dispatcher, caplog):
    receiver = occupied(dispatcher, 10)
    with caplog.at_level(logging.WARNING):
        for open_time in range(14):
            dispatcher.emit(closed(open_time))
    receiver.go.set()
    assert receiver.done.wait(10)
    assert dispatcher.lost == 4
    assert [message for message in caplog.messages if "too slow" in message] == [
        "subscribers are too slow: 10 events wait (a fixed limit), the oldest are being lost"
    ]


def test_a_subscriber_hears_of_the_end_once_all_of_its_calls_are_over(dispatcher):
    told = []
    receiver = Receiver(1)
    dispatcher.subscribe(receiver, at_end=lambda: told.append(len(receiver.events)))
    dispatcher.emit(closed(0))
    assert receiver.busy.wait(10)
    dispatcher.stop(0)
    assert not told
    receiver.go.set()
    wait_until(lambda: told == [1])


def test_who_subscribes_to_what_has_stopped_is_told_at_once(dispatcher):
    told = []
    dispatcher.stop(5)
    dispatcher.subscribe(lambda event: None, at_end=lambda: told.append(True))
    assert told == [True]


def test_who_has_left_hears_of_no_end(dispatcher):
    told = []
    dispatcher.subscribe(lambda event: None, at_end=lambda: told.append(True))()
    dispatcher.stop(5)
    assert told == []


def test_what_a_subscriber_lost_in_a_queue_of_its_own_is_counted(dispatcher):
    dispatcher.count_lost()
    assert dispatcher.lost == 1
