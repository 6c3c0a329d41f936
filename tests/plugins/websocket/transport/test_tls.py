"""TLS: who is trusted, and connections under it."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from wealthsources_simulator import MarketServer
from wealthsources_websocket.protocols.base import Acknowledged, BarMessage
from wealthsources_websocket.protocols.wealthai import WealthAI
from wealthsources_websocket.transport.base import CLOSE, TEXT, Connection, Frame

from ....support.markets import SAMPLE
from ....support.waiting import wait_until
from ....support.wire import Peer, frame
from .servers import (
    DEADLINE,
    PATIENCE,
    PAYLOAD,
    Script,
    ScriptPeer,
    abort_wakes,
    dial,
    elapsed,
    failure,
    over_tls,
    receive,
    receive_lost,
    serve,
)


def test_a_trusted_server_is_talked_to_from_end_to_end(context_for, trusting):
    protocol, events = WealthAI(market="binance-testnet"), []
    options = {"symbol": "BTCUSDT", "timeframe": "1h", "updates": 0, "manual": True, "token": "hunter2"}
    with MarketServer.from_csv(SAMPLE, tls=context_for("127.0.0.1"), **options) as server:
        connection = dial(server.url, tls=trusting)
        connection.send_text(protocol.subscription([("BTCUSDT", "1h")], "1", "hunter2"))
        events += protocol.read(receive(connection).data)
        server.play_bars(3)
        for _ in range(3):
            events += protocol.read(receive(connection).data)
        connection.close()
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        rows = list(itertools.islice(csv.DictReader(lines), 3))
    assert events[0] == Acknowledged("1")
    assert all(isinstance(event, BarMessage) for event in events[1:])
    assert [event.open_time for event in events[1:]] == [int(row["open_time"]) for row in rows]
    assert [event.values[3] for event in events[1:]] == [float(row["close"]) for row in rows]


def test_a_server_that_nobody_vouches_for_is_refused(context_for):
    with serve(over_tls(context_for("127.0.0.1"), Peer.upgrade)) as server:
        lost = failure(server, wss=True, tls=ssl.create_default_context())
    assert lost.reason == "tls_error"
    assert "not trusted" in lost.detail


def test_without_a_context_the_systems_certificates_decide(context_for):
    with serve(over_tls(context_for("127.0.0.1"), Peer.upgrade)) as server:
        assert failure(server, wss=True).reason == "tls_error"


def test_a_certificate_for_another_name_is_refused(context_for, trusting):
    with serve(over_tls(context_for("other.example"), Peer.upgrade)) as server:
        lost = failure(server, wss=True, tls=trusting)
    assert lost.reason == "tls_error"
    assert "127.0.0.1" in lost.detail


def test_a_certificate_that_has_expired_is_refused(context_for, trusting):
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    context = context_for("127.0.0.1", not_before=past, not_after=past + dt.timedelta(days=1))
    with serve(over_tls(context, Peer.upgrade)) as server:
        lost = failure(server, wss=True, tls=trusting)
    assert lost.reason == "tls_error"
    assert "expired" in lost.detail


def test_a_refused_server_sees_no_request(context_for):
    seen = []
    with serve(over_tls(context_for("127.0.0.1"), lambda peer: seen.append(peer.sock.recv(1)))) as server:
        failure(server, wss=True, tls=ssl.create_default_context())
    assert not any(seen)


@pytest.mark.parametrize("text", [b"HTTP/1.1 400 This is no TLS\r\n\r\n", b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_server_that_speaks_no_tls_is_refused(text, trusting):
    with serve(lambda peer: peer.send(text)) as server:
        assert failure(server, wss=True, tls=trusting).reason == "tls_error"


def test_a_server_that_closes_within_the_tls_handshake_is_told(trusting):
    with serve(lambda peer: (peer.read(5), peer.sock.shutdown(socket.SHUT_WR))) as server:
        assert failure(server, wss=True, tls=trusting).reason == "tls_error"


def _is_reset(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return True
    return False


def test_a_server_that_resets_before_the_tls_handshake_is_told():
    # With unread data, or with the reset seen first, wrapping the socket fails before a handshake has begun.
    go = threading.Event()

    class Late(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, *arguments: object, **options: object) -> ssl.SSLSocket:
            go.set()
            wait_until(lambda: _is_reset(sock))
            return super().wrap_socket(sock, *arguments, **options)  # type: ignore[arg-type]

    def script(peer: ScriptPeer) -> None:
        go.wait(PATIENCE)
        peer.send(b"hello")
        peer.reset()

    with serve(script) as server:
        assert failure(server, wss=True, tls=Late(ssl.PROTOCOL_TLS_CLIENT)).reason == "tls_error"


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x03\x40\x00\x02"], ids=["nothing", "a beginning"])
def test_a_server_that_stalls_within_the_tls_handshake_ends_by_the_deadline(sent, trusting):
    with serve(lambda peer: peer.send(sent)) as server:
        assert failure(server, wss=True, timeout=DEADLINE, tls=trusting).reason == "tls_timeout"


def test_a_server_that_never_answers_over_tls_ends_by_the_deadline(context_for, trusting):
    with serve(over_tls(context_for("127.0.0.1"), Peer.read_request)) as server:
        assert failure(server, wss=True, timeout=DEADLINE, tls=trusting).reason == "handshake_timeout"


@contextlib.contextmanager
def connected_over_tls(context: ssl.SSLContext, tls: ssl.SSLContext, script: Script) -> Iterator[Connection]:
    def whole(peer: ScriptPeer) -> None:
        peer.upgrade()
        script(peer)

    with serve(over_tls(context, whole)) as server:
        connection = dial(server.wss, tls=tls)
        try:
            yield connection
        finally:
            connection.drop()


def test_half_a_frame_over_tls_keeps_nobody_and_is_whole_when_the_rest_comes(context_for, trusting):
    whole, go_on = frame(TEXT, PAYLOAD), threading.Event()

    def script(peer: ScriptPeer) -> None:
        peer.send(whole[:100])
        go_on.wait(PATIENCE)
        peer.send(whole[100:])

    with connected_over_tls(context_for("127.0.0.1"), trusting, script) as connection:
        assert connection.receive() is None
        go_on.set()
        assert receive(connection) == Frame(TEXT, PAYLOAD)


def test_a_server_that_goes_without_ending_tls_is_told(context_for, trusting):
    def script(peer: ScriptPeer) -> None:
        socket.socket.shutdown(peer.sock, socket.SHUT_WR)

    with connected_over_tls(context_for("127.0.0.1"), trusting, script) as connection:
        assert receive_lost(connection).reason == "tls_eof"


def test_an_abort_wakes_a_reader_over_tls(context_for, trusting):
    with connected_over_tls(context_for("127.0.0.1"), trusting, lambda peer: None) as connection:
        abort_wakes(connection, connection.receive)


def test_an_abort_wakes_a_writer_over_tls(context_for, trusting):
    with connected_over_tls(context_for("127.0.0.1"), trusting, lambda peer: None) as connection:
        abort_wakes(connection, lambda: connection.ping(b"12345678"))


def test_a_goodbye_over_tls_is_answered(context_for, trusting):
    def script(peer: ScriptPeer) -> None:
        peer.send(frame(CLOSE, peer.read_frame().payload))

    with connected_over_tls(context_for("127.0.0.1"), trusting, script) as connection:
        assert elapsed(lambda: connection.close(timeout=PATIENCE)) < 1
