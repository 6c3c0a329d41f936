"""Inquiries that run side by side."""

from __future__ import annotations

import threading
import time

import pytest

from wealthsources.cli.doctor.side_by_side import Inquiry, run
from wealthsources.model.diagnosis import Diagnosis


@pytest.fixture
def hanging():
    """A inquiry that says one thing, and then hangs until it is stopped."""
    end = threading.Event()

    def ask():
        yield Diagnosis("ok", "so far")
        end.wait(30)

    yield Inquiry("slow", ask, end.set)
    end.set()


def saying(name, *texts):
    return Inquiry(name, lambda: [Diagnosis("ok", text) for text in texts], lambda: None)


def test_each_says_what_it_has_to_in_their_order():
    found = list(run([saying("a", "1", "2"), saying("b"), saying("c", "3")], 10))
    assert [(about, each.text) for about, each in found] == [("a", "1"), ("a", "2"), ("c", "3")]


def test_one_that_hangs_keeps_nobody_and_what_it_said_stays(hanging):
    began = time.monotonic()
    found = list(run([hanging, saying("b", "here")], 0.2))
    assert time.monotonic() - began < 5
    first, late, other = found
    assert (first[1].text, other[1].text) == ("so far", "here")
    assert late[1].level == "error"
    assert "did not come within 0.2 s" in late[1].text
    assert "--timeout" in late[1].remedy


def test_what_they_opened_is_let_go_of(hanging):
    list(run([hanging], 0.01))
    threads = [each for each in threading.enumerate() if each.name == "wealthsources-inquiry slow"]
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_one_that_raises_is_told_with_what_it_said_before():
    def ask():
        yield Diagnosis("ok", "so far")
        raise LookupError("no such thing")

    def stop():
        raise RuntimeError("nor this")

    first, second = run([Inquiry("odd", ask, stop)], 10)
    assert first[1].text == "so far"
    assert second[1].text == "its own diagnosis failed: LookupError: no such thing"
