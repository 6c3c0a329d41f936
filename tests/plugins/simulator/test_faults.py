"""The server that misbehaves, seen by plain clients: that it does what the names say, and else behaves well."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trustme
import websocket

from wealthsources import Timeframe
from wealthsources_simulator import (
    FAULTS,
    Fault,
    Gone,
    Market,
    MarketServer,
    Peer,
    PlayedBar,
    SimulatorError,
    WealthAI,
    encode,
    fault,
)

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "BTCUSDT" / "1h.csv"
HOUR = 3_600_000
BEGINNING = 1_599_998_400_000
BTC, ETH = ("BTCUSDT", "1h"), ("ETHUSDT", "1h")
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
CONNECT = {"type": "CONNECT", "request_id": "7", "symbols": ["BTCUSDT"], "resolutions": ["1h"], "csrf_token": "secret"}
UPGRADE = (
    b"GET /market_data HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

#: What goes on by itself, or never comes to the point of behaving well again.
NEVER_BEHAVES = {
    *("silent-upgrade", "dripping-upgrade", "endless-headers", "captive-portal", "unauthorized", "bad-status"),
    *("too-many-requests", "banned", "endless-body", "redirect", "redirect-to"),
    *("plain-text", "stalled-handshake", "cut-handshake", "no-ack", "error-instead", "foreign-ack"),
    *("freeze", "pings-only", "ping-flood", "pong-flood", "half-frame", "blackhole"),
    *("close", "close-and-stay", "reset", "fin", "close-at-once", "one-bar-then-close", "random-bytes", "cut-mid-bar"),
}
#: Smaller than by default, so that no test waits.
QUICKER = {
    "dripping-frame": "0",
    "half-frame-then-rest": "0.01",
    "huge-text": "200000",
    "huge-fragments": "200000",
    "empty-fragments": "1000",
    "unasked-symbols": "50",
    "bad-message-flood": "50",
    "huge-header": "10000",
}


class Client:
    """A client of a few lines, on a socket: it sends what it is told and shows every bit of what comes."""

    def __init__(self, server: MarketServer, tls: ssl.SSLContext | None = None) -> None:
        self.sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost", suppress_ragged_eofs=False)
        self.file = self.sock.makefile("rb")

    def upgrade(self) -> tuple[str, dict[str, str]]:
        """Status line and headers of the answer."""
        self.sock.sendall(UPGRADE)
        status = self.file.readline().decode().strip()
        headers = {}
        while line := self.file.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers

    def subscribe(self, **changes: Any) -> None:
        self.send(TEXT, json.dumps(CONNECT | changes).encode())

    def join(self, **changes: Any) -> None:
        """Upgrade, subscribe, and be acknowledged."""
        assert self.upgrade()[0].startswith("HTTP/1.1 101")
        self.subscribe(**changes)
        assert self.message()["type"] == "CONNECTED"

    def send(self, opcode: int, payload: bytes = b"") -> None:
        self.sock.sendall(encode(opcode, payload, mask=True))

    def head(self) -> tuple[int, int, int, bool, int]:
        """The next frame's (fin, reserved bits, opcode, masked, announced length)."""
        first, second = self.exactly(2)
        size = second & 0x7F
        if size >= 126:
            (size,) = struct.unpack("!H" if size == 126 else "!Q", self.exactly(2 if size == 126 else 8))
        return first >> 7, first >> 4 & 7, first & 15, bool(second & 0x80), size

    def frame(self) -> tuple[int, bytes]:
        _, _, opcode, masked, size = self.head()
        assert not masked
        return opcode, self.exactly(size)

    def message(self) -> Any:
        opcode, payload = self.frame()
        assert opcode == TEXT, payload
        return json.loads(payload)

    def messages(self, count: int) -> list[Any]:
        return [self.message() for _ in range(count)]

    def exactly(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def nothing_comes(self, seconds: float = 0.05) -> bool:
        self.sock.settimeout(seconds)
        try:
            return self.file.read(1) == b"?"  # never: b"" is the end
        except TimeoutError:
            return True

    def close(self) -> None:
        self.file.close()
        self.sock.close()


@pytest.fixture
def market() -> Market:
    return Market.made(("BTCUSDT", "ETHUSDT"), bars=20, updates=2)


@pytest.fixture
def serve(market: Market) -> Iterator[Callable[..., MarketServer]]:
    servers: list[MarketServer] = []

    def start(*script: Any, **options: Any) -> MarketServer:
        servers.append(MarketServer(options.pop("market", market), script, **options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []
    assert not any(thread.name.startswith(("connection ", "fault server")) for thread in threading.enumerate())


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(server: MarketServer, **options: Any) -> Client:
        clients.append(Client(server, **options))
        return clients[-1]

    yield connect
    for one in clients:
        one.close()


@pytest.fixture
def joined(serve: Any, client: Any) -> Callable[..., Client]:
    """A client that was acknowledged by a server with this script."""

    def join(*script: Any, subscription: Any = None, **options: Any) -> Client:
        one: Client = client(serve(*script, **options))
        one.join(**subscription or {})
        return one

    return join


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server and of a client that trusts it."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def truth(bars: list[PlayedBar]) -> list[tuple[int, str, str]]:
    return [(bar.open_time, bar.close, bar.volume) for bar in bars]


def seen(messages: list[Any]) -> list[tuple[int, str, str]]:
    """The last state of each bar, oldest first, as a cache would have it."""
    latest = {one["open_time"]: (one["open_time"], one["close"], one["volume"]) for one in messages}
    return [latest[key] for key in sorted(latest)]


# The market.


def test_made_bars_are_the_same_for_the_same_seed_and_others_for_another():
    def bars(seed):
        market = Market.made(seed=seed)
        market.play(48)
        return market.all(BTC)

    assert bars(7) == bars(7)
    assert bars(7) != bars(8)
    assert len(bars(7)) == 48


@pytest.mark.parametrize("timeframe", Timeframe.known())
def test_made_bars_are_possible_follow_each_other_and_begin_at_noon_or_before(timeframe):
    market = Market.made(("BTCUSDT",), timeframe, bars=200)
    market.play(200)
    bars = market.all(("BTCUSDT", timeframe))
    assert bars[0].open_time == Timeframe(timeframe).floor(BEGINNING)
    assert all(bar.end == after.open_time for bar, after in itertools.pairwise(bars))
    for bar in bars:
        o, h, l, c, v = (Decimal(text) for text in (bar.open, bar.high, bar.low, bar.close, bar.volume))  # noqa: E741
        assert 0 < l <= min(o, c) <= max(o, c) <= h
        assert v > 0


@pytest.mark.parametrize(("position", "whole", "closed"), [(0, 0, 0), (0.5, 0, 0), (1, 1, 0), (1.4, 1, 1), (3, 3, 2)])
def test_a_bar_is_closed_once_its_successor_began(market, position, whole, closed):
    market.play(position)
    assert len(market.all(BTC)) == whole
    assert len(market.closed(BTC)) == closed


def test_with_a_flag_a_bar_is_closed_with_its_final_values():
    market = Market.made(exchange=WealthAI("x"))
    market.play(3)
    assert market.closed(BTC) == market.all(BTC)
    assert [json.loads(played.text)["x"] for played in market.messages_since(0)][:5] == [False] * 4 + [True]


def test_what_is_played_of_several_series_goes_out_in_the_order_of_its_times(market):
    market.play(2)
    played = [(one.series, one.bar.open_time, one.final) for one in market.messages_since(0)]
    bar = [(BTC, False), (ETH, False), (BTC, False), (ETH, False), (BTC, True), (ETH, True)]
    assert played == [(series, BEGINNING + place * HOUR, end) for place in (0, 1) for series, end in bar]


def test_playing_goes_on_where_it_stopped_and_ends_with_the_bars(market):
    market.play(0.5)
    market.play_steps(2)
    assert len(market.all(BTC)) == 1
    assert not market.finished
    market.play(1000)
    assert market.finished
    assert market.length == 20 * 3 * 2
    market.play(1)
    assert market.length == 20 * 3 * 2


def test_a_market_from_a_file_has_its_bars():
    market = Market.from_csv(SAMPLE, "BTCUSDT", "1h", updates=0)
    market.play(3)
    assert json.loads(market.messages_since(2)[0].text)["close"] == market.all(BTC)[2].close


def test_a_market_of_no_timeframe_cannot_be_made():
    with pytest.raises(SimulatorError, match="'7h' is not a timeframe"):
        Market.made(timeframe="7h")


def test_who_waits_for_a_message_is_woken_by_the_playing(market):
    threading.Timer(0.01, market.play).start()
    assert market.wait(0, timeout=10)
    assert not market.wait(10**6, timeout=0.001)


# The good server.


def test_a_good_server_acknowledges_and_passes_on_what_is_played(market, joined):
    client = joined()
    market.play(2)
    assert [client.message() for _ in range(6)] == [
        json.loads(one.text) for one in market.messages_since(0) if one.series == BTC
    ]


def test_the_acknowledgement_carries_the_request_id(serve, client):
    one = client(serve())
    one.upgrade()
    one.subscribe(request_id=12)
    assert one.message() == {"type": "CONNECTED", "request_id": 12}


def test_a_snapshot_comes_before_the_stream(serve, client):
    market = Market.made(snapshot=3, updates=0)
    market.play(5)
    one = client(serve(market=market))
    one.join()
    market.play(1)
    assert seen(one.messages(4)) == truth(market.all(BTC))[2:6]


def test_nothing_is_lost_or_doubled_while_the_market_plays_on(serve, client):
    market = Market.made(bars=500, updates=1)
    one = client(serve(market=market))
    one.join()
    player = threading.Thread(target=lambda: [market.play_steps(1) for _ in range(1000)])
    player.start()
    assert one.messages(1000) == [json.loads(played.text) for played in market.messages_since(0)]
    player.join()


def test_a_good_server_answers_a_ping_with_its_payload(joined):
    client = joined()
    client.send(PING, b"are you there?")
    assert client.frame() == (PONG, b"are you there?")


def test_a_good_server_answers_a_close_and_leaves(joined):
    client = joined()
    client.send(CLOSE, struct.pack("!H", 1001) + b"bye")
    assert client.frame() == (CLOSE, struct.pack("!H", 1001) + b"bye")
    assert client.file.read() == b""


@pytest.mark.parametrize("changes", [{"csrf_token": "wrong"}, {"csrf_token": None}, {"type": "HELLO"}])
def test_who_has_the_wrong_token_is_told_and_closed_with_1008(serve, client, changes):
    server = serve(token="secret")
    one = client(server)
    one.upgrade()
    one.subscribe(**changes)
    assert one.message()["type"] == "ERROR"
    opcode, payload = one.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1008))
    one.send(CLOSE, payload[:2])
    assert one.file.read() == b""
    assert server.acknowledged == 0


def test_the_right_token_is_let_in(joined):
    joined(token="secret")


def test_another_connect_changes_the_subscription(market, joined):
    client = joined()
    client.subscribe(symbols=["ETHUSDT"], request_id="8")
    assert client.message() == {"type": "CONNECTED", "request_id": "8"}
    market.play(1)
    assert {message["symbol"] for message in client.messages(3)} == {"ETHUSDT"}


def test_a_client_of_the_library_can_use_it(market, serve):
    ws = websocket.WebSocket()
    ws.connect(serve().url, timeout=10)
    ws.send(json.dumps(CONNECT))
    assert json.loads(ws.recv())["type"] == "CONNECTED"
    market.play(1)
    assert json.loads(ws.recv())["symbol"] == "BTCUSDT"
    ws.close()


def test_it_speaks_tls(market, serve, client, tls):
    server = serve(tls=tls[0], host="localhost")
    assert server.url == f"wss://localhost:{server.port}/market_data"
    one = client(server, tls=tls[1])
    one.join()
    one.send(PING, b"1")
    assert one.frame() == (PONG, b"1")
    market.play(1)
    assert len(one.messages(3)) == 3


def test_it_listens_on_ipv6(serve):
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = serve(host="::1")
    except SimulatorError:
        pytest.skip("this machine has no IPv6")
    ws = websocket.WebSocket()
    ws.connect(server.url, timeout=10)
    ws.shutdown()
    assert server.url.startswith("ws://[::1]:")


# The script.


def test_the_nth_entry_meets_the_nth_connection_and_after_the_last_it_behaves(serve, client):
    met = []
    server = serve(lambda peer: met.append(peer.number), None, "captive-portal")
    assert client(server).file.read() == b""
    client(server).join()
    assert client(server).upgrade()[0] == "HTTP/1.1 200 OK"
    client(server).join()
    assert met == [1]
    assert (server.accepted, server.acknowledged) == (4, 2)


def test_what_is_appended_meets_the_next_connection(serve, client):
    server = serve()
    client(server).join()
    server.then("captive-portal", fault("unauthorized"))
    assert client(server).upgrade()[0] == "HTTP/1.1 200 OK"
    assert client(server).upgrade()[0] == "HTTP/1.1 401 Unauthorized"


def test_the_script_is_done_when_its_last_entry_ended_or_behaves(serve, client, wait_until):
    server = serve("silent-upgrade", "double-ack")
    assert not server.script_done
    first = client(server)
    first.sock.sendall(UPGRADE)
    second = client(server)
    second.join()
    wait_until(lambda: server.acknowledged == 1)
    assert not server.script_done
    first.sock.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: server.script_done)
    server.then("reset")
    assert not server.script_done


def test_what_a_script_raises_is_kept_for_the_test(market):
    def broken(peer):
        raise KeyError("a mistake of the script's author")

    with MarketServer(market, [broken]) as server:
        one = Client(server)
        assert one.file.read() == b""
        one.close()
    assert [type(failure) for failure in server.failures] == [KeyError]


def test_the_server_keeps_what_the_clients_said(serve, client, wait_until):
    server = serve()
    one = client(server)
    one.join()
    one.send(CLOSE, struct.pack("!H", 1002) + b"you broke it")
    wait_until(lambda: server.peers[0].goodbye)
    assert server.received == [CONNECT]
    assert server.peers[0].connect == CONNECT
    assert server.peers[0].goodbye == (1002, "you broke it")
    assert server.peers[0].headers["host"] == "x"


def test_dice_fall_the_same_way_for_the_same_seed_and_connection(serve, client):
    def bytes_of(seed: int, number: int) -> bytes:
        server = serve(*["random-bytes:50"] * number, seed=seed)
        for _ in range(number):
            one = client(server)
            one.upgrade()
        return one.exactly(50)

    assert bytes_of(1, 1) == bytes_of(1, 1)
    assert len({bytes_of(1, 1), bytes_of(1, 2), bytes_of(2, 1)}) == 3


# The port.


def test_a_closed_port_refuses_and_opens_again_where_it_was(serve, client):
    server = serve()
    client(server).join()
    url = server.url
    server.close_port()
    with pytest.raises(ConnectionRefusedError):
        Client(server)
    server.open_port()
    assert server.url == url
    client(server).join()
    assert server.accepted == 2


def test_open_connections_outlive_the_closing_of_the_port(serve, client):
    server = serve()
    one = client(server)
    one.join()
    server.close_port()
    one.send(PING, b"still there?")
    assert one.frame() == (PONG, b"still there?")


def test_nobody_else_gets_the_port_while_it_is_closed(serve):
    server = serve()
    server.close_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use") as refused:
        other.bind(("127.0.0.1", server.port))
    assert refused.value.errno == errno.EADDRINUSE


def test_a_port_that_is_taken_is_told(serve, market):
    with pytest.raises(SimulatorError, match=r"^port [0-9]+ on 127\.0\.0\.1 is already in use"):
        MarketServer(market, port=serve().port).start()


# The end.


def open_files() -> int:
    """How many descriptors this process has; 0 where that cannot be told."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def provoke(server: MarketServer, tls: ssl.SSLContext | None) -> socket.socket:
    """A connection that asked for bars, was answered something or nothing for a moment, and reads no more."""
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=0.2)
    with contextlib.suppress(OSError):
        if tls is not None:
            sock = tls.wrap_socket(sock, server_hostname="localhost")
        sock.sendall(UPGRADE + encode(TEXT, json.dumps(CONNECT).encode(), mask=True))
        sock.recv(1)
    return sock


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("encrypted", [False, True], ids=["ws", "wss"])
def test_it_stops_at_once_in_the_middle_of_any_fault(market, tls, name, encrypted):
    before = open_files()
    market.play(3)
    with MarketServer(market, [name], tls=tls[0] if encrypted else None) as server:
        with provoke(server, tls[1] if encrypted else None):
            begun = time.monotonic()
            server.stop()
            assert time.monotonic() - begun < 1
        assert server.accepted == 1
    assert server.failures == []
    assert not any(thread.name.startswith(("connection ", "fault server")) for thread in threading.enumerate())
    assert open_files() == before


def test_stop_ends_a_script_that_waits_and_one_whose_client_does_not_read(serve, client):
    def shout(peer: Peer) -> None:
        peer.join()
        while True:
            peer.write(b"x" * 1_000_000)

    server = serve(lambda peer: peer.wait(), shout)
    client(server)
    client(server).join()
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 1


def test_stop_may_come_again_and_before_the_start(market):
    server = MarketServer(market)
    server.stop()
    server.stop()


def test_a_script_that_does_not_end_is_named(market, wait_until):
    release = threading.Event()
    with MarketServer(market, [lambda peer: release.wait(30)]) as server:
        one = Client(server)
        wait_until(lambda: server.accepted)
        server.stop()
        release.set()
        one.close()
    assert [str(failure) for failure in server.failures] == [
        "the script of connection 1 did not end when the server stopped"
    ]


# The library.


def test_every_row_that_a_server_can_play_has_a_fault():
    played = {one.row for one in FAULTS.values()}
    rows = [
        *(f"A{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 16, 17, 18, 19)),
        *(f"B{n}" for n in range(1, 11)),
        *(f"C{n}" for n in (1, 2, 3, 4, 5, 10)),
        *(f"D{n}" for n in range(1, 9)),
        *(f"E{n}" for n in range(1, 9)),
        *(f"F{n}" for n in (1, 3, 4, 5, 6, 7, 9, 11, 12)),
    ]
    assert set(rows) <= played


@pytest.mark.parametrize("one", FAULTS.values(), ids=str)
def test_every_fault_is_described_and_found_by_its_text(one):
    assert one.about.endswith(".")
    assert "  " not in one.about
    assert fault(str(one)) == one


def test_an_argument_is_read_as_what_the_default_is():
    assert fault("half-frame:5").default == 5
    assert fault("dripping-frame:0.5").default == 0.5
    assert fault("error-instead:a: b").default == "a: b"
    assert fault("odd-price:").default == ""
    assert fault("half-frame").default == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("half-farme", "there is no fault 'half-farme'; the nearest is 'half-frame'"),
        ("half-frame:x", "takes a number, such as 10, not 'x'"),
        ("half-frame:-1", "takes a number, such as 10, not '-1'"),
        ("dripping-frame:nan", "takes a number, such as 1.0, not 'nan'"),
        ("unauthorized:500", "takes one of 401, 403, not '500'"),
        ("masked:1", "fault 'masked' takes no argument"),
    ],
)
def test_a_wrong_name_or_argument_is_told(market, text, message):
    with pytest.raises(SimulatorError, match=message):
        MarketServer(market, [text])


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in NEVER_BEHAVES])
def test_after_a_fault_the_server_behaves_well(market, serve, client, wait_until, name):
    market.play(3)
    server = serve(f"{name}:{QUICKER[name]}" if name in QUICKER else name)
    one = client(server)
    one.sock.sendall(UPGRADE)
    one.subscribe()
    ended = threading.Event()
    data = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError, ValueError):
            while chunk := one.sock.recv(65_536):
                data.extend(chunk)
        ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: server.script_done)
    assert server.acknowledged == 1
    market.play(100)
    last = [played.text for played in market.messages_since(0) if played.series == BTC][-1]
    if name == "one-silent-stream":
        wait_until(lambda: server.peers[0].position == market.length)
        assert last.encode() not in data
    else:
        wait_until(lambda: last.encode() in data)
    server.stop()
    reader.join()


# Single faults, of each kind.


@pytest.mark.parametrize(
    ("script", "status", "header"),
    [
        ("captive-portal", "200 OK", ("content-type", "text/html")),
        ("unauthorized:403", "403 Forbidden", ("content-length", "0")),
        ("bad-status:599", "599 Unknown", ("content-length", "0")),
        ("too-many-requests:17", "429 Too Many Requests", ("retry-after", "17")),
        ("banned:3", "418 I'm a Teapot", ("retry-after", "3")),
        ("endless-body", "503 Service Unavailable", ("content-length", "100000000000")),
        ("redirect-to:ws://example.invalid/", "302 Found", ("location", "ws://example.invalid/")),
        ("wrong-accept", "101 Switching Protocols", ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=X")),
        ("extension", "101 Switching Protocols", ("sec-websocket-extensions", "permessage-deflate")),
        ("subprotocol", "101 Switching Protocols", ("sec-websocket-protocol", "superchat")),
        ("huge-header:5000", "101 Switching Protocols", ("x-huge", "x" * 5000)),
    ],
)
def test_the_upgrade_is_answered_as_the_fault_says(serve, client, script, status, header):
    line, headers = client(serve(script)).upgrade()
    assert line == f"HTTP/1.1 {status}"
    name, value = header
    assert headers[name] == value.removesuffix("X")
    if name != "sec-websocket-accept":
        assert headers.get("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_wrong_accept_is_refused_by_a_client_that_checks(serve):
    with pytest.raises(websocket.WebSocketException, match="Invalid WebSocket Header"):
        websocket.WebSocket().connect(serve("wrong-accept").url, timeout=10)


def test_the_upgrade_header_can_be_missing(serve, client):
    status, headers = client(serve("no-upgrade-header")).upgrade()
    assert status.startswith("HTTP/1.1 101")
    assert "upgrade" not in headers


@pytest.mark.parametrize(
    ("kind", "location"),
    [
        ("other", "ws://localhost:{port}/market_data"),
        ("insecure", "ws://127.0.0.1:{port}/market_data"),
        ("self", "ws://127.0.0.1:{port}/market_data"),
    ],
)
def test_a_redirect_leads_where_the_fault_says(serve, client, kind, location):
    server = serve(f"redirect:{kind}")
    assert client(server).upgrade()[1]["location"] == location.format(port=server.port)


def test_a_dripping_upgrade_comes_byte_by_byte_and_never_ends(serve, client):
    one = client(serve("dripping-upgrade:0.001"))
    one.sock.sendall(UPGRADE)
    one.sock.settimeout(0.5)
    pieces = [one.sock.recv(1000) for _ in range(60)]
    assert b"".join(pieces).startswith(b"HTTP/1.1 101 Switching Protocols\r\nX-Filler: xx")
    assert len([piece for piece in pieces if len(piece) == 1]) > 5


def test_plain_text_on_a_tls_port_is_no_tls(serve, client, tls):
    server = serve("plain-text", tls=tls[0])
    with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|RECORD"):
        client(server, tls=tls[1])


def test_a_tls_handshake_can_stall(serve, tls):
    server = serve("stalled-handshake", tls=tls[0])
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.1) as sock, pytest.raises(TimeoutError):
        tls[1].wrap_socket(sock, server_hostname="localhost")


def test_a_tls_handshake_can_be_cut(serve, client, tls):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        client(serve("cut-handshake", tls=tls[0]), tls=tls[1])


def test_a_tls_connection_can_end_without_a_goodbye(market, serve, client, tls):
    one = client(serve("fin", tls=tls[0]), tls=tls[1])
    one.join()
    with pytest.raises(ssl.SSLEOFError):
        one.sock.recv(1)


def test_the_first_bar_can_come_with_the_upgrade(market, serve, client):
    one = client(serve("first-bar-with-upgrade"))
    one.sock.sendall(UPGRADE)
    one.sock.settimeout(10)
    assert b'"open_time"' in one.sock.recv(65_536)


def test_a_bar_can_come_before_the_acknowledgement(serve, client):
    one = client(serve("bar-before-connected"))
    one.upgrade()
    one.subscribe()
    assert [message["type"] for message in one.messages(2)] == ["BAR", "CONNECTED"]


def test_the_acknowledgement_can_be_missing_though_pings_are_answered(serve, client):
    one = client(serve("no-ack"))
    one.upgrade()
    one.subscribe()
    one.send(PING, b"1")
    assert one.frame() == (PONG, b"1")


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("error-instead:unknown symbol", {"type": "ERROR", "message": "unknown symbol"}),
        ("foreign-ack", {"type": "CONNECTED", "request_id": "not-yours"}),
    ],
)
def test_something_else_can_come_instead_of_the_acknowledgement(serve, client, script, answer):
    server = serve(script)
    one = client(server)
    one.upgrade()
    one.subscribe()
    assert one.message() == answer
    assert server.acknowledged == 0


def test_the_acknowledgement_can_come_twice(joined):
    assert joined("double-ack").message() == {"type": "CONNECTED", "request_id": "7"}


def test_a_frozen_server_neither_reads_nor_writes(market, joined):
    client = joined("freeze:2")
    market.play(2)
    assert len(client.messages(2)) == 2
    client.send(PING, b"1")
    assert client.nothing_comes()


def test_a_server_can_answer_pings_and_send_no_bars(market, joined):
    client = joined("pings-only")
    market.play(2)
    client.send(PING, b"1")
    assert client.frame() == (PONG, b"1")


def test_one_stream_can_fall_silent_among_others(market, joined):
    client = joined("one-silent-stream:1", subscription={"symbols": ["ETHUSDT", "BTCUSDT"]})
    market.play(2)
    assert {message["symbol"] for message in client.messages(6)} == {"BTCUSDT"}


@pytest.mark.parametrize(("name", "opcode"), [("ping-flood", PING), ("pong-flood", PONG)])
def test_a_flood_does_not_keep_the_server_from_answering(joined, name, opcode):
    client = joined(name)
    client.send(PING, b"mine")
    frames = []
    while (PONG, b"mine") not in frames:
        frames.append(client.frame())
    assert (opcode, b"flood") in frames


@pytest.mark.parametrize(("name", "answers"), [("wrong-pong", [b"not 1", b"not 2"]), ("late-pong", [b"1", b"2"])])
def test_a_pong_can_be_wrong_or_late(joined, name, answers):
    client = joined(name)
    for payload in (b"1", b"2", b"3"):
        client.send(PING, payload)
    assert [client.frame() for _ in answers] == [(PONG, payload) for payload in answers]


def test_half_a_frame_announces_more_than_comes(joined):
    client = joined("half-frame:5")
    assert client.head() == (1, 0, TEXT, False, 100)
    assert client.exactly(5) == b'{"typ'
    assert client.nothing_comes()


def test_the_other_half_of_a_frame_can_come_later(market, joined):
    client = joined("half-frame-then-rest:0.05")
    assert client.message()["open_time"] == BEGINNING


def test_a_close_carries_its_code_and_the_connection_ends_after_the_answer(joined):
    client = joined("close:4001")
    opcode, payload = client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 4001))
    client.send(CLOSE, payload[:2])
    assert client.file.read() == b""


def test_close_1006_is_no_close_frame(joined):
    assert joined("close:1006").file.read() == b""


def test_tcp_can_stay_open_after_the_close_frames(joined):
    client = joined("close-and-stay:1001")
    opcode, payload = client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1001))
    client.send(CLOSE, payload[:2])
    assert client.nothing_comes()


def test_a_reset_is_a_reset_and_a_fin_is_not(market, joined):
    with pytest.raises(ConnectionResetError):
        joined("reset").sock.recv(1)
    assert joined("fin").sock.recv(1) == b""


def test_a_cut_can_wait_for_so_many_messages(market, joined):
    client = joined("fin:4")
    market.play(3)
    assert len(client.messages(4)) == 4
    assert client.file.read() == b""


def test_a_close_of_ours_can_stay_unanswered(market, joined):
    client = joined("no-close-answer")
    client.send(CLOSE, struct.pack("!H", 1000))
    assert client.nothing_comes()


@pytest.mark.parametrize(
    ("script", "first"),
    [
        ("reserved-bits:5", (1, 5, TEXT, False)),
        ("reserved-opcode:11", (1, 0, 11, False)),
        ("stray-continuation", (1, 0, 0, False)),
        ("masked", (1, 0, TEXT, True)),
        ("fragmented-control:pong", (0, 0, PONG, False)),
        ("compressed", (1, 4, TEXT, False)),
        ("binary", (1, 0, 2, False)),
        ("empty-text", (1, 0, TEXT, False)),
        ("fragments-with-ping", (0, 0, TEXT, False)),
    ],
)
def test_the_first_frame_has_the_bits_that_the_fault_says(joined, script, first):
    assert joined(script).head()[:4] == first


@pytest.mark.parametrize("kind", ["ping", "pong", "close"])
def test_a_control_frame_can_be_too_long(joined, kind):
    assert joined(f"long-control:{kind}").head()[4] == 126


def test_a_frame_can_announce_a_tebibyte(joined):
    assert joined("huge-announcement").head()[4] == 2**40


@pytest.mark.parametrize("name", ["bad-utf8", "bad-utf8-in-fragments", "truncated-utf8"])
def test_a_text_can_be_no_utf8(joined, name):
    client = joined(name)
    fin, data = 0, b""
    while not fin:
        fin, _, _, _, size = client.head()
        data += client.exactly(size)
    with pytest.raises(UnicodeDecodeError):
        data.decode()


def test_fragments_can_split_characters_of_a_proper_text(joined):
    client = joined("split-utf8")
    fin, data = 0, b""
    while not fin:
        fin, _, _, _, size = client.head()
        assert size == 1
        data += client.exactly(size)
    assert json.loads(data)["note"] == "é€😀"


def test_empty_fragments_come_before_a_whole_bar(joined):
    client = joined("empty-fragments:200")
    heads = [client.head() for _ in range(201)]
    assert heads == [(0, 0, TEXT, False, 0), *[(0, 0, 0, False, 0)] * 200]
    fin, _, opcode, _, size = client.head()
    assert (fin, opcode) == (1, 0)
    assert json.loads(client.exactly(size))["type"] == "BAR"


def test_all_that_was_played_can_come_in_one_piece(market, joined):
    market.play(10)
    client = joined("one-segment")
    assert seen(client.messages(30)) == truth(market.all(BTC))


def test_one_frame_can_come_in_thousands_of_pieces(joined):
    assert len(json.dumps(joined("many-segments:3000").message())) > 2900


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("not-json", '{"type": "BAR", "symbol": '),
        ("no-object:[]", "[]"),
        ("unknown-type", '{"type": "WEATHER", "symbol": "BTCUSDT", "text": "sunny"}'),
        ("error-while-streaming:stop it", '{"type": "ERROR", "message": "stop it"}'),
    ],
)
def test_a_text_can_be_no_bar(joined, script, text):
    assert joined(script).frame() == (TEXT, text.encode())


def test_a_bar_can_say_its_close_twice(market, joined):
    pairs = json.loads(joined("duplicate-keys").frame()[1], object_pairs_hook=list)
    first, second = (value for name, value in pairs if name == "close")
    assert first == market.now(BTC, 0)["close"]
    assert second == market.now(BTC, 0)["low"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_price_can_be_a_literal_that_json_does_not_know(joined, literal):
    assert f'"close": {literal}'.encode() in joined(f"nan:{literal}").frame()[1]


def test_lists_can_be_nested_deeply(joined):
    assert b"[" * 500 + b"]" * 500 in joined("deep-nesting:500").frame()[1]


@pytest.mark.parametrize(
    ("script", "changes"),
    [
        ("null-field:high", {"high": None}),
        ("wrong-type:symbol", {"symbol": {"value": 1}}),
        ("odd-price:1e400", {"close": "1e400"}),
        ("odd-price:", {"close": ""}),
        ("impossible-bar:off-grid", {"open_time": BEGINNING + 1}),
        ("impossible-bar:seconds", {"open_time": BEGINNING // 1000, "close_time": (BEGINNING + HOUR) // 1000}),
        ("impossible-bar:close-time-999", {"close_time": BEGINNING + HOUR - 1}),
        ("odd-names:both", {"resolution": "1h"}),
        ("odd-names:upper-unit", {"timeframe": "1H"}),
        ("odd-names:dashed-symbol", {"symbol": "BTC-USDT"}),
        ("unsolicited", {"symbol": "NOBODYASKED"}),
        ("number:symbol", {"symbol": 1}),
    ],
)
def test_a_bar_can_be_wrong_in_one_way(market, joined, script, changes):
    assert joined(script).message() == market.now(BTC, 0) | changes


@pytest.mark.parametrize("kind", ["high-below-low", "close-outside", "open-outside", "zero-price", "negative-price"])
def test_an_impossible_bar_breaks_the_rules_of_prices(joined, kind):
    bar = joined(f"impossible-bar:{kind}").message()
    o, h, l, c = (Decimal(bar[name]) for name in ("open", "high", "low", "close"))  # noqa: E741
    assert not 0 < l <= min(o, c) <= max(o, c) <= h


def test_a_field_can_be_missing(market, joined):
    bar = market.now(BTC, 0)
    del bar["volume"]
    assert joined("missing-field:volume").message() == bar


def test_a_price_can_be_a_number(market, joined):
    assert f'"close": {market.now(BTC, 0)["close"]},'.encode() in joined("number:close").frame()[1]


def test_a_bar_of_the_month_lies_on_the_grid_of_the_minute(joined):
    bar = joined("odd-names:month").message()
    assert bar["timeframe"] == "1M"
    assert Timeframe("1M").opens_at(bar["open_time"])
    assert Timeframe("1m").opens_at(bar["open_time"])


def test_many_updates_of_one_bar_grow_towards_it(market, joined):
    messages = joined("many-updates:50").messages(50)
    volumes = [Decimal(message["volume"]) for message in messages]
    assert {message["open_time"] for message in messages} == {BEGINNING}
    assert volumes == sorted(volumes)
    assert len(set(volumes)) > 40


@pytest.mark.parametrize("flag", [None, "x"])
def test_an_update_can_follow_the_closed_flag(flag, joined):
    market = Market.made(exchange=WealthAI(flag))
    market.play(2)
    client = joined("update-after-close", market=market)
    closed, update = client.messages(2)
    assert closed.pop(flag or "is_closed") is True
    assert (flag or "is_closed") not in update
    assert closed["close"] == market.all(BTC)[1].close
    assert closed["open_time"] == update["open_time"]
    assert Decimal(update["volume"]) < Decimal(closed["volume"])


def test_a_newer_update_after_the_flag_is_followed_by_the_truth(market, joined):
    market.play(2)
    closed, update, truth_again = joined("update-after-close:newer").messages(3)
    assert update["close"] == update["low"]
    assert truth_again == closed


def test_messages_can_come_more_than_once(market, joined):
    market.play(1)
    client = joined("duplicates:3")
    market.play(1)
    messages = client.messages(12)
    assert messages[:3] == [messages[0]] * 3
    assert [messages.count(message) for message in messages] == [3] * 12


def test_an_older_bar_can_follow_a_newer_one_with_another_close(market, joined):
    market.play(2)
    newer, other, older = joined("older-after-newer").messages(3)
    assert [newer["open_time"], older["open_time"]] == [BEGINNING + HOUR, BEGINNING]
    assert other["close"] != older["close"]
    assert other | {"close": older["close"]} == older


def test_a_fault_that_needs_whole_bars_follows_until_there_are_some(market, joined):
    client = joined("older-after-newer")
    market.play(3)
    places = [(message["open_time"] - BEGINNING) // HOUR for message in client.messages(6 + 3 + 3)]
    assert places == [0, 0, 0, 1, 1, 1, *(1, 0, 0), 2, 2, 2]


def test_bars_can_be_left_out(market, joined):
    client = joined("skip-bars:2", subscription={"symbols": ["BTCUSDT", "ETHUSDT"]})
    market.play(5)
    messages = client.messages(2 * 3 * 3)
    for symbol, series in (("BTCUSDT", BTC), ("ETHUSDT", ETH)):
        mine = [message for message in messages if message["symbol"] == symbol]
        bars = market.all(series)
        assert seen(mine) == truth([bars[0], bars[3], bars[4]])


def test_a_cut_can_come_in_the_middle_of_a_bar(market, joined):
    client = joined("cut-mid-bar:2")
    market.play(4)
    messages = client.messages(7)
    assert client.file.read() == b""
    assert seen(messages)[:2] == truth(market.all(BTC))[:2]
    assert seen(messages)[2] != truth(market.all(BTC))[2]


def test_a_bar_can_come_from_the_future(joined):
    bar = joined("future-bar:3").message()
    assert 2 * HOUR < bar["open_time"] - time.time() * 1000 <= 3 * HOUR
    assert Timeframe("1h").opens_at(bar["open_time"])


@pytest.mark.parametrize("name", ["burst", "shuffled", "reversed"])
def test_all_whole_bars_can_come_in_any_order(market, joined, name):
    market.play(10.5)
    messages = joined(name).messages(10)
    times = [message["open_time"] for message in messages]
    assert seen(messages) == truth(market.all(BTC))
    assert (times == sorted(times)) == (name == "burst")
    assert (times == sorted(times, reverse=True)) == (name == "reversed")


def test_bars_can_come_of_symbols_that_nobody_asked_for(joined):
    symbols = {message["symbol"] for message in joined("unasked-symbols:20").messages(20)}
    assert len(symbols) == 20
    assert "BTCUSDT" not in symbols


# A script of one's own.


def test_a_function_of_the_peer_can_do_anything_and_then_behave(market, joined):
    def script(peer: Peer) -> None:
        peer.accept()
        peer.send({"type": "HELLO"}, "no json", [1])
        peer.frame(PING, "who are you?")
        peer.behave()

    client = joined(script)
    assert [client.frame() for _ in range(4)] == [
        (TEXT, b'{"type": "HELLO"}'),
        (TEXT, b"no json"),
        (TEXT, b"[1]"),
        (PING, b"who are you?"),
    ]
    market.play(1)
    assert client.message() == json.loads(market.messages_since(0)[0].text)


def test_nothing_played_since_the_acknowledgement_is_lost_by_misbehaving_first(market, joined):
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept()
        go_on.wait(10)
        peer.behave()

    client = joined(script)
    market.play(2)
    go_on.set()
    assert seen(client.messages(6)) == truth(market.all(BTC))


def test_a_script_is_told_by_gone_that_the_client_left(serve, client, wait_until):
    told = []

    def script(peer: Peer) -> None:
        try:
            peer.deaf()
        except Gone:
            told.append(peer.number)

    client(serve(script)).close()
    wait_until(lambda: told == [1])


def test_a_fault_of_ones_own_needs_no_registering(serve, client):
    mine = Fault("mine", "A5", "http", "Says no.", 503, lambda peer, status: (peer.request(), peer.http(status)))
    assert client(serve(mine.bind("500"))).upgrade()[0] == "HTTP/1.1 500 Internal Server Error"


# The command line.


def command(*words: str) -> list[str]:
    data = ["--data", str(SAMPLE), "--symbol", "BTCUSDT", "--timeframe", "1h"]
    return [sys.executable, "-m", "wealthsources.cli", "simulate", *data, *words]


def test_the_command_lists_the_faults_without_a_file():
    words = [sys.executable, "-m", "wealthsources.cli", "simulate", "--list-faults"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["fault", "row", "layer"]
    assert len(lines) == len(FAULTS) + 1
    assert lines[1].startswith("silent-upgrade ")
    assert "One of: 401, 403." in done.stdout


def test_the_command_misbehaves_as_told_and_then_plays_the_file():
    words = command("--fault", "unauthorized:403", "--fault", "close:1012", "--rate", "0", "--seed", "3")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.WebSocket().connect(url, timeout=10)
        for expected in (CLOSE, TEXT):
            ws = websocket.WebSocket()
            ws.connect(url, timeout=10)
            ws.send(json.dumps(CONNECT))
            assert json.loads(ws.recv())["type"] == "CONNECTED"
            while (opcode := ws.recv_data(control_frame=True)[0]) not in (CLOSE, TEXT):
                pass
            assert opcode in (expected, TEXT)
            ws.shutdown()
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--fault", "rest"), "there is no fault 'rest'; the nearest is 'reset'"),
        (("--fault", "reset", "--drop-at", "3"), "--drop-at cannot be used with --fault"),
        (("--fault", "reset", "--skip", "3", "--limit", "4"), "--skip and --limit cannot be used with --fault"),
        (("--fault", "reset", "--rate", "-1"), "rate is -1.0"),
    ],
)
def test_the_command_says_what_cannot_be_played(words, message):
    done = subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_neither_the_command_nor_the_faults_need_asyncio_or_websockets():
    code = (
        "import sys; import wealthsources_simulator.main; before = set(sys.modules);"
        "from wealthsources_simulator import FAULTS, MarketServer, Market, Peer;"
        "print([name for name in ('websockets', 'asyncio') if name in sys.modules],"
        " bool({'wealthsources_simulator.server', 'wealthsources_simulator.faults'} & before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[] False"
