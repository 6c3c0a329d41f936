"""Rows A12, A13 and A16 to A19 of the table of faults: names, addresses, and the first messages."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from wealthsources_simulator import Market, Peer, encode

from .case import TOKEN

pytestmark = pytest.mark.usefixtures("no_token_in_the_log")

TEXT, PING = 0x1, 0x9
PROMPT = 1.0  # a stop is seen within a fifth of a second
FAR = "ws://market.example:18000/market_data"
EARLY_LIMIT = 1_000


@pytest.fixture
def names(monkeypatch) -> dict[str, Callable[[], Any]]:
    """Names that are looked up as a test says, by a function that is called for the addresses; others as ever."""
    known: dict[str, Callable[[], Any]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, *arguments: Any, **options: Any) -> Any:
        return known[host]() if host in known else real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def lost(case) -> dict[str, int]:
    """All counters of lost connections."""
    return {name: count for name, count in case.status.counters.items() if name.startswith("lost.")}


# A12: names ----------------------------------------------------------------------------------------------------


def fails_with(error: Exception) -> Callable[[], Any]:
    def look_up() -> Any:
        raise error

    return look_up


@pytest.mark.parametrize(
    ("host", "answer", "cause"),
    [
        ("market.example", fails_with(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), "not known"),
        ("market.example", fails_with(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")), "Temporary failure"),
        ("market.example", list, "no address"),
        ("a..b", None, "does not resolve"),
        ("x" * 70 + ".example", None, "does not resolve"),
    ],
    ids=["unknown", "no resolver", "no address", "no name", "long name"],
)
def test_a12_the_name_does_not_resolve(case, names, host, answer, cause):
    """Has a name that does not resolve → `dns` names it; the next endpoint at once."""
    if answer is not None:
        names[host] = answer
    server = case.serve()
    case.open(f"ws://{host}:18000/market_data", fallbacks=[server.url], allow_insecure=True)
    case.counted("lost.dns")
    assert cause in case.status.last_error
    assert host in case.status.last_error
    case.connected()
    assert case.status.endpoint == server.url
    assert case.counter("attempts") == 2


@pytest.fixture
def hanging(case, names) -> Iterator[threading.Event]:
    """A resolver that says nothing of market.example before the end of the test; set once it was asked."""
    asked, end = threading.Event(), threading.Event()

    def hang() -> list[Any]:
        asked.set()
        end.wait(30)
        return []

    names["market.example"] = hang
    yield asked
    end.set()


def test_a12_the_resolver_hangs(case, hanging):
    """The resolver hangs → `dns_timeout` by the deadline, though it cannot be interrupted; the next endpoint."""
    server = case.serve()
    began = time.monotonic()
    case.open(FAR, fallbacks=[server.url], allow_insecure=True, connect_timeout=0.7)
    case.counted("lost.dns_timeout")
    assert 0.6 < time.monotonic() - began < 3 * 0.9
    case.connected()
    assert case.status.endpoint == server.url


def test_a12_stop_is_prompt_while_the_resolver_hangs(case, hanging):
    """The resolver hangs → `stop()` returns at once, long before the deadline."""
    case.serve()
    case.truth_is_checked = False  # the session is stopped before anything came
    case.open(FAR, allow_insecure=True, connect_timeout=30)
    assert hanging.wait(5)
    case.counted("attempts")
    began = time.monotonic()
    case.session.stop()
    assert time.monotonic() - began < PROMPT
    assert case.server.accepted == 0


# A13: addresses ------------------------------------------------------------------------------------------------

Address = tuple[socket.AddressFamily, str]
IPV4, IPV6 = (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")


def has(family: socket.AddressFamily, host: str) -> bool:
    with contextlib.suppress(OSError), socket.socket(family) as probe:
        probe.bind((host, 0))
        return True
    return False


@pytest.fixture
def full_ports(case) -> Iterator[Callable[[Address], int]]:
    """Ports that drop whoever wants to connect: their queue is full, and nobody accepts."""
    with contextlib.ExitStack() as stack:

        def make(address: Address) -> int:
            family, host = address
            listener = stack.enter_context(socket.socket(family))
            listener.bind((host, 0))
            listener.listen(0)
            for _ in range(4):
                waiting = stack.enter_context(socket.socket(family))
                waiting.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    waiting.connect(listener.getsockname())
            return int(listener.getsockname()[1])

        yield make


@pytest.mark.parametrize(
    ("dropping", "good"),
    [([IPV6], IPV4), ([IPV4], IPV6), ([IPV4], IPV4), ([IPV6, IPV4], IPV4)],
    ids=["IPv6", "IPv4", "the first of two", "the first two of three"],
)
def test_a13_the_first_address_drops_packets(case, names, full_ports, dropping, good):
    """Drops packets at its first address, IPv6 or IPv4, and answers at another → connected by the one deadline."""
    if not all(has(*address) for address in (*dropping, good)):
        pytest.skip("this machine has no IPv6")
    server = case.serve(host=good[1])
    found = [(address, full_ports(address)) for address in dropping] + [(good, server.port)]
    names["market.example"] = lambda: [
        (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)) for (family, host), port in found
    ]
    case.open(FAR, allow_insecure=True, connect_timeout=1.5)
    case.counted("attempts")
    case.connected()
    assert case.counter("attempts") == 1
    assert lost(case) == {}


# A16: bytes that come early ------------------------------------------------------------------------------------


def started(bars: float = 2.4) -> Market:
    """A market that has played a while before anybody comes, and sends nothing of that when they do."""
    market = Market.made()
    market.play(bars)
    return market


def in_one_segment(size: int) -> Callable[[Peer], None]:
    """The upgrade and the first `size` bytes of a bar in one segment, the rest after the CONNECT; then CONNECTED."""

    def script(peer: Peer) -> None:
        data = encode(TEXT, json.dumps(peer.bar()).encode())
        peer.write(peer.upgrade_answer() + data[:size])
        peer.subscribed()
        peer.write(data[size:])
        peer.behave()

    return script


@pytest.mark.parametrize(
    "entry",
    ["first-bar-with-upgrade", *map(in_one_segment, (1, 2, 3, 60)), "bar-before-connected"],
    ids=["whole", "1 byte", "2 bytes", "3 bytes", "60 bytes", "after CONNECT"],
)
def test_a16_a_bar_before_the_acknowledgement(case, entry):
    """Sends its first bar with the upgrade, in one TCP segment or cut in two, or before CONNECTED → the bar is kept."""
    server = case.serve(entry, market=started())
    case.open()
    case.counted("bars.new")
    (bar,) = case.held()
    truth = server.peers[0].bar()
    assert (bar.open_time, bar.exact("close")) == (truth["open_time"], truth["close"])
    assert not bar.closed
    case.connected()
    assert case.counter("attempts") == 1
    assert case.counter("early_dropped") == 0
    case.play(1)
    case.until(lambda: len(case.closed()) == 1)  # its end came on the same connection, so the early bar was of it


def test_a16_many_bars_before_the_acknowledgement(case):
    """Sends all it has before CONNECTED → every bar is kept, in order, and what follows continues it."""

    def script(peer: Peer) -> None:
        peer.subscribed()
        peer.send(*peer.finals())
        peer.behave()

    case.serve(script, market=started(20))
    case.open()
    case.counted("bars.new", 20)
    case.connected()
    assert len(case.closed()) == 19
    assert case.counter("holes") == 0


def test_a16_too_many_bars_before_the_acknowledgement(case):
    """Sends 1,500 bars before CONNECTED → 500 are dropped and counted; the bar that they told of is not shown."""
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.subscribed()
        peer.send(*peer.states(EARLY_LIMIT + 500))
        peer.join()
        go_on.wait(10)
        peer.behave()

    case.serve(script, market=started())
    case.open()
    case.counted("early_dropped", 500)
    case.connected()
    case.until(case.held)
    case.until(lambda: case.answer(count=3, include_now=True)[-1].closed)
    assert not case.held()[-1].closed
    go_on.set()


def test_a16_a_bar_that_is_never_acknowledged(case):
    """Sends a bar, and CONNECTED never comes → the bar is dropped and counted; the next connection brings it."""

    def script(peer: Peer) -> None:
        peer.subscribed()
        peer.send(peer.bar(volume="77777"))
        peer.stay()

    case.serve(script, market=started())
    case.open(connect_timeout=0.5)
    case.counted("lost.ack_timeout")
    case.connected()
    assert [bar.exact("volume") for bar in case.held()] == []
    case.counted("early_dropped", timeout=1)


# A17: no acknowledgement ---------------------------------------------------------------------------------------


def chatter(*messages: dict[str, Any] | str) -> Callable[[Peer], None]:
    """Says these again and again, and never CONNECTED."""

    def script(peer: Peer) -> None:
        peer.subscribed()
        while True:
            peer.send(*messages)
            peer.attend(0.02)

    return script


def ping_only(peer: Peer) -> None:
    peer.subscribed()
    while True:
        peer.frame(PING, b"are you there?")
        peer.attend(0.02)


@pytest.mark.parametrize(
    "entry",
    [
        "no-ack",
        ping_only,
        chatter({"type": "PING"}),
        chatter({"type": "WEATHER"}),
        chatter("no message"),
    ],
    ids=["silence", "pings", "PING messages", "unknown messages", "no messages"],
)
def test_a17_no_acknowledgement_comes(case, entry):
    """Upgrades and never says CONNECTED, whatever else it says → `ack_timeout` by the deadline; it is tried again."""
    server = case.serve(entry)
    began = time.monotonic()
    case.open(connect_timeout=0.7)
    case.counted("lost.ack_timeout")
    assert 0.6 < time.monotonic() - began < 3 * 0.9
    assert "CONNECTED" in case.status.last_error
    case.connected()
    assert (case.status.epoch, case.status.reconnects) == (1, 0)
    assert server.accepted == 2


def test_a17_the_acknowledgement_comes_after_the_deadline(case):
    """Takes long for the upgrade, and then for CONNECTED → both have to come within the one `connect_timeout`."""

    def script(peer: Peer) -> None:
        upgrade = peer.upgrade_answer()
        peer.wait(0.9)
        peer.write(upgrade)
        peer.subscribed()
        peer.wait(1.3)
        peer.behave()

    server = case.serve(script)
    case.open(connect_timeout=1.5)
    case.counted("lost.ack_timeout")
    case.connected()
    assert lost(case) == {"lost.ack_timeout": 1}
    assert server.accepted == 2


# A18: an error instead -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("bad csrf", "auth"),
        ("Unauthorized", "auth"),
        ("invalid token", "auth"),
        ("unknown symbol", "subscription"),
        ("resolution 7m is not supported", "subscription"),
        ("the moon is in the wrong house", "other"),
    ],
)
def test_a18_an_error_instead_of_the_acknowledgement(case, said, kind):
    """Sends ERROR instead of CONNECTED → counted as auth, subscription or other; its words are kept; tried again."""
    case.serve(f"error-instead:{said}")
    case.open()
    case.counted(f"server_errors.{kind}")
    case.counted("lost.refused_by_server")
    assert said in case.status.last_error
    case.connected()
    assert {name for name in case.status.counters if name.startswith("server_errors.")} == {f"server_errors.{kind}"}
    assert case.counter("attempts") == 2


@pytest.mark.parametrize(
    "said",
    [
        f"bad csrf: {TOKEN}",
        f"unknown symbol in {{'csrf_token': '{TOKEN}', 'symbols': []}}",
        f"no, {TOKEN[:12]}",
        f"no, {TOKEN[6:]} and {TOKEN}{TOKEN}",
    ],
)
def test_a18_the_error_says_our_token(case, said):
    """Repeats our token, or a part of it, in its ERROR → its words are kept, the token is not: `***` instead."""
    case.serve(f"error-instead:{said}")
    case.open()
    case.counted("lost.refused_by_server")
    shown = f"{case.status!r} {case.session.status()!r}"
    assert not [TOKEN[at : at + 8] for at in range(len(TOKEN) - 7) if TOKEN[at : at + 8] in shown]
    assert "***" in case.status.last_error
    assert said.partition(TOKEN[:3])[0].partition(TOKEN[6:9])[0] in case.status.last_error
    case.connected()


def test_a18_the_error_is_long_and_steers_a_terminal(case):
    """Sends an ERROR of 100,000 characters with control characters among them → one short line is kept."""
    case.serve("error-instead:unknown symbol \x1b[2J\r\n\x07" + "x" * 100_000)
    case.open()
    case.counted("server_errors.subscription")
    assert case.status.last_error.isprintable()
    assert len(case.status.last_error) < 300
    case.connected()


def test_a18_a_token_that_was_renewed_meanwhile(case, tmp_path):
    """Refuses our token, which has been renewed since → it is read anew, and the next connection is let in."""
    file = tmp_path / "token"
    file.write_text("an-old-canary-token")

    def renew(peer: Peer) -> None:
        peer.subscribed()
        file.write_text(TOKEN)
        peer.send(peer.exchange.error("bad csrf"))
        peer.stay()

    server = case.serve(renew)
    case.open(csrf_token="", csrf_token_file=str(file), backoff_cap=30.0)
    case.counted("server_errors.auth")
    case.connected()
    assert [peer.connect["csrf_token"] for peer in server.peers] == ["an-old-canary-token", TOKEN]


def test_a18_a_token_that_is_refused_twice(case, tmp_path):
    """Refuses our token again → `auth_failed`, and slow probes, each with the token read anew, until one is let in."""
    file = tmp_path / "token"
    file.write_text("an-old-canary-token")
    server = case.serve()
    case.open(csrf_token="", csrf_token_file=str(file), backoff_cap=1.5)
    case.until(lambda: case.status.state == "auth_failed")
    case.counted("server_errors.auth", 2)
    assert "csrf_token" in case.status.last_error
    assert "an-old-canary" not in case.status.last_error
    assert server.accepted == 2
    threading.Event().wait(0.5)
    assert server.accepted == 2  # the next one comes 1.5 s after the last
    assert case.status.state == "auth_failed"
    file.write_text(TOKEN)
    case.connected()
    assert server.accepted == 3


def test_a18_a_token_that_is_refused_is_not_tried_at_every_endpoint_at_once(case):
    """Refuses our token at every endpoint → all refusals count together: two, then slow probes; no storm."""
    servers = [case.serve(token="another") for _ in range(3)]
    case.truth_is_checked = False  # nobody ever lets us in
    case.open(fallbacks=[server.url for server in servers[1:]], backoff_cap=30.0)
    case.until(lambda: case.status.state == "auth_failed")
    case.counted("server_errors.auth", 2)
    threading.Event().wait(0.3)
    assert sum(server.accepted for server in servers) == 2


# A19: odd acknowledgements -------------------------------------------------------------------------------------


def test_a19_the_acknowledgement_comes_twice(case):
    """Says CONNECTED twice → the second is counted and changes nothing: same connection, same bars."""
    case.serve("double-ack")
    case.open()
    case.counted("repeated_acks")
    case.connected()
    case.play(3)
    case.until(lambda: len(case.closed()) == 2)
    assert (case.counter("repeated_acks"), case.counter("attempts"), case.status.epoch) == (1, 1, 1)


@pytest.mark.parametrize("foreign", ["not-yours", "", 2, True, 1.5, ["1"]], ids=repr)
def test_a19_the_acknowledgement_of_somebody_else(case, foreign):
    """Says CONNECTED to another request than ours → it is none: `ack_timeout` by the deadline, and again."""

    def script(peer: Peer) -> None:
        peer.subscribed()
        peer.send({"type": "CONNECTED", "request_id": foreign}, peer.bar())
        peer.stay()

    server = case.serve(script)
    case.open(connect_timeout=0.7)
    case.counted("lost.ack_timeout")
    case.connected()
    assert (case.status.epoch, case.status.reconnects) == (1, 0)
    assert server.accepted == 2


def test_a19_the_acknowledgement_of_somebody_else_and_then_ours(case):
    """Says CONNECTED to another request, then to ours → the second is the one; bars in between are kept."""

    def script(peer: Peer) -> None:
        peer.subscribed()
        peer.send({"type": "CONNECTED", "request_id": "not-yours"}, peer.bar())
        peer.wait(0.3)
        assert case.status.epoch == 0
        peer.behave()

    case.serve(script, market=started())
    case.open()
    case.counted("bars.new")
    case.connected()
    assert (case.counter("attempts"), case.status.epoch) == (1, 1)
    assert len(case.held()) == 1


def test_a19_an_acknowledgement_while_bars_flow(case):
    """Says CONNECTED once more between the states of a bar, ours or another's → counted; the bar goes on as it was."""

    def script(peer: Peer) -> None:
        peer.join()
        peer.pass_on(3)
        peer.send({"type": "CONNECTED", "request_id": "1"}, {"type": "CONNECTED", "request_id": "not-yours"})
        peer.behave()

    case.serve(script)
    case.open()
    case.connected()
    case.play(2)
    case.counted("repeated_acks", 2)
    case.until(lambda: len(case.closed()) == 1)
    assert case.counter("attempts") == 1
