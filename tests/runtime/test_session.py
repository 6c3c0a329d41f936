from __future__ import annotations

import threading

import pytest

from wealthsources import (
    WealthSourcesError,
    current_session,
)


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
