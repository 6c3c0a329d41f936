from __future__ import annotations

import logging
import os
import threading
import time

from wealthsources import SourceError
from wealthsources_ccxt.loading import Loading

from ...support.forking import in_child
from ...support.waiting import wait_until

LOG = logging.getLogger("test")


def test_what_was_loaded_is_there_and_is_not_loaded_again():
    calls = []
    loading = Loading(lambda: calls.append(1) or "names")
    loading.begin(LOG)
    assert loading.wait(10)
    loading.begin()
    loading.stop(1)
    assert (loading.names, calls) == ("names", [1])


def test_a_failure_is_told_logged_and_tried_again(caplog):
    answers = [SourceError("no luck"), SourceError("still none"), "names"]
    done = threading.Event()

    def load():
        answer = answers.pop(0)
        if isinstance(answer, str):
            done.set()
            return answer
        raise answer

    loading = Loading(load, first_wait=0.001)
    loading.begin(LOG)
    assert done.wait(10)
    loading.stop(1)
    assert loading.names == "names"
    assert "its markets could not be loaded yet: no luck" in caplog.text


def test_it_waits_as_long_as_the_exchange_asked_for():
    answers, waits = [SourceError("too many", retry_after=3600), "names"], []

    def load():
        answer = answers.pop(0)
        if isinstance(answer, str):
            return answer
        raise answer

    loading = Loading(load, first_wait=0.001, pause=lambda _, seconds: waits.append(seconds))
    loading.begin(LOG)
    wait_until(lambda: loading.names)
    loading.stop(1)
    assert waits == [3600]


def test_it_stops_at_once_however_long_the_exchange_asked_it_to_wait():
    def load():
        raise SourceError("too many", retry_after=3600)

    loading = Loading(load, first_wait=0.001)
    loading.begin(LOG)
    assert not loading.wait(10)
    loading.stop(5)
    assert not loading._thread.is_alive()
    assert loading.why.endswith("too many")


def test_before_it_was_begun_and_after_it_was_stopped_nothing_is_loaded():
    loading = Loading(lambda: 1 / 0)
    assert "has not been started" in loading.why
    loading.stop(1)
    loading.begin(LOG)
    assert not loading.wait(0)


def test_in_a_forked_child_it_is_begun_anew():
    parent, under_way, done = os.getpid(), threading.Event(), threading.Event()

    def load():
        if os.getpid() == parent:
            under_way.set()
            done.wait(60)
        return "names"

    def begin_here():
        loading.begin()
        return loading.wait(10), loading.names

    loading = Loading(load)
    loading.begin(LOG)
    try:
        assert under_way.wait(10)  # on a thread that the child does not have
        assert in_child(begin_here) == (True, "names")
        assert loading.names is None, "in the parent it is under way as before"
    finally:
        done.set()
        loading.stop(10)


def test_nobody_waits_for_what_was_stopped():
    loading = Loading(lambda: None)
    loading.stop(1.0)
    begun = time.monotonic()
    assert not loading.wait(20.0)
    assert time.monotonic() - begun < 10.0
    assert loading.why == "its markets are not loaded: the source was stopped"
