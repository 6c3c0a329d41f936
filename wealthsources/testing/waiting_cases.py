"""The cases about waiting: who asks has a deadline, and some calls may wait for nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import pytest

from wealthsources.testing.hooks import SourceHooks
from wealthsources.testing.ready import held_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.testing.hooks import Outage
    from wealthsources.testing.ready import Ready

_PAUSE = 0.01
#: Seconds for which a question in the background is let go on.
_LONG = 1.0


class WaitingCases(SourceHooks):
    """S31 to S33. With the fixture `stalled`, which says nothing instead of an answer, they show most."""

    def test_s31_it_keeps_the_deadline(self, ready: Ready, stalled: Outage | None) -> None:
        """S31: `request.deadline` is when nobody waits any more: a worker that goes on is one less for the others."""
        for outage in (contextlib.nullcontext, stalled) if stalled else (contextlib.nullcontext,):
            for seconds in (-1.0, 0.2):
                with outage():
                    begun = time.monotonic()
                    answer = _answer(ready, begun + seconds)
                    late = time.monotonic() - begun - max(0.0, seconds)
                assert late < self.at_once, (
                    f"S31: asked with {seconds} s left, it came {late:.1f} s late; give what it waits for "
                    "request.deadline - time.monotonic() as its time limit, and raise SourceError"
                )
                wrong = answer.items() - held_of(ready.held).items()
                assert not wrong, f"S31: with little time, bars that there are not: {sorted(wrong)[:3]}"

    def test_s32_its_status_waits_for_nothing(self, ready: Ready, stalled: Outage | None) -> None:
        """S32: people look when something hangs; so it takes no lock that is held by who waits."""
        with stalled() if stalled else contextlib.nullcontext(), _being_asked(ready) as is_over:
            worst = self._slowest(ready.source.status, is_over)
        assert worst < self.at_once, (
            f"S32: while a question was under way, status() took {worst:.1f} s; hold no lock while you wait"
        )

    def test_s33_what_is_answered_at_once_is_the_answer(self, ready: Ready, stalled: Outage | None) -> None:
        """S33: `get_at_once` is called on the asker's thread: from memory, or None. Skipped where it has nothing."""
        wanted = held_of(ready.ask())
        begun = time.monotonic()
        with stalled() if stalled else contextlib.nullcontext():
            at_once = ready.view.get_at_once(ready.request())
        took = time.monotonic() - begun
        assert took < self.at_once, f"S33: get_at_once took {took:.1f} s; return None where anything must be waited for"
        if at_once is None:
            pytest.skip("S33: get_at_once leaves it to get_history")
        assert held_of(at_once) == wanted, f"S33: get_at_once returns what get_history would, or None; not {at_once}"

    def _slowest(self, call: Callable[[], object], is_over: Callable[[], bool]) -> float:
        """Of several calls, the longest, in seconds; one that is too slow is the last."""
        end, worst = time.monotonic() + _LONG / 2, 0.0
        while True:
            begun = time.monotonic()
            call()
            worst = max(worst, time.monotonic() - begun)
            if worst >= self.at_once or is_over() or time.monotonic() > end:
                return worst
            time.sleep(_PAUSE)


def _answer(ready: Ready, deadline: float) -> dict[int, tuple[float, ...]]:
    try:
        return held_of(ready.ask(deadline=deadline))
    except Exception:  # noqa: BLE001 - S09 to S11 and S25 are about what may be raised
        return {}


@contextlib.contextmanager
def _being_asked(ready: Ready) -> Iterator[Callable[[], bool]]:
    """Another thread asks meanwhile; yields whether that is over."""
    begun = threading.Event()

    def ask() -> None:
        begun.set()
        _answer(ready, time.monotonic() + _LONG)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    begun.wait()
    time.sleep(_PAUSE)
    try:
        yield lambda: not thread.is_alive()
    finally:
        thread.join(_LONG)
