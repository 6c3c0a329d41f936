"""The cases about a source's life: each finds the source that breaks its rule, and no other case does."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from wealthsources import SourceStatus

from .broken import TOO_LONG, Right, check_that_it_fails, named


class StopsOnlyWhatWasStarted(Right):
    def start(self, host):
        self.host = host

    def stop(self):
        assert self.host


class StopsOnce(Right):
    stopped = False

    def stop(self):
        if self.stopped:
            raise RuntimeError("already stopped")
        self.stopped = True


class StopsOnItsOwnThread(Right):
    def stop(self):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("not my thread")


class StopsLate(Right):
    def stop(self):
        if threading.current_thread() is not threading.main_thread():
            time.sleep(TOO_LONG)


class NeedsAContext(Right):
    def for_context(self, context):
        return self if context.history else None


class HasAStrangeView(Right):
    def for_context(self, context):
        return {}


class HasAnObjectInItsStatus(Right):
    def status(self):
        return SourceStatus(counters={"asked": object()})


class HasNoStatusYet(Right):
    def start(self, host):
        self.asked = 0

    def status(self):
        return SourceStatus(counters={"asked": self.asked})


class HasADictForItsStatus(Right):
    class Dict(dict):
        as_dict = dict.copy

    def status(self):
        return self.Dict(state="ready")


class StartsItsThreadAgain(Right):
    def __init__(self):
        super().__init__()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.stopping.wait)

    def start(self, host):
        self.thread.start()

    def stop(self):
        self.stopping.set()
        if self.thread.ident:
            self.thread.join()


class DiesWhenItIsAskedAfterItsStop(Right):
    lines: list[str] | None = None

    def start(self, host):
        self.lines = []

    def stop(self):
        self.lines = None

    def answer(self, request):
        if request.deadline is not None and request.count == 1:
            self.lines.append("asked")
        return self.right(request)


class WaitsForeverOnceItIsStopped(Right):
    stopped = False

    def stop(self):
        self.stopped = True

    def answer(self, request):
        if self.stopped:
            time.sleep(TOO_LONG)
        return self.right(request)


class LeavesAThread(Right):
    def __init__(self):
        super().__init__()
        self.gone = threading.Event()

    def start(self, host):
        threading.Thread(target=self.gone.wait, args=(10,), name="acme-reader", daemon=True).start()

    def __del__(self):
        self.gone.set()


class LeavesAFile(Right):
    file = None

    def answer(self, request):
        self.file = self.file or open(__file__)  # noqa: PTH123, SIM115 - that is what is wrong
        return self.right(request)

    def __del__(self):
        if self.file is not None:
            self.file.close()


class HasItsThreadAnswer(Right):
    pool = None

    def start(self, host):
        self.pool = ThreadPoolExecutor(1)

    def stop(self):
        if self.pool is not None:
            self.pool.shutdown()
            self.pool = None

    def answer(self, request):
        return self.right(request) if self.pool is None else self.pool.submit(self.right, request).result()


class KnowsOnlyItsOwnProcess(Right):
    def __init__(self):
        super().__init__()
        self.process = os.getpid()

    def answer(self, request):
        return self.right(request)[0 if os.getpid() == self.process else 1 :]


WRONG = [
    ("S15", StopsOnlyWhatWasStarted),
    ("S22", StopsOnce),
    ("S16", StopsOnItsOwnThread),
    ("S16", StopsLate),
    ("S17", NeedsAContext),
    ("S17", HasAStrangeView),
    ("S18", HasAnObjectInItsStatus),
    ("S18", HasNoStatusYet),
    ("S18", HasADictForItsStatus),
    ("S28", StartsItsThreadAgain),
    ("S28", DiesWhenItIsAskedAfterItsStop),
    ("S28", WaitsForeverOnceItIsStopped),
    ("S29", LeavesAThread),
    ("S29", LeavesAFile),
    ("S30", HasItsThreadAnswer),
    ("S30", KnowsOnlyItsOwnProcess),
]


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=named)
def test_a_source_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    check_that_it_fails(number, kind)
