"""Lines of the doctor's."""

from __future__ import annotations

from wealthsources.cli.doctor.line import Line, error, ok, warning
from wealthsources.model.diagnosis import Diagnosis


def test_a_remedy_stands_behind_what_is_wrong_on_one_line():
    assert error("live", "no\nanswer", "start \x1b[31mit").text == "no answer · start \ufffd[31mit"
    assert ok("live", "there").text == "there"


def test_each_has_its_level():
    assert [line.level for line in (ok("a", "b"), warning("a", "b", "c"), error("a", "b", "c"))] == [
        "ok",
        "warning",
        "error",
    ]


def test_as_a_dict_nothing_is_lost():
    line = Line("live", Diagnosis("warning", "slow", "wait"))
    assert line.as_dict() == {"about": "live", "level": "warning", "text": "slow", "remedy": "wait"}
