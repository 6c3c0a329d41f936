"""The tree of errors: as it is drawn, so it is."""

from __future__ import annotations

import pickle

import pytest

import wealthsources
from wealthsources.model import answer_errors, errors


def drawn() -> list[tuple[str, str]]:
    """(error, parent) of the drawing in the docstring."""
    found, above = [], {}
    for line in errors.__doc__.splitlines():
        name = line.lstrip("│├└─ ").partition(" ")[0]
        if name and name[0].isupper() and name.isidentifier() and not line.startswith("Every"):
            depth = (len(line) - len(line.lstrip("│├└─ "))) // 4
            above[depth] = name
            found.append((name, above[depth - 1] if depth else "Exception"))
    return found


def kind(name: str) -> type[Exception]:
    return getattr(errors, name, None) or getattr(answer_errors, name, None) or Exception


def every() -> set[str]:
    return {
        name
        for module in (errors, answer_errors)
        for name, each in vars(module).items()
        if isinstance(each, type) and issubclass(each, errors.WealthSourcesError)
    }


def test_every_error_is_in_the_drawing():
    assert {name for name, _ in drawn()} == every()
    assert len(drawn()) == len(every())


@pytest.mark.parametrize(("name", "parent"), drawn())
def test_every_error_hangs_where_it_is_drawn(name, parent):
    assert kind(name).__bases__[0] is kind(parent)


@pytest.mark.parametrize("name", sorted(every()))
def test_every_error_says_when_it_is_raised(name):
    assert kind(name).__doc__


def test_a_request_without_sense_is_a_value_error_too():
    with pytest.raises(ValueError, match="no count"):
        raise wealthsources.RequestError("no count")


def test_a_source_that_was_not_asked_or_answered_garbage_counts_as_one_that_failed():
    assert issubclass(errors.NotAsked, wealthsources.SourceError)
    assert issubclass(errors.InvalidAnswer, wealthsources.SourceError)
    assert not issubclass(wealthsources.NotHere, wealthsources.SourceError)


@pytest.mark.parametrize("name", [name for name, each in vars(errors).items() if isinstance(each, type)])
def test_an_error_survives_being_pickled(name):
    error = kind(name)("why")
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert str(other) == "why"


def test_a_source_error_tells_for_how_long_to_leave_its_server_alone():
    error = pickle.loads(pickle.dumps(errors.SourceError("too many", retry_after=30.0)))
    assert (str(error), error.retry_after) == ("too many", 30.0)
    assert errors.SourceError("x").retry_after == 0


def test_mistakes_come_one_by_one_each_with_what_it_quotes():
    error = wealthsources.ConfigError("c.yaml:1:1: bad\n  | clok: x\n  | ^^^^\nc.yaml:2:1: worse\nand more")
    assert error.mistakes == ("c.yaml:1:1: bad\n  | clok: x\n  | ^^^^", "c.yaml:2:1: worse", "and more")
    assert error.brief == "c.yaml:1:1: bad\nc.yaml:2:1: worse\nand more"
    assert wealthsources.ConfigError("").mistakes == ()
