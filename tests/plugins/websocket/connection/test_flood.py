"""What cannot be used, in great number."""

from __future__ import annotations

import pytest

from wealthsources_websocket.connection.flood import FloodWatch
from wealthsources_websocket.errors import ConnectionLost

from ....support.waiting import wait_until


def test_a_flood_of_nonsense_does_not_flood_the_log(serve, start_client, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send(*["{"] * 500, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.counters["bad_message"] == 500
    assert caplog.text.count("bad_message") == 1


def test_heartbeats_in_plain_text_are_no_flood(serve, start_client, bar, policies):
    policies |= {"most_malformed": 3, "flood_time": 0.0}  # none of them comes that quickly

    def script(peer):
        peer.accept()
        peer.send(*["beat"] * 20, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.epoch == 1


def test_a_flood_is_many_in_a_row_in_little_time():
    watch = FloodWatch(3, 60.0)
    watch.malformed(0.0)
    watch.malformed(30.0)
    with pytest.raises(ConnectionLost, match=r"bad_flood: 3 messages in a row could not be used \(a fixed limit\)$"):
        watch.malformed(59.0)
    for now in (100.0, 130.0, 160.0):  # slowly
        watch.malformed(now)
    watch.malformed(200.0)
    watch.malformed(200.0)
    watch.in_a_row = 0  # a bar came
    watch.malformed(200.0)
