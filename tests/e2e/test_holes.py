"""What was lost: filled from the archive under its name, or marked, or refused; never crossed in silence."""

from __future__ import annotations

import pytest

import wealthdata
import wealthsources
from wealthsources import Finality, Hole

from ..support.bars import HOUR, sources
from ..support.waiting import wait_until


def test_holes_are_filled_from_the_archive_with_its_name_and_its_values(market, rows):
    market = market()
    market.open()
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(4 * 5)
    market.play(5)
    # Played so far: bars 0 to 2 whole, 3 in part; then bar 7 from its third message on, and two messages of bar 8.
    bars = market.adapter.get_history("BTCUSDT", 10)
    market.compare_bars(bars, rows[28:38])
    assert sources(bars) == ["context"] * 2 + ["live"] * 3 + ["archive"] * 4 + ["live"]
    assert [bar.finality for bar in bars[2:]] == [Finality.SUCCESSOR] * 3 + [Finality.HISTORY] * 4 + [
        Finality.SUCCESSOR
    ]
    assert bars.holes == ()


def test_what_was_filled_stays_in_the_live_cache_under_the_archives_name(market, rows):
    market = market()
    session = market.open()
    events: list[wealthsources.Event] = []
    session.subscribe(events.append)
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(4 * 5)
    market.play(5)
    wait_until(lambda: [event.kind for event in events if event.kind in ("hole", "filled")] == ["hole", "filled"])
    hole, filled = (event for event in events if event.kind in ("hole", "filled"))
    start = market.server.bars[3].open_time
    assert hole.hole == filled.hole == Hole(start, start + 4 * HOUR, 4)
    assert "archive" in filled.reason
    cached = market.live.cache.get_bars("BTCUSDT", "1h")
    assert sources(cached) == ["live"] * 3 + ["archive"] * 4 + ["live"] * 2
    market.compare_bars(cached[:-1], rows[30:38])
    # From now on the live source answers alone, and nobody else is asked.
    answer = market.adapter.explain("BTCUSDT", 8)
    assert [attempt.outcome for attempt in answer.attempts] == ["bars", "not_asked", "not_asked"]
    assert sources(answer.bars) == ["live"] * 3 + ["archive"] * 4 + ["live"]
    market.compare_bars(answer.bars, rows[30:38])
    assert "3 from live" in str(answer) or "4 from live" in str(answer)
    assert "4 from archive" in str(answer)


def test_the_archive_is_asked_for_nothing_that_is_not_missing(market, rows):
    market = market()
    market.open(on_stale="mark")
    market.connected()
    market.play(8 * 5 + 1)
    answer = market.adapter.explain("BTCUSDT", 20)
    assert [(attempt.source, attempt.outcome, attempt.bars) for attempt in answer.attempts] == [
        ("live", "bars", 8),
        ("context", "bars", 12),
        ("archive", "not_asked", 0),
    ]


@pytest.mark.parametrize("away", [5, 20, 23])
def test_without_an_archive_a_hole_is_marked(market, rows, away, caplog):
    market = market()
    market.open(archive=False, on_stale="mark")
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(away)
    back = market.steps // 5  # the first bar of the new connection
    market.play(6)
    lost = Hole(market.server.bars[3].open_time, market.server.bars[back].open_time, back - 3)
    bars = market.adapter.get_history("BTCUSDT", 20)
    frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    there = rows[:33] + rows[30 + back : 30 + (market.steps - 1) // 5]
    market.compare_bars(bars, there[-20:])
    market.compare(frame, there[-20:])
    assert bars.holes == (lost,)
    assert bars.to_frame().attrs["holes"] == frame.attrs["holes"] == [lost.as_dict()]
    assert (bars.behind, "behind" in frame.attrs) == (0, False)
    assert "hole" in str(market.adapter.explain("BTCUSDT", 20))
    for _ in range(3):
        wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    assert caplog.text.count("has a hole that no source fills") == 1
    # An answer on one side of the hole has none.
    one_side = wealthdata.get_price("BTCUSDT", count=len(there) - 33, frequency="1h")
    market.compare(one_side, there[33:])
    assert one_side.attrs == {}


def test_the_newest_bars_that_are_missing_are_counted_or_refused(market, rows):
    market = market()
    market.open(archive=False)
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(2 * 5)
    market.play(1)  # of bar 5: time has come to its open, and 3 and 4 are missing
    with pytest.raises(wealthdata.StaleDataError, match="the newest 2 bars are missing") as caught:
        wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    market.compare_bars(caught.value.bars, rows[13:33])
    assert [attempt.source for attempt in caught.value.attempts] == ["live", "context"]
    bars = market.adapter.get_history("BTCUSDT", 20, on_stale="mark")
    assert bars.behind == 2
    market.compare_bars(bars, rows[13:33])


@pytest.mark.parametrize("facade", [True, False])
def test_a_hole_may_be_refused(market, rows, facade):
    market = market()
    market.open(archive=False, on_hole="raise")
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(2 * 5)
    market.play(5)
    error = wealthdata.HoleError if facade else wealthsources.HoleError
    ask = wealthdata.get_price if facade else market.adapter.get_history
    named = {"frequency": "1h"} if facade else {}
    with pytest.raises(error, match="has holes: 2 missing from 2019-08-02 09:00 to 2019-08-02 11:00") as caught:
        ask("BTCUSDT", count=20, **named)
    assert caught.value.holes == (Hole(market.server.bars[3].open_time, market.server.bars[5].open_time, 2),)
    market.compare_bars(caught.value.bars, (rows[:33] + rows[35:36])[-20:])
    market.compare(wealthdata.get_price("BTCUSDT", count=1, frequency="1h"), rows[35:36])


def test_a_hole_may_be_trimmed_away(market, rows):
    market = market()
    market.open(archive=False, on_hole="trim")
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(2 * 5)
    market.play(5)
    for newest in (36, 37, 38):
        frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
        market.compare(frame, rows[35:newest])
        assert frame.attrs == {}
        bars = market.adapter.get_history("BTCUSDT", 20)
        market.compare_bars(bars, rows[35:newest])
        assert bars.holes == ()
        market.play(5)


def test_the_policy_of_a_call_beats_that_of_the_deployment(market, rows):
    market = market()
    market.open(archive=False, on_hole="raise")
    market.connected()
    market.play(3 * 5 + 2)
    market.outage(2 * 5)
    market.play(5)
    assert market.adapter.get_history("BTCUSDT", 20, on_hole="mark").holes
    market.compare_bars(market.adapter.get_history("BTCUSDT", 20, on_hole="trim"), rows[35:36])


def test_a_hole_within_the_context_is_filled_from_the_archive_too(market, rows):
    market = market()
    market.open(bind=False)
    context = market.context()
    del context.market_data_context[0]["bars"][20:23]
    wealthdata.set_context(context, mode="live")
    market.connected()
    market.play(6)
    market.check()
    bars = market.session.adapter(context, mode="live").get_history("BTCUSDT", 20)
    assert sources(bars) == ["context"] * 9 + ["archive"] * 3 + ["context"] * 7 + ["live"]
    market.compare_bars(bars, rows[11:31])


def test_nothing_but_the_archive_is_left_when_the_feed_says_nothing(market, rows):
    market = market()
    market.open(context=False, bind=True)
    market.connected()
    bars = market.adapter.get_history("BTCUSDT", 20)
    market.compare_bars(bars, rows[10:30])
    assert set(sources(bars)) == {"archive"}
