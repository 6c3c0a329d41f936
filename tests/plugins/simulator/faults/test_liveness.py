"""Rows B: connections that do not live as they should."""

from __future__ import annotations

import pytest

from ..clients import BEGINNING, PING, PONG, TEXT


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
