"""What the contract takes from the author of a source, by default."""

from __future__ import annotations

from wealthsources.testing.contract import SourceContract

from .broken import HELD, Right


def test_a_source_is_begun_at_the_end_of_its_newest_bar_and_stopped():
    told = []

    class Told(Right):
        def start(self, host):
            told.append(host.clock.now())

        def stop(self):
            told.append("stopped")

    with SourceContract().at_work(Told(), HELD) as ready:
        assert ready.view is ready.source
    assert told == [int(HELD.ends[-1]), "stopped"]


def test_a_source_of_a_context_is_asked_by_its_view():
    class OfContexts(Right):
        def for_context(self, context):
            return context

    class Bound(SourceContract):
        def context(self):
            return view

    view = Right()
    with Bound().at_work(OfContexts(), HELD) as ready:
        assert ready.view is view
