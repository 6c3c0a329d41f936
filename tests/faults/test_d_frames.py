"""Section D of the table of faults: frames that a WebSocket must not hold, and odd ones that it may."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from itertools import groupby

import psutil
import pytest

from wealthsources_simulator import Market, MarketServer, Peer, encode, fault
from wealthsources_simulator.framing import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload

from .case import SERIES, Case, Message, facts
from .sending import Script, delivered, on_go, once, spoiled, stayed, told_by, wait_for

MEGABYTE = 1 << 20

#: All that may end a connection after the upgrade, whatever a server sends, beside a Close frame of its own.
DOCUMENTED = {"protocol", "too_big", "invalid_utf8", "ack_timeout", "pong_timeout", "cut", "reset", "send_failed"}


# what a server does --------------------------------------------------------------------------------------------------


def bar_text(peer: Peer, note: bytes = b"") -> bytes:
    """The message of the newest bar, with a note of these bytes."""
    return json.dumps(peer.bar(note="?")).encode().replace(b"?", note)


def fragments(message: bytes, count: int) -> bytes:
    """A text message in so many frames, all of one size but the last."""
    size = len(message) // count
    cuts = [message[at * size : (at + 1) * size] for at in range(count - 1)]
    last = encode(CONTINUATION, message[(count - 1) * size :])
    return encode(TEXT, cuts[0], fin=False) + b"".join(encode(CONTINUATION, cut, fin=False) for cut in cuts[1:]) + last


# what must come of it ------------------------------------------------------------------------------------------------


def breaks_off(case: Case, entry: str | Script, reason: str, code: int) -> None:
    """Such a frame ends the connection with that Close code, is no part of any bar, and the next endpoint is tried."""
    case.play(3)
    bad, good = case.serve(entry), case.serve()
    case.open(fallbacks=[good.url])
    case.counted(f"lost.{reason}")
    case.connected(2)
    assert (case.status.endpoint, case.status.reconnects_by_reason) == (good.url, {reason: 1})
    assert reason in case.status.last_error
    assert said_goodbye(case, bad) == code
    case.until(lambda: len(case.held()) == 2)
    assert facts(case.held()) == facts(case.market.all(SERIES)[-2:])


def said_goodbye(case: Case, server: MarketServer) -> int:
    """The code of the Close frame that reached the server on its first connection."""
    case.until(lambda: server.peers[0].goodbye is not None)
    assert server.peers[0].goodbye is not None
    return server.peers[0].goodbye[0]


# D1 ------------------------------------------------------------------------------------------------------------------


def test_d1_a_bar_in_fragments_with_pings_in_between(case):
    """Sends a bar in fragments, with pings in between → the pings are answered at once, the bar is delivered."""
    pongs = []

    def send(peer: Peer) -> None:
        message = bar_text(peer)
        peer.frame(TEXT, message[:10], fin=False)
        for payload in (b"between", b""):
            peer.frame(PING, payload)
            pongs.append(peer.read())  # here the message is not whole yet
            peer.frame(CONTINUATION, message[10:20] if payload else b"", fin=False)
        peer.frame(CONTINUATION, message[20:])

    delivered(case, once(send))
    assert pongs == [(PONG, b"between"), (PONG, b"")]


def test_d1_fragments_and_pings_in_one_go(case):
    """Sends fragments and pings without waiting for answers → the same: every ping answered, the bar delivered."""
    pongs = []

    def script(peer: Peer) -> None:
        def answer(opcode: int, payload: bytes) -> None:
            pongs.extend([payload] if opcode == PONG else [])
            Peer.answer(peer, opcode, payload)

        peer.answer = answer
        fault("fragments-with-ping")(peer)

    delivered(case, script)
    case.until(lambda: len(pongs) == 2)
    assert pongs == [b"between", b"between again"]


# D2 ------------------------------------------------------------------------------------------------------------------

FORBIDDEN = [
    *(f"reserved-bits:{bits}" for bits in range(1, 8)),
    *(f"reserved-opcode:{opcode}" for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    "stray-continuation",
    "interleaved-text",
    "masked",
    *(f"{what}-control:{kind}" for what in ("fragmented", "long") for kind in ("ping", "pong", "close")),
]


@pytest.mark.parametrize("entry", FORBIDDEN)
def test_d2_a_frame_that_must_not_be(case, entry):
    """Sends a reserved bit or opcode, a stray continuation, a text inside a text, a masked frame, a long or fragmented
    control frame → protocol error: Close 1002, nothing of it is taken for a bar, the next endpoint is tried."""
    breaks_off(case, entry, "protocol", 1002)


def test_d2_a_continuation_after_the_end(case):
    """Goes on with a message that was complete → the bar before stands, the continuation is a protocol error: 1002."""

    def send(peer: Peer) -> None:
        message = bar_text(peer)
        peer.write(fragments(message, 2))
        peer.frame(CONTINUATION, message)

    case.play(3)
    case.serve(once(send))
    case.open()
    case.counted("lost.protocol")
    assert said_goodbye(case, case.server) == 1002
    assert case.counter("bars.new") == 3


# D3 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ["bad-utf8", "bad-utf8-in-fragments", "truncated-utf8"])
def test_d3_text_that_is_not_utf8(case, entry):
    """Sends invalid UTF-8, whole, across fragments, or cut off at the end → Close 1007, no bar of it, reconnects."""
    breaks_off(case, entry, "invalid_utf8", 1007)


NOT_UTF8 = {
    "overlong": b"\xc0\xaf",
    "half of a pair": b"\xed\xa0\x80",
    "beyond the last character": b"\xf4\x90\x80\x80",
    "a middle without a beginning": b"\x80",
    "a beginning without an end": b"\xe2\x82",
}


@pytest.mark.parametrize("note", NOT_UTF8.values(), ids=NOT_UTF8.keys())
def test_d3_bytes_that_only_look_like_utf8(case, note):
    """Sends overlong forms, surrogates, characters beyond the last → invalid too: Close 1007, no bar, reconnects."""
    breaks_off(case, once(lambda peer: peer.frame(TEXT, bar_text(peer, note))), "invalid_utf8", 1007)


def test_d3_a_message_that_ends_inside_a_character(case):
    """Ends a whole message in the middle of a character → Close 1007, no bar of it, reconnects."""
    breaks_off(case, once(lambda peer: peer.frame(TEXT, bar_text(peer) + b"\xf0\x9f")), "invalid_utf8", 1007)


def test_d3_characters_split_between_fragments(case):
    """Splits valid characters between fragments → the bar is delivered, the connection stays."""
    delivered(case, "split-utf8")


# D4 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ["huge-announcement", "huge-text", "huge-fragments", "empty-fragments"])
def test_d4_a_message_without_an_end(case, entry):
    """Announces 1 TiB, sends 100 MB in a frame or in fragments, or a million empty fragments → refused at the limit
    with Close 1009, memory flat; the next connection has the bars."""
    go = threading.Event()
    case.play(3)
    case.serve(on_go(entry, go))
    case.open()
    case.counted("bars.new", 2)
    memory = psutil.Process().memory_info
    idle = most = memory().rss
    began = time.monotonic()
    go.set()

    def ended() -> bool:
        nonlocal most
        most = max(most, memory().rss)
        return case.counter("lost.too_big") == 1

    case.until(ended)
    assert time.monotonic() - began < 5
    assert most - idle < 20 * MEGABYTE
    case.counted("lost.too_big")
    assert said_goodbye(case, case.server) == 1009
    case.connected(2)
    assert memory().rss - idle < 20 * MEGABYTE


LIMIT = 4096
FORMS = {"one frame": 1, "two fragments": 2, "sixty-four fragments": 64}


@pytest.mark.parametrize("count", FORMS.values(), ids=FORMS.keys())
def test_d4_a_message_as_long_as_the_limit(case, count):
    """Sends a message of exactly the limit, whole or in fragments → delivered, the connection stays."""
    delivered(case, once(lambda peer: peer.write(of_size(peer, LIMIT, count))), max_message=LIMIT)


@pytest.mark.parametrize("count", FORMS.values(), ids=FORMS.keys())
def test_d4_a_message_of_one_byte_more(case, count):
    """Sends one byte more than the limit, whole or in fragments → refused with Close 1009, no bar, reconnects."""
    case.play(3)
    case.serve(once(lambda peer: peer.write(of_size(peer, LIMIT + 1, count))))
    case.open(max_message=LIMIT)
    case.counted("lost.too_big")
    assert said_goodbye(case, case.server) == 1009
    case.connected(2)
    assert len(case.held()) == 2


def of_size(peer: Peer, size: int, count: int) -> bytes:
    """The newest bar in a message of so many bytes and frames."""
    message = bar_text(peer)
    message = bar_text(peer, b"x" * (size - len(message)))
    return encode(TEXT, message) if count == 1 else fragments(message, count)


def test_d4_time_grows_with_the_number_of_fragments_only(case):
    """Sends a message of ten times as many fragments → it takes about ten times as long, not a hundred times."""
    counts = [900, 9000] * 3
    go, took = [threading.Event() for _ in counts], []

    def script(peer: Peer) -> None:
        peer.join()
        for number, count in enumerate(counts):
            message = json.dumps({"type": "WEATHER", "note": "x" * (100 * count)}).encode()
            frames = fragments(message, count)
            wait_for(peer, go[number])
            peer.write(frames)
        peer.behave()

    case.play(3)
    case.serve(script)
    case.open(max_message=MEGABYTE)
    case.counted("bars.new", 2)
    for number in range(len(counts)):
        began = time.perf_counter()
        go[number].set()
        case.counted("ignored_messages", number + 1)
        took.append(time.perf_counter() - began)
    assert min(took[1::2]) < 40 * max(min(took[::2]), 0.005)
    stayed(case)


# D5 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2], ids=["whole", "in fragments"])
def test_d5_a_binary_message(case, count):
    """Sends a binary message, though it may hold a bar → counted, ignored, the connection stays."""

    def send(peer: Peer) -> None:
        message = bar_text(peer)
        if count == 1:
            peer.frame(BINARY, message)
        else:
            peer.frame(BINARY, message[:20], fin=False)
            peer.frame(CONTINUATION, message[20:])

    case.play(3)
    case.serve(once(send))
    case.open()
    case.counted("binary_frames")
    assert case.counter("binary_frames") == 1
    assert len(case.held()) == 2
    stayed(case)


def test_d5_an_empty_text_message(case):
    """Sends an empty text message → counted, ignored, the connection stays."""
    case.play(3)
    case.serve("empty-text")
    case.open()
    case.counted("bad_message")
    assert case.counter("bad_message") == 1
    assert len(case.held()) == 2
    stayed(case)


def test_d5_the_last_message_of_a_bar_is_binary(case):
    """Sends the last state of a bar as a binary message → the older state is never closed; the bar comes from the next
    source."""
    entry = spoiled(lambda peer, message: peer.frame(BINARY, json.dumps(message)))
    told_by(case, entry, "binary_frames", "archive")


def test_d5_a_binary_message_that_holds_no_bar(case):
    """Sends a binary heartbeat between bars → that says nothing against the bar before: its successor closes it."""

    def send(peer: Peer, message: Message) -> None:
        peer.send(message)
        peer.frame(BINARY, b"\x00\x01")

    told_by(case, spoiled(send), "binary_frames", "live")


# D6 ------------------------------------------------------------------------------------------------------------------


def test_d6_a_compressed_frame(case):
    """Sends a compressed frame, though that was not agreed → protocol error: Close 1002, no bar, next endpoint."""
    breaks_off(case, "compressed", "protocol", 1002)


# D7 ------------------------------------------------------------------------------------------------------------------


def test_d7_ten_thousand_frames_in_one_write(case):
    """Sends 10,000 frames in one write → every bar of them, each closed once and in order."""
    go, closed = threading.Event(), []
    case.serve(on_go("one-segment", go), market=Market.made(bars=2010))
    case.play(2000)
    case.open(capacity=3000)
    case.session.subscribe(lambda event: closed.append(event.bar) if event.bar and event.bar.closed else None)
    case.connected()
    go.set()
    case.counted("bars.new", 2000)
    case.until(lambda: len(closed) == 1999)
    assert facts(closed) == facts(case.market.closed(SERIES))
    stayed(case)


def test_d7_one_frame_in_ten_thousand_segments(case):
    """Sends one frame in 10,000 segments of a byte → delivered whole, the connection stays."""
    delivered(case, "many-segments:10000")


def in_one(peer: Peer, data: bytes) -> None:
    peer.write(data)


def in_bytes(peer: Peer, data: bytes) -> None:
    peer.drip(data, 0)


def in_pieces(peer: Peer, data: bytes) -> None:
    while data:
        size = peer.rng.randint(1, 600)
        peer.write(data[:size])
        data = data[size:]


@pytest.mark.parametrize("send", [in_one, in_bytes, in_pieces])
def test_d7_however_frames_are_cut_into_segments(case, send):
    """Sends the same frames in one write, byte by byte, or in random pieces → the same bars, as often revised."""
    go = threading.Event()

    def play(peer: Peer) -> None:
        send(peer, b"".join(encode(TEXT, played.text.encode()) for played in peer.server.market.messages_since(0)))
        peer.behave()

    case.serve(on_go(play, go), market=Market.made())  # without a snapshot: nothing but these frames
    case.play(30)
    case.open()
    case.connected()
    go.set()
    case.counted("bars.new", 30)
    case.until(lambda: len(case.closed()) == 29)
    case.until(lambda: case.held()[-1].revision == revisions(case)[-1])
    assert facts(case.held()) == facts(case.market.all(SERIES))
    assert [bar.revision for bar in case.held()] == revisions(case)
    stayed(case)


def revisions(case: Case) -> list[int]:
    """How often each bar changed, by the messages that were played."""
    texts = (played.text for played in case.market.messages_since(0))
    changes = [json.loads(text)["open_time"] for text, _ in groupby(texts)]
    return [len(list(group)) - 1 for _, group in groupby(changes)]


# D8 ------------------------------------------------------------------------------------------------------------------

SEEDS = 40
PAYLOADS = (b"", b"{", b'{"type": "BAR"}', b'{"type": "WEATHER"}', b"[1, 2]", b"x" * 200, b"y" * 70_000)


def random_frames(peer: Peer) -> None:
    """Frames that are mostly proper, but any part of any of them may be wrong; none holds a bar. Then a Close."""
    rng, inside = peer.rng, False
    with contextlib.suppress(OSError):
        for _ in range(60):
            is_wrong = [rng.random() < 0.01 for _ in range(6)]
            is_control = rng.random() < 0.3
            whole = is_control or rng.random() < 0.6
            opcode = rng.choice((PING, PONG)) if is_control else CONTINUATION if inside else rng.choice((TEXT, BINARY))
            payload = rng.randbytes(rng.randint(0, 125)) if is_control or is_wrong[0] else rng.choice(PAYLOADS)
            peer.frame(
                rng.randint(0, 15) if is_wrong[1] else opcode,
                payload,
                fin=whole ^ is_wrong[2],
                rsv=rng.randint(1, 7) if is_wrong[3] else 0,
                mask=is_wrong[4],
                length=rng.randint(0, 2 ** rng.randint(1, 63)) if is_wrong[5] else None,
            )
            inside = inside if is_control else not whole
        peer.frame(CLOSE, close_payload(rng.choice((1000, 1001, 1011, 3000, 4000))))
    peer.deaf()


def after_the_snapshot(peer: Peer) -> None:
    peer.join()
    random_frames(peer)


def after_the_upgrade(peer: Peer) -> None:
    peer.upgrade()
    random_frames(peer)


@pytest.mark.parametrize("entry", ["random-bytes:3000", after_the_upgrade, after_the_snapshot])
def test_d8_random_bytes_and_frames(case, entry):
    """Sends random bytes after the upgrade, or random frames before or after the snapshot, 40 seeds each → every one
    ends in a documented error, none in a hang; the next good connection has the bars."""
    case.play(3)
    case.serve(*[entry] * SEEDS, seed=8)
    case.open(connect_timeout=1.0, ping_interval=0.3, pong_timeout=0.3)
    case.until(lambda: case.status.epoch and case.server.accepted > SEEDS, timeout=30)
    lost = {name.removeprefix("lost.") for name in case.status.counters if name.startswith("lost.")}
    undocumented = {name for name in lost if name not in DOCUMENTED and not name.startswith("closed_")}
    assert undocumented == set()
    case.counted("lost.protocol")
    assert sum(case.counter(f"lost.{name}") for name in lost) == SEEDS
