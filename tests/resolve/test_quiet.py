"""Answers of a market whose quiet windows have no bar, and coarser bars that are made of such."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import event, given, settings, strategies as st

from wealthsources import AllSourcesFailed, Bars, Capabilities, Hole, NotHere, SeriesBuffer, Source, Timeframe
from wealthsources.model.markets import Market
from wealthsources.model.rows import values
from wealthsources.resolve.aggregate import aggregate
from wealthsources.resolve.chain import ChainLink, Resolution, SourceChain
from wealthsources.resolve.query import Query
from wealthsources.resolve.quiet import find_holes, judge_buckets
from wealthsources.testing import ListSource

from ..support.laws import tries

MINUTE = 60_000
T0 = 1_704_067_200_000
FRAME, FIVE = Timeframe("1m"), Timeframe("5m")
QUIET = Market(continuous=False)


def at(minute: int) -> int:
    return T0 + minute * MINUTE


def minutes(*wanted: int, closed: bool | None = True) -> Bars:
    prices = [10.0 + place for place in wanted]
    columns = [prices, [price + 1 for price in prices], [price - 1 for price in prices], prices, [1.0] * len(wanted)]
    return Bars.from_columns("BTCUSDT", "1m", [at(place) for place in wanted], *columns, closed=closed)


class Stream(Source):
    """A live source over a series of a quiet market. `epoch` is its present connection, None while it is down."""

    capabilities = Capabilities(live=True, blocking=False, timeframes=("1m",))

    def __init__(self) -> None:
        self.buffer = SeriesBuffer("BTCUSDT", "1m", 1000, names=("live",), continuous=False)
        self.epoch: int | None = 1

    def push(self, *wanted: int, epoch: int = 1, closed: bool | None = None) -> None:
        self.epoch = epoch
        for place in wanted:
            values = (10.0 + place, 11.0 + place, 9.0 + place, 10.0 + place, 1.0)
            self.buffer.put(at(place), at(place + 1), values, epoch=epoch, closed=closed)

    def get_history(self, request):
        bars = self.buffer.snapshot(request.end, request.start, request.count, forming_epoch=self.epoch)
        if not len(bars):
            raise NotHere("holds nothing of that time")
        return bars

    def stale_for(self, symbol=None, timeframe=None):
        return 0.0 if self.epoch is not None else 9.0


def query(now: int, count: int | None = 3, frame: Timeframe = FRAME, **changes) -> Query:
    return dataclasses.replace(Query("BTCUSDT", frame, at(now), count, market=QUIET), **changes)


def resolve(asked: Query, **sources: Source) -> Resolution:
    return SourceChain([ChainLink(name, source) for name, source in sources.items()]).resolve(asked)


def archive(*wanted: int, **capabilities) -> ListSource:
    return ListSource(minutes(*wanted), capabilities=Capabilities(blocking=False, **capabilities))


def opens(bars: Bars) -> list[int]:
    return ((bars.open_times - T0) // MINUTE).tolist()


def holes(bars: Bars) -> list[tuple[int, int]]:
    return [((hole.start - T0) // MINUTE, (hole.end - T0) // MINUTE) for hole in bars.holes]


def outcomes(resolution: Resolution) -> dict[str, str]:
    return {attempt.source: attempt.outcome for attempt in resolution.attempts}


# windows without a bar -------------------------------------------------------------------------------------------


def test_what_a_stream_leaves_out_is_not_looked_for():
    stream = Stream()
    stream.push(0, 3, 7, 9, closed=True)
    resolution = resolve(query(10), live=stream, archive=archive(*range(10)))
    assert opens(resolution.bars) == [3, 7, 9]
    assert (resolution.bars.holes, resolution.bars.behind) == ((), 0)
    assert outcomes(resolution) == {"live": "bars", "archive": "not_asked"}


def test_on_a_continuous_market_it_is_a_hole():
    resolution = resolve(query(10, market=Market()), archive=archive(3, 7, 9))
    assert holes(resolution.bars) == [(4, 7), (8, 9)]


def test_what_a_file_leaves_out_between_its_bars_is_no_hole():
    resolution = resolve(query(10, live=False), archive=archive(1, 3, 7, 9))
    assert (opens(resolution.bars), resolution.bars.holes) == ([3, 7, 9], ())


def test_what_a_lost_connection_explains_is_looked_for():
    stream = Stream()
    stream.push(0, 3, closed=True)
    stream.push(9, epoch=2, closed=True)
    resolution = resolve(query(10, 4), live=stream, archive=archive(0, 3, 5, 9))
    assert (opens(resolution.bars), resolution.bars.holes) == ([0, 3, 5, 9], ())


def test_and_is_a_hole_where_nobody_knows():
    stream = Stream()
    stream.push(0, 3, closed=True)
    stream.push(9, epoch=2, closed=True)
    assert holes(resolve(query(10), live=stream).bars) == [(4, 9)]


def test_between_the_bars_of_two_sources_that_do_not_meet_there_may_be_more():
    stream = Stream()
    stream.push(9, 12, closed=True)
    assert holes(resolve(query(13, 4), live=stream, archive=archive(0, 3)).bars) == [(4, 9)]


def test_where_a_file_reaches_the_bars_of_the_stream_nothing_is_missing_between_them():
    stream = Stream()
    stream.push(9, 12, closed=True)
    assert resolve(query(13, 4), live=stream, archive=archive(0, 3, 9)).bars.holes == ()


def test_a_source_that_says_itself_that_bars_are_missing_is_believed():
    bars = minutes(0, 5, 9)
    source = ListSource(bars.replace(holes=(Hole(at(1), at(5), 4),)), capabilities=Capabilities(blocking=False))
    answers = ListSource.get_history
    source.get_history = lambda request: answers(source, request).replace(holes=(Hole(at(1), at(5), 4),))
    assert holes(resolve(query(10), archive=source).bars) == [(1, 5)]


# the newest bars -------------------------------------------------------------------------------------------------


def test_a_stream_that_is_up_vouches_that_nothing_came_after_its_newest_bar():
    stream = Stream()
    stream.push(0, 3, closed=True)
    resolution = resolve(query(500, 2), live=stream, archive=archive(0, 3, 400))
    assert (opens(resolution.bars), resolution.bars.behind) == ([0, 3], 0)
    assert outcomes(resolution)["archive"] == "not_asked"


def test_so_it_does_while_its_newest_bar_waits_for_a_successor():
    stream = Stream()
    stream.push(0, 3, 7)
    bars = resolve(query(500, 2), live=stream).bars
    assert (opens(bars), bars.behind) == ([0, 3], 0)
    assert opens(resolve(query(500, 3, include_now=True), live=stream).bars) == [0, 3, 7]


def test_one_that_is_down_does_not():
    stream = Stream()
    stream.push(0, 3, closed=True)
    stream.epoch = None
    resolution = resolve(query(10, 3), live=stream, archive=archive(0, 3, 7))
    assert (opens(resolution.bars), resolution.bars.behind) == ([0, 3, 7], 2)


def test_nor_one_that_has_brought_no_bar_since_it_came_up_again():
    stream = Stream()
    stream.push(0, 3, closed=True)
    stream.epoch = 2
    assert resolve(query(10, 2), live=stream).bars.behind == 6


def test_a_file_tells_nothing_of_what_came_after_it():
    assert resolve(query(10, live=False), archive=archive(0, 3)).bars.behind == 6


# coarser bars ----------------------------------------------------------------------------------------------------


def five(bars: Bars, **options) -> Bars:
    return aggregate(bars, FIVE, **options)


def test_a_bucket_with_quiet_minutes_is_a_bar():
    made = five(minutes(0, 3, 4, 7, 12), quiet_until=at(15))
    assert opens(made) == [0, 5, 10]
    assert made.values[:, 4].tolist() == [3.0, 1.0, 1.0]
    assert made.unbroken


def test_a_bucket_without_any_minute_is_none_and_no_hole():
    made = five(minutes(0, 12), quiet_until=at(15))
    assert (opens(made), made.holes) == ([0, 10], ())


def test_the_first_bucket_is_cut_off_if_nothing_older_is_known():
    assert opens(five(minutes(3, 7), quiet_until=at(10))) == [5]


def test_the_last_bucket_is_not_closed_before_it_is_over():
    assert opens(five(minutes(0, 7), quiet_until=at(9))) == [0]


def test_it_forms_if_that_is_asked_for():
    made = five(minutes(0, 7), quiet_until=at(9), forming=True)
    assert (opens(made), [bar.closed for bar in made]) == ([0, 5], [True, False])


def test_a_bucket_with_a_hole_is_none_and_a_hole():
    torn = minutes(0, 6, 8, 12).replace(holes=(Hole(at(7), at(8), 1),))
    made = five(torn, quiet_until=at(15))
    assert (opens(made), holes(made)) == ([0, 10], [(5, 10)])


def test_a_bucket_that_cannot_be_summed_is_a_hole_too():
    huge = minutes(0, 4, 6, 12)
    rows = np.array(huge.rows)
    values(rows)[2, 4] = 1e295
    made = five(huge.replace(rows=rows), quiet_until=at(15))
    assert (opens(made), holes(made)) == ([0, 10], [(5, 10)])


def test_a_hole_after_the_last_bar_is_told():
    torn = minutes(0, 4, 6, 9).replace(holes=(Hole(at(7), at(9), 2),))
    made = five(torn, quiet_until=at(20))
    assert (opens(made), holes(made)) == ([0], [(5, 20)])


def test_buckets_are_judged_by_what_is_known_of_them():
    times = np.array([at(0), at(5), at(10)])
    sound, over = judge_buckets(FIVE, times, at(1), [Hole(at(7), at(8), 1)], at(12))
    assert (sound.tolist(), over.tolist()) == ([False, False, True], [True, True, False])


def test_there_is_no_hole_around_nothing():
    assert find_holes(FIVE, np.array([], dtype=np.int64), np.array([at(5)]), [], at(20)) == ()


def test_a_bar_whose_last_part_waits_for_its_successor_is_not_closed():
    """Nothing says that the minute is over: it may have had more trades than we know of."""
    stream = Stream()
    stream.push(0, 1, 5, 6, 8)  # the eighth forms, and it is long past ten
    made = resolve(query(30, 3, FIVE), live=stream).bars
    assert opens(made) == [0]
    stream.push(17)
    assert opens(resolve(query(30, 3, FIVE), live=stream).bars) == [0, 5]


def test_bars_of_a_quiet_stream_are_made_up_to_now():
    stream = Stream()
    stream.push(0, 1, 5, 8, 17, closed=True)
    resolution = resolve(query(33, 3, FIVE), live=stream)
    assert (opens(resolution.bars), resolution.bars.behind, resolution.bars.holes) == ([0, 5, 15], 0, ())


def test_from_a_start_the_first_bar_is_made_though_its_first_minute_is_quiet():
    bars = resolve(query(20, None, FIVE, start=at(5), live=False), archive=archive(2, 7, 9, 11, 15, 19)).bars
    assert opens(bars)[:2] == [5, 10]


# whatever there was ----------------------------------------------------------------------------------------------


def truth_of(traded: list[int], frame: Timeframe) -> dict[int, list[float]]:
    """The bars of `frame` that these minutes make, by open time."""
    made: dict[int, list[float]] = {}
    for place in traded:
        price = 10.0 + place
        window = frame.open_time(frame.slot(at(place)))
        if window not in made:
            made[window] = [price, price + 1, price - 1, price, 1.0]
        else:
            held = made[window]
            made[window] = [held[0], max(held[1], price + 1), min(held[2], price - 1), price, held[4] + 1]
    return made


@settings(max_examples=tries(200))
@given(
    gaps=st.lists(st.integers(1, 5), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 100), max_size=3),
    covered=st.tuples(st.integers(0, 100), st.integers(0, 100)),
    frame=st.sampled_from([FRAME, FIVE, Timeframe("15m")]),
    flagged=st.booleans(),
    begin=st.integers(0, 40),
    data=st.data(),
)
def test_no_answer_of_a_quiet_market_lies(gaps, cuts, covered, frame, flagged, begin, data):
    """Every bar is true, and what is not there between two bars, or after them if nothing is behind, never was.

    A stream begins at some minute and loses its connection here and there, for as long as it takes until the next cut;
    an archive has all of a part.
    """
    traded = list(itertools.accumulate(gaps))
    bounds = sorted({begin, *cuts})
    stream = Stream()
    for epoch, (since, until) in enumerate(itertools.zip_longest(bounds[::2], bounds[1::2], fillvalue=999), 1):
        stream.push(*(place for place in traded if since <= place < until), epoch=epoch, closed=flagged or None)
    if len(bounds) % 2 == 0:
        stream.epoch = None
    now = traded[-1] + data.draw(st.integers(1, 30))
    known = archive(*(place for place in traded if min(covered) <= place <= max(covered)))
    count = data.draw(st.one_of(st.none(), st.integers(1, 12)))
    start = at(data.draw(st.integers(0, now))) if count is None else None
    try:
        bars = resolve(query(now, count, frame, start=start), live=stream, archive=known).bars
    except AllSourcesFailed:
        event("nothing")
        return
    if not len(bars):
        event("no whole window")
        return
    made = truth_of(traded, frame)
    for bar in bars:
        assert [bar.open, bar.high, bar.low, bar.close, bar.volume] == made[bar.open_time]
    inside = [(hole.start, hole.end) for hole in bars.holes]
    held = set(bars.open_times.tolist())
    lost = {time for time in made if bars.oldest < time < bars.newest and time not in held}
    assert all(any(first <= time < end for first, end in inside) for time in lost)
    if not bars.behind:
        # A last bar that only waits for its successor is the one exception.
        waits = {frame.open_time(frame.slot(at(traded[-1])))} if not flagged else set()
        later = {time for time in made if time > bars.newest and frame.end(time) <= at(now)}
        assert later <= waits
    event("with holes" if inside else "whole")


@pytest.mark.parametrize("market", [Market(), QUIET])
def test_without_quiet_windows_both_kinds_of_market_answer_alike(market):
    stream = Stream()
    stream.push(*range(20), closed=True)
    bars = resolve(query(20, 3, FIVE, market=market), live=stream).bars
    assert (opens(bars), bars.holes, bars.behind) == ([5, 10, 15], (), 0)
