"""Events of every kind, to hand to what takes events."""

from __future__ import annotations

import itertools
from typing import get_args

from wealthsources.model.events import EventKind
from wealthsources.testing.happenings import closed_bars, every_kind


def test_every_kind_is_among_them_and_one_that_there_is_not():
    kinds = {event.kind for event in every_kind()}
    assert kinds == {*get_args(EventKind), "surprise"}
    assert any(event.bar is not None and event.bar.closed is False for event in every_kind())
    assert any(event.bar is not None and event.bar.revision for event in every_kind())


def test_closed_bars_follow_one_another_and_are_known_at_their_end():
    events = closed_bars(3, "ETHUSDT", "acme")
    assert [event.known_at for event in events] == [event.bar.end for event in events if event.bar is not None]
    times = [event.bar.open_time for event in events if event.bar is not None]
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [3_600_000] * 2
    assert {(event.source, event.symbol) for event in events} == {("acme", "ETHUSDT")}
