"""A process that forks while a live session is open: what the child is told, and that the parent goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import wealthdata
import wealthsources
from wealthsources import forking
from wealthsources.cli.status_tables import print_status
from wealthsources_websocket import get_websocket_manager

from ..support.bars import HOUR
from ..support.forking import held_elsewhere, in_child
from ..support.markets import fault_servers
from ..support.waiting import wait_for_turn, wait_until

PROGRAM = Path(__file__).parent / "forking_program.py"
TOKEN = "a-secret-e2e-token"


def whose() -> str:
    return f"the session belongs to process {os.getpid()}, which opened it; open one in this process"


@pytest.fixture
def played(market):
    """A market of which ten bars have come, and the eleventh is forming."""
    made = market()
    made.open(archive=False)
    made.connected()
    made.play_bars(10)
    made.play(2)
    return made


# What the child is told, under the feed's clock.


def test_a_binding_made_in_the_parent_refuses_at_once_in_the_child_with_the_reason(played):
    wealthdata.get_price("BTCUSDT", count=5, frequency="1h")

    def ask() -> list[str]:
        calls = [
            lambda: wealthdata.get_price("BTCUSDT", count=5, frequency="1h"),
            lambda: wealthdata.get_bars("BTCUSDT", 5, "1h", include_now=True),
            lambda: wealthdata.history(5, "1h", "close", ["BTCUSDT"]),
            lambda: wealthdata.get_last_price("BTCUSDT"),
            lambda: wealthdata.get_current_data()["BTCUSDT"].last_price,
            lambda: wealthdata.get_context().history("BTCUSDT", 5, "1h"),
        ]
        said = []
        for call in calls:
            with pytest.raises(wealthdata.StaleDataError) as refused:
                call()
            said.append(str(refused.value))
        return said

    for text in in_child(ask):
        assert whose() in text
    played.check()


def test_where_stale_answers_are_marked_the_child_is_given_the_closed_bars(played):
    def ask():
        bars = played.adapter.get_history("BTCUSDT", 5, "1h", include_now=True, on_stale="mark")
        return [(bar.open_time, bar.closed) for bar in bars], str(played.adapter.explain("BTCUSDT", 5, "1h"))

    answer, text = in_child(ask)
    assert answer == [(int(row["open_time"]), True) for row in played.due(5)]
    assert whose() in text


def test_the_status_says_whose_it_is(played, capfd):
    def show() -> tuple[str, str]:
        print_status(played.session.status())
        live = played.session.status().sources["live"]
        return live.state, live.streams[0].state

    assert in_child(show) == ("disconnected", "stale")
    assert whose() in capfd.readouterr().out
    assert played.live.status().state == "connected"


def test_the_child_may_open_its_own_and_strategies_read_that(played):
    server = played.server

    def open_own() -> tuple[int, str, bool]:
        with pytest.raises(wealthdata.StaleDataError):
            wealthdata.get_price("BTCUSDT", count=5, frequency="1h")
        with wealthsources.open(played.mapping(archive=False)) as own:
            own.start_live()
            wait_until(lambda: own.status().sources["live"].state == "connected", 10)
            server_ready.set()
            wait_until(lambda: own.status().sources["live"].streams[0].bars >= 2, 10)
            current = wealthsources.current_session() is own
            frame = wealthdata.get_price("BTCUSDT", count=2, frequency="1h")
            return len(frame), own.foreign, current

    server_ready = multiprocessing.get_context("fork").Event()
    player = threading.Thread(target=lambda: server_ready.wait(20) and server.play_steps(3 * played.per_bar))
    player.start()
    assert in_child(open_own) == (2, "", True)
    player.join(20)
    played.steps += 3 * played.per_bar
    played.hear()
    assert played.live.status().epoch == 1
    played.check()


# Under the system's clock.


def now(step: int) -> int:
    return int(time.time() * 1000) // step * step


@pytest.fixture
def hourly():
    """A session under the system's clock: five hours that are over, and the one that is forming just now."""

    def script(peer) -> None:
        peer.accept()
        for place in range(-5, 1):
            peer.send(message(now(HOUR) + place * HOUR))
        peer.stay()

    def message(open_time: int) -> dict:
        values = {"open": "10", "high": "12", "low": "9", "close": "11.5" if open_time == now(HOUR) else "11"}
        series = {"symbol": "BTCUSDT", "timeframe": "1h", "open_time": open_time, "close_time": open_time + HOUR}
        return {"type": "BAR", **series, **values, "volume": "3"}

    wait_for_turn(HOUR / 1000)
    with fault_servers() as start:
        live = {"endpoint": start(*[script] * 100).url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"]}
        live |= {"resolutions": ["1h"]}
        with wealthsources.open({"sources": [{"name": "live", "plugin": "websocket", "options": live}]}) as session:
            session.start_live()
            wait_until(lambda: session.status().sources["live"].streams[0].bars == 6)
            yield session


def test_the_forming_bar_and_the_last_price_are_frozen_for_nobody(hourly):
    adapter = hourly.adapter()

    def ask() -> tuple[list[bool], str]:
        bars = adapter.get_history("BTCUSDT", 3, "1h", include_now=True)
        with pytest.raises(wealthsources.StaleDataError) as refused:
            adapter.latest_price("BTCUSDT")
        return [bar.closed for bar in bars], str(refused.value)

    assert adapter.latest_price("BTCUSDT") == 11.5
    closed, text = in_child(ask)
    assert closed == [True] * 3
    assert whose() in text
    assert [bar.closed for bar in adapter.get_history("BTCUSDT", 3, "1h", include_now=True)] == [True, True, False]


# The parent goes on.


def test_nothing_hangs_and_nothing_is_torn_however_often_a_stream_is_forked_from(played):
    """Messages as fast as they are read, and forks at any moment, with every lock of ours in use on other threads."""
    end = threading.Event()

    def play() -> None:
        while not end.is_set() and played.steps < 150 * played.per_bar:
            played.server.play_steps(1)
            played.steps += 1

    def ask() -> None:
        while not end.is_set():
            played.session.status()
            wealthdata.get_price("BTCUSDT", count=5, frequency="1h")

    truth = {int(row["open_time"]): float(row["close"]) for row in played.rows}

    def look() -> int:
        bars = played.adapter.get_history("BTCUSDT", 5, "1h", on_stale="mark")
        assert all(truth[bar.open_time] == bar.close for bar in bars)
        played.session.status()
        with pytest.raises(wealthdata.WealthDataError):
            wealthdata.get_last_price("BTCUSDT")
        played.session.stop()
        return len(bars)

    threads = [threading.Thread(target=play), threading.Thread(target=ask)]
    for thread in threads:
        thread.start()
    try:
        assert {in_child(look) for _ in range(30)} == {5}
    finally:
        end.set()
        for thread in threads:
            thread.join(20)
    played.hear()
    assert (played.live.status().state, played.live.status().epoch) == ("connected", 1)
    played.check()


def test_whatever_locks_the_parents_threads_hold_a_strategy_in_the_child_gets_its_answers(played):
    """Those of the façade, of the session and its sources, of the series, of the manager: all at once."""
    manager = get_websocket_manager()
    series = [each._lock for each in played.live.cache]
    inner = [played.session.dispatcher._ready, played.session._fillers._jobs.mutex, played.session._workers._jobs.mutex]

    def call_everything() -> list[str]:
        said = []
        for call in (
            lambda: wealthdata.get_price("BTCUSDT", count=5, frequency="1h"),
            lambda: wealthdata.get_last_price("BTCUSDT"),
            lambda: played.session.subscribe(print),
            manager.update_subscription,
        ):
            with pytest.raises((wealthdata.WealthDataError, wealthsources.WealthSourcesError)) as refused:
                call()
            said.append(str(refused.value))
        wealthdata.set_context(played.context(), mode="live")
        wealthdata.clear_context()
        wealthdata.extend(mine=5)()
        wealthdata.get_all_securities()
        played.session.status()
        manager.get_status()
        manager.start()
        manager.stop()
        played.session.stop()
        return said

    with held_elsewhere(*forking._locks, *series, *inner):
        said = in_child(call_everything)
    assert all(whose() in text for text in said)
    assert played.live.status().state == "connected"


def run_program(server, **changes) -> subprocess.Popen[str]:
    live = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"], **changes}
    config = {"sources": [{"name": "live", "plugin": "websocket", "options": live}]}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, str(PROGRAM), json.dumps(config)], text=True, **pipes)


@pytest.fixture
def watching():
    """(server, what it heard after the subscription): the opcodes; -1 is the end of the connection."""
    heard: list[int] = []

    def listen(peer) -> None:
        peer.accept()
        try:
            while True:
                heard.append(peer.read()[0])
        except Exception:
            heard.append(-1)
            raise

    with fault_servers() as start:
        yield start(*[listen] * 10), heard


def test_a_child_that_leaves_through_its_exit_handlers_says_nothing_to_the_server(watching):
    server, heard = watching
    with run_program(server) as program:
        assert json.loads(program.stdout.readline())["child"] != program.pid
        program.stdin.write("end\n")
        program.stdin.flush()
        assert json.loads(program.stdout.readline()) == {"code": 0, "state": "connected", "epoch": 1}
        assert heard == []
        program.stdin.close()
        assert program.wait(20) == 0
    wait_until(lambda: heard)
    assert heard[0] == 8, "the parent says goodbye when it leaves"


def test_when_the_parent_is_killed_its_connection_ends_though_the_child_lives(watching):
    server, heard = watching
    with run_program(server) as program:
        child = json.loads(program.stdout.readline())["child"]
        program.kill()
        program.wait(20)
        try:
            wait_until(lambda: heard == [-1], 10)
        finally:
            os.kill(child, signal.SIGKILL)
        program.stdin.close()
