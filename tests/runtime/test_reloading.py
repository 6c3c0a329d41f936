"""A changed configuration: what differs, what of it may, and all or nothing."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

import pytest
import yaml

import wealthsources
from wealthsources import ConfigError, RequestError, WealthSourcesError
from wealthsources.runtime.reloading import reload_on_hangup

from ..support.waiting import wait_until

PLUGIN = """
import pydantic
from wealthsources import NotHere, RequestError, Source, hookimpl

class Options(pydantic.BaseModel, extra="forbid"):
    symbols: list[str] = []
    depth: int = 1
    token: pydantic.SecretStr = pydantic.SecretStr("")

class Told(Source):
    reloadable = frozenset({"symbols"})
    def __init__(self, options): self.options, self.told = options, []
    def get_history(self, request): raise NotHere("nothing")
    def reload(self, options):
        if "BAD" in options.symbols:
            raise RequestError("symbols: BAD cannot be had")
        if "WORSE" in options.symbols:
            raise LookupError("whoops")
        self.options = options
        self.told.append(options.symbols)

@hookimpl
def wealthsources_register(register):
    register("zmine", Told, Options)
"""

RESTART = "cannot be changed while the session runs; restart it, or take the change back"


@pytest.fixture
def made(distribution, tmp_path, monkeypatch):
    """An open session with two such sources, whose configuration is the file of `write`."""
    monkeypatch.chdir(tmp_path)
    distribution(zmine_module=PLUGIN)
    write()
    with wealthsources.open("config.yaml") as session:
        yield session


def config(**more):
    return {
        "sources": [
            {"name": "a", "plugin": "zmine", "options": {"symbols": ["X"]}},
            {"name": "b", "plugin": "zmine", "options": {"symbols": ["X"]}},
        ],
        **more,
    }


def write(changed=None, **more):
    Path("config.yaml").write_text(yaml.safe_dump(changed or config(**more), sort_keys=False), encoding="utf-8")


def told(session):
    return [session.source(name).told for name in "ab"]


def refusal(session):
    """(place, words) of each mistake, and no source was told."""
    before = session.config, told(session)
    with pytest.raises(ConfigError) as caught:
        session.reload()
    assert (session.config, told(session)) == before
    return [tuple(line.split(": ", 2)[1:]) for line in caught.value.brief.splitlines()]


def test_a_source_is_told_of_options_that_it_can_change(made):
    changed = config()
    changed["sources"][0]["options"]["symbols"] = ["X", "Y"]
    write(changed)
    made.reload()
    assert told(made) == [[["X", "Y"]], []]
    assert made.config.settings.sources[0].options == {"symbols": ["X", "Y"]}
    made.reload()
    assert told(made) == [[["X", "Y"]], []]


def test_what_means_the_same_is_no_change(made):
    changed = config(on_hole="mark", max_behind=1)
    changed["sources"][0]["options"]["depth"] = 1
    write(changed)
    made.reload()
    assert told(made) == [[], []]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"clock": "feed"}, "clock"),
        ({"on_hole": "raise"}, "on_hole"),
        ({"markets": [{"symbols": "X", "prices": "any"}]}, "markets"),
        ({"plugins": {"allow": ["zmine"]}}, "plugins.allow"),
        ({"recorder": {"frames": {"folder": "x"}}}, "recorder.frames"),
    ],
)
def test_other_settings_are_refused_by_their_keys(made, more, place):
    write(**more)
    assert refusal(made) == [(place, RESTART)]


def test_the_line_of_the_file_is_shown(made):
    write(clock="feed")
    with pytest.raises(ConfigError) as caught:
        made.reload()
    *_, line, carets = str(caught.value).splitlines()
    assert (line, carets) == ("  | clock: feed", "  |        ^^^^")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda sources: sources[0].update(optional=True), [("sources[0].optional", RESTART)]),
        (lambda sources: sources[1].update(plugin="context", options={}), [("sources[1].plugin", RESTART)]),
        (lambda sources: sources[1]["options"].update(depth=2), [("sources[1].options.depth", RESTART)]),
        (lambda sources: sources[1]["options"].update(token="s3cr3t"), [("sources[1].options.token", RESTART)]),
        (
            lambda sources: sources.reverse(),
            [("sources", "their order cannot be changed while the session runs; restart it")],
        ),
        (
            lambda sources: sources.pop(),
            [("sources", "'b' cannot be taken out while the session runs; restart it")],
        ),
        (
            lambda sources: sources.insert(0, {"plugin": "context"}),
            [("sources[0]", "'context' cannot be added while the session runs; restart it")],
        ),
        (
            lambda sources: sources[0].update(name="c"),
            [
                ("sources", "'a' cannot be taken out while the session runs; restart it"),
                ("sources[0]", "'c' cannot be added while the session runs; restart it"),
            ],
        ),
    ],
)
def test_the_chain_itself_cannot_be_changed(made, change, said):
    changed = config()
    change(changed["sources"])
    write(changed)
    assert refusal(made) == said


def test_mistakes_and_refusals_are_told_together(made):
    changed = config(clock="feed")
    changed["sources"][0]["options"] = {"symbols": ["Y"], "depth": "x"}
    changed["sources"][1]["options"]["depth"] = 7
    write(changed)
    assert [place for place, _ in refusal(made)] == [
        "sources[0].options.depth",
        "sources[1].options.depth",
        "clock",
    ]


@pytest.mark.parametrize(("symbol", "said"), [("BAD", "symbols: BAD cannot be had"), ("WORSE", "LookupError: whoops")])
def test_if_one_source_refuses_it_and_those_before_it_go_back(made, symbol, said):
    changed = config()
    changed["sources"][0]["options"]["symbols"] = ["Y"]
    changed["sources"][1]["options"]["symbols"] = [symbol]
    write(changed)
    before = made.config
    with pytest.raises(ConfigError, match=said) as caught:
        made.reload()
    assert "sources[1].options" in str(caught.value)
    assert told(made) == [[["Y"], ["X"]], [["X"]]]  # one that refuses may have begun
    assert made.config is before


def test_a_source_that_does_not_go_back_is_told_to_the_log(made, monkeypatch, caplog):
    first = next(iter(made.sources.values()))
    reload = first.reload

    def reload_but_not_back(options):
        if options.symbols == ["X"]:
            raise OSError("no disk")
        reload(options)

    monkeypatch.setattr(first, "reload", reload_but_not_back)
    changed = config()
    changed["sources"][0]["options"]["symbols"] = ["Y"]
    changed["sources"][1]["options"]["symbols"] = ["BAD"]
    write(changed)
    with pytest.raises(ConfigError, match="BAD cannot be had"):
        made.reload()
    assert "did not go back to the options that it had: OSError: no disk; restart" in caplog.text


def test_a_session_without_a_file_wants_to_be_given_something(made):
    with wealthsources.open(config()) as session:
        with pytest.raises(RequestError, match=r"not opened with a file; give reload\(\) the changed"):
            session.reload()
        changed = config()
        changed["sources"][1]["options"]["symbols"] = ["Z"]
        session.reload(changed)
        assert told(session) == [[], [["Z"]]]


@pytest.mark.parametrize("state", ["not open", "stopped"])
def test_only_a_session_that_runs_is_reloaded(made, state):
    session = wealthsources.open("config.yaml")
    if state == "stopped":
        session.start()
        session.stop()
    with pytest.raises(WealthSourcesError, match=state):
        session.reload()


def test_the_file_is_found_after_a_change_of_folder_and_keeps_its_name_in_errors(made, monkeypatch):
    write(clock="moon")
    monkeypatch.chdir("/")
    with pytest.raises(ConfigError, match=r"^config.yaml:\d+:8: clock: "):
        made.reload()


# SIGHUP


@pytest.fixture
def hearing(made, caplog):
    caplog.set_level(logging.INFO, "wealthsources.session")
    before = signal.getsignal(signal.SIGHUP)
    end = reload_on_hangup(made)
    yield made
    end()
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_hangup_reloads_and_the_log_says_so(hearing, caplog):
    changed = config()
    changed["sources"][0]["options"]["symbols"] = ["Y"]
    write(changed)
    os.kill(os.getpid(), signal.SIGHUP)
    wait_until(lambda: "source a was told what changed" in caplog.text)
    assert told(hearing) == [[["Y"]], []]


def test_what_a_hangup_cannot_do_is_told_by_the_log_and_ends_nothing(hearing, caplog):
    write(clock="feed", on_hole="raise")
    os.kill(os.getpid(), signal.SIGHUP)
    wait_until(lambda: caplog.text.count("not reloaded: config.yaml:") == 2)
    wait_until(lambda: not [each for each in threading.enumerate() if each.name == "wealthsources-reload"])
    assert hearing.status().clock == "system"
