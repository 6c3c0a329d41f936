"""The contract as a whole: every case has a source that fails it, and what its author left out is named."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from wealthsources import Bars, Source
from wealthsources.testing import ListSource
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.running import cases_of

from . import test_answer_cases, test_life_cases, test_live_cases, test_promise_cases, test_waiting_cases
from .broken import HELD, Kit, Right, failures, run

CASES = cases_of(SourceContract)
MODULES = test_answer_cases, test_promise_cases, test_life_cases, test_waiting_cases, test_live_cases
WRONG = [number for module in MODULES for number, _ in module.WRONG]


def test_every_case_has_a_number_and_a_source_that_fails_it():
    numbers = [f"S{n:02}" for n in range(1, len(CASES) + 1)]
    assert list(CASES) == numbers
    assert sorted(set(WRONG)) == numbers
    assert all(getattr(SourceContract, name).__doc__.startswith(number) for number, name in CASES.items())


def test_a_source_that_breaks_no_rule_skips_what_it_is_not():
    assert run(Right).keys() == {"S11", "S21", "S23", "S25", "S27", "S33", "S34", "S35", "S36"}


def test_a_source_of_spreads_says_that_its_prices_may_be_anything():
    spreads = Bars.from_columns("X", "1h", HELD.open_times, *[[-1.0] * len(HELD)] * 4, [1.0] * len(HELD))

    class OfSpreads(Kit):
        prices = "any"

    def make() -> Source:
        return ListSource(spreads)

    assert failures(make, spreads, OfSpreads()).keys().isdisjoint({"S01", "S02", "S03"})
    assert "bars[0] can be no bar: open: -1.0 is not positive" in failures(make, spreads)["S01"]


def test_a_list_is_no_answer():
    class AnswersAList(Right):
        def answer(self, request):
            return list(self.right(request))

    assert "not list" in failures(AnswersAList)["S01"]


@pytest.mark.parametrize(
    ("held", "why"),
    [(HELD[:4], "5 bars are the least"), (HELD.replace(rows=np.array(HELD.rows[::-1])), "can be no bar")],
)
def test_bars_that_tell_nothing_are_named(held, why):
    with pytest.raises(AssertionError, match=why), Kit().at_work(Right(), held):
        pass


def test_a_kit_without_its_fixtures_says_so(tmp_path):
    (tmp_path / "test_half.py").write_text(
        "from wealthsources.testing.contract import SourceContract\nclass TestHalf(SourceContract): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "s01 or s15", "test_half.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.count("TestHalf has no fixture `source`; it returns a new source") >= 2, done.stdout
    assert "2 errors" in done.stdout


def test_a_source_without_a_view_of_the_context_is_named():
    class Blind(Right):
        def for_context(self, context):
            return None

    class Bound(Kit):
        def context(self):
            return object()

    with pytest.raises(AssertionError, match="has no view of the context"), Bound().at_work(Blind(), HELD):
        pass


def test_whoever_uses_the_fakes_alone_needs_no_pytest():
    code = "import wealthsources.testing, sys; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
