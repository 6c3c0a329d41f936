"""The recorders of a deployment: made with it, started before its live sources, stopped after them."""

from __future__ import annotations

import os
import time

import pytest

import wealthsources
from wealthsources import ConfigError, Event

from ..support.waiting import wait_until

RECORDER = """
import time
import pydantic
from wealthsources import Recorder, SourceStatus

class Options(pydantic.BaseModel, extra="forbid"):
    fail: str = ""
    slow: float = 0.0

MADE = []

class Mine(Recorder):
    options_model = Options

    def __init__(self, options):
        if options.fail == "make":
            raise RuntimeError("cannot be made")
        self.options, self.calls, self.events = options, [], []
        MADE.append(self)

    def start(self, host):
        if self.options.fail == "start":
            raise OSError("no disk")
        self.host = host
        started = [source.calls for source in host.sources.values() if source.capabilities.live]
        self.calls.append(("start", any(started)))
        host.subscribe(self.take)

    def take(self, event):
        time.sleep(self.options.slow)
        self.events.append(event.reason)

    def stop(self):
        self.calls.append(("stop", len(self.events)))
        if self.options.fail == "stop":
            raise RuntimeError("stuck")

    def status(self):
        if self.options.fail == "status":
            raise RuntimeError("no status")
        return SourceStatus(counters={"events": len(self.events)})
"""


@pytest.fixture
def recorded(mine, distribution):
    """A session with one live source that is recorded with these options; and its recorder, once it is open."""
    entry = "[wealthsources.recorders]\nzrecorder = zrecorder_module:Mine"
    distribution("zrecording", entry, folder="recording", zrecorder_module=RECORDER)
    return lambda **options: mine({"live": True}, {}, recorder={"zrecorder": options})


def only():
    import zrecorder_module

    return zrecorder_module.MADE[-1]


def test_it_starts_before_the_live_sources_and_hears_of_all_that_they_bring(recorded):
    with recorded() as session:
        assert only().calls == []
        assert session.status().recorders["zrecorder"].state == "not started"
        session.start_live()
        assert only().calls == [("start", False)]
        session.sources["s0"].host.emit(Event("state", "s0", reason="1"))
        wait_until(lambda: session.status().recorders["zrecorder"].counters == {"events": 1})
        assert session.status().as_dict()["recorders"]["zrecorder"]["state"] == "ready"


def test_it_is_started_once(recorded):
    with recorded() as session:
        session.start_live()
        session.adapter()
        session.subscribe(lambda event: None)
    assert [call for call, _ in only().calls] == ["start", "stop"]


def test_it_stops_when_all_that_waited_has_been_handed_out(recorded):
    with recorded(slow=0.01) as session:
        session.start_live()
        for number in range(30):
            session.sources["s0"].host.emit(Event("state", "s0", reason=str(number)))
    assert only().calls[-1] == ("stop", 30)
    assert only().events == [str(number) for number in range(30)]


def test_one_that_takes_too_long_does_not_hold_up_the_end(recorded):
    with recorded(slow=0.5) as session:
        session.start_live()
        for number in range(100):
            session.sources["s0"].host.emit(Event("state", "s0", reason=str(number)))
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert only().calls[-1][0] == "stop"


def test_a_session_that_was_never_live_records_nothing(recorded):
    with recorded():
        pass
    assert only().calls == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"fail": "make"}, "recorder.zrecorder: cannot be made: RuntimeError: cannot be made"),
        ({"folder": "x"}, "recorder.zrecorder.folder: unknown key"),
    ],
    ids=["make", "options"],
)
def test_one_that_cannot_be_made_is_a_configuration_error_with_its_place(recorded, options, why):
    with pytest.raises(ConfigError) as caught:
        recorded(**options).start()
    assert str(caught.value).startswith(f"the settings: {why}")


def test_an_unknown_one_is_a_configuration_error_with_its_place(mine):
    with pytest.raises(ConfigError, match=r"^the settings: recorder\.znone: no recorder 'znone' is installed"):
        mine({}, recorder={"znone": None}).start()


def test_one_that_does_not_start_is_a_configuration_error_each_time(recorded):
    with recorded(fail="start") as session:
        for _ in range(2):
            with pytest.raises(ConfigError, match=r"recorder\.zrecorder: did not start: OSError: no disk"):
                session.start_live()


def test_one_that_fails_to_stop_or_to_tell_costs_nothing_else(recorded, caplog):
    with recorded(fail="stop") as session:
        session.start_live()
    assert "recorder zrecorder failed to stop" in caplog.text
    with recorded(fail="status") as session:
        session.start_live()
        assert session.status().recorders["zrecorder"].state == "unknown"


def test_in_a_forked_child_it_is_the_parents(recorded):
    with recorded() as session:
        session.start_live()
        child = os.fork()
        if not child:
            session.stop()
            os._exit(len(only().calls) != 1 or bool(session.status().recorders))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_it_is_public_how_a_configuration_names_it():
    config = {"sources": [{"plugin": "context"}], "recorder": {"x": {"folder": "data"}}}
    assert wealthsources.open(config).config.settings.recorder == {"x": {"folder": "data"}}
