"""What waits in a queue of events, and what gives way when it is full."""

from __future__ import annotations

from hypothesis import given, strategies as st

from wealthsources import Bar, Event, Timeframe
from wealthsources.runtime.event_queue import EventQueue, is_forming

FRAME = Timeframe("1h")


def event(open_time: int, *, closed: bool, symbol: str = "BTCUSDT", volume: float = 1) -> Event:
    return Event("bar", "live", symbol, FRAME, Bar(symbol, FRAME, open_time, 1, 1, 1, 1, volume, closed=closed))


def taken(queue: EventQueue) -> list[Event]:
    events = []
    while (one := queue.take()) is not None:
        events.append(one)
    return events


def test_events_are_taken_in_the_order_in_which_they_came():
    queue = EventQueue()
    events = [event(0, closed=True), Event("state", "live", state="stale"), event(1, closed=False)]
    assert [queue.put(each) for each in events] == ["", "", ""]
    assert len(queue) == 3
    assert taken(queue) == events
    assert (len(queue), queue.take()) == (0, None)


def test_the_newest_update_of_a_forming_bar_takes_the_place_of_the_one_that_waits():
    queue = EventQueue()
    queue.put(event(0, closed=False, volume=1))
    queue.put(event(0, closed=False, symbol="ETHUSDT"))
    assert queue.put(event(0, closed=False, volume=2)) == "conflated"
    assert [(each.symbol, each.bar.volume) for each in taken(queue)] == [("BTCUSDT", 2), ("ETHUSDT", 1)]


def test_an_update_does_not_overtake_the_bar_that_was_closed_before_it():
    queue = EventQueue()
    events = [event(0, closed=False), event(0, closed=True), event(1, closed=False)]
    assert [queue.put(each) for each in events] == ["", "", ""]
    assert taken(queue) == events


def test_when_it_is_full_updates_of_forming_bars_give_way_first():
    queue = EventQueue(2)
    queue.put(event(0, closed=False, symbol="ETHUSDT"))
    queue.put(event(1, closed=True))
    assert queue.put(event(2, closed=True)) == "conflated"
    assert queue.put(event(3, closed=True)) == "lost"
    assert [each.bar.open_time for each in taken(queue)] == [2, 3]


def test_an_update_of_a_forming_bar_costs_no_closed_bar():
    queue = EventQueue(2)
    queue.put(event(1, closed=True))
    queue.put(event(2, closed=True))
    assert queue.put(event(3, closed=False)) == "conflated"
    assert (len(queue), [each.bar.open_time for each in taken(queue)]) == (2, [1, 2])


def test_what_was_cleared_is_gone_and_a_later_update_waits_anew():
    queue = EventQueue()
    queue.put(event(0, closed=False))
    queue.clear()
    assert queue.put(event(1, closed=False)) == ""
    assert [each.bar.open_time for each in taken(queue)] == [1]


def test_only_a_bar_that_may_change_is_forming():
    assert is_forming(event(0, closed=False))
    assert not is_forming(event(0, closed=True))
    assert not is_forming(Event("state", "live", state="stale"))


@given(st.lists(st.tuples(st.sampled_from("AB"), st.booleans(), st.booleans())), st.integers(1, 5))
def test_whatever_happens_it_is_bounded_and_everything_is_accounted_for(steps, most):
    """Each step puts an event of a symbol, closed or forming, and may take one."""
    queue, put, seen, costs = EventQueue(most), [], [], []
    for place, (symbol, closed, take) in enumerate(steps):
        put.append(event(place, closed=closed, symbol=symbol))
        costs.append(queue.put(put[-1]))
        assert len(queue) <= most
        assert len(queue._waiting) <= 2 * most + 1, "what gave way is cleared away"
        if take:
            seen.append(queue.take())
    seen += taken(queue)
    assert len(seen) + sum(cost != "" for cost in costs) == len(put)
    times = [each.bar.open_time for each in seen]
    assert len(set(times)) == len(times)
    for symbol in "AB":
        own = [each.bar.open_time for each in seen if each.symbol == symbol]
        assert own == sorted(own), "the order of a series stays"
    closed = [each for each in put if each.bar.closed]
    assert [each for each in seen if each.bar.closed] == closed if "lost" not in costs else len(seen) >= 1
