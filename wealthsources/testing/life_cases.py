"""The cases about a source's life: start, stop, status, forks, and what is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from wealthsources.live.pushed import PushedSource
from wealthsources.model.errors import NotHere, SourceError, WealthSourcesError
from wealthsources.model.status import SourceStatus
from wealthsources.source import HistoryRequest, Source
from wealthsources.testing.belongings import Belongings
from wealthsources.testing.children import in_child
from wealthsources.testing.fakes import LoneHost, SetClock
from wealthsources.testing.hooks import SourceHooks
from wealthsources.testing.ready import held_of, stop_of

if TYPE_CHECKING:
    from wealthsources.model.bars import Bars
    from wealthsources.testing.ready import Held, Ready


class LifeCases(SourceHooks):
    """S15 to S18, S22, S28 to S30."""

    def test_s15_it_can_be_stopped_before_it_was_started(self, source: Source) -> None:
        """S15: a session that fails while it opens stops all its sources."""
        stop_of(source, "S15: before start")

    def test_s16_it_stops_in_time_from_any_thread(self, ready: Ready) -> None:
        """S16: within 3 s, whoever calls; the process waits for it."""
        errors: list[BaseException] = []

        def stop() -> None:
            try:
                ready.source.stop()
            except BaseException as error:  # noqa: BLE001 - it is told where the test is
                errors.append(error)

        thread = threading.Thread(target=stop, daemon=True)
        thread.start()
        thread.join(self.stop_within)
        assert not thread.is_alive(), (
            f"S16: stop() must return within {self.stop_within} s; give what it waits for a limit"
        )
        assert not errors, f"S16: stop() may be called from any thread; raised {errors[0]!r}"

    def test_s17_it_takes_no_context(self, ready: Ready) -> None:
        """S17: a session without a strategy asks for the view of None."""
        try:
            view = ready.source.for_context(None)
        except Exception as error:  # noqa: BLE001 - a stranger's code
            pytest.fail(f"S17: for_context(None) must return a Source, or None to be skipped; raised {error!r}")
        assert view is None or isinstance(view, Source), f"S17: for_context(None) returned a {type(view).__name__}"

    def test_s18_its_status_is_json_at_any_time(self, source: Source, held: Bars) -> None:
        """S18: a `SourceStatus` of plain values, before start as well."""
        _check_status(source, "before start")
        with self.at_work(source, held):
            _check_status(source, "at work")

    def test_s22_it_can_be_stopped_twice(self, ready: Ready) -> None:
        """S22: who stops it does not know who did before."""
        stop_of(ready.source, "S22: once")
        stop_of(ready.source, "S22: a second time")

    def test_s28_it_is_started_again_or_says_that_it_is_not(self, source: Source, held: Bars) -> None:
        """S28: whoever does it by hand, in whatever order, gets bars or an error of ours, and `stop` still ends it."""
        host = LoneHost(SetClock(int(held.ends[-1])))
        _stop(source)
        for round_ in ("after a stop before it", "a second time", "once more"):
            _start(source, host, round_)
            self._ask(source, held, round_)
            _stop(source)
            self._ask(source, held, f"{round_} and stopped")

    def _ask(self, source: Source, held: Bars, when: str) -> None:
        begun = time.monotonic()
        end, deadline = int(held.ends[-1]), begun + self.at_once
        try:
            source.get_history(HistoryRequest(held.symbol, held.timeframe, end, count=1, deadline=deadline))
        except (NotHere, SourceError):
            pass
        except Exception as error:  # noqa: BLE001 - a stranger's code
            pytest.fail(f"S28: asked when it was started {when}: bars, NotHere or SourceError; raised {error!r}")
        took = time.monotonic() - begun
        assert took < 2 * self.at_once, f"S28: asked when it was started {when}, it took {took:.1f} s to say so"

    def test_s29_nothing_is_left_of_it(self, source: Source, held: Bars) -> None:
        """S29: after `stop` no thread of its own runs and no file or socket is open. It is not alone in the process."""
        before = Belongings.now()
        with self.at_work(source, held) as ready:
            ready.ask()
            source.status()
            stop_of(source, "S29: at work")
        left = before.left(self.stop_within + self.patience)
        assert not left, f"S29: after stop() there are still {left}; end, join and close what start or a request opened"

    def test_s30_it_answers_in_a_forked_child(self, ready: Ready) -> None:
        """S30: engines fork their workers. Take ForkLocks, and renew threads and connections by call_in_child.

        Skipped where there are no forks, and for live sources that are no PushedSource: they are asked no more there.
        """
        live = ready.view.capabilities.live
        if not hasattr(os, "fork") or (live and not isinstance(ready.source, PushedSource)):
            pytest.skip("S30: it is not asked in a forked child")
        wanted = held_of(ready.ask())
        came = in_child(lambda: _answer_in_child(ready, wanted, live=live), self.stop_within + self.at_once)
        assert not came, f"S30: asked in a forked child: {came}"
        assert held_of(ready.ask()) == wanted, "S30: after it was asked in a child, the parent has another answer"


def _stop(source: Source) -> None:
    with contextlib.suppress(Exception):  # S15 and S22 tell
        source.stop()


def _start(source: Source, host: LoneHost, when: str) -> None:
    try:
        source.start(host)
    except WealthSourcesError:
        pass
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"S28: start() {when} must begin, or raise SourceError(why); raised {error!r}")


def _answer_in_child(ready: Ready, wanted: Held, *, live: bool) -> str:
    """What is wrong with the answer in a child, or nothing."""
    try:
        answer = held_of(ready.ask())
    except (NotHere, SourceError) as reason:
        return "" if live else repr(reason)
    return "" if answer == wanted else f"{len(answer)} bars, or others than in the parent ({len(wanted)})"


def _check_status(source: Source, when: str) -> None:
    try:
        status = source.status()
        json.dumps(status.as_dict(), allow_nan=False)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"S18: status() {when} must be a SourceStatus of text and finite numbers: {error!r}")
    assert isinstance(status, SourceStatus), f"S18: status() {when} is a {type(status).__name__}"
