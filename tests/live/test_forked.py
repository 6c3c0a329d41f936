"""A pushed source in a forked child: its connections are the parent's, and it vouches for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wealthsources import HistoryRequest, NotHere, PushedSource, Shard

from ..support.bars import FRAME, at, places
from ..support.forking import held_elsewhere, in_child
from .feed import Feed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def feed() -> Feed:
    """Hours 0 to 3 of one symbol, the last one forming."""
    made = Feed()
    made.push("BTCUSDT", 0, 1, 2, 3)
    return made


def ask(feed: Feed, symbol: str = "BTCUSDT"):
    return feed.source.get_history(HistoryRequest(symbol, FRAME, at(1000), include_forming=True))


def whose() -> str:
    return f"the session belongs to process {os.getpid()}, which opened it; open one in this process"


def test_its_streams_are_stale_at_once(feed):
    def look():
        stale = (
            feed.source.stale_for("BTCUSDT", FRAME),
            feed.source.stale_for("ETHUSDT", FRAME),
            feed.source.stale_for(),
        )
        return stale, feed.status().state

    assert all(age > 0 for age in in_child(look)[0])
    assert in_child(look)[1] == "stale"
    assert look() == ((0.0, 0.0, 0.0), "live"), "not so in the parent"


def test_how_long_they_have_been_stale_counts_from_the_fork(feed):
    def look() -> float | None:
        feed.now += 7
        return feed.source.stale_for("BTCUSDT", FRAME)

    feed.now += 100
    assert in_child(look) == 7


def test_in_a_child_of_the_child_it_counts_from_the_first_fork(feed):
    def look(seconds: float) -> float | None:
        feed.now += seconds
        return feed.source.stale_for("BTCUSDT", FRAME) if seconds == 4 else in_child(lambda: look(4))

    assert in_child(lambda: look(3)) == 7


def test_it_gives_the_closed_bars_that_it_held_and_says_that_it_cannot_vouch(feed):
    bars, mark = in_child(lambda: (places(ask(feed)), ask(feed).note))
    assert bars == [0, 1, 2], "without the forming one"
    assert mark == f"cannot vouch for the newest bars: {whose()}"
    assert (places(ask(feed)), ask(feed).note) == ([0, 1, 2, 3], "")


def test_of_a_series_of_which_nothing_came_it_says_why(feed):
    with pytest.raises(NotHere, match=f"has received nothing: the session belongs to process {os.getpid()}"):
        in_child(lambda: ask(feed, "ETHUSDT"))


def test_its_status_says_whose_it_is(feed):
    status = in_child(feed.source.status)
    assert (status.state, status.reason) == ("disconnected", whose())
    assert in_child(lambda: feed.source.foreign) == whose()
    assert (feed.source.status().state, feed.source.foreign) == ("connected", "")


def test_a_child_of_the_child_names_the_process_that_opened_it(feed):
    feed.now += 5
    assert in_child(lambda: in_child(lambda: feed.source.status().reason)) == whose()


def test_a_source_that_was_not_begun_can_be_begun_in_the_child():
    source = PushedSource()
    source.subscribe_to(["BTCUSDT"], ["1h"])

    def begin() -> tuple[str, str]:
        shard = Shard(0, [("BTCUSDT", "1h")])
        source.assign(lambda key: shard)
        shard.state = "connected"
        return source.status().state, source.foreign

    assert in_child(begin) == ("connected", "")


def test_a_message_that_was_being_stored_takes_the_bars_of_its_series_with_it(feed):
    feed.push("ETHUSDT", 0, 1)
    series = feed.source.store.get("BTCUSDT", FRAME)

    def look() -> tuple[str, int, list[int]]:
        with pytest.raises(NotHere) as refused:
            ask(feed)
        return str(refused.value), feed.status().bars, places(ask(feed, "ETHUSDT"))

    with held_elsewhere(series._lock):
        refusal, bars, others = in_child(look)
    assert "holds no closed bar of that time (0 bars in all)" in refusal
    assert (bars, others) == (0, [0])
    assert places(ask(feed)) == [0, 1, 2, 3]


def test_no_fork_meets_a_half_written_series():
    """A writer on a thread, forks at any moment: what a child is told was true at some time."""
    feed = Feed(capacity=50)
    feed.push("BTCUSDT", 0)
    end = threading.Event()

    def write() -> None:
        hour = 1
        while not end.is_set() or hour < 60:
            feed.push("BTCUSDT", hour, close=0.75)
            feed.push("BTCUSDT", hour, close=1.5)
            hour += 1

    def look() -> list[tuple[int, float]]:
        try:
            bars = feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, at(10**6)))
        except NotHere:
            return []
        feed.source.status()
        return [((bar.open_time - at(0)) // (at(1) - at(0)), bar.close) for bar in bars]

    thread = threading.Thread(target=write)
    thread.start()
    try:
        answers = [in_child(look) for _ in range(40)]
    finally:
        end.set()
        thread.join(20)
    assert len(in_child(look)) == 49, "nobody writes any more"
    for answer in filter(None, answers):  # where a bar was just being stored there is none
        hours = [hour for hour, _ in answer]
        assert hours == list(range(hours[0], hours[0] + len(hours)))
        assert all(close == 1.5 for hour, close in answer if hour)


PAST_PYTHON = """
import ctypes, os, sys
from tests.live.feed import Feed
from wealthsources import HistoryRequest, Timeframe

feed = Feed()
feed.push("BTCUSDT", 0, 1)
request = HistoryRequest("BTCUSDT", Timeframe("1h"), 1 << 60, include_forming=True)
assert len(feed.source.get_history(request)) == 2
looks = {
    "answer": lambda: (len(feed.source.get_history(request)), feed.source.get_history(request).note[:19]),
    "stale": lambda: feed.source.stale_for() > 0,
    "status": lambda: feed.source.status().state,
    "foreign": lambda: feed.source.foreign[:11],
}
for name, look in looks.items():
    if not ctypes.PyDLL(None).fork():
        print(name, look(), flush=True)
        os._exit(0)
    os.wait()
"""


def test_whatever_is_asked_first_a_fork_of_which_python_was_not_told_is_noticed():
    command = [sys.executable, "-c", PAST_PYTHON]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert done.stdout.splitlines() == [
        "answer (1, 'cannot vouch for th')",
        "stale True",
        "status disconnected",
        "foreign the session",
    ], done.stderr
