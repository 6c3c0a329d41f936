"""What is logged of what happens again and again."""

from __future__ import annotations

import copy
import logging
import threading
from decimal import Decimal

import pytest

from wealthsources.runtime.paced_log import PacedLogger

NAME = "wealthsources.test.paced"


class Pace:
    """A paced logger with its clock, and the records that went out."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.records: list[logging.LogRecord] = []
        self.log = PacedLogger(NAME, lambda: self.now)

    @property
    def said(self) -> list[str]:
        return [record.getMessage() for record in self.records]

    def fail(self, error: Exception, text: str = "a subscriber failed on %s", *args: object) -> None:
        def fail() -> None:
            raise error

        try:
            fail()
        except Exception:
            self.log.exception(text, *args or ("bar",))


@pytest.fixture
def pace():
    made, plain = Pace(), logging.getLogger(NAME)
    handler = logging.Handler()
    handler.emit = lambda record: made.records.append(copy.copy(record))
    plain.addHandler(handler)
    plain.setLevel(logging.INFO)
    yield made
    plain.removeHandler(handler)
    plain.setLevel(logging.NOTSET)


def test_the_first_line_goes_out_as_it_is(pace):
    pace.log.warning("%s is lost; next attempt in %.1f s", "wss://a", 0.5)
    assert pace.said == ["wss://a is lost; next attempt in 0.5 s"]
    assert (pace.records[0].name, pace.records[0].levelno) == (NAME, logging.WARNING)
    assert pace.records[0].funcName == "test_the_first_line_goes_out_as_it_is"


def test_a_day_of_it_is_one_line_and_then_one_a_minute_with_the_number(pace):
    for _ in range(24 * 60 * 60):
        pace.log.warning("%s is lost; next attempt in %.1f s", "wss://a", pace.now % 7)
        pace.now += 1
    assert len(pace.said) == 24 * 60
    assert pace.said[1] == f"wss://a is lost; next attempt in {1060 % 7:.1f} s (60 times in 60 s)"
    assert sum(int(line.partition("(")[2].split()[0]) for line in pace.said[1:]) == 60 * (24 * 60 - 1)


@pytest.mark.parametrize("other", ["%s is lost: %s", "lost"])
def test_another_cause_is_told_at_once(pace, other):
    pace.log.warning("%s is lost: %s", "wss://a", "refused")
    pace.log.warning("%s is lost: %s", "wss://a", "401")
    pace.log.warning("%s is lost: %s", "wss://b", "refused")
    assert pace.said == ["wss://a is lost: refused", "wss://a is lost: 401", "wss://b is lost: refused"]


@pytest.mark.parametrize("number", [2, 2.5, Decimal("2"), True])
def test_numbers_are_no_cause(pace, number):
    pace.log.warning("waiting %s s", 1)
    pace.log.warning("waiting %s s", number)
    assert pace.said == ["waiting 1 s"]


def test_another_text_is_another_topic(pace):
    pace.log.warning("the %s is slow", "subscriber")
    pace.log.warning("the %s is lost", "subscriber")
    assert len(pace.said) == 2


def test_of_lines_without_arguments_the_place_is_the_topic_and_the_text_the_cause(pace):
    for place in range(1_000):
        pace.log.warning(f"row {place} is bad")
    assert pace.said == [f"row {place} is bad" for place in range(10)], "of ever new causes ten go out at once"
    pace.log.warning("elsewhere")
    pace.now += 60
    pace.log.warning("elsewhere")
    assert pace.said[10:] == ["elsewhere", "row 999 is bad (990 times more in 0 s, and not since)", "elsewhere"]


def test_each_thing_that_lines_are_about_is_a_topic(pace):
    for name in (f"S{number}" for number in range(40)):
        for reason in ("unknown", "unknown"):
            pace.log.warning("%s is refused: %s", name, reason, extra={"about": name})
    assert pace.said == [f"S{number} is refused: unknown" for number in range(40)]


def test_the_cause_can_be_said(pace):
    for open_time in range(100):
        pace.log.warning("bad: %s", f"{open_time} is off", extra={"cause": " is off"})
    pace.log.warning("bad: %s", "7 is low", extra={"cause": " is low"})
    assert pace.said == ["bad: 0 is off", "bad: 7 is low"]


def test_an_exception_is_told_with_its_traceback_once(pace):
    for _ in range(61):
        pace.fail(RuntimeError("mine"))
        pace.now += 1
    text = "a subscriber failed on bar"
    assert pace.said == [text, f"{text}: RuntimeError: mine (60 times in 60 s)"]
    assert [bool(record.exc_info) for record in pace.records] == [True, False]


def test_of_an_exception_kind_and_place_are_the_cause_and_not_what_it_says(pace):
    for place in range(100):
        pace.fail(KeyError(place))
    pace.fail(ValueError(1))
    try:
        int("x")
    except ValueError:
        pace.log.exception("a subscriber failed on %s", "bar")
    assert len(pace.said) == 3


def test_after_a_minute_of_quiet_it_is_told_anew(pace):
    for _ in range(2):
        pace.fail(RuntimeError("mine"))
        pace.now += 60
    assert pace.said == ["a subscriber failed on bar"] * 2
    assert all(record.exc_info for record in pace.records)


def test_what_was_not_told_goes_out_with_the_next_line_of_any_kind(pace):
    for _ in range(31):
        pace.log.warning("%s is lost", "wss://a")
        pace.now += 1
    pace.now += 58
    pace.log.info("something else")
    assert pace.said == ["wss://a is lost", "something else"], "it has been quiet for 59 s only"
    pace.now += 1
    pace.log.info("again")
    assert pace.said[2:] == ["wss://a is lost (30 times more in 30 s, and not since)", "again"]
    assert pace.records[2].levelno == logging.WARNING
    assert pace.records[2].name == NAME


def test_what_was_not_told_can_be_settled_without_a_line(pace):
    for _ in range(3):
        pace.log.warning("%s is lost", "wss://a")
    pace.log.settle()
    assert len(pace.said) == 1
    pace.now += 60
    pace.log.settle()
    pace.log.settle()
    assert pace.said[1:] == ["wss://a is lost (2 times more in 0 s, and not since)"]


def test_what_ends_a_trouble_is_always_said(pace):
    for _ in range(3):
        pace.log.info("connected (%s)", "wss://a", extra={"at_once": True})
    assert len(pace.said) == 3


def test_debug_lines_are_for_those_who_want_all(pace):
    pace.log.setLevel(logging.DEBUG)
    for _ in range(3):
        pace.log.debug("asked %s", "archive")
    assert len(pace.said) == 3


def test_two_loggers_of_one_name_have_each_their_own_pace(pace):
    PacedLogger(NAME, lambda: pace.now).warning("%s is lost", "wss://a")
    pace.log.warning("%s is lost", "wss://a")
    assert len(pace.said) == 2


def test_what_many_threads_say_is_counted(pace):
    def say() -> None:
        for _ in range(50):
            pace.log.warning("%s is lost", "wss://a")

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pace.now += 60
    pace.log.settle()
    assert pace.said == ["wss://a is lost", "wss://a is lost (199 times more in 0 s, and not since)"]


def test_the_level_is_that_of_the_logger_of_its_name_whenever_that_is_set(pace):
    assert not pace.log.isEnabledFor(logging.DEBUG)
    logging.getLogger(NAME).setLevel(logging.ERROR)
    assert not pace.log.isEnabledFor(logging.WARNING)
    pace.log.setLevel(logging.WARNING)
    assert pace.log.isEnabledFor(logging.WARNING)
    assert logging.getLogger(NAME).level == logging.WARNING


def test_a_line_that_nobody_wants_is_not_counted(pace):
    pace.log.setLevel(logging.ERROR)
    pace.log.warning("%s is lost", "wss://a")
    pace.log.setLevel(logging.INFO)
    pace.log.warning("%s is lost", "wss://a")
    assert pace.said == ["wss://a is lost"]


class Unprintable:
    def __str__(self) -> str:
        raise LookupError


def test_what_cannot_be_printed_breaks_nothing(pace, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    for _ in range(3):
        pace.log.warning("%s is lost", Unprintable())
        pace.log.warning("%s and %s are lost", *["one"])
    assert len(pace.records) == 2
    pace.now += 59
    pace.log.warning("%s is lost", Unprintable())
    pace.now += 1
    pace.log.warning("%s is lost", Unprintable())
    assert "(4 times in 60 s)" in pace.records[-1].msg


def test_arguments_by_name_count_by_what_they_say(pace):
    for name in ("a", "a", "b"):
        pace.log.warning("%(name)s is lost, %(times)d times", {"name": name, "times": 3})
    assert pace.said == ["a is lost, 3 times", "b is lost, 3 times"]


def test_the_number_of_topics_is_bounded(pace):
    for place in range(3_000):
        pace.log.warning(f"topic {place}: %s", "lost")
    assert len(pace.log._topics) == 1_000


def test_a_text_with_a_percent_sign_can_be_repeated(pace):
    for _ in range(2):
        pace.log.warning("%s", "100 % lost")
        pace.now += 59
    pace.log.warning("%s", "100 % lost")
    assert pace.said[-1] == "100 % lost (2 times in 118 s)"
