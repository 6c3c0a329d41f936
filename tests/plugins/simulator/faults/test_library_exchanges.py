"""Faults that know nothing of the messages run with every exchange, and after them it behaves well."""

from __future__ import annotations

import contextlib
import threading

import pytest

from wealthsources_simulator import FAULTS, MarketServer, SimulatorError

from ....support.waiting import wait_until
from ..clients import UPGRADE
from ..subscribing import WAYS, make_market, path, subscribe, wire
from .test_library import NEVER_BEHAVES, QUICKER

#: With these every fault is tried, with the others one or more of each kind.
CHIEF = ("binance", "okx", "kraken", "kucoin")
SOME = (
    *("huge-header", "first-bar-with-upgrade", "bar-before-connected", "double-ack", "error-while-streaming"),
    *("late-pong", "half-frame-then-rest", "fragments-with-ping", "split-utf8", "bad-utf8", "one-segment"),
    *("many-segments", "compressed", "not-json", "deep-nesting", "extra-keys", "impossible-bar:microseconds"),
    *("unsolicited", "many-updates", "duplicates", "older-after-newer", "skip-bars", "burst", "future-bar"),
)
GENERAL = [one.name for one in FAULTS.values() if one.protocol is None and one.name not in NEVER_BEHAVES]
CASES = [(name, fault) for name in WAYS for fault in (GENERAL if name in CHIEF else SOME)]


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_after_a_fault_an_exchange_behaves_well(serve, client, name, fault):
    market = make_market(name)
    market.play(3)
    server = serve(f"{fault}:{QUICKER[fault]}" if fault in QUICKER else fault, market=market)
    one = client(server)
    one.sock.sendall(UPGRADE.replace(b"/market_data", path(market.exchange).encode()))
    subscribe(one, name)
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
    last = wire(name, market.exchange, market.messages_since(0)[-1].text)
    wait_until(lambda: server.peers[0].position == market.length)
    if fault != "one-silent-stream":
        wait_until(lambda: last in data)
    server.stop()
    reader.join()


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("fault", ["freeze:2", "pings-only:2", "close:1012", "fin:1", "unauthorized", "no-ack"])
def test_an_exchange_can_fall_silent_or_leave(serve, client, name, fault):
    market = make_market(name)
    server = serve(fault, market=market)
    first = client(server)
    status, _ = first.upgrade(path(market.exchange))
    if fault == "unauthorized":
        assert status.startswith("HTTP/1.1 401")
    else:
        subscribe(first, name)
        if fault != "no-ack":
            wait_until(lambda: server.acknowledged == 1)
    market.play(3)
    second = client(server)  # which meets a server that behaves well
    assert second.upgrade(path(market.exchange))[0].startswith("HTTP/1.1 101")
    subscribe(second, name)
    wait_until(lambda: server.peers[-1].acknowledged)
    assert server.accepted == 2


@pytest.mark.parametrize("fault", ["missing-field", "odd-price:1", "foreign-ack"])
def test_a_fault_made_of_one_servers_messages_is_for_that_server(fault):
    name = fault.partition(":")[0]
    with pytest.raises(SimulatorError, match=f"fault '{name}' is made of wealthai's messages; not for 'okx'"):
        MarketServer(make_market("okx"), [fault])
