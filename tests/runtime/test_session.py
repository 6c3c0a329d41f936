"""A session as its user sees it: open, current, stopped."""

from __future__ import annotations

import threading

import pytest

import wealthsources
from wealthsources import ConfigError, Event, Session, WealthSourcesError, current_session


def test_live_sources_start_with_subscribe(mine):
    with mine({"live": True}) as session:
        session.subscribe(lambda event: None)
        assert session.source("s0").calls == ["start"]


def test_a_session_that_is_not_open_says_so(mine):
    with pytest.raises(WealthSourcesError, match="use it in a with statement"):
        mine({}).adapter()


def test_a_stopped_session_cannot_be_used_again(mine):
    session = mine({})
    with session:
        pass
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        session.adapter()
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        session.start()


def test_on_entry_a_session_becomes_the_process_wide_one_if_there_is_none(mine):
    assert current_session() is None
    with mine({}) as first:
        assert current_session() is first
        with mine({}):
            assert current_session() is first
    assert current_session() is None


def test_make_current_replaces_and_stop_clears(mine):
    with mine({}) as first, mine({}) as second:
        second.make_current()
        assert current_session() is second
        first.stop()
        assert current_session() is second
    assert current_session() is None


def test_stopping_leaves_no_thread_behind(mine):
    before = set(threading.enumerate())
    session = mine({"live": True}, {"bars": 3})
    with session:
        session.subscribe(lambda event: None)
        session.adapter().explain("X", 3)
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before


def test_a_session_is_opened_from_a_mapping_or_from_a_file(tmp_path):
    (tmp_path / "config.yaml").write_text("clock: feed\nsources: [{plugin: context}]\n")
    for config in (
        {"clock": "feed", "sources": [{"plugin": "context"}]},
        tmp_path / "config.yaml",
        str(tmp_path / "config.yaml"),
    ):
        session = wealthsources.open(config)
        assert session.clock.name == "feed"
        assert [source.name for source in session.config.settings.sources] == ["context"]


def test_without_a_path_it_is_the_config_yaml_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^config\.yaml: no such file"):
        wealthsources.open()
    (tmp_path / "config.yaml").write_text("sources: [{plugin: context}]")
    assert wealthsources.open().config.folder == tmp_path


def test_an_error_in_the_block_comes_out_of_it_and_the_session_is_stopped(mine):
    with pytest.raises(LookupError, match="mine"), mine({}) as session:
        raise LookupError("mine")
    assert session.source("s0").calls == ["start", "stop"]
    assert current_session() is None


def test_an_adapter_may_be_had_as_soon_as_it_is_started(mine):
    session = mine({"bars": 9})
    session.start()
    session.start()
    assert session.adapter(mode="live").session is session
    assert current_session() is None, "only a with statement, or make_current, makes it that of the process"


def test_what_a_subscription_returns_ends_it(mine):
    with mine({"live": True}) as session:
        end = session.subscribe(lambda event: None)
        host = session.source("s0").host
        assert host.listening
        end()
        assert not host.listening
        host.emit(Event("state", "s0"))


def test_a_subscriber_may_want_no_updates_of_forming_bars_and_hear_of_the_end(mine):
    told = []
    with mine({"live": True}) as session:
        session.subscribe(lambda event: None, forming=False, at_end=lambda: told.append(True))
        host = session.source("s0").host
        assert (host.listening, host.wants_forming) == (True, False)
    assert told == [True]


def test_a_session_that_is_not_open_has_no_subscribers(mine):
    before, session = set(threading.enumerate()), mine({"live": True})
    with pytest.raises(WealthSourcesError, match="use it in a with statement"):
        session.subscribe(lambda event: None)
    assert not session.dispatcher.listening
    assert set(threading.enumerate()) == before


def test_where_a_live_source_does_not_start_nobody_has_subscribed(mine):
    with mine({"live": True, "fail": "start"}) as session:
        with pytest.raises(ConfigError, match="did not start"):
            session.subscribe(lambda event: None)
        assert not session.dispatcher.listening


def test_it_is_shown_with_its_state_and_its_sources(mine):
    session = mine({"secret": "s3cr3t-0123456789"}, {"status": "fail", "fail": "stale"}, clock="feed")
    assert repr(session) == "<Session: not open yet, clock feed, s0 > s1>"
    with session:
        assert repr(session) == "<Session: open, clock feed, s0 > s1>"
    assert repr(session) == "<Session: stopped, clock feed, s0 > s1>"


def test_one_that_is_half_made_is_shown_too():
    assert repr(object.__new__(Session)) == "<Session>"


def test_to_show_it_waits_for_nobody(mine):
    session = mine({"live": True, "slow": True})
    session.start()
    source = session.source("s0")
    starting = threading.Thread(target=session.start_live)
    starting.start()
    assert source.starting.wait(10)
    assert repr(session) == "<Session: open, clock system, s0>"
    source.release.set()
    starting.join(10)
