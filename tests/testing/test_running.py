"""Cases are run by their numbers, each with things of its own, and what went wrong is said."""

from __future__ import annotations

import pytest

from wealthsources.testing.running import Outcome, cases_of, run_cases


class Kit:
    def test_x02_it_is_skipped(self, number: int) -> None:
        pytest.skip("X02: no need")

    def test_x01_it_passes(self, double: int, number: int) -> None:
        assert double == 2 * number

    def test_x03_it_fails(self, number: int) -> None:
        pytest.fail(f"X03: {number} is too many")

    def test_x04_it_dies(self, broken: object) -> None:
        """Never comes here."""

    def test_helpers_are_no_cases(self) -> None:
        raise AssertionError


def test_the_cases_of_a_contract_are_in_the_order_of_their_numbers():
    assert list(cases_of(Kit)) == ["X01", "X02", "X03", "X04"]


def test_each_case_gets_what_it_takes_made_once_and_ended():
    told = []

    def number():
        told.append("made")
        yield 4
        told.append("ended")

    def broken(number: int) -> object:
        raise OSError("no\ndisk")

    def double(number: int) -> int:
        return 2 * number

    said = list(run_cases(Kit(), {"number": number, "double": double, "broken": broken}))
    assert said == [
        Outcome("X01", "it passes", "ok"),
        Outcome("X02", "it is skipped", "skipped", "no need"),
        Outcome("X03", "it fails", "failed", "X03: 4 is too many"),
        Outcome("X04", "it dies", "failed", "OSError: no disk"),
    ]
    assert told == ["made", "ended"] * 4
