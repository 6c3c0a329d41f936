"""What a configuration amounts to."""

from __future__ import annotations

from pathlib import Path

import pytest

from wealthsources.cli.doctor.deployment import deployment

TELLING = """
from wealthsources import Diagnosis, Recorder, Source, hookimpl
import pydantic

class Telling(Source):
    stopped = 0
    def get_history(self, request): raise NotImplementedError
    def diagnose(self, online):
        yield Diagnosis("ok", f"online: {online}")
    def stop(self): print("stopped")

class Writing(Recorder):
    class options_model(pydantic.BaseModel, extra="forbid"):
        password: pydantic.SecretStr = pydantic.SecretStr("")
    def __init__(self, options): self._options = options
    def start(self, host): ...
    def stop(self): raise AssertionError("it was not started")
    def diagnose(self, online):
        secret = self._options.password.get_secret_value()
        yield Diagnosis("warning", f"little room{secret}", f"make some{secret}")

@hookimpl
def wealthsources_register(register): register("ztelling", Telling)
"""


@pytest.fixture
def telling(distribution):
    entries = (
        "[wealthsources]\nztelling = ztelling_module\n[wealthsources.recorders]\nzwriting = ztelling_module:Writing"
    )
    distribution("ztelling", sources=entries, ztelling_module=TELLING)


def told(path, *, chosen=True, online=False):
    return [(line.about, line.level, line.text) for line in deployment(path, chosen, online=online, seconds=10)]


@pytest.mark.parametrize("online", [True, False])
def test_each_source_and_recorder_says_its_own(telling, config, capsys, online):
    path = config("sources: [{plugin: ztelling, name: mine}]\nrecorder: {zwriting: {}}\n")
    assert told(path, online=online) == [
        ("configuration", "ok", f"{path}: sources: mine; recorders: zwriting"),
        ("mine", "ok", "plugin ztelling is loaded, and its options are right"),
        ("mine", "ok", f"online: {online}"),
        ("recorder zwriting", "warning", "little room · make some"),
    ]
    assert capsys.readouterr().out == "stopped\n"


def test_mistakes_are_errors_one_by_one(config):
    path = config("clock: sun\nsources: [{plugin: file, optoins: {}}]\n")
    lines = told(path)
    assert [level for _, level, _ in lines] == ["error", "error"]
    assert lines[0][2].startswith(f"{path}:1")
    assert "`wealthsources check` looks again" in lines[0][2]


def test_options_that_are_wrong_are_errors_and_the_others_are_still_asked(telling, config):
    path = config("sources:\n  - {plugin: file}\n  - {plugin: ztelling}\nrecorder: {zwritten: {}}\n")
    lines = told(path)
    assert [level for _, level, _ in lines] == ["ok", "error", "ok", "error", "ok"]
    assert "no recorder 'zwritten' is installed" in lines[3][2]


def test_what_is_optional_is_a_warning(config):
    path = config("sources:\n  - {plugin: context}\n  - {plugin: nowhere, optional: true}\n")
    assert ("warning", "nowhere") in [(level, about) for about, level, _ in told(path)]


def test_a_calendar_that_there_is_not_is_an_error(config):
    path = config("calendar: XNOWHERE\nsources: [{plugin: context}]\n")
    assert told(path)[0][:2] == ("configuration", "error")


def test_without_a_configuration_that_is_a_warning_and_a_named_one_an_error(folder):
    assert told(Path("config.yaml"), chosen=False) == [
        ("configuration", "warning", "there is no config.yaml here · write one, or name it with --config PATH")
    ]
    assert told(Path("other.yaml"))[0][:2] == ("configuration", "error")


def test_a_secret_that_a_source_or_recorder_tells_is_taken_out(telling, config):
    secret = "nobody-is-to-read-this"
    path = config(f"sources: [{{plugin: ztelling}}]\nrecorder: {{zwriting: {{password: {secret}}}}}\n")
    assert told(path)[-1] == ("recorder zwriting", "warning", "little room*** · make some***")
