"""The bytes of protobuf."""

from __future__ import annotations

import pytest

from wealthsources_simulator.exchanges.protobuf import field, message, varint


@pytest.mark.parametrize(
    ("value", "data"), [(0, b"\x00"), (1, b"\x01"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")]
)
def test_a_whole_number_has_seven_bits_a_byte(value, data):
    assert varint(value) == data


def test_a_field_is_its_number_its_kind_and_its_value():
    assert field(1, 150) == b"\x08\x96\x01"  # the example of protobuf's own documentation
    assert field(2, "testing") == b"\x12\x07testing"
    assert field(308, b"") == b"\xa2\x13\x00"


def test_fields_of_a_message_are_numbered_from_1_and_may_be_left_out():
    assert message(150, "testing", None, 1) == b"\x08\x96\x01\x12\x07testing\x20\x01"
