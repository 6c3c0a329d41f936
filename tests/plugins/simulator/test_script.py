"""The script: which connection meets what."""

from __future__ import annotations

import socket
import struct

import pytest

from wealthsources_simulator import MarketServer, SimulatorError, fault
from wealthsources_simulator.script import Script

from ...support.waiting import wait_until
from .clients import CLOSE, CONNECT, UPGRADE, Client
from .subscribing import make_market


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


def test_the_script_is_done_when_its_last_entry_ended_or_behaves(serve, client):
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


def test_the_server_keeps_what_the_clients_said(serve, client):
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


def test_a_fault_made_of_one_servers_messages_is_for_that_server(serve):
    server = serve(market=make_market("kraken"))
    with pytest.raises(SimulatorError, match="fault 'nan' is made of wealthai's messages; not for 'kraken'"):
        server.then("nan")


def test_only_a_fault_of_tls_is_met_before_a_request_for_a_token():
    def next_is(*entries) -> bool:
        return Script(entries, "kucoin").comes_before_requests

    assert next_is("stalled-handshake")
    assert not next_is()
    assert not next_is("reset", "stalled-handshake")
    assert not next_is(None)
