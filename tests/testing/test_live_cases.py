"""The cases about live sources: each finds the source that breaks its rule, and no other case does."""

from __future__ import annotations

from typing import ClassVar

import pytest

from wealthsources import Bars, Capabilities, SourceStatus, StreamStatus

from .broken import HELD, Kit, Right, check_that_it_fails, failures, named, run


class Live(Right):
    """Has a series of which it has bars, one that is refused and one of which nothing comes."""

    said = Capabilities(blocking=False, live=True)
    states: ClassVar[dict[str, str]] = {"BTCUSDT": "live", "NOUSDT": "refused", "QUIETUSDT": "never_received"}

    class kit(Kit):
        refused_symbol = "NOUSDT"
        silent_symbol = "QUIETUSDT"

    def status(self):
        return SourceStatus(streams=tuple(StreamStatus(name, "1h", state) for name, state in self.states.items()))


class CountsTheFormingBar(Live):
    def answer(self, request):
        return self.right(request)[1 if request.include_forming else 0 :]


class NamesNoSeries(Live):
    states: ClassVar[dict[str, str]] = {"NOUSDT": "refused", "QUIETUSDT": "never_received"}


class SaysThatNothingCame(Live):
    states = Live.states | {"BTCUSDT": "never_received"}


class SaysThatARefusedSeriesLives(Live):
    states = Live.states | {"NOUSDT": "live"}


class GivesBarsOfARefusedSeries(Live):
    def answer(self, request):
        return HELD.replace(symbol="NOUSDT") if request.symbol == "NOUSDT" else self.right(request)


class SaysThatASilentSeriesLives(Live):
    states = Live.states | {"QUIETUSDT": "live"}


class AnswersEmptyOfASilentSeries(Live):
    def answer(self, request):
        return Bars.empty("QUIETUSDT", "1h") if request.symbol == "QUIETUSDT" else self.right(request)


WRONG = [
    ("S21", CountsTheFormingBar),
    ("S34", NamesNoSeries),
    ("S34", SaysThatNothingCame),
    ("S35", SaysThatARefusedSeriesLives),
    ("S35", GivesBarsOfARefusedSeries),
    ("S36", SaysThatASilentSeriesLives),
    ("S36", AnswersEmptyOfASilentSeries),
]


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=named)
def test_a_source_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    check_that_it_fails(number, kind)


def test_a_live_source_that_is_right_passes():
    assert failures(Live, kit=Live.kit()) == {}
    assert run(Live, kit=Live.kit()).keys() == {"S11", "S14", "S23", "S25", "S27", "S30", "S33"}
