from __future__ import annotations

import dataclasses
import json

import pytest

from wealthsources import Redactor
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.header import Header, SegmentHeader, read_header, write_header

from .records import HEADER, T0

SEGMENT = SegmentHeader(HEADER, "abc", T0, 5)


def changed(**facts):
    return json.dumps({**json.loads(write_header(SEGMENT)), **facts}).encode()


def test_a_header_is_read_as_it_was_written():
    assert read_header(write_header(SEGMENT), "x") == SEGMENT


def test_what_a_later_wealthsources_of_the_same_format_adds_is_passed_over():
    assert read_header(changed(colour="red"), "x") == SEGMENT


def test_a_newer_format_asks_for_an_upgrade():
    with pytest.raises(RecordingError, match=r"x is of format 2, recorded by wealthsources 9\.1; .*: upgrade"):
        read_header(changed(recording=2, wealthsources="9.1"), "x")


def test_an_older_format_says_what_plays_it():
    with pytest.raises(
        RecordingError, match=r"format 0, .* does not read any more: play it with wealthsources 0\.0\.1"
    ):
        read_header(changed(recording=0, wealthsources="0.0.1"), "x")


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"recording": "1"}', b'{"recording": 1}', b"\xff", b""])
def test_another_line_is_no_header(line):
    with pytest.raises(ValueError):
        read_header(line, "x")


def test_options_that_json_does_not_know_are_an_error():
    with pytest.raises(TypeError):
        write_header(SegmentHeader(dataclasses.replace(HEADER, options={"a": object()}), "", 0, 0))


def test_secrets_are_taken_out_of_every_text():
    options = {"endpoint": "wss://x?key=s3cr3t-s3cr3t", "list": ["s3cr3t-s3cr3t", 5], "of": {"it": "s3cr3t-s3cr3t"}}
    header = dataclasses.replace(HEADER, options=options).redacted(Redactor("s3cr3t-s3cr3t"))
    assert header.options == {"endpoint": "wss://x?key=***", "list": ["***", 5], "of": {"it": "***"}}
    assert header == dataclasses.replace(HEADER, options=header.options)


def test_a_source_may_subscribe_to_something_else_and_is_the_same():
    assert dataclasses.replace(HEADER, symbols=(), timeframes=("1h",), options={}).is_of(HEADER)
    for name in ("source", "plugin", "protocol", "market", "environment"):
        assert not dataclasses.replace(HEADER, **{name: "other"}).is_of(HEADER)


def test_it_says_which_wealthsources_recorded_it():
    import wealthsources

    assert Header("a", "b", "c", "d", "e", (), ()).wealthsources == wealthsources.__version__
