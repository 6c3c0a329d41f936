"""What a source brings live is handed to the one that keeps bars."""

from __future__ import annotations

import logging

import pytest

from wealthsources import Bars, Capabilities, HistoryRequest, NotHere, Source, SourceError, Timeframe
from wealthsources.resolve.query import Policy
from wealthsources.runtime.keeping import Keeping, KeptSource
from wealthsources.testing import ListSource, SetClock

from ..support.bars import at, hourly, places
from ..support.waiting import wait_until

HOUR = Timeframe("1h")


class Keeper(Source):
    capabilities = Capabilities(keeps=True)

    def __init__(self, fails: bool = False) -> None:
        self.kept: list[tuple[Bars, int]] = []
        self.fails = fails

    def get_history(self, request):
        raise NotHere("a test")

    def keep(self, bars, now):
        if self.fails:
            raise SourceError("the disk is full")
        self.kept.append((bars, now))


@pytest.fixture
def keeping():
    made = Keeping(SetClock(at(9)), Policy(late_after=0), logging.getLogger("wealthsources.keeping"))
    yield made
    made.stop()


def kept(keeping, keeper, source, **request):
    """A source whose answers are kept under the name `archive`, asked once."""
    view = KeptSource(source, lambda bars, asked: keeping.take(keeper, "archive", bars, asked))
    return view.get_history(HistoryRequest("BTCUSDT", HOUR, at(9), **request))


def test_closed_bars_are_kept_with_the_name_of_their_source_and_the_time(keeping):
    keeper = Keeper()
    answer = kept(keeping, keeper, ListSource(hourly(5, 6, 7)))
    wait_until(lambda: keeper.kept)
    ((bars, now),) = keeper.kept
    assert places(answer) == places(bars) == [5, 6, 7]
    assert (bars.sources, now) == (("archive",), at(9))


def test_in_a_backtest_nothing_is_kept(keeping):
    keeper = Keeper()
    kept(keeping, keeper, ListSource(hourly(5)), live=False)
    kept(keeping, keeper, ListSource(hourly(6)))
    wait_until(lambda: keeper.kept)
    assert [places(bars) for bars, _ in keeper.kept] == [[6]]


def test_what_is_forming_is_not_kept(keeping):
    keeper = Keeper()
    values = dict.fromkeys(("open", "high", "low", "close", "volume"), 1)
    forming = Bars.from_records("BTCUSDT", "1h", [{"open_time": at(8), "closed": False, **values}])
    kept(keeping, keeper, ListSource(forming))
    kept(keeping, keeper, ListSource(hourly(6)))
    wait_until(lambda: keeper.kept)
    assert [places(bars) for bars, _ in keeper.kept] == [[6]]


def test_an_answer_that_can_be_no_answer_is_not_kept_and_the_log_says_why(keeping, caplog):
    keeper, bad = Keeper(), hourly(5, 6)
    kept(keeping, keeper, ListSource(bad.replace(rows=bad.rows[::-1].copy(), trusted=False)))
    wait_until(lambda: "bars of archive are not kept: " in caplog.text)
    assert keeper.kept == []


def test_what_cannot_be_kept_is_told_and_costs_the_answer_nothing(keeping, caplog):
    assert places(kept(keeping, Keeper(fails=True), ListSource(hourly(5)))) == [5]
    wait_until(lambda: "bars of archive are not kept: the disk is full" in caplog.text)


def test_after_the_end_it_is_told_that_nothing_is_kept_any_more(keeping, caplog):
    keeping.stop()
    kept(keeping, Keeper(), ListSource(hourly(5)))
    assert "bars of archive are not kept: the session has been stopped" in caplog.text


def test_it_is_asked_as_the_source_is():
    source = ListSource(hourly(5), capabilities=Capabilities(symbols=("BTCUSDT",)))
    view = KeptSource(source, lambda bars, asked: None)
    assert view.capabilities is source.capabilities
    assert view.get_all_symbols() == ["BTCUSDT"]
    assert view.stale_for("BTCUSDT", HOUR) is None


def test_it_is_shown_with_the_source_that_is_asked():
    assert repr(KeptSource(ListSource(), lambda bars, request: None)) == "<KeptSource: <ListSource>>"
