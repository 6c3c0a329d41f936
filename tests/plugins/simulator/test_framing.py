"""Frames as bytes."""

from __future__ import annotations

import struct

import pytest

from wealthsources_simulator.framing import CLOSE, TEXT, apply_mask, close_payload, encode, read_close


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e" + struct.pack("!H", 126)),
        (65_535, b"\x81\x7e" + struct.pack("!H", 65_535)),
        (65_536, b"\x81\x7f" + struct.pack("!Q", 65_536)),
    ],
)
def test_the_head_of_a_frame_has_the_shortest_length(size, head):
    assert encode(TEXT, b"x" * size) == head + b"x" * size


def test_every_bit_can_be_wrong():
    assert encode(CLOSE, b"abc", fin=False, rsv=5)[0] == 0x58
    assert encode(TEXT, b"abc", length=100) == b"\x81\x64abc"
    assert encode(TEXT, b"abc", mask=True)[1] == 0x83


def test_a_masked_payload_is_read_back():
    frame = encode(TEXT, b"a longer text", mask=True)
    assert apply_mask(frame[6:], frame[2:6]) == b"a longer text"


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        (close_payload(1001, "bye"), (1001, "bye")),
        (close_payload(4000), (4000, "")),
        (b"", (1005, "")),
        (b"\x03", (1005, "")),
        (b"\x03\xe8\xff", (1000, "\N{REPLACEMENT CHARACTER}")),
    ],
)
def test_a_close_frame_says_code_and_reason(payload, read):
    assert read_close(payload) == read
