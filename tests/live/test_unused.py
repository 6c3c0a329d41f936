"""What came on a shard's connections and became no bar of its series."""

from __future__ import annotations

import threading

import pytest

from wealthsources.live.unused import MOST_NAMES, Unused


def test_at_first_there_is_nothing_to_tell():
    unused = Unused()
    assert (unused.last_at, unused.said, unused.tell("BTCUSDT")) == (None, "", [])


def test_a_kind_is_first_once():
    unused = Unused()
    assert [unused.add_kind(kind, 1.0) for kind in ("bar", "info", "bar")] == [
        ("bar", True),
        ("info", True),
        ("bar", False),
    ]
    assert unused.tell("X") == ["messages of kinds that are not read came: 'bar' (2), 'info' (1)"]


def test_a_server_that_invents_kinds_fills_no_memory():
    unused = Unused()
    names = [unused.add_kind(f"kind {number}", 1.0) for number in range(5_000)]
    assert len({name for name, _ in names}) == MOST_NAMES + 1
    assert sum(first for _, first in names) == MOST_NAMES + 1
    assert names[-1] == ("others", False)
    (told,) = unused.tell("X")
    assert (
        told == f"messages of kinds that are not read came: 'others' ({5_000 - MOST_NAMES}), 'kind 0' (1), "
        f"'kind 1' (1) and {MOST_NAMES - 2} more"
    )


def test_a_kind_that_is_known_stays_itself_when_there_are_many():
    unused = Unused()
    for number in range(100):
        unused.add_kind(f"kind {number}", 1.0)
    assert unused.add_kind("kind 3", 1.0) == ("kind 3", False)


@pytest.mark.parametrize("spelling", ["BTCUSDT", "btc-usdt"])
def test_bars_of_the_symbol_itself_are_told_by_their_timeframe(spelling):
    unused = Unused()
    unused.add_stranger(spelling, "60", 1.0)
    unused.add_stranger("ETHUSDT", "60", 1.0)
    assert unused.tell("BTCUSDT") == [
        "bars of this symbol came under '60' (1), which is not subscribed",
        "bars came of what is not subscribed: 'ETHUSDT 60' (1)",
    ]


def test_a_server_that_invents_symbols_fills_no_memory():
    unused = Unused()
    for number in range(5_000):
        unused.add_stranger(f"S{number}", "1h", 1.0)
    (told,) = unused.tell("X")
    assert told.startswith(f"bars came of what is not subscribed: 'others' ({5_000 - MOST_NAMES}), 'S0 1h' (1)")


def test_the_last_one_that_was_lost_is_told_with_how_many_there_were():
    unused = Unused()
    for why in ("first", "last"):
        unused.add_lost(why, 1.0)
    assert unused.tell("X") == ["messages came that cannot be used (2), the last one: last"]


def test_what_the_server_said_is_told_last():
    unused = Unused()
    unused.said = "unknown symbol"
    unused.add_kind("info", 2.0)
    assert unused.tell("X")[-1] == "the server said: unknown symbol"


@pytest.mark.parametrize("add", ["kind", "stranger", "lost"])
def test_when_the_last_of_it_came_is_known(add):
    unused = Unused()
    for now in (3.0, 5.0):
        if add == "stranger":
            unused.add_stranger("X", "1h", now)
        else:
            getattr(unused, f"add_{add}")("x", now)
    assert unused.last_at == 5.0


def test_it_can_be_told_while_more_comes():
    unused, stop = Unused(), threading.Event()

    def more() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            unused.add_kind(f"kind {number % 40}", 1.0)
            unused.add_stranger(f"S{number % 40}", "1h", 1.0)

    thread = threading.Thread(target=more)
    thread.start()
    try:
        for _ in range(2_000):
            unused.tell("S1")
    finally:
        stop.set()
        thread.join()


def test_what_came_on_another_connection_is_added():
    unused, other = Unused(), Unused()
    unused.add_kind("bar", 5.0)
    unused.said = "old"
    other.add_kind("bar", 3.0)
    other.add_kind("info", 4.0)
    other.add_stranger("BTC", "5m", 4.0)
    other.add_lost("no close", 4.0)
    other.said = "new"
    unused.add(other)
    assert (unused.last_at, unused.said) == (5.0, "new")
    told = " ".join(unused.tell("BTC"))
    assert "'bar' (2), 'info' (1)" in told
    assert "'5m' (1)" in told
    assert "cannot be used (1), the last one: no close" in told


def test_nothing_is_added_by_a_connection_on_which_all_was_used():
    unused = Unused()
    unused.add(Unused())
    assert (unused.last_at, unused.tell("X")) == (None, [])
    unused.said = "old"
    unused.add(Unused())
    assert unused.said == "old"


def test_what_is_added_fills_no_memory_either():
    unused = Unused()
    for number in range(100):
        other = Unused()
        other.add_kind(f"kind {number}", 1.0)
        other.add_stranger(f"S{number}", "1m", 1.0)
        unused.add(other)
    assert len(unused._kinds) == len(unused._strangers) == MOST_NAMES + 1
