"""The cases for sinks and recorders: each finds the one that breaks its rule, and no other case does."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from pathlib import Path

import pydantic
import pytest

from wealthsources import ConfigError, Recorder, SourceStatus
from wealthsources.testing import LoneRecorderHost
from wealthsources.testing.recorder_contract import RecorderContract, SinkContract
from wealthsources.testing.running import cases_of, run_cases

TOO_LONG = 1.2


class Kit(RecorderContract):
    at_once = 0.5
    stop_within = 0.8
    patience = 0.2


class Right(Recorder):
    """Writes a line for each closed bar, on a thread of its own. Breaks no rule."""

    options_model = pydantic.BaseModel
    also: tuple[str, ...] = ()

    def __init__(self, file: Path) -> None:
        self.file, self.queue, self.trouble = file, queue.SimpleQueue(), ""
        self.thread, self.end = None, lambda: None

    def start(self, host):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.end = host.subscribe(self.take, forming=False)

    def stop(self):
        self.end()
        if self.thread is not None:
            self.queue.put(None)
            self.thread.join(1.0)
            self.thread = None

    def status(self):
        return SourceStatus("paused" if self.trouble else "ready", self.trouble)

    def take(self, event):
        if event.kind == "bar" and event.bar is not None:
            self.queue.put(event)

    def run(self):
        while (event := self.queue.get()) is not None:
            self.write(event)

    def write(self, event):
        try:
            with self.file.open("a") as file:
                file.write(f"{event.bar.open_time}\n")
        except OSError as error:
            self.trouble = str(error)


class KnowsOnlyBars(Right):
    also = ("R08", "R09")

    def take(self, event):
        self.queue.put(event) if event.bar.end else None


class WritesOnTheSessionsThread(Right):
    def take(self, event):
        time.sleep(0.002)
        super().take(event)


class StopsOnlyWhatWasStarted(Right):
    also = ("R10",)

    def start(self, host):
        super().start(host)
        self.host = host

    def stop(self):
        super().stop()
        assert self.host


class StopsOnce(Right):
    def stop(self):
        if self.thread is None and self.end.__name__ == "end":
            raise RuntimeError("already stopped")
        super().stop()


class HasAnObjectInItsStatus(Right):
    def status(self):
        return SourceStatus("paused" if self.trouble else "ready", self.trouble, counters={"file": self.file})


class HasNoStatusAfterItsStop(Right):
    over = False

    def stop(self):
        super().stop()
        self.over = True

    def status(self):
        if self.over:
            raise ValueError("I/O operation on closed file")
        return super().status()


class LocksItsStatus(Right):
    taken = False

    def take(self, event):
        super().take(event)
        self.taken = True

    def status(self):
        time.sleep(TOO_LONG if self.taken else 0)
        return super().status()


class ForgetsWhatWaits(Right):
    count = 0

    def write(self, event):
        self.count += 1
        if self.count <= 10:
            super().write(event)


class WritesAllHoweverLong(Right):
    others = 1_000

    def stop(self):
        super().stop()
        if threading.active_count() > self.others:
            time.sleep(TOO_LONG)

    def start(self, host):
        self.others = threading.active_count()
        super().start(host)


class StaysSubscribed(Right):
    def start(self, host):
        super().start(host)
        self.end = lambda: None


class LeavesItsThread(Right):
    also = ("R05", "R06")

    def stop(self):
        self.end()

    def __del__(self):
        self.queue.put(None)


class SaysThatAllIsWell(Right):
    def status(self):
        return SourceStatus()


class WaitsForWhatItCannotWrite(Right):
    def stop(self):
        super().stop()
        if self.trouble:
            time.sleep(TOO_LONG)


class NeedsASource(Right):
    def start(self, host):
        next(iter(host.sources))
        super().start(host)


WRONG = [
    ("R01", KnowsOnlyBars),
    ("R02", WritesOnTheSessionsThread),
    ("R03", StopsOnlyWhatWasStarted),
    ("R03", StopsOnce),
    ("R04", HasAnObjectInItsStatus),
    ("R04", HasNoStatusAfterItsStop),
    ("R05", LocksItsStatus),
    ("R06", ForgetsWhatWaits),
    ("R07", WritesAllHoweverLong),
    ("R08", StaysSubscribed),
    ("R08", LeavesItsThread),
    ("R09", SaysThatAllIsWell),
    ("R09", WaitsForWhatItCannotWrite),
    ("R10", NeedsASource),
]


def makers(kind, folder):
    """A recorder that writes to a file of its own, which fails as long as a folder is in its place."""
    numbers = iter(range(100))

    def recorder():
        folder.joinpath("file").unlink(missing_ok=True)
        return kind(folder / "file") if next(numbers) >= 0 else None

    @contextlib.contextmanager
    def failing():
        (folder / "file").mkdir()
        try:
            yield
        finally:
            (folder / "file").rmdir()

    def written():
        return len((folder / "file").read_text().splitlines())

    return {
        "recorder": recorder,
        "host": lambda: LoneRecorderHost(live=None),
        "written": lambda: written,
        "failing": lambda: failing,
    }


def failures(kind, folder):
    return {one.number: one.said for one in run_cases(Kit(), makers(kind, folder)) if one.result == "failed"}


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=lambda value: getattr(value, "__name__", value))
def test_a_recorder_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind, tmp_path):
    failed = failures(kind, tmp_path)
    assert {number} <= failed.keys() <= {number, *kind.also}, failed
    assert failed[number].startswith(f"{number}: ")


def test_every_case_has_a_number_and_a_recorder_that_fails_it():
    cases = cases_of(RecorderContract)
    assert list(cases) == [f"R{n:02}" for n in range(1, len(cases) + 1)]
    assert sorted({number for number, _ in WRONG}) == list(cases)
    assert all(getattr(RecorderContract, name).__doc__.startswith(number) for number, name in cases.items())


def test_a_recorder_that_breaks_no_rule_passes(tmp_path):
    assert failures(Right, tmp_path) == {}


def test_a_recorder_may_need_a_source_and_say_so(tmp_path):
    class NeedsALiveSource(Right):
        def start(self, host):
            if "live" not in host.sources:
                raise ConfigError("sources: list one that is live")
            super().start(host)

    assert failures(NeedsALiveSource, tmp_path) == {}


class Fast(SinkContract):
    at_once = 0.5


@pytest.mark.parametrize(
    ("sink", "numbers"),
    [
        (lambda event: None, set()),
        (lambda event: event.bar.end, {"T01"}),
        (lambda event: time.sleep(0.002), {"T02"}),
    ],
)
def test_a_sink_takes_any_event_and_takes_it_soon(sink, numbers):
    outcomes = run_cases(Fast(), {"sink": lambda: sink})
    assert {one.number for one in outcomes if one.result == "failed"} == numbers


class TestASink(SinkContract):
    @pytest.fixture
    def sink(self):
        return [].append
