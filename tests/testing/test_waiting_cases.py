"""The cases about waiting: each finds the source that breaks its rule, and no other case does."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest

from wealthsources import NotHere

from .broken import HELD, TOO_LONG, Right, check_that_it_fails, failures, named


class Stalling(Right):
    outages = True


class WaitsAfterTheDeadline(Stalling):
    def look(self, request):
        super().look(dataclasses.replace(request, deadline=None) if self.is_over.is_set() else request)

    def answer(self, request):
        if not self.is_over.is_set() and threading.current_thread() is threading.main_thread():
            time.sleep(TOO_LONG)
        return self.right(request)


class IsSlowWithLittleTime(Right):
    def answer(self, request):
        if request.deadline is not None and request.count is None:
            time.sleep(2 * TOO_LONG)
        return self.right(request)


class MakesBarsUpWhenTimeIsShort(Right):
    def answer(self, request):
        hurried = request.deadline is not None and request.count is None
        return HELD.replace(rows=HELD.rows + 1) if hurried else self.right(request)


class LocksItsStatus(Stalling):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def answer(self, request):
        with self.lock:
            return self.right(request)

    def status(self):
        with self.lock:
            return super().status()


class WaitsAtOnce(Right):
    def get_at_once(self, request):
        time.sleep(TOO_LONG)


class HasSomethingElseAtOnce(Right):
    def get_at_once(self, request):
        return HELD[1:] if request.now is None else None


WRONG = [
    ("S31", WaitsAfterTheDeadline),
    ("S31", IsSlowWithLittleTime),
    ("S31", MakesBarsUpWhenTimeIsShort),
    ("S32", LocksItsStatus),
    ("S33", WaitsAtOnce),
    ("S33", HasSomethingElseAtOnce),
]


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=named)
def test_a_source_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    check_that_it_fails(number, kind)


def test_what_is_not_there_may_be_said_at_once():
    class InMemory(Right):
        def get_at_once(self, request):
            try:
                return self.right(request)
            except NotHere:
                return None

    assert failures(InMemory) == {}
