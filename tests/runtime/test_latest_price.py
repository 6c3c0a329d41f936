"""The latest price, of what series say; tests/wealthdata/api/test_last_price.py has the same over real sessions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wealthsources import AllSourcesFailed, Attempt, Bars, Capabilities, StaleDataError, Timeframe
from wealthsources.model.markets import Market, Markets
from wealthsources.resolve.query import Policy
from wealthsources.runtime.latest_price import LatestPrice
from wealthsources.testing import ListSource

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: A time at which every timeframe up to an hour has just ended.
NOW = 1_600_000_000_000 // HOUR * HOUR


def bar(timeframe="1m", close=1.0, ago=0, closed=True, behind=0) -> Bars:
    """The newest bar of a series: it ended `ago` ms before now."""
    opened = Timeframe(timeframe).floor(NOW - ago - 1)
    made = Bars.from_columns("X", timeframe, [opened], [close], [close], [close], [close], [1.0], closed=closed)
    return made.replace(behind=behind)


def absent(outcome="not_here", source="s0") -> AllSourcesFailed:
    return AllSourcesFailed("1 bars of X", [Attempt(source, outcome, reason="because")])


def stale(bars: Bars) -> StaleDataError:
    return StaleDataError("stale", bars, ())


def price(answers, *, now=NOW, live=False, sources=(), idle=None, known=True, **policy):
    """What is found where series answer with bars or errors, and the timeframes that were asked."""
    asked = []

    def ask(timeframe):
        asked.append(timeframe.name)
        answer = answers.get(timeframe.name, absent())
        if isinstance(answer, Exception):
            raise answer
        return answer

    engine = SimpleNamespace(
        sources=dict(sources),
        policy=Policy(**policy),
        stale_after=Policy(**policy).late_after,
        foreign="",
        stale_for=lambda symbol, timeframe: idle,
        live_states=lambda: "live: error (refused)",
    )
    try:
        return LatestPrice(engine, "X", now, ask, live=live).find(lambda: known), asked
    except (AllSourcesFailed, StaleDataError) as error:
        return error, asked


def test_on_a_quiet_market_a_price_is_as_good_as_its_series_is_up_to_date():
    """Live, a stream vouches that nothing came after it, however old it is; an archive may have ended."""
    quiet = {"markets": Markets(Market(continuous=False))}
    assert price({"1m": bar(close=5.0)}, now=NOW + 90 * DAY, live=True, **quiet)[0] == 5.0
    archive = {"1m": bar(close=5.0, behind=7)}
    assert price(archive, now=NOW + DAY, **quiet)[0] == 5.0
    error, _ = price(archive, now=NOW + DAY + 1, **quiet)
    assert "86400 s is the limit (a day, as nothing vouches that it was quiet since; set max_price_age)" in str(error)
    assert isinstance(price({"1m": bar()}, now=NOW + 2, max_price_age=1, **quiet)[0], StaleDataError)


def pushing(*timeframes: str, stale_for=0.0) -> ListSource:
    source = ListSource(capabilities=Capabilities(live=True, blocking=False, timeframes=timeframes))
    source.stale_for = lambda symbol=None, timeframe=None: stale_for if timeframe.name in timeframes else None
    return source


def test_the_shortest_series_that_is_up_to_date_is_enough():
    assert price({"1m": bar(close=5.0), "1h": bar("1h", 9.0)}) == (5.0, ["1m"])


def test_where_it_is_behind_a_longer_one_may_have_ended_later():
    found, asked = price({"1m": bar(close=5.0, ago=30 * MINUTE, behind=30), "3m": absent(), "1h": bar("1h", 9.0)})
    assert (found, asked[-1]) == (9.0, "1h")


def test_what_ended_last_counts_and_not_what_was_asked_last():
    answers = {"1m": bar(close=5.0, ago=MINUTE, behind=1), "1h": bar("1h", 9.0, ago=HOUR, behind=1)}
    assert price(answers)[0] == 5.0


@pytest.mark.parametrize(("timeframe", "limit"), [("1m", 2 * MINUTE), ("1d", 48 * HOUR), ("1M", 62 * 24 * HOUR)])
def test_a_price_is_as_old_as_the_end_of_its_bar_and_may_be_two_of_them(timeframe, limit):
    end = bar(timeframe)[-1].end
    assert price({timeframe: bar(timeframe, 5.0)}, now=end + limit)[0] == 5.0
    refused, _ = price({timeframe: bar(timeframe, 5.0)}, now=end + limit + 1)
    assert isinstance(refused, StaleDataError)
    assert refused.bars[-1].close == 5.0


def test_what_a_series_lacks_says_more_than_its_age():
    refusal = stale(bar(close=5.0, ago=HOUR))
    assert price({"1m": refusal})[0] is refusal


@pytest.mark.parametrize("limit", [1, MINUTE, 100 * HOUR])
def test_a_limit_that_is_stated_holds_for_every_timeframe(limit):
    for timeframe in ("1m", "1h"):
        answers = {timeframe: bar(timeframe, 5.0)}
        assert price(answers, now=NOW + limit, max_price_age=limit)[0] == 5.0
        assert isinstance(price(answers, now=NOW + limit + 1, max_price_age=limit)[0], StaleDataError)


def test_no_bar_at_all_is_the_first_absence():
    first = absent()
    found, asked = price({"1m": first})
    assert found is first
    assert asked == list(Timeframe.known())


def test_a_symbol_that_nobody_knows_is_asked_for_once():
    assert price({}, known=False)[1] == ["1m"]


def test_that_nobody_knows_it_is_not_said_by_a_source_that_failed():
    assert price({"1m": absent("failed")}, known=False, live=True)[1] == ["1m", "3m"]


def test_a_source_that_failed_may_have_had_a_newer_one():
    failed = absent("failed")
    source = ListSource(capabilities=Capabilities(blocking=True))
    assert price({"1m": failed, "3m": bar("3m", 5.0)}, sources={"s0": source}) == (failed, ["1m"])


def test_a_context_that_raises_for_a_timeframe_has_not_failed():
    assert price({"1m": absent("failed"), "3m": bar("3m", 5.0)}, sources={"s0": ListSource()})[0] == 5.0


# live ----------------------------------------------------------------------------------------------------------


def test_live_what_is_pushed_is_asked_first_and_a_forming_bar_has_the_price():
    forming = bar("1h", 7.0, ago=-HOUR, closed=False)
    found = price({"1h": forming, "1m": bar()}, now=NOW + 1, live=True, sources={"s0": pushing("1h")})
    assert found == (7.0, ["1h"])


def test_a_forming_bar_whose_window_is_over_is_no_price_of_now():
    late = bar("1h", 7.0, ago=HOUR, closed=False, behind=1)
    answers = {"1h": late, "1m": bar(close=5.0)}
    assert price(answers, live=True, sources={"s0": pushing("1h")}) == (5.0, ["1h", "1m"])


def test_minutes_that_stopped_are_not_made_up_for_by_the_hour_that_is_pushed():
    refusal = stale(bar(close=5.0, ago=HOUR))
    answers = {"1m": refusal, "1h": bar("1h", 7.0, ago=-HOUR, closed=False)}
    found, asked = price(answers, now=NOW + 1, live=True, sources={"s0": pushing("1m", "1h", stale_for=60.0)})
    assert (found, asked) == (refusal, ["1m", "1h"])


def test_a_bar_that_ended_before_the_streams_fell_silent_tells_no_price():
    found, _ = price({"1m": bar(close=5.0)}, now=NOW + HOUR, live=True, idle=600.0)
    assert "no live stream for 600 s, and no bar ended since; live: error (refused)" in str(found)
    assert price({"1m": bar(close=5.0)}, now=NOW + MINUTE, live=True, idle=600.0)[0] == 5.0
    marked = {"on_stale": "mark", "max_price_age": HOUR}
    assert price({"1m": bar(close=5.0)}, now=NOW + HOUR, live=True, idle=600.0, **marked)[0] == 5.0
