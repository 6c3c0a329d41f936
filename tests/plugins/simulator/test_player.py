"""The player: by the clock or by hand, and through an outage."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect as connect_to

from wealthsources_simulator import Market, MarketServer, SimulatorError
from wealthsources_simulator.player import Outage, Player

from .listening import CONNECT, connect, is_final, join, numbers, receive, receive_all, start, subscribe
from .numbered import make_timeline


def test_the_timeline_starts_at_the_first_accepted_connect() -> None:
    with start(limit=3, rate=0, manual=False) as server:
        with connect(server) as client:
            client.send(json.dumps(CONNECT | {"csrf_token": "wrong"}))
            assert receive(client)["type"] == "ERROR"
        assert not server.wait_finished(0.05)
        with join(server) as client:
            assert numbers(server, [receive(client)]) == [0]
        assert server.wait_finished(10)


def test_bars_come_at_the_rate() -> None:
    began = time.monotonic()
    with start(limit=10, rate=50, manual=False) as server, join(server):
        assert server.wait_finished(10)
        assert time.monotonic() - began >= 0.99 * 10 / 50
        assert server.position == 10


def test_after_the_last_bar_it_stays_open_and_silent() -> None:
    with start(limit=2, rate=0, updates=0, manual=False) as server, join(server) as client:
        assert numbers(server, [receive(client), receive(client)]) == [0, 1]
        assert server.wait_finished(10)
        with pytest.raises(TimeoutError):
            client.recv(0.1)
        with join(server) as late, pytest.raises(TimeoutError):
            late.recv(0.05)


def test_by_hand_nothing_is_played_by_itself() -> None:
    with start(rate=1000, manual=True) as server, join(server) as client:
        with pytest.raises(TimeoutError):
            client.recv(0.05)
        assert server.position == 0


def test_playing_by_hand_ends_with_the_last_bar() -> None:
    with start(limit=2) as server:
        server.play_bars(7)
        assert server.position == 2
        assert server.wait_finished(0)


@pytest.mark.parametrize(("drop_at", "seen"), [("3.0", 15), ("3.5", 17), ("3.9", 20)])
def test_the_cut_comes_where_it_is_told(drop_at: str, seen: int) -> None:
    with start(updates=4, drop_at=drop_at, drop_for=2) as server, join(server) as client:
        server.play_bars(4)
        assert len(receive_all(client)) == seen


@pytest.mark.parametrize(("drop_at", "cut", "after"), [("3.0", 15, 0), ("3.5", 17, 2), ("3.9", 20, 0)])
def test_readmission_is_exactly_so_many_bars_after_the_cut(drop_at: str, cut: int, after: int) -> None:
    with start(updates=4, drop_at=drop_at, drop_for=7) as server:
        server.play_steps(cut + 7 * 5 - 1)
        with pytest.raises(InvalidStatus, match="503"), connect(server):
            pass
        server.play_steps(1)
        with join(server) as client:
            server.play_steps(5 - after)
            first, *_, last = [receive(client) for _ in range(5 - after)]
            assert numbers(server, [first]) == [(cut + 7 * 5) // 5]
            assert is_final(server, last)
        assert server.refused == 1


def test_an_outage_at_the_very_start_cuts_the_first_client() -> None:
    with start(drop_at="0.0", drop_for=1) as server:
        with connect(server) as client:
            client.send(json.dumps(CONNECT))
            assert receive_all(client) == [{"type": "CONNECTED", "request_id": "7"}]
        with pytest.raises(InvalidStatus, match="503"), connect(server):
            pass
        server.play_bars(1)
        with join(server):
            assert server.acknowledged == 2


def test_the_timeline_runs_on_through_an_outage() -> None:
    with start(updates=1, rate=100, drop_at="5.5", drop_for=10, manual=False) as server:
        with join(server) as client:
            assert numbers(server, receive_all(client))[-1] == 5
        with rejoin(server) as client:
            assert numbers(server, [receive(client)])[0] >= 15


@contextmanager
def rejoin(server: MarketServer) -> Iterator[ClientConnection]:
    """Try until the server lets us in."""
    while True:
        try:
            client = connect_to(server.url, compression=None)
        except InvalidStatus:
            continue
        with client:
            subscribe(client)
            yield client
        return


def test_a_cut_also_ends_connections_that_have_not_subscribed() -> None:
    with start(drop_at="1.0") as server, connect(server) as idle, join(server):
        server.play_bars(2)
        assert receive_all(idle) == []


def test_a_length_without_a_cut_is_an_error() -> None:
    with pytest.raises(SimulatorError, match="drop-for needs drop-at"):
        start(drop_for=3)


@pytest.mark.parametrize(("drop_at", "steps"), [("3.0", 3), ("3.5", 3), ("3.9", 4)])
def test_a_cut_without_updates_is_before_or_after_the_bar(drop_at: str, steps: int) -> None:
    assert Outage.at(make_timeline(updates=0), drop_at, 2).start == steps


@pytest.mark.parametrize("drop_at", ["2", "2.0", "2.5", "2.9", 2.5, 2])
def test_an_outage_lasts_so_many_bars_from_its_cut(drop_at: str | float) -> None:
    outage = Outage.at(make_timeline(updates=4), drop_at, 7)
    assert outage.end - outage.start == 7 * 5


def test_an_outage_can_last_part_of_a_bar() -> None:
    outage = Outage.at(make_timeline(updates=4), "2.0", 0.6)
    assert (outage.start, outage.end) == (10, 13)


def test_an_outage_ends_with_the_timeline_at_the_latest() -> None:
    timeline = make_timeline(bars=10)
    assert Outage.at(timeline, "9.5", 1e300).end == timeline.steps


@pytest.mark.parametrize("drop_at", ["10", "10.0", "99", "-1", "-0.5", "x", "", "NaN", "Infinity", "1e999999"])
def test_a_cut_outside_the_bars_is_an_error(drop_at: str) -> None:
    with pytest.raises(SimulatorError, match=r"^drop-at "):
        Outage.at(make_timeline(bars=10), drop_at, 1)


@pytest.mark.parametrize("drop_for", [-1, float("nan"), float("inf")])
def test_a_length_that_is_none_is_an_error(drop_for: float) -> None:
    with pytest.raises(SimulatorError, match=r"^drop-for "):
        Outage.at(make_timeline(), "1.0", drop_for)


class Hall:
    """An audience that notes what is done to it."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.done: list[str] = []

    def keep_up(self, patience: float) -> None:
        self.done.append("keep up")

    def cut_stuck(self, patience: float) -> None:
        self.done.append("cut stuck")

    def cut(self) -> None:
        self.done.append("cut")


def test_nobody_is_cut_before_all_that_was_played_reached_them() -> None:
    hall = Hall()
    market = Market.made(bars=4)
    player = Player(market, hall, outage=Outage(7, 12))
    player.play(6)
    assert (hall.done, player.out_of_service) == (["keep up"], False)
    player.play(1)
    assert (hall.done[1:], player.out_of_service) == (["keep up", "cut", "keep up"], True)
    player.play(5)
    assert not player.out_of_service
    player.play(100)
    assert (market.steps_played, player.finished.is_set()) == (20, True)
    assert hall.done.count("cut") == 1


def test_by_the_clock_nobody_is_waited_for_before_the_end() -> None:
    hall = Hall()
    player = Player(Market.made(bars=3), hall, rate=1000)
    player.start()
    player.begin()
    assert player.finished.wait(10)
    hall.stopped.set()
    player.end(10)
    assert hall.done == ["cut stuck"] * 14 + ["keep up", "cut stuck"]


@pytest.mark.parametrize("begun", [False, True])
def test_playing_ends_when_the_audience_goes(begun: bool) -> None:
    hall = Hall()
    player = Player(Market.made(), hall, rate=0.01)
    player.start()
    if begun:
        player.begin()
    hall.stopped.set()
    player.end(10)
    assert not any(thread.name == "market player" for thread in threading.enumerate())
    assert not player.finished.is_set()
