from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from wealthsources import Redactor
from wealthsources_replay.frames import ClockRecord, FrameRecord, MissingRecord, StateRecord
from wealthsources_replay.lines import decode, encode

from .records import T0, frame

NUMBERS = st.integers(0, 2**62)
TEXTS = st.text(st.characters(exclude_categories=[]))  # lone surrogates too
DIRECTIONS = st.sampled_from(["in", "out"])
RECORDS = st.one_of(
    st.builds(FrameRecord, NUMBERS, NUMBERS, NUMBERS, NUMBERS, DIRECTIONS, TEXTS | st.binary()),
    st.builds(StateRecord, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.just("lost"), TEXTS),
    st.builds(MissingRecord, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXTS),
    st.builds(ClockRecord, NUMBERS, NUMBERS, NUMBERS),
)


@given(st.lists(RECORDS))
def test_records_are_read_exactly_as_they_were(records):
    lines = "".join(encode(record, str) for record in records)
    assert decode(lines.encode()) == records
    assert lines.count("\n") == len(records)


def test_a_line_is_for_people_and_their_tools():
    assert json.loads(encode(frame(3, "x", direction="out"), str)) == {
        "kind": "text",
        "wall_ms": T0 + 3,
        "monotonic_ns": 10**15 + 3_000_000,
        "shard": 0,
        "epoch": 1,
        "direction": "out",
        "frame": "x",
    }
    assert json.loads(encode(frame(3, b"\0\xff"), str))["frame"] == "AP8="


def test_secrets_are_taken_out_of_texts_whatever_their_direction():
    redact = Redactor("s3cr3t-s3cr3t")
    said = [
        frame(0, '{"token": "s3cr3t-s3cr3t"}', direction="out"),
        frame(0, "hello s3cr3t-s3cr3t"),
        StateRecord(0, 0, 0, 0, "lost", "refused: s3cr3t-s3cr3t"),
    ]
    lines = "".join(encode(record, redact) for record in said)
    assert "s3cr3t" not in lines
    assert decode(lines.encode())[0].data == '{"token": "***"}'


@pytest.mark.parametrize("line", ["{", "[]", "5", "{}", '{"kind": "x"}', '{"kind": "clock"}', '{"kind": []}', "\xff"])
def test_other_lines_are_no_records(line):
    with pytest.raises(ValueError):
        decode(line.encode("latin-1"))


def test_a_binary_frame_that_is_no_base64_is_none():
    line = encode(frame(0, b"abc"), str).replace("YWJj", "YWJ")
    with pytest.raises(ValueError, match="base64"):
        decode(line.encode())
