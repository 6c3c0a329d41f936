"""The simulator over loopback, with a real WebSocket client."""

from __future__ import annotations

import csv
import gzip
import json
import logging
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_to

from wealthsources_simulator import Market, MarketServer, PlayedBar, SimulatorError

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "BTCUSDT" / "1h.csv"
HOUR = 3_600_000
SERIES = ("BTCUSDT", "1h")
TOKEN = "a-secret-token"
CONNECT = {"type": "CONNECT", "request_id": "7", "symbols": ["BTCUSDT"], "resolutions": ["1h"], "csrf_token": TOKEN}
TEXTS = ("open", "high", "low", "close", "volume")
Message = dict[str, Any]


def start(path: Path = SAMPLE, **options: Any) -> MarketServer:
    defaults: dict[str, Any] = {"symbol": "BTCUSDT", "timeframe": "1h", "token": TOKEN, "manual": True}
    return MarketServer.from_csv(path, **defaults | options)


@contextmanager
def connect(server: MarketServer | str, **options: Any) -> Iterator[ClientConnection]:
    """A connection that is only open: no CONNECT yet."""
    url = server if isinstance(server, str) else server.url
    settings: dict[str, Any] = {"compression": None, "close_timeout": 1, "max_queue": 10**6}
    with connect_to(url, **settings | options) as client:
        yield client


@contextmanager
def join(server: MarketServer | str, **changes: Any) -> Iterator[ClientConnection]:
    """A connection whose CONNECT was answered CONNECTED."""
    with connect(server) as client:
        subscribe(client, **changes)
        yield client


def subscribe(client: ClientConnection, **changes: Any) -> None:
    client.send(json.dumps(CONNECT | changes))
    assert receive(client) == {"type": "CONNECTED", "request_id": "7"}


def receive(client: ClientConnection, timeout: float = 10) -> Message:
    message: Message = json.loads(client.recv(timeout))
    return message


def receive_all(client: ClientConnection) -> list[Message]:
    """All messages until the connection ends, which has to be without a Close frame."""
    messages = []
    with suppress(ConnectionClosed):
        while True:
            messages.append(receive(client))
    assert client.protocol.close_code == 1006
    return messages


def numbers(server: MarketServer, messages: list[Message]) -> list[int]:
    """Which of the played bars the messages are about."""
    return [(message["open_time"] - server.bars[0].open_time) // HOUR for message in messages]


def is_final(server: MarketServer, message: Message) -> bool:
    (number,) = numbers(server, [message])
    return all(message[name] == getattr(server.bars[number], name) for name in TEXTS)


# What is sent.


def test_final_values_are_the_files_own_text() -> None:
    with start(updates=0) as server, join(server) as client:
        server.play_bars(50)
        with SAMPLE.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))[:50]
        for row in rows:
            message = receive(client)
            assert {name: message[name] for name in TEXTS} == {name: row[name] for name in TEXTS}
            assert message["open_time"] == int(row["open_time"])


def test_a_bar_is_its_updates_and_then_its_final_values() -> None:
    with start(updates=4) as server, join(server) as client:
        server.play_bars(2)
        messages = [receive(client) for _ in range(10)]
        assert numbers(server, messages) == [0] * 5 + [1] * 5
        assert [is_final(server, message) for message in messages] == ([False] * 4 + [True]) * 2


def test_messages_have_one_shape_and_no_closed_flag() -> None:
    with start(updates=2) as server, join(server) as client:
        server.play_bars(1)
        shapes = {tuple(receive(client)) for _ in range(3)}
        assert shapes == {("type", "symbol", "timeframe", "open_time", "close_time", *TEXTS)}


def test_the_closed_flag_has_the_name_it_is_given() -> None:
    with start(updates=1, closed_flag="is_closed") as server, join(server) as client:
        server.play_bars(1)
        assert [receive(client)["is_closed"] for _ in range(2)] == [False, True]


def test_gzip_is_played_like_the_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "1h.csv.gz"
    path.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    with start(path, updates=0) as server, join(server) as client:
        server.play_bars(1)
        assert is_final(server, receive(client))


def test_skip_and_limit_choose_the_bars() -> None:
    everything = start().bars
    assert start(skip=10, limit=5).bars == everything[10:15]


@pytest.mark.parametrize("options", [{"skip": -1}, {"limit": 0}, {"skip": 10**6}])
def test_a_choice_of_no_bars_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError, match="skip"):
        start(**options)


# Who is let in, and to what.


def test_connected_comes_without_a_request_id_if_there_was_none() -> None:
    with start() as server, connect(server) as client:
        client.send(json.dumps({key: value for key, value in CONNECT.items() if key != "request_id"}))
        assert receive(client) == {"type": "CONNECTED"}


@pytest.mark.parametrize("given", ["wrong", "", None, 7, [TOKEN]])
def test_a_wrong_token_is_refused_without_an_echo(given: object) -> None:
    with start() as server, connect(server) as client:
        client.send(json.dumps(CONNECT | {"csrf_token": given}))
        assert receive(client) == {"type": "ERROR", "message": "wrong or missing csrf_token"}
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(10)
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1008, "wrong or missing csrf_token")
        assert server.acknowledged == 0


def test_any_token_will_do_if_none_is_asked_for() -> None:
    with start(token=None) as server, join(server, csrf_token="whatever"):
        assert server.acknowledged == 1


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "7",
        "[" * 100_000,
        b"{}",
        "{}",
        '{"type": "PING"}',
        json.dumps(CONNECT | {"symbols": "BTCUSDT"}),
        json.dumps(CONNECT | {"resolutions": [1]}),
    ],
)
def test_anything_but_a_connect_is_refused(message: str | bytes) -> None:
    with start() as server, connect(server) as client:
        client.send(message)
        assert receive(client)["type"] == "ERROR"
        with pytest.raises(ConnectionClosed, match="1008"):
            client.recv(10)


def test_another_path_is_not_found() -> None:
    with start() as server, pytest.raises(InvalidStatus, match="404"), connect(server.url + "s"):
        pass


@pytest.mark.parametrize("changes", [{"symbols": ["ETHUSDT", "btcusdt"]}, {"resolutions": ["1m"]}, {"symbols": []}])
def test_a_series_that_is_not_served_is_acknowledged_and_silent(changes: dict[str, list[str]]) -> None:
    with start(snapshot=3, skip=3) as server, join(server, **changes) as client:
        server.play_bars(2)
        with pytest.raises(TimeoutError):
            client.recv(0.05)


def test_a_second_connect_replaces_the_subscription() -> None:
    with start(updates=0) as server, join(server) as client:
        subscribe(client, symbols=["ETHUSDT"])
        server.play_bars(1)
        subscribe(client, symbols=["ETHUSDT", "BTCUSDT"])
        server.play_bars(1)
        assert numbers(server, [receive(client)]) == [1]
        assert server.acknowledged == 1


def test_a_snapshot_comes_right_after_connected() -> None:
    with start(snapshot=3, updates=4) as server:
        server.play_bars(10.5)
        with join(server) as client:
            messages = [receive(client) for _ in range(3)]
            assert numbers(server, messages) == [7, 8, 9]
            assert all(is_final(server, message) for message in messages)
            server.play_steps(1)
            assert numbers(server, [receive(client)]) == [10]


def test_the_first_snapshot_holds_skipped_bars() -> None:
    with start(snapshot=2, skip=5) as server, join(server) as client:
        assert numbers(server, [receive(client), receive(client)]) == [-2, -1]


def test_joining_amid_the_timeline_loses_and_repeats_nothing() -> None:
    with start(snapshot=10**6, updates=0, rate=0, manual=False) as server, join(server):
        with join(server) as late:
            messages = [receive(late) for _ in server.bars]
        assert numbers(server, messages) == list(range(len(server.bars)))


def test_a_bar_that_comes_while_a_slow_client_joins_is_not_lost() -> None:
    market = Market({SERIES: wide_bars(1)}, history={SERIES: wide_bars(160)}, snapshot=160)
    with (
        MarketServer(market) as server,
        narrow_socket(server) as raw,
        connect(server, sock=raw, max_queue=1) as slow,
    ):
        subscribe(slow)
        with ThreadPoolExecutor() as pool:
            played = pool.submit(server.play_steps, 5)
            volumes = [receive(slow)["volume"] for _ in range(165)]
        assert played.exception() is None
        assert volumes == ["10"] * 160 + ["2", "4", "6", "8", "10"]


def wide_bars(count: int) -> list[PlayedBar]:
    """So large that the kernel's buffers hold only a part of a hundred of them."""
    return [PlayedBar(n * HOUR, (n + 1) * HOUR, "1".zfill(60_000), "1", "1", "1", "10") for n in range(count)]


def narrow_socket(server: MarketServer) -> socket.socket:
    """A connected socket for which the kernel holds little."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect(address(server))
    return raw


def test_a_token_is_not_in_the_log_even_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with start() as server:
        caplog.clear()
        with connect(server) as client:
            client.protocol.debug = False  # the client's own log is not what is looked at
            subscribe(client)
    assert TOKEN not in caplog.text


# One timeline.


def test_two_clients_share_one_timeline() -> None:
    with start(updates=0) as server, join(server) as first:
        server.play_bars(3)
        with join(server) as second:
            server.play_bars(2)
            assert numbers(server, [receive(first) for _ in range(5)]) == [0, 1, 2, 3, 4]
            assert numbers(server, [receive(second) for _ in range(2)]) == [3, 4]


def test_the_timeline_starts_at_the_first_accepted_connect() -> None:
    with start(limit=3, rate=0, manual=False) as server:
        with connect(server) as client:
            client.send(json.dumps(CONNECT | {"csrf_token": "wrong"}))
            assert receive(client)["type"] == "ERROR"
        assert not server.wait_finished(0.05)
        with join(server) as client:
            assert numbers(server, [receive(client)]) == [0]
        assert server.wait_finished(10)


def test_bars_come_at_the_rate() -> None:
    began = time.monotonic()
    with start(limit=10, rate=50, manual=False) as server, join(server):
        assert server.wait_finished(10)
        assert time.monotonic() - began >= 0.99 * 10 / 50
        assert server.position == 10


def test_after_the_last_bar_it_stays_open_and_silent() -> None:
    with start(limit=2, rate=0, updates=0, manual=False) as server, join(server) as client:
        assert numbers(server, [receive(client), receive(client)]) == [0, 1]
        assert server.wait_finished(10)
        with pytest.raises(TimeoutError):
            client.recv(0.1)
        with join(server) as late, pytest.raises(TimeoutError):
            late.recv(0.05)


def test_by_hand_nothing_is_played_by_itself() -> None:
    with start(rate=1000, manual=True) as server, join(server) as client:
        with pytest.raises(TimeoutError):
            client.recv(0.05)
        assert server.position == 0


def test_playing_by_hand_ends_with_the_last_bar() -> None:
    with start(limit=2) as server:
        server.play_bars(7)
        assert server.position == 2
        assert server.wait_finished(0)


def test_a_client_that_closes_leaves_the_others_alone() -> None:
    with start(updates=0) as server, join(server) as stays:
        with join(server):
            server.play_bars(1)
        server.play_bars(1)
        assert numbers(server, [receive(stays), receive(stays)]) == [0, 1]


def test_a_client_that_does_not_read_is_cut_and_the_others_go_on() -> None:
    market = Market({SERIES: wide_bars(160)}, updates=0)
    with MarketServer(market, rate=150) as server, join(server) as reader, join_deaf(server) as deaf:
        assert numbers(server, [receive(reader) for _ in range(160)]) == list(range(160))
        assert sum(map(len, iter(lambda: read_to_the_cut(deaf), b""))) < 160 * 60_000


def address(server: MarketServer) -> tuple[str, int]:
    return "127.0.0.1", int(server.url.rsplit(":")[-1].split("/")[0])


@contextmanager
def join_deaf(server: MarketServer) -> Iterator[socket.socket]:
    """A bare socket that joined and reads nothing more."""
    upgrade = "GET /market_data HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    payload = json.dumps(CONNECT).encode()
    with narrow_socket(server) as raw:
        raw.sendall(f"{upgrade}Sec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        raw.sendall(bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + bytes(4) + payload)
        received = b""
        while b"CONNECTED" not in received:
            received += raw.recv(100)
        yield raw


def read_to_the_cut(raw: socket.socket) -> bytes:
    try:
        return raw.recv(2**20)
    except ConnectionResetError:
        return b""


# Cuts.


@pytest.mark.parametrize(("drop_at", "seen"), [("3.0", 15), ("3.5", 17), ("3.9", 20)])
def test_the_cut_comes_where_it_is_told(drop_at: str, seen: int) -> None:
    with start(updates=4, drop_at=drop_at, drop_for=2) as server, join(server) as client:
        server.play_bars(4)
        assert len(receive_all(client)) == seen


@pytest.mark.parametrize(("drop_at", "cut", "after"), [("3.0", 15, 0), ("3.5", 17, 2), ("3.9", 20, 0)])
def test_readmission_is_exactly_so_many_bars_after_the_cut(drop_at: str, cut: int, after: int) -> None:
    with start(updates=4, drop_at=drop_at, drop_for=7) as server:
        server.play_steps(cut + 7 * 5 - 1)
        with pytest.raises(InvalidStatus, match="503"), connect(server):
            pass
        server.play_steps(1)
        with join(server) as client:
            server.play_steps(5 - after)
            first, *_, last = [receive(client) for _ in range(5 - after)]
            assert numbers(server, [first]) == [(cut + 7 * 5) // 5]
            assert is_final(server, last)
        assert server.refused == 1


def test_an_outage_at_the_very_start_cuts_the_first_client() -> None:
    with start(drop_at="0.0", drop_for=1) as server:
        with connect(server) as client:
            client.send(json.dumps(CONNECT))
            assert receive_all(client) == [{"type": "CONNECTED", "request_id": "7"}]
        with pytest.raises(InvalidStatus, match="503"), connect(server):
            pass
        server.play_bars(1)
        with join(server):
            assert server.acknowledged == 2


def test_the_timeline_runs_on_through_an_outage() -> None:
    with start(updates=1, rate=100, drop_at="5.5", drop_for=10, manual=False) as server:
        with join(server) as client:
            assert numbers(server, receive_all(client))[-1] == 5
        with rejoin(server) as client:
            assert numbers(server, [receive(client)])[0] >= 15


@contextmanager
def rejoin(server: MarketServer) -> Iterator[ClientConnection]:
    """Try until the server lets us in."""
    while True:
        try:
            client = connect_to(server.url, compression=None)
        except InvalidStatus:
            continue
        with client:
            subscribe(client)
            yield client
        return


def test_a_cut_also_ends_connections_that_have_not_subscribed() -> None:
    with start(drop_at="1.0") as server, connect(server) as idle, join(server):
        server.play_bars(2)
        assert receive_all(idle) == []


def test_a_cut_by_hand_ends_all_connections_and_lets_them_come_back() -> None:
    with start(updates=0) as server, join(server) as first, join(server) as second:
        server.cut()
        assert receive_all(first) == receive_all(second) == []
        server.play_bars(1)
        with join(server) as again:
            server.play_bars(1)
            assert numbers(server, [receive(again)]) == [1]


def test_refuse_keeps_joiners_out_and_leaves_the_others() -> None:
    with start(updates=0) as server, join(server) as client:
        server.refuse()
        with pytest.raises(InvalidStatus, match="503"), connect(server):
            pass
        server.play_bars(1)
        assert numbers(server, [receive(client)]) == [0]
        server.refuse(False)
        with join(server):
            assert server.acknowledged == 2


def test_a_length_without_a_cut_is_an_error() -> None:
    with pytest.raises(SimulatorError, match="drop-for needs drop-at"):
        start(drop_for=3)


# Starting and stopping.


def test_a_taken_port_is_one_clear_line() -> None:
    with start() as server:
        _, port = address(server)
        with pytest.raises(SimulatorError) as caught:
            start(port=port).start()
    remedy = "choose another with --port, or 0 for a free one"
    assert str(caught.value) == f"port {port} on 127.0.0.1 is already in use; {remedy}"


@pytest.mark.parametrize("options", [{"port": 70_000}, {"port": -1}, {"host": "203.0.113.1"}])
def test_an_address_that_cannot_be_had_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError, match=r"^cannot listen on ") as caught:
        start(**options).start()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"rate": -1}, {"rate": float("nan")}, {"snapshot": -1}, {"updates": -1}, {"timeframe": "5x"}]
)
def test_an_option_out_of_range_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError, match=str(next(iter(options.values())))):
        start(**options, manual=False)


def test_stop_says_goodbye_and_may_be_repeated() -> None:
    with start() as server, join(server) as client:
        server.stop()
        server.stop()
        with pytest.raises(ConnectionClosed, match="1001"):
            client.recv(10)


def test_stop_leaves_no_thread() -> None:
    def servers() -> int:
        return [thread.name for thread in threading.enumerate()].count("market server")

    with start(), start():
        assert servers() == 2
    assert servers() == 0


def test_a_server_that_was_not_started_can_be_stopped_and_not_played() -> None:
    server = start()
    server.stop()
    with pytest.raises(SimulatorError, match="not started"):
        server.play_bars(1)


def test_tls_is_served_with_the_context_it_is_given() -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with start(tls=context) as server, connect(server, ssl=trusting) as client:
        assert server.url.startswith("wss://127.0.0.1:")
        subscribe(client)


# The command.

SIMULATE = [sys.executable, "-c", "from wealthsources_simulator.main import app; app()"]
OPTIONS = {"--data": str(SAMPLE), "--symbol": "BTCUSDT", "--timeframe": "1h", "--token": TOKEN}


def command(**changes: str) -> list[str]:
    options = OPTIONS | {"--" + name.replace("_", "-"): value for name, value in changes.items()}
    return [*SIMULATE, *(word for option in options.items() for word in option)]


@contextmanager
def simulate(**changes: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command(**changes), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline(), process
        finally:
            process.kill()


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_address_and_nothing_more(name: signal.Signals) -> None:
    with simulate(rate="0", updates="0", limit="3") as (line, process):
        assert line.startswith("ws://127.0.0.1:")
        assert line.endswith("/market_data\n")
        with join(line.strip()) as client:
            assert [receive(client)["type"] for _ in range(3)] == ["BAR"] * 3
        process.send_signal(name)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_the_command_takes_every_option() -> None:
    changes = {"updates": "1", "closed_flag": "x", "skip": "5", "limit": "9", "snapshot": "2", "rate": "0"}
    with simulate(**changes, host="127.0.0.1", port="0", drop_at="8.5", drop_for="0.5") as (line, _):
        with connect(line.strip()) as client:
            subscribe(client)
            messages = receive_all(client)
        assert [message["x"] for message in messages] == [True, True, *[False, True] * 8, False]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": "no-such.csv"}, "no-such.csv: No such file or directory"),
        ({"timeframe": "5x"}, "'5x' is not a timeframe"),
        ({"timeframe": "4h"}, ".csv:3: open_time 1564621200000 is not on the 4h grid"),
        ({"drop_at": "-1"}, "drop-at -1 is not a number of bars, 0 or more"),
        ({"drop_at": "99999"}, "drop-at 99999 is beyond the 1464 bars"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(changes: dict[str, str], problem: str) -> None:
    done = subprocess.run(command(**changes), capture_output=True, text=True, check=False, timeout=30)
    assert problem in done.stderr
    assert (done.stderr.count("\n"), done.stdout, done.returncode) == (1, "", 2)


def test_a_taken_port_ends_the_command_with_one_line() -> None:
    with start() as server:
        port = str(address(server)[1])
        done = subprocess.run(command(port=port), capture_output=True, text=True, check=False, timeout=30)
    remedy = "choose another with --port, or 0 for a free one"
    assert done.stderr == f"port {port} on 127.0.0.1 is already in use; {remedy}\n"
    assert (done.stdout, done.returncode) == ("", 2)


def test_the_list_of_commands_loads_no_server() -> None:
    code = "import sys, wealthsources_simulator.main; print({'asyncio', 'websockets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "set()\n"


def test_the_command_needs_no_extra() -> None:
    extras = "('websockets', 'websocket', 'msgspec', 'python_socks')"
    code = f"import sys; sys.modules |= dict.fromkeys({extras}); {SIMULATE[-1]}"
    words = [sys.executable, "-c", code, *command()[3:]]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with join(process.stdout.readline().strip()):
            process.terminate()
        assert process.wait(10) == 0
