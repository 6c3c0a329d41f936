"""MEXC's protobuf: which field is which, and that no bytes can do harm. These messages are written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

pytest.importorskip("google.protobuf")

from wealthsources_websocket.protocols.mexc_frames import SpotFrame, SpotKline, read_frame

CHANNEL = "spot@public.kline.v3.api.pb@BTCUSDT@Min1"
BODY: dict[int, str | int] = {
    1: "Min1",
    2: 1_800_000_000,
    3: "91000.1",
    4: "91004",
    5: "91010",
    6: "90990.5",
    7: "12.5",
    8: "1137551.25",
    9: 1_800_000_060,
}


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: str | bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def body(**changes: str | bytes | int | None) -> bytes:
    """A kline; a field `f7` that is None is left out."""
    fields = BODY | {int(name[1:]): value for name, value in changes.items()}
    return b"".join(field(number, value) for number, value in fields.items() if value is not None)


def frame(kline: bytes | None, channel: str = CHANNEL, symbol: str = "BTCUSDT") -> bytes:
    inner = b"" if kline is None else field(308, kline)
    return field(1, channel) + inner + field(3, symbol) + field(5, 1_800_000_031_000)


def test_each_field_is_where_it_belongs():
    kline = SpotKline("Min1", 1_800_000_000, "91000.1", "91010", "90990.5", "91004", "12.5")
    assert read_frame(frame(body())) == SpotFrame(CHANNEL, "BTCUSDT", kline)


def test_a_frame_about_something_else_has_no_kline():
    assert read_frame(frame(None) + field(301, b"\x0a\x01x")) == SpotFrame(CHANNEL, "BTCUSDT", None)


def test_unknown_fields_are_skipped():
    more = field(10, "new") + field(200, 7) + varint(11 << 3 | 1) + bytes(8) + varint(12 << 3 | 5) + bytes(4)
    assert read_frame(field(2, "x") + frame(body() + more) + field(999, b"\xff")) == read_frame(frame(body()))


def test_a_field_of_another_wire_type_is_not_there():
    kline = read_frame(frame(body(f2="1800000000", f3=91_000))).kline
    assert kline is not None
    assert (kline.start, kline.open) == (0, "")


def test_text_that_is_not_utf_8_is_refused():
    with pytest.raises(ValueError, match="not protobuf"):
        read_frame(frame(body(f3=b"\xff\xfe")))


def test_a_frame_that_is_cut_is_refused_or_says_less():
    whole = frame(body())
    right = read_frame(whole)
    for end in range(len(whole)):
        try:
            cut = read_frame(whole[:end])
        except ValueError:
            continue
        assert cut.kline in (None, right.kline)
        assert cut.symbol in ("", right.symbol)


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_says_nothing_of_a_kline(data):
    try:
        read_frame(data)
    except ValueError as error:
        assert "not protobuf" in str(error)  # noqa: PT017 - most garbage can be read


def test_depth_is_refused():
    with pytest.raises(ValueError, match="not protobuf"):
        read_frame(varint(99 << 3 | 3) * 100_000)
