"""Rows D: frames that must not be, and odd ones that may."""

from __future__ import annotations

import json

import pytest

from ..clients import BTC, PONG, TEXT, seen, truth


@pytest.mark.parametrize(
    ("script", "first"),
    [
        ("reserved-bits:5", (1, 5, TEXT, False)),
        ("reserved-opcode:11", (1, 0, 11, False)),
        ("stray-continuation", (1, 0, 0, False)),
        ("masked", (1, 0, TEXT, True)),
        ("fragmented-control:pong", (0, 0, PONG, False)),
        ("compressed", (1, 4, TEXT, False)),
        ("binary", (1, 0, 2, False)),
        ("empty-text", (1, 0, TEXT, False)),
        ("fragments-with-ping", (0, 0, TEXT, False)),
    ],
)
def test_the_first_frame_has_the_bits_that_the_fault_says(joined, script, first):
    assert joined(script).head()[:4] == first


@pytest.mark.parametrize("kind", ["ping", "pong", "close"])
def test_a_control_frame_can_be_too_long(joined, kind):
    assert joined(f"long-control:{kind}").head()[4] == 126


def test_a_frame_can_announce_a_tebibyte(joined):
    assert joined("huge-announcement").head()[4] == 2**40


@pytest.mark.parametrize("name", ["bad-utf8", "bad-utf8-in-fragments", "truncated-utf8"])
def test_a_text_can_be_no_utf8(joined, name):
    client = joined(name)
    fin, data = 0, b""
    while not fin:
        fin, _, _, _, size = client.head()
        data += client.exactly(size)
    with pytest.raises(UnicodeDecodeError):
        data.decode()


def test_fragments_can_split_characters_of_a_proper_text(joined):
    client = joined("split-utf8")
    fin, data = 0, b""
    while not fin:
        fin, _, _, _, size = client.head()
        assert size == 1
        data += client.exactly(size)
    assert json.loads(data)["note"] == "é€😀"


def test_empty_fragments_come_before_a_whole_bar(joined):
    client = joined("empty-fragments:200")
    heads = [client.head() for _ in range(201)]
    assert heads == [(0, 0, TEXT, False, 0), *[(0, 0, 0, False, 0)] * 200]
    fin, _, opcode, _, size = client.head()
    assert (fin, opcode) == (1, 0)
    assert json.loads(client.exactly(size))["type"] == "BAR"


def test_all_that_was_played_can_come_in_one_piece(market, joined):
    market.play(10)
    client = joined("one-segment")
    assert seen(client.messages(30)) == truth(market.all(BTC))


def test_one_frame_can_come_in_thousands_of_pieces(joined):
    assert len(json.dumps(joined("many-segments:3000").message())) > 2900
