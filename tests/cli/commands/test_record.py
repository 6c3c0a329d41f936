"""`wealthsources record`, with a real market server and a recorder that counts."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ..conftest import LONG

RECORDER = """
import pydantic
from wealthsources import Recorder, SourceStatus

class Options(pydantic.BaseModel, extra="forbid"):
    state: str = "ready"

class Mine(Recorder):
    options_model = Options
    def __init__(self, options): self.options, self.bars, self.open = options, 0, True
    def start(self, host): host.subscribe(self.take)
    def take(self, event): self.bars += event.kind == "bar"
    def stop(self): self.open = False
    def status(self):
        reason = "" if self.options.state == "ready" else "the disk is full"
        return SourceStatus(self.options.state, reason, counters={"bars": self.bars, "left open": int(self.open)})
"""


@pytest.fixture
def recorded(serve, live_config, distribution):
    entry = "[wealthsources.recorders]\nzrecorder = zcounting_recorder:Mine"
    site = distribution("zcounting", sources=entry, zcounting_recorder=RECORDER)

    def write(options="{}"):
        path = live_config(serve().url)
        path.write_text(f"{path.read_text()}recorder:\n  zrecorder: {options}\n")
        return site

    return write


def test_it_records_for_so_long_and_says_at_the_end_what_was_recorded(cli, recorded):
    recorded()
    result = cli("record", "--for", 2)
    assert result.code == 0, result.error
    first, *_, last = result.out.splitlines()
    assert first == "recording (zrecorder); Ctrl-C ends it"
    assert last.startswith("zrecorder: ready, bars ")
    assert "left open" not in last


def test_a_recorder_that_is_in_trouble_at_the_end_is_told_and_exits_with_1(cli, recorded):
    recorded("{state: paused}")
    result = cli("record", "--for", 0)
    assert result.code == 1
    assert "zrecorder: paused: the disk is full" in result.out


def test_without_a_recorder_it_says_what_to_write(cli, serve, live_config):
    live_config(serve().url)
    result = cli("record")
    assert result.code == 2
    assert "config.yaml: nobody records; say who does, as in `recorder: {store: {}}`" in result.error


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_as_it_should(recorded, folder, name):
    site = recorded()
    command = [sys.executable, "-m", "wealthsources", "record"]
    environment = {"PYTHONPATH": f"{site}:{':'.join(sys.path)}", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        said = process.stdout.readline()
        process.send_signal(name)
        out, error = process.communicate(timeout=float(LONG))
    assert (process.returncode, said) == (0, "recording (zrecorder); Ctrl-C ends it\n"), error
    assert "zrecorder: ready" in out
    assert "Traceback" not in error


def test_check_names_what_is_wrong_with_a_recorder_too(cli, recorded):
    recorded("{stat: paused}")
    result = cli("check")
    assert result.code == 2
    assert "config.yaml:5:15: recorder.zrecorder.stat: unknown key" in result.err


def test_status_shows_the_recorders(cli, recorded):
    recorded("{state: paused}")
    out = cli("status").out
    (row,) = [line.split() for line in out.splitlines() if line.startswith("zrecorder  ") and "paused" in line]
    assert row[:2] == ["zrecorder", "paused"]
    assert "the disk is full" in out
