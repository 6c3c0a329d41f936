"""The server on its socket: it plays a file, speaks TLS, and stops in the middle of anything."""

from __future__ import annotations

import csv
import gzip
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.exceptions import ConnectionClosed, InvalidStatus

import wealthsources_simulator
from wealthsources_simulator import Market, MarketServer, SimulatorError

from ...support.markets import SAMPLE
from ...support.tls import client_context, server_context
from .listening import (
    CONNECT,
    SERIES,
    TEXTS,
    TOKEN,
    address,
    connect,
    is_final,
    join,
    narrow_socket,
    numbers,
    receive,
    receive_all,
    start,
    subscribe,
    wide_bars,
)


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


def test_two_clients_share_one_timeline() -> None:
    with start(updates=0) as server, join(server) as first:
        server.play_bars(3)
        with join(server) as second:
            server.play_bars(2)
            assert numbers(server, [receive(first) for _ in range(5)]) == [0, 1, 2, 3, 4]
            assert numbers(server, [receive(second) for _ in range(2)]) == [3, 4]


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


def test_a_token_is_not_in_the_log_even_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with start() as server:
        caplog.clear()
        with connect(server) as client:
            client.protocol.debug = False  # the client's own log is not what is looked at
            subscribe(client)
    assert TOKEN not in caplog.text


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
    authority = trustme.CA()
    context, trusting = server_context(authority), client_context(authority)
    with start(tls=context) as server, connect(server, ssl=trusting) as client:
        assert server.url.startswith("wss://127.0.0.1:")
        subscribe(client)


def test_a_file_can_be_played_by_a_server_that_misbehaves() -> None:
    with start(script=["captive-portal"], limit=2, rate=0, updates=0, manual=False) as server:
        with pytest.raises(InvalidStatus, match="200"), connect(server):
            pass
        with join(server) as client:
            assert numbers(server, [receive(client), receive(client)]) == [0, 1]
        assert server.script_done


def test_playing_does_not_wait_for_a_client_whose_script_is_not_over() -> None:
    with start(script=["freeze"], limit=2) as server, join(server) as frozen:
        server.play_bars(2)
        with pytest.raises(TimeoutError):
            frozen.recv(0.05)


def test_all_public_names_are_there() -> None:
    names = {name: getattr(wealthsources_simulator, name) for name in wealthsources_simulator.__all__}
    assert names["MarketServer"] is MarketServer
    assert set(names) == set(wealthsources_simulator._HOME)
    with pytest.raises(AttributeError, match="'Servant'"):
        _ = wealthsources_simulator.Servant
