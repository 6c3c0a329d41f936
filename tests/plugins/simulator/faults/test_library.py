"""All faults with a name: every row has one, and after it the server behaves."""

from __future__ import annotations

import pytest

from wealthsources_simulator import FAULTS

from ....support.waiting import wait_until
from ..clients import BTC, UPGRADE, reading

#: What goes on by itself, or never comes to the point of behaving well again.
NEVER_BEHAVES = {
    *("silent-upgrade", "dripping-upgrade", "endless-headers", "captive-portal", "unauthorized", "bad-status"),
    *("too-many-requests", "banned", "endless-body", "redirect", "redirect-to"),
    *("plain-text", "stalled-handshake", "cut-handshake", "no-ack", "error-instead", "foreign-ack"),
    *("freeze", "pings-only", "one-silent-stream", "ping-flood", "pong-flood", "half-frame", "blackhole"),
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


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in NEVER_BEHAVES])
def test_after_a_fault_the_server_behaves_well(market, serve, client, name):
    market.play(3)
    server = serve(f"{name}:{QUICKER[name]}" if name in QUICKER else name)
    one = client(server)
    one.sock.sendall(UPGRADE)
    one.subscribe()
    with reading(one) as data:
        wait_until(lambda: server.script_done)
        assert server.acknowledged == 1
        market.play(100)
        last = [played.text for played in market.messages_since(0) if played.series == BTC][-1]
        wait_until(lambda: last.encode() in data)
