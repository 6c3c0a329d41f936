"""DNS and TCP, against real ports on this machine."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import time

import pytest

from wealthsources_websocket.errors import ConnectionLost

from ....support.wire import TEXT, Peer, frame
from .servers import DEADLINE, PROMPT, dial, elapsed, receive, serve


def test_a_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionLost) as caught:
        dial(f"ws://127.0.0.1:{port}/")
    assert caught.value.reason == "refused"
    assert f"127.0.0.1:{port}" in caught.value.detail


def test_a_port_that_drops_packets_ends_by_the_deadline(full_port):
    with pytest.raises(ConnectionLost) as caught:
        assert elapsed(lambda: dial(f"ws://127.0.0.1:{full_port}/", DEADLINE)) < 0
    assert caught.value.reason == "connect_timeout"


@pytest.mark.parametrize("host", ["nothing.invalid", "a..b", "a" * 70 + ".example"])
def test_a_name_that_does_not_resolve_is_told(host):
    with pytest.raises(ConnectionLost) as caught:
        dial(f"ws://{host}:18000/")
    assert caught.value.reason == "dns"
    assert host in caught.value.detail


def test_when_the_first_address_refuses_the_second_is_tried(resolve, closed_port):
    with serve(Peer.upgrade) as server:
        resolve((socket.AF_INET, ("127.0.0.1", closed_port)), (socket.AF_INET, ("127.0.0.1", server.port)))
        dial("ws://two.example/").drop()


def test_when_the_first_address_drops_packets_the_second_is_tried_within_the_deadline(resolve, full_port):
    with serve(Peer.upgrade) as server:
        resolve((socket.AF_INET, ("127.0.0.1", full_port)), (socket.AF_INET, ("127.0.0.1", server.port)))
        dial("ws://two.example/", 4 * DEADLINE).drop()


def test_an_address_that_drops_packets_takes_no_more_than_its_share(resolve, full_port, closed_port):
    resolve((socket.AF_INET, ("127.0.0.1", full_port)), (socket.AF_INET, ("127.0.0.1", closed_port)))
    began = time.monotonic()
    with pytest.raises(ConnectionLost, match="refused"):
        dial("ws://two.example/", 3.0)
    assert 1.5 <= time.monotonic() - began < 1.5 + PROMPT


def test_when_this_machine_has_no_such_network_the_second_address_is_tried(resolve):
    with serve(Peer.upgrade) as server:
        resolve((socket.AF_APPLETALK, ("x", 1)), (socket.AF_INET, ("127.0.0.1", server.port)))
        dial("ws://two.example/").drop()


def test_when_no_address_works_the_last_failure_is_told(resolve, full_port, closed_port):
    resolve((socket.AF_INET, ("127.0.0.1", full_port)), (socket.AF_INET, ("127.0.0.1", closed_port)))
    with pytest.raises(ConnectionLost) as caught:
        dial("ws://two.example/", DEADLINE)
    assert caught.value.reason == "refused"


def test_a_name_without_any_address_is_told(resolve):
    resolve()
    with pytest.raises(ConnectionLost) as caught:
        dial("ws://none.example/")
    assert caught.value.reason == "dns"


def test_a_resolver_that_hangs_ends_by_the_deadline(hanging_resolver):
    with pytest.raises(ConnectionLost) as caught:
        dial("ws://slow.example/", DEADLINE)
    assert caught.value.reason == "dns_timeout"


def test_a_process_with_a_thousand_open_files_connects_too():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    with contextlib.ExitStack() as stack, serve(lambda peer: peer.upgrade(first=frame(TEXT, b"welcome"))) as server:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
        for file in files:
            stack.callback(os.close, file)
        assert max(files) > 1023  # more than select() can watch
        connection = dial(server.url)
        stack.callback(connection.drop)
        assert receive(connection) == (TEXT, b"welcome")
