from __future__ import annotations

from typing import get_args

from wealthsources_replay import frames


def test_every_kind_begins_with_its_two_times():
    assert {kind._fields[:2] for kind in get_args(frames.Record)} == {("wall_ms", "monotonic_ns")}


def test_what_may_be_long_is_the_last_field_of_what_is_added():
    assert (frames.FrameRecord._fields[-1], frames.StateRecord._fields[-1]) == ("data", "reason")
