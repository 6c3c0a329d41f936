"""Section C of the table of faults: the ways in which a connection ends, and how often it may."""

from __future__ import annotations

import bisect
import contextlib
import os
import random
import ssl
import threading
import time
from collections.abc import Callable

import pytest
import trustme

import wealthsources
from wealthsources_websocket import WebSocketManager, get_websocket_manager
from wealthsources_websocket.client import STOP_LIMIT
from wealthsources_websocket.protocol import PROTOCOLS, BarMessage
from wealthsources_websocket.reconnect import Backoff, ConnectBudget, Lost, Plan
from wealthsources_websocket.simulator.faults import Gone, Market, fault
from wealthsources_websocket.simulator.faults.framing import CLOSE, close_payload

BTC = ("BTCUSDT", "1h")


def losses(case) -> dict[str, int]:
    """Why connections were lost, and how often."""
    return {name: times for name, times in case.status.counters.items() if name.startswith("lost.")}


def states(caplog) -> list[str]:
    """The states that the client has been in, as its log says."""
    return [record.args[0] for record in caplog.records if record.msg == "%s%s"]


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

    monkeypatch.setattr("wealthsources_websocket.client.Backoff", Longest)
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
    assert states(caplog) == ["connecting", "connected", "reconnecting", "connected"]
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
    assert states(caplog) == ["connecting", "connected", "reconnecting", "connected"]
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
    assert delays(caplog)[0] <= 0.001
    assert delays(caplog)[1:] == [0.4, 0.4]
    assert "auth_failed" in states(caplog)
    assert "auth_failed" not in states(caplog)[: states(caplog).index("reconnecting") + 1]
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
    assert states(caplog)[:3] == ["connecting", "connected", "error"]
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


@pytest.mark.parametrize("messages", [0, 7], ids=["at once", "amid a bar"])
@pytest.mark.parametrize(
    ("way", "encrypted", "reason"),
    [("reset", False, "reset"), ("fin", False, "cut"), ("reset", True, "reset"), ("fin", True, "tls_eof")],
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


def an_hour(plan: Plan, then: Callable[[Plan], object] = lambda _: None) -> tuple[list[float], list[float]]:
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
        waits.append(plan.lost(Lost("closed_1000"), now))
        now += waits[-1]
    return attempts, waits


def most_in_a_minute(moments: list[float], minute: float = 60.0) -> int:
    """The largest number of moments within any such span."""
    return max(bisect.bisect_left(moments, first + minute) - place for place, first in enumerate(moments))


def plan(*ports: int, seed: int = 0) -> Plan:
    """What the defaults make of endpoints on these ports."""
    backoff = Backoff(0.5, 60.0, random.Random(seed).uniform)
    return Plan(tuple(f"ws://server:{port}/" for port in ports), backoff, ConnectBudget(), 20)


def grows_to_the_cap(waits: list[float], at_once: int) -> bool:
    """Whether delays are uniform below a bound that doubles from half a second to a minute, after so many of none."""
    bounds = [min(60.0, 0.5 * 2 ** min(number, 32)) for number in range(len(waits))]
    late = waits[at_once + 7 :]
    return (
        waits[:at_once] == [0.0] * at_once
        and all(0 < wait <= bound for wait, bound in zip(waits[at_once:], bounds, strict=False))
        and 20 < sum(late) / len(late) < 40
        and max(late) > 45
    )


@pytest.mark.parametrize("endpoints", [1, 3])
def test_c4_acknowledges_and_closes_at_once_for_an_hour(case, monkeypatch, endpoints):
    """Acknowledges and closes at once, for an hour → the delays grow to a minute with jitter, never more attempts than
    the budget has, and no hot loop; well again, it is found again."""
    for seed in range(20):
        attempts, waits = an_hour(plan(*range(1, 1 + endpoints), seed=seed))
        assert grows_to_the_cap(waits, endpoints - 1)
        assert most_in_a_minute(attempts) <= 20
        assert len(attempts) < 200
    # The same with a server. Its minute has a second.
    monkeypatch.setattr("wealthsources_websocket.reconnect._MINUTE", 1.0)
    moments: list[float] = []

    def script(peer) -> None:
        moments.append(time.monotonic())
        fault("close-at-once")(peer)

    case.serve(*[script] * 12)
    case.open(connects_per_minute=5)
    case.counted("lost.closed_1000", 12)
    case.counted("budget_waits", 2)
    case.connected(13)
    assert most_in_a_minute(moments, 0.7) <= 5  # as the server sees it, some may come late
    assert losses(case) == {"lost.closed_1000": 12}
    assert case.counter("attempts") == 13


def test_c5_one_bar_and_a_close_for_an_hour(case, longest):
    """Sends one bar and closes, again and again for an hour → delays grow all the same, until a connection has lived
    for the stable time and brought a bar; then they begin anew."""
    for seed in range(20):
        attempts, waits = an_hour(plan(1, seed=seed), Plan.accepted)
        assert grows_to_the_cap(waits, 0)
        assert most_in_a_minute(attempts) <= 20
        assert len(attempts) < 200
    # The same with a server, and a connection that lives at the end of it.
    over = threading.Event()

    def lives(peer) -> None:
        peer.join()
        peer.follow(until=lambda _: over.is_set())
        peer.say_goodbye()

    case.serve(*["one-bar-then-close"] * 4, lives)
    case.open(backoff_base=0.02, backoff_cap=0.1, reset_after=0.3)
    case.counted("lost.closed_1000", 4)
    case.connected(5)
    assert longest == [0.02, 0.04, 0.08, 0.1]
    case.play(1)
    case.until(lambda: case.live._client._plan._backoff._failures == 0)
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
    times = [bar.open_time for bar in case.market._timelines[BTC].bars]
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
    case.until(lambda: len(case.held()) == 7)  # bar 9, of which the rest comes
    (hole,) = case.answer().holes
    assert (hole.start, hole.end) == (times[2], times[8])
    (stream,) = case.status.streams
    assert (stream.state, stream.holes) == ("hole", 1)
    case.counted("holes", 3)
    case.counted("lost.closed_1000", 2)
    over.set()
    case.play(0.2)
    case.connected(5)
