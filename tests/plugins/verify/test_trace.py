"""What one run leaves."""

from __future__ import annotations

from .traces import answer, order, raised, trace


def test_events_are_counted_by_kind():
    run = trace(answer(), order(), answer())
    assert [run.count(kind) for kind in ("answer", "decision", "raised")] == [2, 1, 0]


def test_an_event_reads_as_what_was_called_and_with_what():
    assert str(answer()) == "get_price at s.py:1 (X 1h)"
    assert str(raised(text="")) == "KeyError at s.py:3"
