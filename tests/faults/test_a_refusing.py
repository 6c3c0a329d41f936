"""Rows A6 and A7 of the table of faults: the server wants no token of ours, or none of our connections for a while."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest

import wealthsources
from wealthsources_simulator import Peer, fault
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.reconnect import Backoff, ConnectPlan
from wealthsources_websocket.errors import ConnectionLost

HOUR = 3600.0


def timed(times: list[float], script: Callable[[Peer], object] = Peer.behave) -> Callable[[Peer], object]:
    """The same script, which notes when its connection came."""

    def note(peer: Peer) -> None:
        times.append(time.monotonic())
        script(peer)

    return note


# A6 ------------------------------------------------------------------------------------------------------------


def refuse_once(renew: Callable[[], object], refusal: str | None) -> Callable[[Peer], object]:
    """A server that turns down the old token, by a status or else by an ERROR; `renew` makes the new one known."""

    def script(peer: Peer) -> None:
        renew()
        (fault(refusal) if refusal else Peer.behave)(peer)

    return script


REFUSALS = pytest.mark.parametrize(
    ("refusal", "counter"),
    [
        ("unauthorized:401", "lost.bad_status"),
        ("unauthorized:403", "lost.bad_status"),
        (None, "lost.refused_by_server"),
    ],
    ids=["401", "403", "ERROR"],
)


@REFUSALS
def test_a6_a_token_from_a_function_is_read_anew(case, refusal, counter):
    """Turns down an expired token → a token from a function is read before each attempt, and the new one is sent."""
    tokens = ["the-old-token"]
    case.serve(refuse_once(lambda: tokens.append("the-new-token"), refusal), token="the-new-token")
    case.open(csrf_token=lambda: tokens[-1], backoff_cap=60)  # the second attempt does not wait so long
    case.counted(counter)
    case.connected()
    assert case.server.accepted == 2
    assert case.server.peers[1].connect["csrf_token"] == "the-new-token"


@REFUSALS
def test_a6_a_token_from_a_file_is_read_anew(case, tmp_path, refusal, counter):
    """Turns down an expired token → a token from a file is read before each attempt, and the new one is sent."""
    path = tmp_path / "token"
    path.write_text("the-old-token\n")
    case.serve(refuse_once(lambda: path.write_text("the-new-token\n"), refusal), token="the-new-token")
    case.open(csrf_token="", csrf_token_file=str(path), backoff_cap=60)
    case.counted(counter)
    case.connected()
    assert case.server.accepted == 2
    assert case.server.peers[1].connect["csrf_token"] == "the-new-token"


def test_a6_a_token_that_is_renewed_later_is_found(case):
    """Turns the credential down until it is renewed, after the second refusal → the next attempt brings the new one."""
    tokens = ["the-old-token"]
    renewing = refuse_once(lambda: tokens.append("the-new-token"), None)
    case.serve(None, None, renewing, token="the-new-token")
    case.open(csrf_token=lambda: tokens[-1], backoff_base=0.001, backoff_cap=0.2)
    case.counted("lost.refused_by_server", 3)
    case.connected()
    assert [peer.connect["csrf_token"] for peer in case.server.peers] == ["the-old-token"] * 3 + ["the-new-token"]


@pytest.mark.parametrize("refusal", ["unauthorized:401", "unauthorized:403", "error-instead:bad csrf"])
def test_a6_a_second_refusal_in_a_row_makes_attempts_rare(case, caplog, refusal):
    """Turns the credential down twice in a row → state `auth_failed`, and one attempt every backoff_cap: no storm."""
    cap, times, states = 0.4, [], []
    case.serve(*[timed(times, fault(refusal))] * 4, timed(times))
    case.open(backoff_base=0.001, backoff_cap=cap)
    case.session.subscribe(lambda event: states.append(event.state) if event.kind == "state" else None)
    case.until(lambda: len(times) == 4)
    assert case.status.state == "auth_failed"
    case.counted("lost.refused_by_server" if refusal.startswith("error") else "lost.bad_status", 4)
    case.connected()
    # Noted before the answer goes out, so that a slow machine makes them no shorter.
    assert all(late - early > cap - 0.01 for early, late in itertools.pairwise(times[1:]))
    assert case.server.accepted == len(times) == 5
    case.until(lambda: "connected" in states)
    since = states.index("auth_failed") + 1 if "auth_failed" in states else 0  # it may have been so before we listened
    assert states[since:] == ["connected"]
    assert case.server.token not in caplog.text


# A7 ------------------------------------------------------------------------------------------------------------

STATUSES = pytest.mark.parametrize("limited", ["too-many-requests", "banned"], ids=["429", "418"])


@STATUSES
def test_a7_a_server_that_asks_for_a_rest_gets_it(case, limited):
    """Answers 429 or 418 with Retry-After → waits that long at least, and asks no endpoint of that host meanwhile."""
    asked: list[float] = []
    came: list[float] = []
    first = case.serve(timed(asked, fault(f"{limited}:1")), *[timed(came)] * 3)
    second = case.serve(*[timed(came)] * 3)
    case.open(first.url, fallbacks=[second.url])
    case.counted("budget_waits")
    case.connected()
    assert came[0] - asked[0] >= 1
    assert first.accepted + second.accepted == 2
    assert case.counter("lost.bad_status") == 1


@STATUSES
def test_a7_another_host_is_asked_meanwhile(case, limited):
    """Answers 429 or 418 with Retry-After → an endpoint on another host is used at once."""
    first, other = case.serve(f"{limited}:600"), case.serve(host="127.0.0.2")
    case.open(first.url, fallbacks=[other.url])
    case.counted("lost.bad_status")
    case.connected()
    assert case.status.endpoint == other.url
    assert (first.accepted, case.counter("budget_waits")) == (1, 0)


@pytest.fixture
def another_session(case: Any) -> Iterator[Callable[[str], wealthsources.Session]]:
    """Opens a second live session in this process."""
    sessions: list[wealthsources.Session] = []

    def start(endpoint: str) -> wealthsources.Session:
        options = {"endpoint": endpoint, "symbols": ["BTCUSDT"], "resolutions": ["1h"], "csrf_token": case.server.token}
        sources = [{"name": "live", "plugin": "websocket", "options": options}]
        sessions.append(wealthsources.open({"clock": "feed", "sources": sources}))
        sessions[-1].start()
        sessions[-1].start_live()
        return sessions[-1]

    yield start
    for session in sessions:
        session.stop()


@STATUSES
def test_a7_the_whole_process_rests(case, another_session, limited):
    """Answers one client 429 or 418 → no other client of this process connects to that host meanwhile, on any port."""
    asked: list[float] = []
    came: list[float] = []
    first = case.serve(timed(asked, fault(f"{limited}:2")))
    second = case.serve(*[timed(came)] * 3)
    case.open(first.url)
    case.counted("lost.bad_status")
    other = another_session(second.url)
    case.until(lambda: other.status().sources["live"].counters.get("budget_waits"))
    case.until(lambda: other.source("live").status().state == "connected")
    assert came[0] - asked[0] >= 2


@pytest.mark.parametrize("seconds", [10**4, 10**9, 10**12])
def test_a7_a_rest_is_no_longer_than_an_hour(seconds):
    """Asks for a rest of days → an hour is given."""
    plan = ConnectPlan(("wss://a.example:1/", "wss://a.example:2/"), Backoff(0.5, 60.0), ConnectBudget(), 20)
    assert plan.attempt(0.0) == 0.0
    plan.lost(ConnectionLost("bad_status", kind="rate", retry_after=float(seconds)), 0.0)
    assert plan.attempt(60.0) == HOUR - 60
    assert plan.attempt(HOUR) == 0.0


@pytest.mark.parametrize("seconds", [10**4, 10**9, 10**12])
def test_a7_a_header_that_asks_for_days_gets_an_hour(case, caplog, seconds):
    """Answers 429 with a Retry-After of days → an hour is given."""
    case.truth_is_checked = False  # the host rests until long after the test
    case.serve(f"too-many-requests:{seconds}")
    case.open()
    case.counted("budget_waits")
    case.until(lambda: "waiting" in caplog.text)
    (waiting,) = re.findall(r"waiting ([0-9.]+) s", caplog.text)
    assert HOUR - 20 < float(waiting) <= HOUR
    assert case.server.accepted == 1


@STATUSES
def test_a7_a_rest_may_end_at_a_moment(case, limited):
    """Answers 429 or 418 with a Retry-After that is a date → nothing connects to that host before."""
    status = {"too-many-requests": 429, "banned": 418}[limited]
    asked: list[float] = []
    came: list[float] = []

    def script(peer: Peer) -> None:
        peer.request()
        now = int(time.time())
        dates = [formatdate(at, usegmt=True) for at in (now, now + 2)]  # they know no part of a second
        peer.http(status, f"Date: {dates[0]}\r\nRetry-After: {dates[1]}\r\n")

    case.serve(timed(asked, script), *[timed(came)] * 3)
    case.open()
    case.counted("lost.bad_status")
    case.connected()
    assert came[0] - asked[0] > 0.9
