"""The same lines as `wealthsources watch` prints."""

from __future__ import annotations

import pytest

from wealthsources import Event, Hole, Timeframe
from wealthsources.cli.event_lines import as_text, facts_of
from wealthsources_replay.event_text import event_text

from .test_source import ACK, T0, kline, open_replay, write

HOUR = Timeframe("1h")


@pytest.mark.parametrize(
    "event",
    [
        Event("state", "live", state="connected"),
        Event("state", "live", state="reconnecting", reason="reset:\nby the peer"),
        Event("hole", "live", "BTCUSDT", HOUR, hole=Hole(T0, T0 + 7_200_000, 2)),
    ],
    ids=["state", "reason", "hole"],
)
def test_what_is_no_bar(event):
    assert event_text(event) == as_text(facts_of(event))


def test_a_bar(tmp_path):
    write(tmp_path, ACK, kline(0, closed=True))
    with open_replay(tmp_path) as session:
        session.start_live()
        *_, event = session.source("replay").step(T0 + 60_000)[:3]
    assert event_text(event) == as_text(facts_of(event))
    assert event_text(event) == "2027-01-15 08:00  BTCUSDT 1m  1  9  1  2  1  flag  replay"
