"""A source's status as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from types import MappingProxyType

import pytest

from wealthsources import ShardStatus, SourceStatus, StreamStatus


def test_a_source_that_says_nothing_is_ready():
    status = SourceStatus()
    assert (status.state, status.reason, status.epoch, status.last_data, status.streams) == ("ready", "", 0, None, ())


def test_a_stream_that_never_received_anything_has_nothing():
    stream = StreamStatus("BTCUSDT", "1h", "never_received")
    assert (stream.bars, stream.idle, stream.holes, stream.verified_empty, stream.refused) == (0, None, 0, 0, 0)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (SourceStatus("connected"), "connected"),
        (SourceStatus("error", last_error="refused"), "error (refused)"),
        (SourceStatus("connected", "no bar came"), "connected: no bar came"),
        (SourceStatus("error", "no bar came", "cut"), "error (cut): no bar came"),
        (SourceStatus("error", "no bar came; the server said: no", "no"), "error: no bar came; the server said: no"),
    ],
)
def test_a_summary_is_the_state_with_what_explains_it_once(status, line):
    assert status.summary() == line


def test_as_plain_data_it_is_all_there_and_can_be_turned_into_json():
    status = SourceStatus(
        "connected",
        epoch=3,
        reconnects_by_reason=MappingProxyType({"reset": 1}),
        counters=Counter(attempts=4),
        last_data=1.5,
        streams=(StreamStatus("BTCUSDT", "1h", "live", 20, 1.5, 2, 1, 4),),
        shards=(ShardStatus(1, "connected", 3, 40, 1.5),),
    )
    plain = json.loads(json.dumps(status.as_dict()))
    up = {"state": "connected", "epoch": 3, "series": 40, "last_data": 1.5}
    assert plain == {
        "state": "connected",
        "reason": "",
        "last_error": "",
        "endpoint": "",
        "epoch": 3,
        "reconnects": 0,
        "reconnects_by_reason": {"reset": 1},
        "last_data": 1.5,
        "clock_offset": None,
        "counters": {"attempts": 4},
        "shards": [{"number": 1, **dict.fromkeys(("last_error", "endpoint"), "")} | up],
        "streams": [
            {
                "symbol": "BTCUSDT",
                "timeframe": "1h",
                "state": "live",
                "reason": "",
                "bars": 20,
                "idle": 1.5,
                "holes": 2,
                "verified_empty": 1,
                "refused": 4,
            }
        ],
    }


@pytest.mark.parametrize("status", [SourceStatus(), StreamStatus("BTCUSDT", "1h", "live")])
def test_a_snapshot_cannot_be_changed(status):
    with pytest.raises(dataclasses.FrozenInstanceError):
        status.state = "connected"


def test_what_was_turned_into_plain_data_is_a_copy():
    counters = Counter(attempts=4)
    plain = SourceStatus(counters=counters).as_dict()
    counters["attempts"] += 1
    assert plain["counters"] == {"attempts": 4}
    assert type(plain["counters"]) is dict


def test_a_status_is_one_line():
    streams = (StreamStatus("BTCUSDT", "1h", "live"),) * 500
    status = SourceStatus("connected", "late\nby far", epoch=3, last_data=90.0, streams=streams)
    assert repr(status) == "<SourceStatus: connected: late by far, epoch 3, 500 series, last bar 2 min ago>"
    assert repr(SourceStatus()) == "<SourceStatus: ready>"


def test_what_is_said_of_a_source_stands_in_its_table_once():
    status = SourceStatus("error", "the server said: no", "no")
    assert status._repr_html_().count("no<") == 1
    assert "cut; " not in SourceStatus("error", "", "cut")._repr_html_()
    assert "late; cut<" in SourceStatus("error", "late", "cut")._repr_html_()


def test_of_many_streams_the_first_and_the_last_are_shown_and_all_are_counted():
    streams = tuple(StreamStatus(f"S{place:04}", "1h", "live") for place in range(2000))
    told = SourceStatus("connected", streams=streams)._repr_html_()
    assert "2000 series" in told
    assert told.count("<tr>") == 2 + 22
    assert "S0000" in told
    assert "S1999" in told
