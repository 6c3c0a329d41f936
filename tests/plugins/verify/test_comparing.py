"""What differs between two runs."""

from __future__ import annotations

import pytest

from wealthsources_verify.comparing import Difference, differences, parted
from wealthsources_verify.trace import Step

from .traces import answer, order, raised, trace


def found(left, right, doubtful=frozenset()):
    return [each[2:] for each in differences(left, right, doubtful)]


def test_the_same_is_no_difference():
    run = trace(answer(), order(), raised(), values={"g.x": 1})
    assert found(run, trace(answer(), order(), raised(text="'b'"), values={"g.x": 1})) == []


def test_each_says_when_and_where():
    one, other = trace(values={"g.x": 1}), trace(values={"g.x": 2})
    assert list(differences(one, other)) == [Difference(7, False, "g.x", "1", "2")]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (answer(), answer(result="2 bars", digest=b"2"), ("get_price at s.py:1", "1 bar", "2 bars")),
        (answer(), answer(digest=b"2"), ("get_price at s.py:1", "1 bar #31", "1 bar #32")),
        (answer(), answer(call="Y 1h"), ("get_price at s.py:1", "(X 1h)", "(Y 1h)")),
        (order(), order(call="'X', 2"), ("order at s.py:2", "('X', 1)", "('X', 2)")),
        (order(), answer(), ("get_price at s.py:1", "order at s.py:2 ('X', 1)", "get_price at s.py:1 (X 1h)")),
    ],
)
def test_an_event_differs_in_what_it_is_in_its_arguments_or_its_result(left, right, expected):
    assert found(trace(left), trace(right)) == [expected]


def test_events_that_match_are_all_compared():
    left = trace(answer(), order())
    right = trace(answer(digest=b"2", result="2 bars"), order(call="'X', 2"))
    assert [what for what, _, _ in found(left, right)] == ["get_price at s.py:1", "order at s.py:2"]


def test_after_the_runs_have_parted_nothing_of_the_step_is_compared():
    left = trace(answer(), order(), answer("b", digest=b"1"))
    right = trace(answer(), answer("b", digest=b"2"))
    assert [what for what, _, _ in found(left, right)] == ["b"]


@pytest.mark.parametrize("missing", [0, 1])
def test_an_event_too_many_is_a_difference(missing):
    runs = [trace(answer(), order()), trace(answer())]
    texts = ["order at s.py:2 ('X', 1)", "nothing"]
    assert found(runs[missing - 1], runs[missing]) == [("order at s.py:2", texts[missing - 1], texts[missing])]


def test_what_an_error_kept_from_being_done_is_no_difference_of_its_own():
    assert [what for what, _, _ in found(trace(values={"g.x": 1}), trace(raised()))] == ["KeyError at s.py:3"]


def test_in_a_doubtful_step_it_means_nothing_that_the_runs_part():
    left, right = trace(answer(), order(), values={"g.x": 1}), trace(answer(digest=b"2"), values={"g.x": 2})
    assert [what for what, _, _ in found(left, right, frozenset({0}))] == ["get_price at s.py:1", "g.x"]


def test_a_value_that_one_run_alone_keeps_is_a_difference():
    assert found(trace(values={"g.x": 1}), trace()) == [("g.x", "1", "nothing")]


def test_the_steps_in_which_runs_part_are_known():
    left, right = trace(answer()), trace(answer(digest=b"2"))
    left.steps.append(Step(8, False, (order(),), {}))
    right.steps.append(Step(8, False, (), {}))
    assert parted(left, right) == {1}
