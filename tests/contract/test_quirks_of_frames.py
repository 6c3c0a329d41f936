"""Quirks of websocket-client: frames, their sizes and their text."""

from __future__ import annotations

import contextlib
import inspect
import ssl
import time
from collections.abc import Callable

import pytest
import websocket
from websocket import (
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketProtocolException,
    WebSocketTimeoutException,
)
from websocket._abnf import continuous_frame, frame_buffer

from ..support.waiting import wait_until
from ..support.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, header
from .quirks import NORMAL, PATIENCE, PAYLOAD, failure_at_once, frames_of, quirk, relied_on, shut_down, stuck

# W1: a stalled half frame --------------------------------------------------------------------------------------


def test_w1_close_waits_for_a_stuck_reader_beyond_its_own_timeout(stage):
    ws, sock, peer = stage.upgraded()
    peer.send(frame(TEXT, PAYLOAD)[:100])
    with quirk("W1", "close(timeout) waits for the lock of a reader of half a frame", "Connection.close"):
        reader = stage.run(ws.recv_frame)
        wait_until(ws.frame_buffer.lock.locked)
        closer = stage.run(ws.close, timeout=0.001)
        assert stuck(closer)
        shut_down(sock)
        closer.result(PATIENCE)
        assert reader.exception(PATIENCE)


@pytest.mark.parametrize("place", [1, 2, 3, 4, 100, len(frame(TEXT, PAYLOAD)) - 1])
def test_w1_half_a_frame_survives_a_timeout_and_is_completed_later(stage, place):
    ws, sock, peer = stage.upgraded()
    whole = frame(TEXT, PAYLOAD) + frame(PING, b"next")
    with relied_on("W1", "a half-received frame survives a timeout", "Connection.receive, which returns None then,"):
        peer.send(whole[:place])
        sock.settimeout(0.02)
        for _ in range(2):
            with pytest.raises(WebSocketTimeoutException):
                ws.frame_buffer.recv_frame()
        peer.send(whole[place:])
        sock.settimeout(PATIENCE)
        assert frames_of(ws, 2) == [(TEXT, PAYLOAD), (PING, b"next")]


def test_w1_a_receive_function_of_ours_may_time_out_between_any_two_bytes(stage):
    ws, _, peer = stage.upgraded()
    calls = 0

    def impatient(_size: int) -> bytes:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise WebSocketTimeoutException("the moment is over")
        data: bytes = ws._recv(1)
        return data

    with relied_on("W1", "what came before a timeout is kept", "_LimitedFrames, which times out by its own clock,"):
        whole = frame(TEXT, PAYLOAD)
        peer.send(whole)
        frames = frame_buffer(impatient, skip_utf8_validation=True)
        for _ in whole:
            with pytest.raises(WebSocketTimeoutException):
                frames.recv_frame()
        assert frames.recv_frame().data == PAYLOAD
        assert calls == 2 * len(whole)


@pytest.mark.parametrize("place", [0, 1, 3, 100])
def test_w1_shutting_the_socket_down_ends_a_stuck_reader_at_once(stage, place):
    ws, sock, peer = stage.upgraded()
    sock.settimeout(None)
    peer.send(frame(TEXT, PAYLOAD)[:place])
    with relied_on("W1", "shutting our socket down ends a reader at once", "Connection.abort"):
        reader = stage.run(ws.frame_buffer.recv_frame)
        wait_until(ws.frame_buffer.lock.locked)
        shut_down(sock)
        assert isinstance(failure_at_once(reader), WebSocketConnectionClosedException)


@pytest.mark.parametrize("place", [0, 100])
def test_w1_the_end_of_the_stream_is_told_apart_from_a_timeout(stage, place):
    ws, _, peer = stage.upgraded()
    peer.send(frame(TEXT, PAYLOAD)[:place])
    peer.end()
    with (
        relied_on("W1", "the end of the stream is an error of its own", "Connection.receive"),
        pytest.raises(WebSocketConnectionClosedException),
    ):
        ws.frame_buffer.recv_frame()


def test_w1_a_reset_comes_through_as_it_is(stage):
    ws, _, peer = stage.upgraded()
    peer.reset()
    with (
        relied_on("W1", "an error of the socket comes through as it is", "Connection.receive"),
        pytest.raises(ConnectionResetError),
    ):
        ws.frame_buffer.recv_frame()


def test_w1_half_a_frame_survives_a_timeout_over_tls_too(stage, serving, trusting):
    ws, sock, peer = stage.over_tls(stage.upgraded(), serving, trusting)
    whole = frame(TEXT, PAYLOAD)
    with relied_on("W1", "a half-received frame survives a timeout over TLS", "Connection.receive"):
        peer.send(whole[:100])
        sock.settimeout(0.02)
        for _ in range(2):
            with pytest.raises(WebSocketTimeoutException):
                ws.frame_buffer.recv_frame()
        peer.send(whole[100:])
        sock.settimeout(PATIENCE)
        assert frames_of(ws, 1) == [(TEXT, PAYLOAD)]


def test_w1_shutting_the_socket_down_ends_a_stuck_reader_over_tls_too(stage, serving, trusting):
    ws, sock, peer = stage.over_tls(stage.upgraded(), serving, trusting)
    sock.settimeout(None)
    peer.send(frame(TEXT, PAYLOAD)[:100])
    with relied_on("W1", "shutting our socket down ends a reader over TLS at once", "Connection.abort"):
        reader = stage.run(ws.frame_buffer.recv_frame)
        wait_until(ws.frame_buffer.lock.locked)
        shut_down(sock)
        assert isinstance(failure_at_once(reader), OSError | WebSocketException)


def test_w1_an_end_of_tls_that_was_not_announced_comes_through_as_it_is(stage, serving, trusting):
    ws, _, peer = stage.over_tls(stage.upgraded(), serving, trusting)
    peer.end()
    with relied_on("W1", "a ragged end of TLS is an SSLError", "Connection.receive"), pytest.raises(ssl.SSLEOFError):
        ws.frame_buffer.recv_frame()


# W14: no limit of size -----------------------------------------------------------------------------------------


def test_w14_a_frame_of_any_announced_size_is_read_by_the_library_itself(stage):
    ws, sock, peer = stage.upgraded()
    sent = 100_000
    with quirk("W14", "a frame that announces a terabyte is read and kept as it comes", "_LimitedFrames"):
        sending = stage.run(peer.send, header(BINARY, 1 << 40) + b"x" * sent)
        sock.settimeout(0.02)
        end = time.monotonic() + PATIENCE
        while sum(map(len, ws.frame_buffer.recv_buffer)) < sent and time.monotonic() < end:
            with pytest.raises(WebSocketTimeoutException):
                ws.recv_frame()
        sending.result(PATIENCE)
        assert sum(map(len, ws.frame_buffer.recv_buffer)) == sent


def test_w14_fragments_are_joined_without_a_limit():
    with quirk("W14", "fragments are joined without end, by repeated concatenation", "_LimitedFragments"):
        fragments = continuous_frame(fire_cont_frame=False, skip_utf8_validation=True)
        for number in range(20_000):
            fragments.add(websocket.ABNF(0, 0, 0, 0, CONTINUATION if number else BINARY, 0, b"x" * 10))
        assert len(fragments.cont_data[1]) == 200_000


class TooBig(Exception):
    """As Lost is raised by _LimitedFrames: the library does not know it."""


class Watching(frame_buffer):
    """A reader of frames that keeps what it learned of each header, and refuses a frame of more than `limit` bytes."""

    def __init__(self, receive: Callable[[int], bytes], limit: int = 1 << 63) -> None:
        super().__init__(self._receive_some, skip_utf8_validation=True)
        self._receive = receive
        self._limit = limit
        self.seen: list[tuple[bool, int]] = []
        self.sizes: list[int] = []

    def _receive_some(self, size: int) -> bytes:
        self.sizes.append(size)
        return self._receive(size)

    def recv_length(self) -> None:
        super().recv_length()
        self.seen.append((bool(self.has_mask()), self.length))
        if self.length > self._limit:
            raise TooBig


@pytest.mark.parametrize("length", [126, 65_535, 65_536, 1 << 40, (1 << 64) - 1])
def test_w14_a_reader_of_ours_may_refuse_a_frame_before_a_byte_of_its_payload_is_read(stage, length):
    ws, sock, peer = stage.upgraded()
    with relied_on("W14", "recv_length() is called after the header and before the payload", "_LimitedFrames"):
        frames = Watching(ws._recv, limit=125)
        peer.send(header(BINARY, length) + b"payload")
        with pytest.raises(TooBig):
            frames.recv_frame()
        assert frames.seen == [(False, length)]
        assert sock.recv(100) == b"payload"


def test_w14_a_reader_of_ours_learns_length_and_mask_of_every_frame_once(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W14", "recv_length() is called once for each frame, has_mask() is known then", "_LimitedFrames"):
        frames = Watching(ws._recv)
        peer.send(frame(TEXT) + header(TEXT, 4, mask=True) + b"\0\0\0\0four" + frame(BINARY, b"x" * 70_000))
        assert [frames.recv_frame().data for _ in range(3)] == [b"", b"four", b"x" * 70_000]
        assert frames.seen == [(False, 0), (True, 4), (False, 70_000)]


def test_w14_a_reader_of_ours_is_asked_for_little_at_a_time_and_never_for_the_next_frame(stage):
    ws, sock, peer = stage.upgraded()
    with relied_on("W14", "a reader asks for 16 KiB at most, and not beyond its frame", "_LimitedFrames"):
        frames = Watching(ws._recv)
        sending = stage.run(peer.send, frame(BINARY, b"x" * 1_000_000) + b"next")
        assert frames.recv_frame().data == b"x" * 1_000_000
        sending.result(PATIENCE)
        assert max(frames.sizes) <= 16_384
        assert sock.recv(100) == b"next"


def test_w14_the_object_reads_through_a_reader_of_ours_and_loses_nothing_that_came_with_the_upgrade(stage):
    ws, _, _ = stage.upgraded(first=frame(TEXT, b"first") + frame(TEXT, b"second"))
    with relied_on("W14", "frame_buffer may be replaced after the upgrade, and holds nothing by then", "_upgrade"):
        assert ws.frame_buffer.recv_buffer == []
        ws.frame_buffer = Watching(ws._recv)
        assert [ws.recv_frame().data for _ in range(2)] == [b"first", b"second"]
        assert len(ws.frame_buffer.seen) == 2


def test_w14_the_methods_that_we_call_or_replace_take_what_they_took():
    wanted = {
        frame_buffer.__init__: ["self", "recv_fn", "skip_utf8_validation"],
        frame_buffer.recv_frame: ["self"],
        frame_buffer.recv_length: ["self"],
        frame_buffer.has_mask: ["self"],
        continuous_frame.__init__: ["self", "fire_cont_frame", "skip_utf8_validation"],
        continuous_frame.validate: ["self", "frame"],
        continuous_frame.add: ["self", "frame"],
        continuous_frame.extract: ["self", "frame"],
        websocket.WebSocket._recv: ["self", "bufsize"],
        websocket.WebSocket.send: ["self", "payload", "opcode"],
    }
    for method, parameters in wanted.items():
        with relied_on("W14", f"{method.__qualname__} takes {', '.join(parameters)}", "what calls or replaces it"):
            assert list(inspect.signature(method).parameters) == parameters


def test_w14_fragments_come_one_by_one_with_all_that_a_joiner_of_ours_needs(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W14", "recv_frame() gives each fragment with opcode, fin and data", "_LimitedFragments"):
        peer.send(frame(TEXT, b"a", fin=False) + frame(PING, b"b") + frame(CONTINUATION, b"c"))
        got = [ws.frame_buffer.recv_frame() for _ in range(3)]
        assert [(one.opcode, bool(one.fin), one.data) for one in got] == [
            (TEXT, False, b"a"),
            (PING, True, b"b"),
            (CONTINUATION, True, b"c"),
        ]
        got[2].data = b"ac"
        assert got[2].data == b"ac"


@pytest.mark.parametrize(
    ("within", "opcode", "fine"),
    [
        (None, TEXT, True),
        (None, BINARY, True),
        (None, CONTINUATION, False),
        (TEXT, CONTINUATION, True),
        (BINARY, CONTINUATION, True),
        (TEXT, TEXT, False),
        (TEXT, BINARY, False),
    ],
)
def test_w14_the_order_of_fragments_is_checked_by_an_attribute_that_a_joiner_of_ours_sets(within, opcode, fine):
    joiner = continuous_frame(fire_cont_frame=False, skip_utf8_validation=True)
    fragment = websocket.ABNF(0, 0, 0, 0, opcode, 0, b"x")
    with relied_on("W14", "validate() goes by recving_frames and raises a protocol exception", "_LimitedFragments"):
        joiner.recving_frames = within
        with contextlib.nullcontext() if fine else pytest.raises(WebSocketProtocolException):
            joiner.validate(fragment)


# W23: UTF-8 ----------------------------------------------------------------------------------------------------


def test_w23_the_check_of_utf8_is_far_slower_than_decoding():
    from websocket._utils import validate_utf8

    data = b"x" * 100_000

    def best_of_three(work: Callable[[], object]) -> float:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return min(times)

    with quirk("W23", "the library checks UTF-8 in slow Python", "skip_utf8_validation=True"):
        assert best_of_three(lambda: validate_utf8(data)) > 20 * best_of_three(data.decode)


def test_w23_without_the_check_the_bytes_come_through_as_they_are(stage):
    ws, _, peer = stage.upgraded()
    with relied_on(
        "W23", "skip_utf8_validation=True hands over bytes", "Connection.receive, which leaves UTF-8 to us,"
    ):
        peer.send(frame(TEXT, b"\xff\xfe") + frame(CLOSE, NORMAL + b"\xff"))
        got = frames_of(ws, 2)
        assert got == [(TEXT, b"\xff\xfe"), (CLOSE, NORMAL + b"\xff")]
        assert [type(payload) for _, payload in got] == [bytes, bytes]


# W25: what a strict client refuses -----------------------------------------------------------------------------


def test_w25_a_masked_frame_of_the_server_is_accepted(stage):
    ws, _, peer = stage.upgraded()
    with quirk("W25", "masked frames of a server are accepted", "the look at has_mask() in _LimitedFrames"):
        peer.send(header(TEXT, 4, mask=True) + b"\x01\x01\x01\x01" + b"gntq")
        assert ws.recv_frame().data == b"foup"


LAX = {
    "a pong in fragments": frame(PONG, b"x", fin=False),
    "a close in fragments": frame(CLOSE, NORMAL, fin=False),
    "a ping of more than 125 bytes": frame(PING, b"x" * 126),
    "a pong of more than 125 bytes": frame(PONG, b"x" * 126),
}


@pytest.mark.parametrize("name", LAX)
def test_w25_a_control_frame_that_may_not_be_is_accepted_and_can_be_seen(stage, name):
    ws, _, peer = stage.upgraded()
    with quirk("W25", f"{name} is accepted", "_check_control"):
        peer.send(LAX[name])
        got = ws.frame_buffer.recv_frame()
        assert not got.fin or len(got.data) == 126


STRICT = {
    "a ping in fragments": frame(PING, b"x", fin=False),
    "a close of one byte": frame(CLOSE, b"x"),
    "a close of more than 125 bytes": frame(CLOSE, NORMAL + b"x" * 124),
    "an unknown opcode": frame(3, b"x"),
    "an unknown control opcode": frame(11, b"x"),
}


@pytest.mark.parametrize("name", STRICT)
def test_w25_other_frames_that_may_not_be_are_refused_by_the_library(stage, name):
    ws, _, peer = stage.upgraded()
    peer.send(STRICT[name])
    with (
        relied_on("W25", f"{name} is refused", "Connection.receive"),
        pytest.raises(WebSocketProtocolException),
    ):
        ws.frame_buffer.recv_frame()
