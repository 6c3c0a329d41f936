"""What a recorder of raw frames is told: types alone; who tells it is in the websocket plugin's tests."""

from __future__ import annotations

import wealthsources
from wealthsources import FrameFacts, PushedSource


def test_a_source_that_is_pushed_to_has_no_frames_unless_it_says_so():
    assert PushedSource.frame_facts(object()) is None


def test_it_is_public():
    assert {"FrameFacts", "FrameLog", "FrameTap"} <= set(wealthsources.__all__)
    assert FrameFacts._fields == ("plugin", "protocol", "market", "environment", "symbols", "timeframes", "options")
