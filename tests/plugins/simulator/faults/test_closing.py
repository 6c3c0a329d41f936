"""Rows C: the ways in which a connection ends."""

from __future__ import annotations

import struct

import pytest

from ..clients import CLOSE


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
