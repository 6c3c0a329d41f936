"""Frames in and out of an upgraded connection, against servers that send whatever a test wants."""

from __future__ import annotations

import itertools
import queue
import socket
import struct
import threading
import time

import pytest
from hypothesis import given, settings, strategies as st

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import BINARY, CLOSE, PING, PONG, TEXT, Frame

from ....support.laws import tries
from ....support.wire import CONTINUATION, Peer, frame, header
from .servers import (
    LIMIT,
    PATIENCE,
    PAYLOAD,
    PROMPT,
    Script,
    ScriptPeer,
    abort_wakes,
    connected,
    dial,
    elapsed,
    receive,
    receive_lost,
    sending,
    serve,
)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_of_any_size_comes_as_it_was_sent(opcode, size):
    payload = bytes(number % (127 if opcode == TEXT else 251) for number in range(size))
    with connected(sending(frame(opcode, payload)), limit=65_536) as connection:
        assert receive(connection) == Frame(opcode, payload)


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_a_control_frame_comes_as_it_was_sent(opcode):
    with connected(sending(frame(opcode, b"x" * 125))) as connection:
        assert receive(connection) == Frame(opcode, b"x" * 125)


@pytest.mark.parametrize("payload", [b"", struct.pack("!H", 1012) + b"restart", struct.pack("!H", 4001)])
def test_a_close_frame_comes_with_its_code_and_reason(payload):
    with connected(sending(frame(CLOSE, payload))) as connection:
        assert receive(connection) == Frame(CLOSE, payload)


def test_fragments_are_one_message():
    parts = [frame(TEXT, b"one ", fin=False), frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, b"two")]
    with connected(sending(*parts, frame(TEXT, b"next"))) as connection:
        assert [receive(connection), receive(connection)] == [Frame(TEXT, b"one two"), Frame(TEXT, b"next")]


def test_a_ping_between_fragments_comes_before_the_message():
    parts = [frame(TEXT, b"one ", fin=False), frame(PING, b"!"), frame(CONTINUATION, b"two")]
    with connected(sending(*parts)) as connection:
        assert [receive(connection), receive(connection)] == [Frame(PING, b"!"), Frame(TEXT, b"one two")]


def test_fragments_of_bytes_are_a_message_of_bytes():
    with connected(sending(frame(BINARY, b"\xff", fin=False), frame(CONTINUATION, b"\xfe"))) as connection:
        assert receive(connection) == Frame(BINARY, b"\xff\xfe")


def test_a_character_may_be_split_between_fragments():
    text = "é".encode()
    with connected(sending(frame(TEXT, text[:1], fin=False), frame(CONTINUATION, text[1:]))) as connection:
        assert receive(connection) == Frame(TEXT, text)


START = frame(TEXT, b"start", fin=False)
VIOLATIONS = {
    "first reserved bit": frame(TEXT, b"x", rsv=4),
    "second reserved bit": frame(TEXT, b"x", rsv=2),
    "third reserved bit": frame(TEXT, b"x", rsv=1),
    "reserved opcode of data": frame(3, b"x"),
    "reserved opcode of control": frame(11, b"x"),
    "masked": frame(TEXT, b"x", mask=True),
    "masked, header only": header(TEXT, 100, mask=True),
    "masked ping": frame(PING, b"x", mask=True),
    "continuation of nothing": frame(CONTINUATION, b"x"),
    "continuation that goes on": frame(CONTINUATION, b"x", fin=False),
    "text inside a text": START + frame(TEXT, b"x"),
    "bytes inside a text": START + frame(BINARY, b"x", fin=False),
    "fragmented ping": frame(PING, b"x", fin=False),
    "fragmented pong": frame(PONG, b"x", fin=False),
    "fragmented close": frame(CLOSE, b"\x03\xe8", fin=False),
    "long ping": frame(PING, b"x" * 126),
    "long pong": frame(PONG, b"x" * 126),
    "long close": frame(CLOSE, b"\x03\xe8" + b"x" * 124),
    "half a close code": frame(CLOSE, b"\x03"),
    "reserved close code": frame(CLOSE, struct.pack("!H", 1006)),
    "close code of nobody": frame(CLOSE, struct.pack("!H", 2000)),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_of_the_protocol_ends_the_connection(name):
    with connected(sending(VIOLATIONS[name])) as connection:
        assert receive_lost(connection).reason == "protocol"


@pytest.mark.parametrize("length", [LIMIT + 1, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_frame_that_announces_too_much_is_refused_by_its_header(length):
    with connected(sending(header(TEXT, length))) as connection:  # not one byte of the payload ever comes
        lost = receive_lost(connection)
    assert lost.reason == "too_big"
    assert str(length) in lost.detail


def test_a_message_as_large_as_allowed_is_taken_in_fragments_too():
    parts = [frame(TEXT, b"x" * (LIMIT // 2), fin=False), frame(CONTINUATION, b"y" * (LIMIT // 2))]
    with connected(sending(*parts)) as connection:
        assert receive(connection) == Frame(TEXT, b"x" * (LIMIT // 2) + b"y" * (LIMIT // 2))


def test_fragments_that_are_too_much_together_are_refused_before_the_last():
    parts = [frame(TEXT, b"x" * (LIMIT // 2), fin=False), *[frame(CONTINUATION, b"y" * (LIMIT // 4), fin=False)] * 3]
    with connected(sending(*parts)) as connection:
        assert receive_lost(connection).reason == "too_big"


def test_the_size_of_one_message_does_not_count_for_the_next():
    message = frame(TEXT, b"x" * (LIMIT // 2), fin=False) + frame(CONTINUATION, b"y")
    with connected(sending(message * 5)) as connection:
        assert [receive(connection).opcode for _ in range(5)] == [TEXT] * 5


def test_endless_empty_fragments_are_refused():
    with connected(sending(frame(TEXT, b"", fin=False), frame(CONTINUATION, b"", fin=False) * 20_000)) as connection:
        assert receive_lost(connection).reason == "too_big"


# waiting -------------------------------------------------------------------------------------------------------


def test_when_nothing_comes_the_reader_is_free_again_after_a_moment():
    with connected(lambda peer: None) as connection:
        start = time.monotonic()
        assert connection.receive() is None
        assert time.monotonic() - start < PROMPT


HALVES = {
    "in the first bytes": 1,
    "in the length": 3,
    "before the payload": 4,
    "in the payload": 100,
    "before the last byte": 203,
}


@pytest.mark.parametrize("place", HALVES)
def test_half_a_frame_keeps_nobody_and_is_whole_when_the_rest_comes(place):
    whole, go_on = frame(TEXT, PAYLOAD), threading.Event()

    def script(peer: ScriptPeer) -> None:
        peer.send(whole[: HALVES[place]])
        go_on.wait(PATIENCE)
        peer.send(whole[HALVES[place] :] + frame(TEXT, b"next"))

    with connected(script) as connection:
        start = time.monotonic()
        assert connection.receive() is None
        assert time.monotonic() - start < 2 * PROMPT
        go_on.set()
        assert [receive(connection), receive(connection)] == [Frame(TEXT, PAYLOAD), Frame(TEXT, b"next")]


def test_half_a_message_of_fragments_keeps_nobody_and_is_whole_when_the_rest_comes():
    go_on = threading.Event()

    def script(peer: ScriptPeer) -> None:
        peer.send(frame(TEXT, b"one ", fin=False) + frame(CONTINUATION, b"two")[:3])
        go_on.wait(PATIENCE)
        peer.send(frame(CONTINUATION, b"two")[3:])

    with connected(script) as connection:
        assert connection.receive() is None
        go_on.set()
        assert receive(connection) == Frame(TEXT, b"one two")


@pytest.mark.parametrize("how", ["bytes", "fragments"])
def test_a_message_that_drips_keeps_nobody_and_is_whole_in_the_end(how):
    enough = threading.Event()

    def script(peer: ScriptPeer) -> None:
        peer.send(header(TEXT, 10_000) if how == "bytes" else frame(TEXT, fin=False))
        sent = 0
        while not enough.wait(0.02) and not peer.over.is_set():
            peer.send(b"x" if how == "bytes" else frame(CONTINUATION, b"x", fin=False))
            sent += 1
        rest = b"x" * (10_000 - sent)
        peer.send(rest if how == "bytes" else frame(CONTINUATION, rest))

    with connected(script) as connection:
        for _ in range(2):
            start = time.monotonic()
            assert connection.receive() is None
            assert time.monotonic() - start < 2 * PROMPT
        enough.set()
        assert receive(connection) == Frame(TEXT, b"x" * 10_000)


# the end -------------------------------------------------------------------------------------------------------


def test_a_server_that_goes_without_a_close_frame_is_told():
    with connected(lambda peer: peer.sock.shutdown(socket.SHUT_WR)) as connection:
        assert receive_lost(connection).reason == "cut"


def test_a_server_that_resets_is_told():
    with connected(Peer.reset) as connection:
        assert receive_lost(connection).reason == "reset"


def test_a_server_that_goes_in_the_middle_of_a_frame_is_told():
    def script(peer: ScriptPeer) -> None:
        peer.send(frame(TEXT, PAYLOAD)[:50])
        peer.sock.shutdown(socket.SHUT_WR)

    with connected(script) as connection:
        assert receive_lost(connection).reason == "cut"


def test_what_came_before_the_end_is_delivered():
    def script(peer: ScriptPeer) -> None:
        peer.send(frame(TEXT, b"last words"))
        peer.sock.shutdown(socket.SHUT_WR)

    with connected(script) as connection:
        assert receive(connection) == Frame(TEXT, b"last words")
        assert receive_lost(connection).reason == "cut"


def test_a_connection_that_is_over_stays_over():
    with connected(lambda peer: peer.sock.shutdown(socket.SHUT_WR)) as connection:
        assert [receive_lost(connection).reason for _ in range(3)] == ["cut"] * 3
        with pytest.raises(ConnectionLost) as caught:
            connection.send_text("anybody there?")
        assert caught.value.reason == "send_failed"


def test_what_is_sent_arrives():
    got: queue.Queue[tuple[int, bytes]] = queue.Queue()

    def script(peer: ScriptPeer) -> None:
        for _ in range(4):
            got.put(peer.read_frame()[::2])

    with connected(script) as connection:
        connection.send_text("né")
        connection.ping(b"12345678")
        connection.pong(b"back")
        connection.send_text("x" * 70_000)
        frames = [got.get(timeout=PATIENCE) for _ in range(4)]
    assert frames == [(TEXT, "né".encode()), (PING, b"12345678"), (PONG, b"back"), (TEXT, b"x" * 70_000)]


def test_a_server_that_reads_nothing_does_not_keep_the_sender():
    with connected(lambda peer: peer.over.wait()) as connection:
        start = time.monotonic()
        with pytest.raises(ConnectionLost) as caught:
            connection.send_text("x" * 20_000_000)
        assert time.monotonic() - start < 4 * PATIENCE
    assert caught.value.reason == "send_failed"


def test_a_goodbye_that_is_answered_ends_at_once():
    heard: list[tuple[int, bytes]] = []

    def script(peer: ScriptPeer) -> None:
        heard.append(peer.read_frame()[::2])
        peer.send(frame(TEXT, b"too late") + frame(CLOSE, heard[0][1]))

    with connected(script) as connection:
        assert elapsed(lambda: connection.close(1001, timeout=PATIENCE)) < 1
    assert heard == [(CLOSE, struct.pack("!H", 1001))]


def flood(peer: ScriptPeer) -> None:
    while not peer.over.is_set():
        peer.send(frame(TEXT, b"x" * 100) * 100)


SILENCES: dict[str, Script] = {
    "nothing": lambda peer: None,
    "half a frame": lambda peer: peer.send(header(TEXT, 100) + b"x"),
    "a frame that drips": lambda peer: peer.drip(header(TEXT, 10_000) + b"x" * 10_000, 0.01),
    "pings only": lambda peer: peer.drip(frame(PING) * 1000, 0.01),
    "bars and no end": flood,
    "nothing, and reads nothing": lambda peer: peer.over.wait(),
}


@pytest.mark.parametrize("silence", SILENCES)
def test_a_goodbye_that_is_not_answered_ends_by_its_timeout(silence):
    with connected(SILENCES[silence]) as connection:
        assert elapsed(lambda: connection.close(timeout=0.1)) < 0.1 + 2 * PROMPT
        assert receive_lost(connection).reason == "cut"


def test_a_goodbye_to_a_server_that_is_gone_ends_at_once():
    with connected(Peer.reset) as connection:
        receive_lost(connection)
        assert elapsed(lambda: connection.close(timeout=PATIENCE)) < 1


def test_a_goodbye_leaves_no_connection():
    with serve(Peer.upgrade) as server:
        connection = dial(server.url)
        connection.close(timeout=0)
        assert server.peers[0].gone.wait(PATIENCE)


def test_a_connection_can_be_let_go_of_more_than_once():
    with connected(lambda peer: None) as connection:
        connection.drop()
        connection.drop()
        connection.close()
        connection.abort()
        assert receive_lost(connection).reason == "cut"


@pytest.mark.parametrize("place", HALVES)
def test_an_abort_wakes_a_reader(place):
    with connected(lambda peer: peer.send(frame(TEXT, PAYLOAD)[: HALVES[place]])) as connection:
        abort_wakes(connection, connection.receive)


def test_an_abort_wakes_a_writer():
    with connected(lambda peer: None) as connection:
        abort_wakes(connection, lambda: connection.ping(b"12345678"))


# laws ----------------------------------------------------------------------------------------------------------

CONTROL = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125))
ASCII = st.text(st.characters(max_codepoint=127), max_size=300).map(str.encode)
MESSAGE = st.one_of(
    st.tuples(st.just(TEXT), st.lists(ASCII, min_size=1, max_size=4)),
    st.tuples(st.just(BINARY), st.lists(st.binary(max_size=300), min_size=1, max_size=4)),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Frame]]:
    """What a lawful server may send, and what must come of it."""
    sent, wanted = b"", []
    for opcode, parts in draw(st.lists(MESSAGE, max_size=5)):
        for number, part in enumerate(parts):
            for kind, payload in draw(st.lists(CONTROL, max_size=1)):
                sent += frame(kind, payload)
                wanted.append(Frame(kind, payload))
            sent += frame(CONTINUATION if number else opcode, part, fin=number == len(parts) - 1)
        wanted.append(Frame(opcode, b"".join(parts)))
    return sent, wanted


def test_frames_come_whole_and_in_order_however_they_are_cut_into_segments():
    segments: queue.Queue[bytes | None] = queue.Queue()

    def script(peer: ScriptPeer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for segment in iter(segments.get, None):
            peer.send(segment)

    with connected(script) as connection:

        @settings(max_examples=tries(40))
        @given(conversations(), st.lists(st.integers(0, 3000), max_size=12))
        def law(conversation: tuple[bytes, list[Frame]], cuts: list[int]) -> None:
            sent, wanted = conversation
            for first, last in itertools.pairwise([0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]):
                segments.put(sent[first:last])
            assert [receive(connection) for _ in wanted] == wanted

        try:
            law()
        finally:
            segments.put(None)


def test_random_bytes_end_the_connection_and_do_nothing_else():
    noise: list[bytes] = []
    reasons: set[str] = set()

    def script(peer: ScriptPeer) -> None:
        peer.upgrade()
        peer.send(noise[-1])
        peer.sock.shutdown(socket.SHUT_WR)

    with serve(script) as server:

        @settings(max_examples=tries(20))
        @given(st.binary(max_size=300) | conversations().flatmap(lambda told: st.permutations(told[0]).map(bytes)))
        def law(data: bytes) -> None:
            noise.append(data)
            connection = dial(server.url)
            try:
                while True:
                    got = connection.receive()
                    assert got is None or isinstance(got, Frame)
            except ConnectionLost as lost:
                reasons.add(lost.reason)
            finally:
                connection.drop()

        law()
    assert "protocol" in reasons <= {"cut", "protocol", "too_big", "invalid_utf8"}
