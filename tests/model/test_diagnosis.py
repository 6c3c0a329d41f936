"""Diagnosis, and the door through which sources and recorders give theirs."""

from __future__ import annotations

import pytest

import wealthsources
from wealthsources import Diagnosis, NotHere, Recorder, Source, diagnose_clock


class Plain(Source):
    def get_history(self, request):
        raise NotHere("nothing")


class PlainRecorder(Recorder):
    def start(self, host): ...

    def stop(self): ...


def test_what_is_well_needs_no_remedy():
    assert Diagnosis("ok", "the disk is there") == ("ok", "the disk is there", "")


def test_a_source_and_a_recorder_that_say_nothing_have_nothing_to_tell():
    for online in (True, False):
        assert list(Plain().diagnose(online)) == []
        assert list(PlainRecorder().diagnose(online)) == []


def test_the_names_are_public():
    assert {"Diagnosis", "diagnose_clock", "diagnose_folder"} <= set(wealthsources.__all__)


@pytest.mark.parametrize(
    ("server", "level", "text"),
    [
        (1000, "ok", "this machine's clock agrees with the server's to 1.0 s"),
        (1002, "ok", "this machine's clock agrees with the server's to 3.0 s"),
        (1010, "warning", "this machine's clock is 10 s behind the server's"),
        (990, "warning", "this machine's clock is 9 s ahead of the server's"),
        (1100, "error", "this machine's clock is 100 s behind the server's"),
        (-8000, "error", "this machine's clock is 8,999 s ahead of the server's"),
    ],
)
def test_clocks_are_compared_as_far_as_a_whole_second_tells(server, level, text):
    found = diagnose_clock(server, 1000.0, 1000.5)
    if level == "ok":
        assert (found.level, found.text.partition(" to ")[0]) == (level, text.partition(" to ")[0])
    else:
        assert found == (level, text, "set it: `timedatectl set-ntp true`")


def test_a_slow_answer_is_no_sign_of_a_clock_that_is_off():
    assert diagnose_clock(1000, 990.0, 1010.0).level == "ok"


def test_where_the_server_does_not_say_its_time_that_is_said():
    assert "is not known" in diagnose_clock(None, 1.0, 2.0).text
