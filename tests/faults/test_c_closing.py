"""Section C of the table of faults: the ways in which a connection ends, and how often it may."""

from __future__ import annotations

import bisect
import contextlib
import copy
import json
import os
import random
import re
import ssl
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trustme

import wealthsources
from wealthsources.runtime import paced_log
from wealthsources_simulator import Market, fault
from wealthsources_simulator.framing import CLOSE, close_payload
from wealthsources_websocket import WebSocketManager
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.policies import STOP_LIMIT
from wealthsources_websocket.connection.reconnect import Backoff, ConnectPlan
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import BarMessage
from wealthsources_websocket.protocols.wealthai import WealthAI

from ..support.live_source import use_policies
from .case import losses

BTC = ("BTCUSDT", "1h")


def states(case, caplog, *wanted: str) -> None:
    """The states that the client has been in, as its log says, are these."""

    names = re.compile(r"connected\b|connecting|reconnecting|error\b|auth_failed")

    def seen() -> tuple[str, ...]:
        return tuple(found[0] for text in caplog.messages if (found := names.match(text)))

    case.until(lambda: len(seen()) >= len(wanted))
    assert seen() == wanted


@pytest.fixture(autouse=True)
def _every_line(monkeypatch) -> None:
    """Here the log tells what happened, in every line: none is held back for having only just been said."""
    monkeypatch.setattr(paced_log, "_EVERY", 0.0)


def delays(caplog) -> list[float]:
    """The delays before new attempts, in seconds, as the log says."""
    return [record.args[1] for record in caplog.records if "next attempt in" in record.msg]


@pytest.fixture
def longest(monkeypatch) -> list[float]:
    """Have the client take the longest delay that its backoff allows; all of them so far."""
    asked: list[float] = []

    def take(_least: float, most: float) -> float:
        asked.append(most)
        return most

    class Longest(Backoff):
        def __init__(self, base: float, cap: float) -> None:
            super().__init__(base, cap, take)

    use_policies(monkeypatch, backoff=Longest)
    return asked


# C1


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013, 4000, 4999])
def test_c1_a_close_with_whatever_code(case, caplog, code):
    """Closes with any code → code and reason are kept and counted, and we come back."""
    caplog.set_level("INFO")
    case.serve(f"close:{code}")
    case.open()
    case.counted(f"lost.closed_{code}")
    case.connected(2)
    assert case.status.last_error == f"{case.server.url}: closed_{code}: as the script says"
    states(case, caplog, "connecting", "connected", "reconnecting", "connected")
    assert losses(case) == {f"lost.closed_{code}": 1}
    assert case.status.reconnects_by_reason == {f"closed_{code}": 1}
    assert case.server.peers[0].goodbye == (code, "")  # answered as it came


def test_c1_a_cut_without_a_close(case, caplog):
    """Cuts the connection without a Close frame (1006) → told from a close, counted, and we come back."""
    caplog.set_level("INFO")
    case.serve("close:1006")
    case.open()
    case.counted("lost.cut")
    case.connected(2)
    assert "cut: the server closed the connection without a Close frame" in case.status.last_error
    states(case, caplog, "connecting", "connected", "reconnecting", "connected")
    assert losses(case) == {"lost.cut": 1}


CODES = {"close_codes": {4001: "auth", 4029: "rate", 4003: "fatal"}}


@pytest.mark.parametrize(("code", "options"), [(1008, {}), (4001, CODES)], ids=["1008", "4001 configured"])
def test_c1_a_close_that_means_the_credential(case, caplog, code, options):
    """Closes with 1008, or with a code configured as `auth` → once more with the token read anew; the second time the
    state is auth_failed, and attempts are as rare as they get, but never end."""
    caplog.set_level("INFO")
    read = []

    def token() -> str:
        read.append(True)
        return case.server.token

    case.serve(*[f"close:{code}"] * 3)
    case.open(csrf_token=token, backoff_base=0.001, backoff_cap=0.4, **options)
    case.counted(f"lost.closed_{code}", 3)
    case.connected(4)
    first, refused = ["connecting", "connected", "reconnecting"], ["connected", "auth_failed"]
    states(case, caplog, *first, *refused, *refused, "connected")
    assert delays(caplog)[0] <= 0.001
    assert delays(caplog)[1:] == [0.4, 0.4]
    assert len(read) >= 4


def test_c1_a_close_that_means_too_often(case):
    """Closes with a code configured as `rate` → nobody asks that host, on any of its addresses, for as long as the
    longest delay."""
    moments: list[float] = []

    def too_often(peer) -> None:
        peer.join()
        moments.append(time.monotonic())
        peer.say_goodbye(4029)

    def well(peer) -> None:
        moments.append(time.monotonic())
        peer.behave()

    first, second = case.serve(too_often, well), case.serve(well)
    case.open(first.url, fallbacks=[second.url], backoff_cap=0.5, **CODES)
    case.counted("lost.closed_4029")
    case.counted("budget_waits")
    case.connected(2)
    assert moments[1] - moments[0] >= 0.5
    assert first.accepted + second.accepted == 2


def test_c1_a_close_that_means_never(case, caplog):
    """Closes with a code configured as `fatal` → the state is error, attempts are as rare as they get, but never
    end."""
    caplog.set_level("INFO")
    case.serve("close:4003", "close:4003")
    case.open(backoff_base=0.001, backoff_cap=0.4, **CODES)
    case.counted("lost.closed_4003", 2)
    case.connected(3)
    again = ["reconnecting", "connected"]
    states(case, caplog, "connecting", "connected", "error", *again, "error", *again)
    assert delays(caplog) == [0.4, 0.4]


# C2


def test_c2_a_close_frame_and_tcp_left_open(case):
    """Sends a Close frame and leaves TCP open → answered with the same code and closed by us at once, and we come
    back."""
    took: list[float] = []

    def script(peer) -> None:
        peer.join()
        began = time.monotonic()
        peer.frame(CLOSE, close_payload(1000, "as the script says"))
        try:
            peer.deaf()
        finally:
            took.append(time.monotonic() - began)

    case.serve(script)
    case.open()
    case.counted("lost.closed_1000")
    case.until(lambda: took)
    assert took[0] < 1.0
    assert case.server.peers[0].goodbye == (1000, "")
    case.connected(2)
    assert losses(case) == {"lost.closed_1000": 1}


# C3


@pytest.fixture
def tls(tmp_path) -> tuple[ssl.SSLContext, str]:
    """A server's side of TLS, and the path of the certificates that trust it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, str(path)


#: Before 3.11.9 and 3.12.3 Python's ssl says of a reset that it was an end (gh-115627).
TELLS_RESETS = sys.version_info >= (3, 12, 3) or (3, 11, 9) <= sys.version_info < (3, 12)
RESET_UNDER_TLS = "reset" if TELLS_RESETS else "tls_eof"


@pytest.mark.parametrize("messages", [0, 7], ids=["at once", "amid a bar"])
@pytest.mark.parametrize(
    ("way", "encrypted", "reason"),
    [("reset", False, "reset"), ("fin", False, "cut"), ("reset", True, RESET_UNDER_TLS), ("fin", True, "tls_eof")],
    ids=["RST", "FIN", "RST under TLS", "FIN without close_notify"],
)
def test_c3_a_cut_without_a_goodbye(case, tls, way, encrypted, reason, messages):
    """Cuts the connection: with a RST, a FIN, or under TLS a FIN without close_notify → a reason for each (reset, cut,
    tls_eof), and we come back."""
    context, path = tls
    case.serve(f"{way}:{messages}", tls=context if encrypted else None)
    case.open(**({"ca_file": path} if encrypted else {}))
    case.until(lambda: case.server.acknowledged)
    case.play(1.4)
    case.counted(f"lost.{reason}")
    case.connected(2)
    case.check_truth()
    assert losses(case) == {f"lost.{reason}": 1}
    assert case.status.reconnects_by_reason == {reason: 1}


# C4 and C5


def an_hour(
    plan: ConnectPlan, then: Callable[[ConnectPlan], object] = lambda _: None
) -> tuple[list[float], list[float]]:
    """An hour in which every connection is acknowledged and closed at once: when attempts were made, and the delays
    after them, in seconds. `then` is called while a connection is up."""
    now, attempts, waits = 0.0, [], []
    while now < 3600:
        wait = plan.attempt(now)
        if wait > 0:
            now += wait
            continue
        attempts.append(now)
        now += 0.05
        then(plan)
        waits.append(plan.lost(ConnectionLost("closed_1000"), now))
        now += waits[-1]
    return attempts, waits


def most_in_a_minute(moments: list[float], minute: float = 60.0) -> int:
    """The largest number of moments within any such span."""
    return max(bisect.bisect_left(moments, first + minute) - place for place, first in enumerate(moments))


def plan(*ports: int, seed: int = 0) -> ConnectPlan:
    """What the defaults make of endpoints on these ports."""
    backoff = Backoff(0.5, 60.0, random.Random(seed).uniform)
    return ConnectPlan(tuple(f"ws://server:{port}/" for port in ports), backoff, ConnectBudget(), 20)


def grows_to_the_cap(waits: list[float], endpoints: int) -> bool:
    """Whether, after a first round without delay, delays stay below a bound that doubles from half a second to a
    minute, until each endpoint is asked once in half a minute on average."""
    first, waits = waits[: endpoints - 1], waits[endpoints - 1 :]
    bounds = [min(60.0, 0.5 * 2 ** min(number, 32)) for number in range(len(waits))]
    late = [wait * endpoints for wait in waits[7:]]
    return (
        set(first) <= {0.0}
        and all(0 < wait <= bound for wait, bound in zip(waits, bounds, strict=True))
        and 20 < sum(late) / len(late) < 40
        and 45 < max(late) <= 60
    )


@pytest.mark.parametrize("endpoints", [1, 3])
def test_c4_acknowledges_and_closes_at_once_for_an_hour(case, monkeypatch, endpoints):
    """Acknowledges and closes at once, for an hour → the delays grow to a minute with jitter, never more attempts than
    the budget has, and no hot loop; well again, it is found again."""
    for seed in range(20):
        attempts, waits = an_hour(plan(*range(1, 1 + endpoints), seed=seed))
        assert grows_to_the_cap(waits, endpoints)
        assert most_in_a_minute(attempts) <= 20
        assert len(attempts) < 200 * endpoints
    # The same with a server. Its minute has a second.
    moments: list[float] = []

    class Noting(ConnectBudget):
        def wait(self, host: str, now: float, per_minute: int) -> float:
            left = super().wait(host, now, per_minute)
            if not left:
                moments.append(now)
            return left

    use_policies(monkeypatch, budget=Noting(minute=1.0))
    case.serve(*[fault("close-at-once")] * 12)
    case.open(connects_per_minute=5)
    case.counted("lost.closed_1000", 12)
    case.counted("budget_waits", 2)
    case.connected(13)
    assert len(moments) == 13
    assert most_in_a_minute(moments, 1.0) <= 5
    assert losses(case) == {"lost.closed_1000": 12}
    assert case.counter("attempts") == 13


def test_c5_one_bar_and_a_close_for_an_hour(case, longest):
    """Sends one bar and closes, again and again for an hour → delays grow all the same, until a connection has lived
    for the stable time and brought a bar; then they begin anew."""
    for seed in range(20):
        attempts, waits = an_hour(plan(1, seed=seed), ConnectPlan.accepted)
        assert grows_to_the_cap(waits, 1)
        assert most_in_a_minute(attempts) <= 20
        assert len(attempts) < 200
    # The same with a server, and a connection that lives at the end of it.
    over = threading.Event()

    def lives(peer) -> None:
        peer.join()
        peer.follow(until=lambda _: over.is_set())
        peer.say_goodbye()

    case.serve(*["one-bar-then-close"] * 4, lives)
    case.open(backoff_base=0.02, backoff_cap=0.1, reset_after=0.6)
    case.counted("lost.closed_1000", 4)
    case.connected(5)
    assert longest == [0.02, 0.04, 0.08, 0.1]
    case.play(1)
    case.until(lambda: case.live.connections.clients[0]._plan._backoff._failures == 0)
    over.set()
    case.play(0.2)
    case.counted("lost.closed_1000", 5)
    case.connected(6)
    assert longest == [0.02, 0.04, 0.08, 0.1, 0.02]


def test_c5_the_bars_that_came_are_kept_and_what_lies_between_is_a_hole(case):
    """Sends one bar and closes, again and again, while the market goes on → the bars that came are kept; what lies
    between them is listed as a hole, and filled."""
    over = threading.Event()

    def tells_nothing_old(peer) -> None:
        peer.accept()
        peer.follow(until=lambda _: over.is_set())

    # Who connects anew is told everything in the end: there is no archive that would fill a hole before it is seen.
    case.serve("fin:12", market=Market.made(snapshot=48))
    case.open(archive=False, backoff_base=0.2, backoff_cap=0.2)
    times = [bar.open_time for bar in case.market.timelines[BTC].bars]
    case.connected()
    between = threading.Semaphore(0)

    def one_bar(peer) -> None:
        between.acquire(timeout=20)
        fault("one-bar-then-close")(peer)

    case.server.then(one_bar, one_bar, tells_nothing_old)
    case.play(2.4)
    case.counted("lost.cut")
    for place in (5, 7):
        case.play(place + 0.4 - case.market.length / 5)
        between.release()
        case.until(lambda place=place: case.held() and case.held()[-1].open_time == times[place])
    assert [bar.open_time for bar in case.held()] == [times[place] for place in (0, 1, 2, 5, 7)]
    assert [bar.open_time for bar in case.closed()] == times[:2]
    case.connected(4)
    case.play(2)
    case.until(lambda: len(case.held()) == 7)
    (hole,) = case.answer().holes  # the bars 2 and 5, cut off amid, are in it; bar 7 came whole at last
    assert (hole.start, hole.end, hole.count) == (times[2], times[7], 5)
    (stream,) = case.status.streams
    assert (stream.state, stream.holes) == ("hole", 1)
    case.counted("holes", 2)
    case.counted("lost.closed_1000", 2)
    over.set()
    case.play(0.2)
    case.connected(5)


# C6


def ends_meanwhile(way: str, heard: bool) -> Callable[[Any], None]:
    """Ends the connection after the upgrade: right away, or when the first of what the client sends has come."""

    def script(peer) -> None:
        peer.upgrade()
        if heard:
            peer.ready(5)
        if way == "close":
            peer.frame(CLOSE, close_payload(1000, "too late"))
        elif way == "reset":
            peer.reset()

    return script


@pytest.mark.parametrize("way", ["close", "fin", "reset"])
@pytest.mark.parametrize("symbols", [0, 1000], ids=["short", "long"])
def test_c6_a_close_while_the_subscription_goes_out(case, caplog, way, symbols):
    """Closes (with a Close frame, a FIN, a RST) exactly while we send CONNECT → that is one attempt, lost once; nobody
    but the log hears of it."""
    script = [ends_meanwhile(way, heard) for heard in (True, False)] * 10
    case.serve(*script)
    case.open(symbols=["BTCUSDT", *(f"{number:0100}USDT" for number in range(symbols))])
    case.connected()
    case.play(1.2)
    case.counted("bars.new", 2)
    assert sum(losses(case).values()) == len(script)
    assert losses(case).keys() <= {"lost.closed_1000", "lost.cut", "lost.reset", "lost.send_failed"}
    assert case.counter("attempts") == case.server.accepted == len(script) + 1
    assert (case.status.epoch, case.status.reconnects, case.status.reconnects_by_reason) == (1, 0, {})
    assert not [record for record in caplog.records if record.exc_info]


# C7


def bar_message(message: str) -> BarMessage:
    (event,) = WealthAI(push_closed=False).read(message.encode())
    assert isinstance(event, BarMessage)
    return event


@pytest.mark.parametrize("place", [0, 2, 3, 4], ids=["closed long ago", "closed last", "forming", "not begun"])
def test_c7_a_bar_of_an_older_connection(case, place):
    """Hands over a bar of the old connection when the new one is live → dropped by its epoch, and counted; neither
    bars nor time change."""
    case.serve("fin:7")
    case.open()
    case.connected()
    case.play(2.4)
    case.counted("lost.cut")
    case.connected(2)
    case.play(1)
    case.until(lambda: len(case.closed()) == 3)
    before = facts(case.held()), facts(case.answer()), case.session.status().now
    first, shift = json.loads(case.market.messages_since(0)[0].text), place * 3_600_000
    lie = first | {"open_time": first["open_time"] + shift, "close_time": first["close_time"] + shift, "volume": "9"}
    old = copy.copy(case.live.connections.clients[0])
    old.epoch = 1
    case.live.on_bar(old, bar_message(json.dumps(lie)), time.monotonic())
    case.counted("bars.old_epoch")
    assert (facts(case.held()), facts(case.answer()), case.session.status().now) == before


def test_c7_a_socket_that_was_left_goes_on_sending(case):
    """Goes on sending on the old socket when the new one is live → nobody listens there any more."""
    found = threading.Event()
    gone = threading.Event()

    def talks_on(peer) -> None:
        peer.join()
        peer.pass_on(7)
        found.wait(20)  # reads nothing, so it is given up; but it does not know that yet
        try:
            while True:
                peer.send(peer.bar(volume="9"))
        finally:
            gone.set()

    case.serve(talks_on)
    case.open(ping_interval=0.2, pong_timeout=0.8)
    case.connected()
    case.play(2.4)
    case.counted("lost.pong_timeout")
    case.connected(2)
    found.set()
    assert gone.wait(10)
    case.check_truth()
    assert case.counter("bars.correction") == 0
    assert losses(case) == {"lost.pong_timeout": 1}


def facts(bars) -> list[tuple]:
    names = ("open", "high", "low", "close", "volume")
    return [(bar.open_time, bar.closed, bar.revision, *(bar.exact(name) for name in names)) for bar in bars]


# C8


class Doors:
    """A good server, any number of times; who is in."""

    def __init__(self) -> None:
        self.inside: set[int] = set()

    def __call__(self, peer) -> None:
        self.inside.add(peer.number)
        try:
            peer.behave()
        finally:
            self.inside.discard(peer.number)


def at_once(workers: int, work: Callable[[], object]) -> None:
    """Do this on so many threads at the same time; what one of them raises is raised here."""
    barrier = threading.Barrier(workers)
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(lambda: (barrier.wait(10), work())) for _ in range(workers)]:
            done.result(50)


def linger(rng: random.Random) -> None:
    """A moment or none, so that a stop meets a connection in all of its states."""
    threading.Event().wait(rng.choice([0.0, 0.002, 0.01, 0.03]))


def used() -> tuple[int, int]:
    """How many threads and descriptors there are."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a list of names is all


def settled(case, doors: Doors) -> tuple[int, int]:
    """Threads and descriptors, when the server has seen everybody leave."""
    case.until(lambda: not doors.inside and not any(t.name.startswith("connection") for t in threading.enumerate()))
    return used()


def test_c8_a_hundred_starts_and_stops_of_a_manager(case, monkeypatch):
    """Meets a manager that four threads start and stop a hundred times → one live connection at the end; threads
    and descriptors stay as they were."""
    use_policies(monkeypatch, budget=ConnectBudget(minute=0.01))  # twenty connections a minute are few
    doors = Doors()
    server = case.serve(*[doors] * 1000)
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", server.url)
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", server.token)
    monkeypatch.setenv("WEBSOCKET_SYMBOLS", "BTCUSDT")
    monkeypatch.setenv("WEBSOCKET_RESOLUTIONS", "1h")
    manager, rng = WebSocketManager(), random.Random(8)

    def start_and_stop() -> None:
        for _ in range(25):
            manager.start()
            linger(rng)
            manager.stop()

    before = used()
    at_once(4, start_and_stop)
    assert server.accepted > 5  # how many is a matter of how busy the machine is
    case.until(lambda: settled(case, doors) == before)
    at_once(4, manager.start)
    case.until(manager.is_connected)
    case.until(lambda: len(doors.inside) == 1)
    case.play(2.4)
    case.until(lambda: manager.get_status()["counters"].get("bars.new") == 3)
    assert manager.get_status()["epoch"] == 1
    assert len(doors.inside) == 1
    manager.stop()
    assert wealthsources.current_session() is None
    case.until(lambda: settled(case, doors) == before)
    case.open()
    case.counted("bars.new", 2)


def test_c8_a_hundred_sessions_started_and_stopped_from_several_threads(case):
    """Meets a hundred sessions, four at a time, each started and stopped by two threads at once → none of them is
    left; the one that is started last has the only connection."""
    doors = Doors()
    server = case.serve(*[doors] * 1000)
    options = {"endpoint": server.url, "symbols": ["BTCUSDT"], "resolutions": ["1h"], "csrf_token": server.token}
    config = {"sources": [{"plugin": "websocket", "options": {**options, "connects_per_minute": 100_000}}]}

    def start_and_stop(session) -> None:
        with contextlib.suppress(wealthsources.WealthSourcesError):  # another thread has stopped it
            session.start()
            session.start_live()
        linger(rng)
        session.stop()

    def many() -> None:
        for _ in range(25):
            session = wealthsources.open(config)
            at_once(2, lambda session=session: start_and_stop(session))

    before, rng = used(), random.Random(8)
    at_once(4, many)
    assert server.accepted > 5  # how many is a matter of how busy the machine is
    case.until(lambda: settled(case, doors) == before)
    case.open()
    case.connected()
    case.play(1.2)
    case.counted("bars.new", 2)
    assert len(doors.inside) == 1


# C10


def stop_in_time(case) -> None:
    """Stop while connected; afterwards there is neither a connection nor its socket."""
    sock = case.live.connections.clients[0]._connection._sock
    began = time.monotonic()
    case.session.stop()
    assert time.monotonic() - began < STOP_LIMIT
    assert sock.fileno() == -1
    assert case.live.connections.clients[0]._connection is None
    assert case.status.state == "disconnected"


def test_c10_a_close_of_ours_that_is_never_answered(case):
    """Never answers our Close → `stop()` returns within its limit, and the socket is closed."""
    case.serve("no-close-answer")
    case.open()
    case.connected()
    case.check_truth()
    case.counted("bars.new")
    stop_in_time(case)
    case.until(lambda: case.server.script_done)  # it has seen us go
    assert case.server.peers[0].goodbye == (1000, "")
    case.truth_is_checked = False  # that was done before the stop


def talks_on(peer) -> None:
    """Notices nothing: sends the same bar over and over, and does not read."""
    peer.join()
    peer.pass_on(7)
    while True:
        peer.send(peer.bar())
        peer.wait(0.001)


@pytest.mark.parametrize("script", ["freeze:7", talks_on])
def test_c10_a_close_of_ours_that_is_never_read(case, script):
    """Does not even read our Close, and is silent or talks on → `stop()` returns within its limit, and the socket is
    closed."""
    case.serve(script)
    case.open()
    case.connected()
    case.play(1.4)
    case.counted("bars.new", 2)
    stop_in_time(case)
    assert case.server.accepted == 1
    case.truth_is_checked = False  # the connection that would bring the rest is the one that was stopped
