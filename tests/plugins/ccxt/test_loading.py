from __future__ import annotations

import logging
import threading

from wealthsources import SourceError
from wealthsources_ccxt.loading import Loading

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
    loading = Loading(lambda: "names")
    loading._thread = threading.current_thread()  # as a fork leaves it: one that does not run there
    loading._begin_anew()
    loading.begin(LOG)
    assert loading.wait(10)
    loading.stop(1)
