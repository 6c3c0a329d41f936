"""Row A14 of the table of faults: the other end cannot prove who it is, or does not get as far as TLS."""

from __future__ import annotations

import datetime as dt
import re
import socket
import ssl
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from wealthsources_simulator import Fault, MarketServer, Peer

from ..support.tls import server_context
from .proxies import Refused, Relay

pytestmark = pytest.mark.usefixtures("no_token_in_the_log")

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
TLS_RECORD = b"\x16"
#: What OpenSSL says to a version of TLS that one of both does not speak.
VERSION = "(?i)version|protocol"


class Doorman(Relay):
    """One port for two servers: who begins with TLS is led to the one, who speaks in the clear to the other.

    A client that went back to ws:// would find a good server behind it.
    """

    def __init__(self, tls: MarketServer, plain: MarketServer) -> None:
        super().__init__()
        self.tls = tls
        self.plain = plain
        self.starts: list[bytes] = []

    @property
    def url(self) -> str:
        return f"wss://127.0.0.1:{self.port}/market_data"

    def lead(self, client: socket.socket) -> socket.socket:
        start = client.recv(1, socket.MSG_PEEK)
        if not start:
            raise Refused
        self.starts.append(start)
        server = self.tls if start == TLS_RECORD else self.plain
        return self.dial(("127.0.0.1", server.port))


class Town:
    """A server with something wrong about its TLS, a good one without TLS behind the same port, and a good fallback."""

    def __init__(self, case: Any, context: ssl.SSLContext, good: ssl.SSLContext, script: tuple[Any, ...] = ()) -> None:
        self.case = case
        self.bad = case.serve(*script, tls=context)
        self.plain = case.serve()
        self.good = case.serve(tls=good)
        self.door = Doorman(self.bad, self.plain)
        case.servers.append(self.door)
        self.door.start()

    def open(self, **options: Any) -> None:
        self.case.open(self.door.url, fallbacks=[self.good.url], **options)

    def assert_lost(self, reason: str, cause: str) -> None:
        """The cause was counted and named, nothing was said in the clear, no token was sent; the fallback works."""
        case = self.case
        case.counted(f"lost.{reason}")
        assert re.search(cause, case.status.last_error), case.status.last_error
        case.connected()
        assert case.status.endpoint == self.good.url
        assert case.counter("attempts") == 2
        self.assert_nothing_was_said()

    def assert_nothing_was_said(self) -> None:
        assert set(self.door.starts) == {TLS_RECORD}
        assert self.plain.accepted == 0
        assert self.bad.received == []
        assert [peer.headers for peer in self.bad.peers if peer.headers] == []


def self_signed(tmp_path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody but itself vouches for."""
    itself = trustme.CA()
    path = tmp_path / "itself.pem"
    path.write_bytes(itself.private_key_pem.bytes() + itself.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def good(authority) -> ssl.SSLContext:
    """The context of a server about which nothing is wrong."""
    return server_context(authority, "127.0.0.1")


# the certificate -----------------------------------------------------------------------------------------------

CERTIFICATES: dict[str, tuple[Callable[..., ssl.SSLContext], str]] = {
    "self-signed": (lambda authority, path: self_signed(path), "self-signed certificate|self signed certificate"),
    "of another authority": (
        lambda authority, path: server_context(trustme.CA(), "127.0.0.1"),
        "unable to get local issuer certificate",
    ),
    "expired": (
        lambda authority, path: server_context(authority, "127.0.0.1", not_before=NOW - 9 * DAY, not_after=NOW - DAY),
        "certificate has expired",
    ),
    "not valid yet": (
        lambda authority, path: server_context(authority, "127.0.0.1", not_before=NOW + DAY, not_after=NOW + 9 * DAY),
        "certificate is not yet valid",
    ),
    "wrong name": (lambda authority, path: server_context(authority, "other.example"), "mismatch.*127.0.0.1"),
    "wrong address": (lambda authority, path: server_context(authority, "127.0.0.2"), "mismatch.*127.0.0.1"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a14_the_certificate_is_not_to_be_trusted(case, authority, good, trust, tmp_path, name):
    """Shows a certificate that is self-signed, expired, or another's → `tls_error` with the cause, no token; next."""
    make, cause = CERTIFICATES[name]
    town = Town(case, make(authority, tmp_path), good)
    town.open(ca_file=trust)
    town.assert_lost("tls_error", cause)
    assert "127.0.0.1" in case.status.last_error


def test_a14_without_ca_file_the_system_decides(case, good):
    """Shows a certificate that this machine does not trust → `tls_error` on every endpoint, for as long as that is."""
    town = Town(case, good, good)
    case.truth_is_checked = False  # there is nobody whom to trust
    town.open()
    case.counted("lost.tls_error", 4)
    assert "not trusted" in case.status.last_error
    case.until(lambda: case.status.state == "error")
    assert town.good.accepted > 0
    assert town.good.received == []
    town.assert_nothing_was_said()


def test_a14_a_name_is_compared_with_the_certificate(case, authority, trust):
    """Is reached by a name that its certificate bears, then one that it does not → trusted, then `tls_error`."""
    server = case.serve(tls=server_context(authority, "localhost"))
    named = f"wss://localhost:{server.port}/market_data"
    case.open(server.url, fallbacks=[named], ca_file=trust)
    case.counted("lost.tls_error")
    case.connected()
    assert case.status.endpoint == named
    assert "127.0.0.1" in case.status.last_error
    assert [bool(peer.received) for peer in server.peers] == [False, True]


def test_a14_an_impostor_takes_the_place_of_the_server(case, good, trust):
    """Goes, and an impostor answers at its address → `tls_error`, until it is the server again; no token for others."""
    server, plain = case.serve(tls=good), case.serve()
    impostor = case.serve(tls=server_context(trustme.CA(), "127.0.0.1"))
    door = Doorman(server, plain)
    case.servers.append(door)
    door.start()

    def leave(peer: Peer) -> None:
        peer.join()
        door.tls = impostor
        peer.say_goodbye()

    server.then(leave)
    case.open(door.url, ca_file=trust)
    case.counted("lost.tls_error", 3)
    assert case.counter("lost.closed_1000") == 1
    assert case.status.state == "reconnecting"
    door.tls = server
    case.connected(2)
    assert impostor.accepted > 0
    assert impostor.received == []
    assert plain.accepted == 0


# the handshake -------------------------------------------------------------------------------------------------


def entry(play: Callable[[Peer], None]) -> Fault:
    """A script's entry that begins before TLS does."""
    return Fault("", "A14", "tls", "", None, lambda peer, _: play(peer))


def begin_and_stall(peer: Peer) -> None:
    """The beginning of a ServerHello, then nothing."""
    peer.ready(None)
    peer.write(b"\x16\x03\x03\x40\x00\x02\x00\x3f")
    peer.drain()


def drip(peer: Peer) -> None:
    """A ServerHello that takes an hour."""
    peer.ready(None)
    peer.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + b"x" * 10_000, 0.1)


def alert(peer: Peer) -> None:
    """An alert of TLS: handshake_failure."""
    peer.ready(None)
    peer.write(b"\x15\x03\x03\x00\x02\x02\x28")
    peer.drain()


def reset(peer: Peer) -> None:
    peer.ready(None)
    peer.reset()


def binary(peer: Peer) -> None:
    peer.ready(None)
    peer.write(b"\0" * 500)
    peer.drain()


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("plain-text", "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|HTTP_REQUEST"),
        (entry(binary), "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|PACKET_LENGTH"),
        (entry(alert), "HANDSHAKE_FAILURE"),
        ("cut-handshake", "(?i)EOF"),
        (entry(reset), "(?i)reset"),
    ],
    ids=["plain text", "zeros", "an alert", "the end", "a reset"],
)
def test_a14_no_tls_where_tls_is_due(case, good, trust, fault, cause):
    """Answers the TLS handshake with plain text, nonsense or the end → `tls_error`, never ws:// instead; next."""
    town = Town(case, good, good, script=(fault,))
    town.open(ca_file=trust)
    town.assert_lost("tls_error", cause)


@pytest.mark.parametrize(
    "fault", ["stalled-handshake", entry(begin_and_stall), entry(drip)], ids=["nothing", "a beginning", "byte by byte"]
)
def test_a14_the_handshake_stalls(case, good, trust, fault):
    """Stalls inside the TLS handshake → `tls_timeout` by the one deadline, no ws:// instead; next endpoint."""
    town = Town(case, good, good, script=(fault,))
    began = time.monotonic()
    town.open(ca_file=trust, connect_timeout=1.0)
    case.counted("lost.tls_timeout")
    assert 0.9 < time.monotonic() - began < 3 * 1.2
    town.assert_lost("tls_timeout", "tls_timeout")


# the version ---------------------------------------------------------------------------------------------------


def limited(context: ssl.SSLContext, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """The same context, for a server that speaks no TLS newer than that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 1.1 is old: that is the point
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@pytest.mark.parametrize(
    ("newest", "options"),
    [
        (ssl.TLSVersion.TLSv1_1, {}),
        (ssl.TLSVersion.TLSv1_1, {"tls_minimum": "1.2"}),
        (ssl.TLSVersion.TLSv1_2, {"tls_minimum": "1.3"}),
    ],
    ids=["1.1, unsaid", "1.1 for 1.2", "1.2 for 1.3"],
)
def test_a14_an_older_tls_than_allowed(case, authority, good, trust, newest, options):
    """Speaks only a TLS older than `tls_minimum` → `tls_error` that names the version, no token; next endpoint."""
    town = Town(case, limited(server_context(authority, "127.0.0.1"), newest), good)
    town.open(ca_file=trust, **options)
    town.assert_lost("tls_error", VERSION)


@pytest.mark.parametrize(
    ("newest", "options", "spoken"),
    [
        (ssl.TLSVersion.TLSv1_2, {}, "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_2, {"tls_minimum": "1.2"}, "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_3, {"tls_minimum": "1.2"}, "TLSv1.3"),
        (ssl.TLSVersion.TLSv1_3, {"tls_minimum": "1.3"}, "TLSv1.3"),
    ],
    ids=["1.2, unsaid", "1.2 for 1.2", "1.3 for 1.2", "1.3 for 1.3"],
)
def test_a14_the_newest_tls_that_both_speak(case, authority, trust, newest, options, spoken):
    """Speaks a TLS that `tls_minimum` allows → the newest that both know is spoken, and the bars come."""
    server = case.serve(tls=limited(server_context(authority, "127.0.0.1"), newest))
    case.open(ca_file=trust, **options)
    case.counted("attempts")
    case.connected()
    assert server.peers[0]._sock.version() == spoken
    assert case.counter("attempts") == 1
