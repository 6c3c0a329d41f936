"""Who is let in, to what, and what they are sent first; with a real WebSocket client."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wealthsources_simulator import Market, MarketServer

from .listening import (
    CONNECT,
    SERIES,
    TOKEN,
    connect,
    is_final,
    join,
    narrow_socket,
    numbers,
    receive,
    start,
    subscribe,
    wide_bars,
)


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
