"""What is told of a live source."""

from __future__ import annotations

import dataclasses

import pytest

from wealthsources import Event


def test_an_event_says_no_more_than_what_it_is_about():
    event = Event("state", "live", state="connected", reason="subscribed")
    assert (event.kind, event.source, event.state, event.reason) == ("state", "live", "connected", "subscribed")
    assert (event.symbol, event.timeframe, event.bar, event.hole) == ("", None, None, None)


def test_an_event_cannot_be_changed_on_its_way():
    event = Event("state", "live")
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.state = "connected"
