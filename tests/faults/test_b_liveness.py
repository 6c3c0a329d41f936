"""Section B of the table of faults: is the other end alive, and is it telling us anything?"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from wealthsources import StaleDataError
from wealthsources_simulator import Market, fault
from wealthsources_simulator.framing import PING, PONG

from ..support.live_source import use_policies
from .case import losses

#: A dead peer is known after `ping_interval` + `pong_timeout`, 1.0 s here, looked at every fifth of a second.
PINGS = {"ping_interval": 0.2, "pong_timeout": 0.8}
#: That and a margin for a machine that has other things to do.
DEAD_BY = 4.0

BTC, ETH = ("BTCUSDT", "1h"), ("ETHUSDT", "1h")
CHILD = Path(__file__).parent / "suspended_child.py"
HOUR = 3_600_000_000_000  # ns


def only_lost_by(case, reason: str) -> None:
    """One cause, one reconnect; and the connection after it lives."""
    case.connected(2)
    case.check_truth()
    assert losses(case) == {f"lost.{reason}": 1}
    assert case.status.reconnects_by_reason == {reason: 1}
    assert (case.status.epoch, case.server.accepted) == (2, 2)


def never_lost(case) -> None:
    """The first connection is up, and was never anything else."""
    assert losses(case) == {}
    assert (case.status.state, case.status.epoch, case.server.accepted) == ("connected", 1, 1)


# B1


@pytest.mark.parametrize("messages", [0, 7], ids=["at once", "amid a bar"])
def test_b1_a_server_that_stops_reading_and_writing(case, messages):
    """Stops reading and writing, keeps TCP open → found out by ping interval plus pong timeout; one cause, one
    reconnect."""
    case.serve(f"freeze:{messages}")
    case.open(**PINGS)
    case.connected()
    case.play(3.4)
    case.counted("lost.pong_timeout", timeout=DEAD_BY)
    only_lost_by(case, "pong_timeout")


# B2


@pytest.mark.parametrize("messages", [0, 7], ids=["none at all", "amid a bar"])
def test_b2_answers_pings_and_sends_no_bars(case, messages):
    """Answers pings, sends no bars → it lives, but its streams go stale; the next connection is opened beside it and
    has the bars."""
    case.serve(f"pings-only:{messages}")
    case.open(ping_interval=0.1, pong_timeout=5.0, data_idle=0.3)
    case.connected()
    case.play(3.4)
    case.until(lambda: len(case.held()) == (2 if messages else 0))
    hurry(case, 0.1, 0.4)
    only_followed_by_another(case)


def only_followed_by_another(case) -> None:
    """Nothing was lost: the next connection took over, since all was silent, and it has the bars."""
    case.counted("takeovers")
    hurry(case, 3600, 7200)
    case.check_truth()
    assert losses(case) == {}
    assert case.status.reconnects_by_reason == {"silent": 1}
    assert (case.status.epoch, case.server.accepted) == (2, 2)


def hurry(case, due: float, limit: float) -> None:
    """How long the first stream may be silent until it is late, and then stale: moments are as good as hours."""
    stream = case.live._streams[BTC]
    stream.due, stream.limit = due, limit


# B3


def streams(case) -> dict[str, str]:
    return {stream.symbol: stream.state for stream in case.status.streams}


class Muting:
    """A good server that sends nothing of one series while `silent` is set."""

    def __init__(self, series) -> None:
        self.series = series
        self.silent = threading.Event()

    def __call__(self, peer) -> None:
        def push(played) -> None:
            if not (self.silent.is_set() and played.series == self.series):
                peer.send(played.text)

        peer.behave(push)


@pytest.fixture
def muted(case):
    """A case of two series, of which the first falls silent amid its bar number 2, as `muted` says."""

    def make(**options):
        muting = Muting(BTC)
        case.serve(muting, market=Market.made(symbols=(BTC[0], ETH[0]), snapshot=2))
        case.open(symbols=[BTC[0], ETH[0]], **options)
        hurry(case, 30, 60)
        case.connected()
        case.play(2.4)
        case.until(lambda: all(places_of(case.held(series)) == [0, 1, 2] for series in (BTC, ETH)))
        assert streams(case) == {BTC[0]: "live", ETH[0]: "live"}
        muting.silent.set()
        return muting

    def places_of(bars) -> list[int]:
        first = case.market.timelines[BTC].bars[0].open_time
        return [(bar.open_time - first) // 3_600_000 for bar in bars]

    return make


def stale(case) -> None:
    """Play on, and wait until the silent stream is stale; the other one is live."""
    hurry(case, 0.1, 0.4)
    case.play(3)
    case.until(lambda: len(case.held(ETH)) == 6)
    case.until(lambda: streams(case) == {BTC[0]: "stale", ETH[0]: "live"})


def speaks_again(case, muting: Muting) -> None:
    """The silent stream goes on, on the same connection, in the middle of a later bar."""
    newest = case.held(BTC)[-1].open_time
    muting.silent.clear()
    case.play(1)
    case.until(lambda: case.held(BTC)[-1].open_time > newest)
    hurry(case, 30, 60)


def test_b3_a_silent_stream_is_late_and_then_stale_while_the_other_one_lives(case, muted, caplog):
    """Sends bars of one stream and silence for another → that stream goes late, then stale, in status and log; the
    other one and the connection stay."""
    muting = muted()
    hurry(case, 0.1, 60)
    case.until(lambda: streams(case)[BTC[0]] == "late")
    stale(case)
    case.counted("stale_streams")
    assert case.counter("stale_streams") == 1
    assert "BTCUSDT 1h: the stream went silent" in caplog.text
    never_lost(case)
    speaks_again(case, muting)
    case.until(lambda: streams(case) == {BTC[0]: "live", ETH[0]: "live"})
    never_lost(case)


def test_b3_the_tail_of_a_stale_stream_comes_from_the_next_source(case, muted):
    """Falls silent for one stream, amid a bar → its tail comes from the next source, the bar cut off amid too, and
    `explain` says that live cannot vouch for it."""
    muting = muted()
    forming = case.answer(BTC, count=5, include_now=True)[-1]
    assert (forming.closed, forming.source) == (False, "live")
    stale(case)
    answer = case.answer(BTC, count=40, include_now=True)
    assert all(bar.closed for bar in answer)
    assert len(answer) > 4
    assert [bar.source for bar in answer] == ["live"] * 2 + ["archive"] * (len(answer) - 2)
    assert answer.behind == 0
    assert "cannot vouch" in str(case.session.adapter().explain(BTC[0], 40, "1h"))
    other = case.answer(ETH, count=5, include_now=True)
    assert not other[-1].closed
    case.counted("stale_streams")
    speaks_again(case, muting)
    never_lost(case)


def test_b3_a_tail_that_nobody_has_is_reported_missing(case, muted):
    """Falls silent for one stream, amid a bar, and no other source has it → the forming bar is not shown any more; the
    answer says how many bars are missing, or is refused as stale."""
    muting = muted(archive=False)
    stale(case)
    for include_now in (False, True):  # nor is its forming bar shown
        answer = case.answer(BTC, count=40, include_now=include_now)
        assert [bar.closed for bar in answer] == [True, True]
        assert answer.behind >= 3
    with pytest.raises(StaleDataError, match="bars are missing"):
        case.answer(BTC, count=40, on_stale="raise")
    case.counted("stale_streams")
    never_lost(case)
    muting.silent.clear()
    hurry(case, 30, 60)
    case.market.snapshot = len(case.market.all(BTC))  # there is no archive: who connects anew is told everything
    case.server.peers[0].cut()
    case.connected(2)


def test_b3_a_stream_that_never_brought_a_bar_says_so(case, caplog):
    """Never sends a bar of one stream → it is `silent`, in status and log with its exact key; other sources answer, the
    connection stays."""
    case.serve("one-silent-stream:0", market=Market.made(symbols=(BTC[0], ETH[0]), snapshot=2))
    case.open(symbols=[BTC[0], ETH[0]])
    hurry(case, 0.1, 0.3)
    case.connected()
    case.play(3.4)
    case.counted("never_received")
    assert streams(case)[BTC[0]] == "silent"
    assert "BTCUSDT 1h: no bar ever came" in caplog.text
    assert {bar.source for bar in case.answer(BTC)} == {"archive"}
    assert "no bar of this series has come" in str(case.session.adapter().explain(BTC[0], 3, "1h"))
    assert {bar.source for bar in case.answer(ETH)} == {"live"}
    never_lost(case)
    hurry(case, 30, 60)
    case.server.peers[0].cut()  # the next connection is a good one
    case.connected(2)


# B4


class Flood:
    """Floods control frames and no bars; counts the pongs that come back, and what the reader needs of the CPU."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pongs = 0

    def __call__(self, peer) -> None:
        answer = peer.answer

        def count(opcode: int, payload: bytes) -> None:
            self.pongs += opcode == PONG
            answer(opcode, payload)

        peer.answer = count
        fault(self.name)(peer)


@pytest.mark.parametrize("kind", ["ping", "pong"])
def test_b4_a_flood_of_control_frames_is_no_data(case, kind):
    """Floods pings or pongs, no bars → as if it were silent: control frames keep no stream from going stale, and the
    CPU they cost is bounded."""
    flood = Flood(f"{kind}-flood:1000")
    case.serve(flood)
    case.open(ping_interval=0.1, pong_timeout=5.0)
    case.connected()
    hurry(case, 0.1, 1.5)
    cpu = time.pthread_getcpuclockid(case.live.connections.clients[0]._thread.ident)
    used, began = time.clock_gettime(cpu), time.monotonic()
    case.counted("takeovers")
    used, took = time.clock_gettime(cpu) - used, time.monotonic() - began
    assert used < took / 2
    assert (flood.pongs if kind == "ping" else case.counter("stray_pongs")) > 100
    only_followed_by_another(case)


# B5


def test_b5_pongs_that_nobody_asked_for(case):
    """Sends pongs that nobody asked for, and answers pings too → they are counted; the connection stays up."""
    case.serve("stray-pongs")
    case.open(ping_interval=0.05, pong_timeout=2.0)
    pings = count_pings(case)
    for _ in range(4):
        case.play(1.4)
        case.until(more(pings, 2))
    case.counted("stray_pongs", 20)
    case.check_truth()
    never_lost(case)


def count_pings(case) -> list[bytes]:
    """The payloads of the pings that the server gets on its first connection, from now on."""
    case.connected()
    peer, pings = case.server.peers[0], []
    answer = peer.on_ping

    def count(payload: bytes) -> None:
        pings.append(payload)
        answer(payload)

    peer.on_ping = count
    return pings


def more(pings: list[bytes], count: int) -> Callable[[], bool]:
    """Whether there are so many more than now."""
    wanted = len(pings) + count
    return lambda: len(pings) >= wanted


# B6


def answers_the_ping_before(peer) -> None:
    """The first ping is answered; each later one by the payload of the ping before it."""
    pings: list[bytes] = []

    def answer(payload: bytes) -> None:
        pings.append(payload)
        peer.frame(PONG, pings[max(0, len(pings) - 2)])

    peer.on_ping = answer
    peer.behave()


@pytest.mark.parametrize("script", ["wrong-pong", "late-pong", answers_the_ping_before])
def test_b6_a_pong_that_answers_another_ping(case, script):
    """Answers pings with the wrong payload, or with that of the ping before, while bars flow → not accepted as the
    answer: the ping deadline ends the connection."""
    case.serve(script)
    case.open(**PINGS)
    case.connected()
    case.play(2.4)
    case.until(lambda: len(case.held()) == 3)
    case.counted("lost.pong_timeout", timeout=DEAD_BY)
    if script != "late-pong":  # it has no ping before the first
        assert case.counter("stray_pongs") == 1
    only_lost_by(case, "pong_timeout")


# B7


def part_of_a_header(peer) -> None:
    """One byte of a frame, then nothing."""
    peer.join()
    peer.write(b"\x81")
    peer.deaf()


def half_a_bar_amid_a_bar(peer) -> None:
    """Some bars, then half of the frame of the next, and nothing any more."""
    peer.join()
    peer.pass_on(7)
    peer.frame(0x1, json.dumps(peer.bar()).encode()[:50], length=150)
    peer.deaf()


@pytest.mark.parametrize("script", ["half-frame:10", "half-frame:0", part_of_a_header, half_a_bar_amid_a_bar])
def test_b7_half_a_frame_then_silence(case, script):
    """Sends half a frame, then nothing → the reader is not trapped: the ping deadline ends the connection."""
    case.serve(script)
    case.open(**PINGS)
    case.connected()
    case.play(3.4)
    case.counted("lost.pong_timeout", timeout=DEAD_BY)
    only_lost_by(case, "pong_timeout")


def test_b7_half_a_frame_does_not_hold_up_stop(case):
    """Sends half a frame, then nothing, and we stop → `stop()` returns in time all the same."""
    case.serve("half-frame:10")
    case.open()
    case.connected()
    case.counted("attempts")
    case.truth_is_checked = False  # it is stopped while half a frame is all that came


# B8


def test_b8_half_a_frame_and_the_rest_two_seconds_later(case):
    """Sends half a frame, and the rest after 2 s → the bar arrives whole, the connection stays."""
    case.serve("half-frame-then-rest:2")
    case.open(ping_interval=0.3, pong_timeout=8.0)  # the server answers no ping meanwhile
    began = time.monotonic()
    case.counted("bars.new")
    assert time.monotonic() - began > 1
    (bar,) = case.held()
    case.play(0.2)  # the same message once more, as it is when nothing cuts it in two
    message = json.loads(case.market.messages_since(0)[0].text)
    names = ("open", "high", "low", "close", "volume")
    assert [bar.exact(name) for name in names] == [message[name] for name in names]
    case.check_truth()
    never_lost(case)
    assert case.counter("bad_message") == 0


# B9


def test_b9_nothing_that_we_send_is_taken_any_more(case):
    """Drops everything while data of ours is under way → found out by the ping deadline, not by the kernel, which
    would go on trying for minutes."""
    case.serve(swallows_nothing)
    # What the kernel acknowledges must be little, for something to be left that it does not.
    case.server.listener.set_option(socket.SO_RCVBUF, 1)
    case.open(**PINGS)
    case.connected()
    case.until(lambda: unacknowledged(case) > 0)
    case.play(3.4)
    case.counted("lost.pong_timeout", timeout=DEAD_BY)
    only_lost_by(case, "pong_timeout")


def swallows_nothing(peer) -> None:
    """Makes the client send more than the receive buffer takes, and reads none of it."""
    peer.join()
    for _ in range(100):
        peer.frame(PING, bytes(125))
    peer.wait()


def unacknowledged(case) -> int:
    """Bytes that the client sent on its present connection and the other side's kernel has not taken."""
    connection = case.live.connections.clients[0]._connection
    if connection is None:
        return 0
    with contextlib.suppress(OSError, ValueError):  # it may be let go of just now
        return struct.unpack("i", fcntl.ioctl(connection._sock, termios.TIOCOUTQ, bytes(4)))[0]
    return 0


# B10


@pytest.mark.parametrize(
    ("options", "reason"),
    [(PINGS, "pong_timeout"), ({"data_idle": 1.0, "pong_timeout": 0.8}, "data_idle")],
    ids=["pings", "signs of life"],
)
def test_b10_a_large_frame_byte_by_byte(case, options, reason):
    """Drips the bytes of a large frame for ever → no byte extends a deadline, nor is it a sign of life: that of the
    ping, or of the question after `data_idle`, ends the connection."""
    case.serve("dripping-frame:0.05")
    case.open(**options)
    case.connected()
    case.play(3.4)
    case.counted(f"lost.{reason}", timeout=DEAD_BY)
    only_lost_by(case, reason)


# B11


def test_b11_ten_minutes_that_this_process_did_not_see(case, monkeypatch):
    """Goes on while this process stands still for ten minutes → a gap: one reconnect, the hole is filled, and no burst
    of timers."""
    real, asleep = time.monotonic, [0.0]
    use_policies(monkeypatch, monotonic=lambda: real() + asleep[0])
    series = ("BTCUSDT", "1m")
    case.serve("pings-only:12", market=Market.made(timeframe="1m", snapshot=2))
    case.open(resolutions=["1m"], ping_interval=0.2, pong_timeout=3.0)
    pings = count_pings(case)
    case.play(12)
    case.until(lambda: len(case.held(series)) == 3)
    case.until(lambda: pings)
    seen = len(pings)
    asleep[0] += 600
    case.counted("lost.suspended")
    case.connected(2)
    case.check_truth()
    assert losses(case) == {"lost.suspended": 1}
    assert (case.server.accepted, case.counter("attempts"), case.counter("budget_waits")) == (2, 2, 0)
    assert (case.counter("holes"), case.counter("stale_streams")) == (1, 0)
    case.counted("backfilled", 7)
    assert len(pings) <= seen + 1


def test_b11_a_process_that_is_suspended_for_real(case):
    """Goes on while the process of a client is stopped (SIGSTOP) for 6 s → the client finds out: one reconnect, the
    hole is filled."""
    case.serve()
    case.open()  # another client of the same server, which nobody suspends
    case.connected()
    with Child(case) as child:
        case.until(lambda: child.ask()["state"] == "connected")
        case.play(2.4)
        case.until(lambda: child.ask()["bars"] == 3)
        with child.suspended():
            for _ in range(6):  # nothing to wait for but the time itself
                case.play(1)
                threading.Event().wait(1.0)
        case.until(lambda: child.ask()["epoch"] == 2)
        case.play(1)
        closed = [bar.open_time for bar in case.market.closed(BTC)]
        case.until(lambda: child.ask()["answer"] == closed)
        case.until(lambda: child.ask()["counters"].get("backfilled", 0) >= 1)  # the answer may come through the chain
        seen = child.ask()
        assert {name: times for name, times in seen["counters"].items() if name.startswith("lost.")} == {
            "lost.suspended": 1
        }
        assert seen["counters"]["attempts"] == 2
        assert (seen["state"], seen["reconnects_by_reason"]) == ("connected", {"suspended": 1})
        end = child.end()
    assert end["stop"] < 3.5
    assert end["threads"] == 1
    case.counted("bars.new")
    assert losses(case) == {}


class Child:
    """A session in a process of its own, on the server and with the archive of `case`."""

    def __init__(self, case) -> None:
        options = {"endpoint": case.server.url, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        options |= {"csrf_token": case.server.token, "backoff_base": 0.01, "backoff_cap": 0.02, "pong_timeout": 3.0}
        archive = {"name": "archive", "plugin": "file", "options": {"path": case.write_archive()}}
        live = {"name": "live", "plugin": "websocket", "options": options}
        config = {"clock": "feed", "on_stale": "mark", "sources": [live, archive]}
        first = case.market.timelines[BTC].bars[0].open_time
        self._process = subprocess.Popen(
            [sys.executable, CHILD, json.dumps(config), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_) -> None:
        with self._process as process:  # which waits, and closes the pipes
            process.kill()

    def ask(self) -> dict:
        """How it is."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    @contextlib.contextmanager
    def suspended(self):
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        yield
        os.kill(pid, signal.SIGCONT)

    def end(self) -> dict:
        """Have it stop; how that went."""
        self._process.stdin.close()
        return json.loads(self._process.stdout.readline())


# B12


def present_market() -> Market:
    """48 minutes, of which the last one ended only just now."""
    made = Market.made(timeframe="1m", bars=48).timelines["BTCUSDT", "1m"].bars
    shift = time.time_ns() // 60_000_000_000 * 60_000 - made[-1].end
    bars = [replace(bar, open_time=bar.open_time + shift, end=bar.end + shift) for bar in made]
    return Market({("BTCUSDT", "1m"): bars}, snapshot=2)


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["ahead", "back"])
def test_b12_the_wall_clock_steps_by_an_hour(case, monkeypatch, step):
    """Goes on while our wall clock steps by an hour → no reconnect, nothing is closed or opened by it, no stream is
    stale, no bar is taken for one from the future; it shows in `now` and `behind` only."""
    series = ("BTCUSDT", "1m")
    case.serve(market=present_market())
    use_policies(monkeypatch, wall=lambda: time.time())  # noqa: PLW0108 - whatever that is by then
    case.open(clock="system", archive=False, resolutions=["1m"], **PINGS)
    pings = count_pings(case)
    case.play(10.4)
    case.until(lambda: len(case.held(series)) == 11)
    closed, now = case.closed(series), case.session.status().now
    step_the_wall_clock(monkeypatch, step)
    case.until(more(pings, 2))
    held = case.held(series)
    assert [bar.closed for bar in held] == [True] * 10 + [False]
    assert [bar for bar in held if bar.closed] == closed
    moved = case.session.status().now - now
    if step > 0:
        assert moved >= 3_600_000
    else:  # it is never behind the newest closed bar
        assert moved < 0
        assert case.session.status().now == held[-1].open_time
    case.play(3)
    case.until(lambda: len(case.held(series)) == 14)
    shown = case.answer(series, count=20, include_now=True)
    assert [bar.closed for bar in shown] == [True] * 13 + [False]
    assert case.status.streams[0].state == "live"
    case.counted("bars.new", 14)
    assert (case.counter("from_the_future"), case.counter("stale_streams")) == (0, 0)
    case.check_truth()
    never_lost(case)


def step_the_wall_clock(monkeypatch, step: int) -> None:
    """Everybody in this process reads another time from now on, but for the monotonic one."""
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + step / 1e9)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + step)


# B13


class Slow:
    """A subscriber that stands still from its first event on, until `released`."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()
        self.closed: list[int] = []
        self.forming = 0

    def __call__(self, event) -> None:
        self.entered.set()
        self.released.wait(60)
        if event.kind == "bar" and event.bar.closed:
            self.closed.append(event.bar.open_time)
        elif event.kind == "bar":
            self.forming += 1


class Pinging:
    """A good server that sends a ping with every message, and counts the answers."""

    def __init__(self) -> None:
        self.pongs = 0

    def __call__(self, peer) -> None:
        answer = peer.answer

        def count(opcode: int, payload: bytes) -> None:
            self.pongs += opcode == PONG and payload == b"there?"
            answer(opcode, payload)

        def push(played) -> None:
            peer.frame(PING, b"there?")
            peer.send(played.text)

        peer.answer = count
        peer.behave(push)


def test_b13_a_callback_that_sleeps(case):
    """Pings us and is pinged while a callback of the user's sleeps → pings are answered and sent, nothing times out;
    updates of forming bars are conflated, no closed bar is lost, and `slow_consumer` is counted."""
    pinging, slow = Pinging(), Slow()
    case.serve(pinging)
    case.open(ping_interval=0.2, pong_timeout=2.0)
    case.session.subscribe(slow)
    pings = count_pings(case)
    try:
        case.play(0.2)
        assert slow.entered.wait(10)
        case.play(5.2)  # with what came before, 27 messages of six bars
        case.until(lambda: pinging.pongs == 27)
        case.until(lambda: len(case.closed()) == 5)
        # More than a second goes by, and our pings go out and are answered all the while.
        case.until(more(pings, 7))
        case.play(1)
        case.until(lambda: case.session.status().slow_consumer >= 1)
        case.until(lambda: len(case.closed()) == 6)
        assert case.session.status().events_conflated >= 15
        assert len(case.answer(count=10, include_now=True)) == 7  # who asks need not wait for who sleeps
        never_lost(case)
    finally:
        slow.released.set()
    case.counted("bars.new", 7)
    closed = [bar.open_time for bar in case.market.closed(BTC)]
    case.until(lambda: slow.closed == closed)
    assert slow.forming < 20
    assert case.session.status().events_lost == 0
    never_lost(case)
