"""What the policies say of an answer from which bars are missing; how adapters use it is in test_adapter."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wealthsources import StaleDataError
from wealthsources.resolve.query import BarRequest, Policy
from wealthsources.runtime.judging import judged

from ..support.bars import at, hourly


class Told:
    """What an engine is asked of holes and of what is behind."""

    stale_after = 5_000

    def __init__(self, clock: str = "system", **policy) -> None:
        self.policy, self.clock = Policy(**policy), SimpleNamespace(name=clock)
        self.told: list = []

    def judge_holes(self, bars, on_hole):
        self.told.append((bars.holes, on_hole))
        return bars

    def note_behind(self, bars, query):
        self.told.append(bars.behind)


def judge(engine, bars, idle=None, late_after=0, **request):
    asked = BarRequest("BTCUSDT", 3, **request)
    chain = SimpleNamespace(stale_for=lambda symbol, timeframe: idle)
    return judged(bars, (), asked.query(lambda: at(9), late_after), asked, engine, chain)


def test_a_whole_answer_is_given_as_it_is_and_nobody_is_told():
    engine, bars = Told(), hourly(6, 7, 8)
    assert judge(engine, bars) is bars
    assert engine.told == []


def test_what_is_behind_is_told_and_refused_beyond_max_behind():
    engine = Told(max_behind=2)
    judge(engine, hourly(5, 6).replace(behind=2))
    with pytest.raises(StaleDataError, match=r"the newest 3 bars are missing \(max_behind: 2\)"):
        judge(engine, hourly(4, 5).replace(behind=3))
    assert engine.told == [2, 3]


@pytest.mark.parametrize(
    ("policy", "request_", "live"),
    [({}, {}, False), ({"on_stale": "mark"}, {}, True), ({}, {"on_stale": "mark"}, True)],
)
def test_where_it_is_to_be_marked_it_is_not_refused(policy, request_, live):
    judge(Told(**policy), hourly(1).replace(behind=7), late_after=0 if live else None, **request_)


def test_by_the_feeds_clock_streams_that_are_silent_too_long_are_a_reason_to_refuse():
    judge(Told("feed"), hourly(8), idle=5.0)
    judge(Told("system"), hourly(8), idle=6.0)
    with pytest.raises(StaleDataError, match="no live stream for 6 s"):
        judge(Told("feed"), hourly(8), idle=6.0)
