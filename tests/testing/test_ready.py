"""How the cases ask a source, and what they say of what came."""

from __future__ import annotations

import pytest

from wealthsources import NotHere
from wealthsources.testing import SetClock
from wealthsources.testing.ready import Ready, held_of, stop_of

from .broken import HELD, NEWEST, Right


def ready(source: Right) -> Ready:
    return Ready(source, source, HELD, SetClock(NEWEST))


def test_it_asks_for_all_that_is_held_but_for_what_is_changed():
    assert held_of(ready(Right()).ask()) == held_of(HELD)
    assert ready(Right()).times(count=2) == HELD.open_times[-2:].tolist()
    assert ready(Right()).times(end=0) == []


@pytest.mark.parametrize(("error", "said"), [(NotHere("no such"), ""), (NotHere(""), "NotHere without a reason")])
def test_not_here_needs_a_reason(error, said):
    class Raises(Right):
        def answer(self, request):
            raise error

    assert ready(Raises()).refusal() == said


def test_what_came_instead_is_told():
    assert ready(Right()).refusal() == repr(HELD)

    class Raises(Right):
        def answer(self, request):
            raise OSError("no disk")

    assert ready(Raises()).refusal() == "OSError('no disk')"


def test_who_cannot_be_stopped_fails():
    class Raises(Right):
        def stop(self):
            raise OSError("no disk")

    with pytest.raises(pytest.fail.Exception, match=r"S99: once, stop\(\) must do nothing.*no disk"):
        stop_of(Raises(), "S99: once")
