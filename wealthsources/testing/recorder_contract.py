"""What every sink and every recorder has to do, as tests that the author of one inherits. Needs pytest.

    from wealthsources.testing.recorder_contract import RecorderContract, SinkContract

    class TestPublisher(SinkContract):
        @pytest.fixture
        def sink(self) -> Sink:
            return Publisher(…)  # what `session.subscribe` is given

    class TestJournal(RecorderContract):
        @pytest.fixture
        def recorder(self, tmp_path) -> Recorder:
            return Journal(JournalOptions(folder=tmp_path))  # new, not started

        @pytest.fixture
        def written(self, tmp_path) -> Callable[[], int]:
            return lambda: …  # how many bars can be read back

Every case has a number, which is in front of what it says when it fails.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest

from wealthsources.model.errors import ConfigError
from wealthsources.model.status import SourceStatus
from wealthsources.testing.belongings import Belongings
from wealthsources.testing.fakes import LoneRecorderHost
from wealthsources.testing.happenings import closed_bars, every_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.recorder import Recorder, Sink
    from wealthsources.testing.hooks import Outage

_MANY = 500
_PAUSE = 0.001


class SinkContract:
    """Inherit it in a class whose name begins with Test, and write the fixture `sink`."""

    #: Seconds that it may keep the session's thread for one event, and for 500 of them.
    at_once: ClassVar[float] = 1.0

    @pytest.fixture
    def sink(self) -> Sink:
        """What is subscribed, ready to take events."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `sink`; it returns what takes events")

    def test_t01_it_takes_any_event(self, sink: Sink) -> None:
        """T01: a kind that is new, no series, no time: what is of no use to it, it leaves out."""
        _check_takes("T01", sink)

    def test_t02_it_gives_the_thread_back_soon(self, sink: Sink) -> None:
        """T02: while it holds it nobody else is told anything, and events are lost: write on a thread of its own."""
        _check_pace("T02", sink, self.at_once)


class RecorderContract:
    """Inherit it in a class whose name begins with Test, and write the fixture `recorder`."""

    #: Seconds that it may keep the session's thread for one event, and for 500 of them; that `status` may take.
    at_once: ClassVar[float] = 1.0
    #: Seconds in which `stop` must return.
    stop_within: ClassVar[float] = 1.5
    #: Seconds that what is under way may take to end, or to be noticed.
    patience: ClassVar[float] = 5.0

    @pytest.fixture
    def recorder(self) -> Recorder:
        """A new recorder, not started. Every case gets one of its own."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `recorder`; it returns a new recorder")

    @pytest.fixture
    def host(self) -> LoneRecorderHost:
        """What it is started with. Override it for a recorder that needs certain sources; events are of `live`."""
        return LoneRecorderHost()

    @pytest.fixture
    def written(self) -> Callable[[], int] | None:
        """Counts the closed bars that can be read back when it has been stopped; None: it writes no bars."""
        return None

    @pytest.fixture
    def failing(self) -> Outage | None:
        """Makes fail what it writes to, in a with statement; None: nothing can."""
        return None

    def test_r01_it_takes_any_event(self, recorder: Recorder, host: LoneRecorderHost) -> None:
        """R01: a kind that is new, no series, no time: what is of no use to it, it leaves out."""
        with _started(recorder, host):
            _check_takes("R01", host.emit)

    def test_r02_it_gives_the_thread_back_soon(self, recorder: Recorder, host: LoneRecorderHost) -> None:
        """R02: while it holds it nobody else is told anything, and events are lost: write on a thread of its own."""
        with _started(recorder, host):
            _check_pace("R02", host.emit, self.at_once)

    def test_r03_it_can_be_stopped_before_it_was_started_and_twice(
        self, recorder: Recorder, host: LoneRecorderHost
    ) -> None:
        """R03: a session that fails while it opens stops what there is."""
        _stop(recorder, "R03: before start")
        with _started(recorder, host):
            _stop(recorder, "R03: once")
            _stop(recorder, "R03: a second time")

    def test_r04_its_status_is_json_at_any_time(self, recorder: Recorder, host: LoneRecorderHost) -> None:
        """R04: a `SourceStatus` of plain values, before start and after stop as well."""
        _check_status(recorder, "before start")
        with _started(recorder, host):
            _check_status(recorder, "at work")
        _check_status(recorder, "after stop")

    def test_r05_its_status_waits_for_nothing(
        self, recorder: Recorder, host: LoneRecorderHost, failing: Outage | None
    ) -> None:
        """R05: people look when something hangs; so it takes no lock that is held by who writes."""
        with _started(recorder, host), failing() if failing else contextlib.nullcontext(), _events_coming(host):
            end = time.monotonic() + self.at_once / 4
            while time.monotonic() < end:
                begun = time.monotonic()
                recorder.status()
                took = time.monotonic() - begun
                assert took < self.at_once, f"R05: status() took {took:.1f} s; hold no lock while you write"

    def test_r06_at_stop_it_writes_what_it_has_taken(
        self, recorder: Recorder, host: LoneRecorderHost, written: Callable[[], int] | None
    ) -> None:
        """R06: what was handed to it is not handed to it again. Skipped without `written`."""
        if written is None:
            pytest.skip("R06: the fixture `written` counts the bars that can be read back; there is none")
        events = closed_bars(_MANY)
        with _started(recorder, host):
            for event in events:
                host.emit(event)
        count = written()
        assert count == len(events), f"R06: of {len(events)} bars, {count} are written after stop(); flush, then close"

    def test_r07_it_stops_in_time(self, recorder: Recorder, host: LoneRecorderHost) -> None:
        """R07: within a second, also when much has come; a process that is to end does not wait longer."""
        with _started(recorder, host), _events_coming(host):
            begun = time.monotonic()
            _stop(recorder, "R07: with events coming")
            took = time.monotonic() - begun
        assert took < self.stop_within, f"R07: stop() took {took:.1f} s; it has a second; give its waits a limit"

    def test_r08_nothing_is_left_of_it(self, recorder: Recorder, host: LoneRecorderHost) -> None:
        """R08: after `stop` it takes no events, no thread of its own runs, and no file or socket is open."""
        before = Belongings.now()
        with _started(recorder, host):
            _check_takes("R08", host.emit)
        assert not host.sinks, "R08: after stop() it still takes events; call what host.subscribe returned"
        left = before.left(self.patience)
        assert not left, f"R08: after stop() there are still {left}; end, join and close what start opened"

    def test_r09_where_it_cannot_write_it_says_so_and_goes_on(
        self, recorder: Recorder, host: LoneRecorderHost, failing: Outage | None
    ) -> None:
        """R09: whatever fails in it is its own: no event raises, and its status says why. Skipped without `failing`."""
        if failing is None:
            pytest.skip("R09: the fixture `failing` makes fail what it writes to; there is none")
        with _started(recorder, host), failing():
            _check_takes("R09", host.emit)
            status = self._troubled(recorder)
            begun = time.monotonic()
            _stop(recorder, "R09: where it cannot write")
            took = time.monotonic() - begun
        said = f'R09: where it cannot write, its state must not be "ready", and its reason must say why: {status}'
        assert status.state != "ready" and (status.reason or status.last_error), said  # noqa: PT018 - one rule
        assert took < self.stop_within, f"R09: stop() took {took:.1f} s where it cannot write"

    def test_r10_what_can_never_work_is_a_config_error(self, recorder: Recorder) -> None:
        """R10: without any source it works, or `start` raises ConfigError, which names the remedy."""
        host = LoneRecorderHost()
        try:
            recorder.start(host)
        except ConfigError as error:
            assert str(error), "R10: a ConfigError says what is wrong and what to do"  # noqa: PT017 - it need not come
        except Exception as error:  # noqa: BLE001 - a stranger's code
            pytest.fail(f"R10: start() of a session without sources raised {error!r}; raise ConfigError(what to do)")
        finally:
            _stop(recorder, "R10: of a session without sources")

    def _troubled(self, recorder: Recorder) -> SourceStatus:
        """Its status, when it says that something is wrong."""
        deadline = time.monotonic() + self.patience
        while (status := recorder.status()).state == "ready" and time.monotonic() < deadline:
            time.sleep(0.02)
        return status


@contextlib.contextmanager
def _started(recorder: Recorder, host: LoneRecorderHost) -> Iterator[None]:
    recorder.start(host)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # R03 tells
            recorder.stop()


@contextlib.contextmanager
def _events_coming(host: LoneRecorderHost) -> Iterator[None]:
    """Another thread hands out events, as the session's does."""
    done, events = threading.Event(), closed_bars(2 * _MANY)

    def emit() -> None:
        for event in itertools.cycle(events):
            with contextlib.suppress(Exception):  # R01 tells
                host.emit(event)
            if done.wait(_PAUSE):
                return

    thread = threading.Thread(target=emit, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _check_takes(number: str, sink: Callable[..., object]) -> None:
    for event in every_kind():
        try:
            sink(event)
        except Exception as error:  # noqa: BLE001 - a stranger's code
            pytest.fail(f"{number}: take any event, and leave out what is of no use; {event} raised {error!r}")


def _check_pace(number: str, sink: Callable[..., object], seconds: float) -> None:
    begun = time.monotonic()
    for event in closed_bars(_MANY):
        sink(event)
    took = time.monotonic() - begun
    assert took < seconds, f"{number}: {_MANY} events took {took:.1f} s; put them in a queue, which has a limit"


def _check_status(recorder: Recorder, when: str) -> None:
    try:
        status = recorder.status()
        json.dumps(status.as_dict(), allow_nan=False)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"R04: status() {when} must be a SourceStatus of text and finite numbers: {error!r}")
    assert isinstance(status, SourceStatus), f"R04: status() {when} is a {type(status).__name__}"


def _stop(recorder: Recorder, when: str) -> None:
    try:
        recorder.stop()
    except Exception as error:  # noqa: BLE001 - a stranger's code
        pytest.fail(f"{when}, stop() must do nothing, or what is left to do; raised {error!r}")
