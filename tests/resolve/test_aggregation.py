"""Bars that no source has, made of finer ones by the chain."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import event, given, settings, strategies as st

from wealthsources import AllSourcesFailed, Bars, Capabilities, NotHere, SeriesBuffer, Source, SourceError, Timeframe
from wealthsources.resolve.chain import ChainLink, Resolution, SourceChain
from wealthsources.resolve.finer_query import MOST_FINER
from wealthsources.resolve.merge import merge
from wealthsources.resolve.query import Query
from wealthsources.testing import ListSource

from ..support.laws import tries

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T0 = 1_704_067_200_000  # Monday, 2024-01-01
MOST_MINUTES = 4 * 1440


def truth(frame: str, minutes: int = MOST_MINUTES, chance: int = 1) -> Bars:
    """What the market did: bars of `frame`, made by pandas of one random walk of minutes."""
    steps = np.random.default_rng(chance).integers(-5, 6, (minutes, 4)).cumsum(axis=1) / 4 + 100
    opened, closed = steps[:, 0], steps[:, 3]
    high, low = steps.max(axis=1), steps.min(axis=1)
    volume = np.arange(minutes) % 7 + 1.0
    times = T0 + np.arange(minutes) * MINUTE
    bars = Bars.from_columns("BTCUSDT", "1m", times, opened, high, low, closed, volume, closed=True)
    if frame == "1m":
        return bars
    kinds = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    rule = {"rule": "W-MON", "closed": "left"} if frame == "1w" else {"rule": f"{Timeframe(frame).fixed // MINUTE}min"}
    made = bars.to_frame().resample(label="left", **rule).agg(kinds)
    opens = made.index.as_unit("ms").asi8
    return Bars.from_columns("BTCUSDT", frame, opens, *made.to_numpy().T, closed=True)


def some(bars: Bars, *places: int) -> Bars:
    """The bars of these windows, counted from T0."""
    wanted = [Timeframe.open_time(bars.timeframe, bars.timeframe.slot(T0) + place) for place in places]
    return bars.take(bars.rows[np.isin(bars.open_times, wanted)])


def up_to(bars: Bars, end: int) -> Bars:
    return bars.take(bars.rows[bars.ends <= end])


def chain(most_finer: int = MOST_FINER, **sources: Source) -> SourceChain:
    return SourceChain([ChainLink(name, source) for name, source in sources.items()], most_finer=most_finer)


def query(frame: str, now: int, count: int | None = 3, **changes) -> Query:
    return dataclasses.replace(Query("BTCUSDT", Timeframe(frame), now, count, live=False), **changes)


def opens(bars: Bars) -> list[int]:
    return [bars.timeframe.slot(time) - bars.timeframe.slot(T0) for time in bars.open_times.tolist()]


def told(resolution: Resolution) -> list[tuple[str, str]]:
    return [(attempt.asked, attempt.outcome) for attempt in resolution.attempts]


# where they come from ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", ["3m", "15m", "1h", "4h", "1d"])
def test_bars_that_no_source_has_are_made_of_finer_ones(frame):
    now = T0 + MOST_MINUTES * MINUTE
    bars = chain(minutes=ListSource(truth("1m"))).resolve(query(frame, now)).bars
    assert np.array_equal(bars.values, truth(frame).values[-3:])
    assert np.array_equal(bars.open_times, truth(frame).open_times[-3:])
    assert [(bar.closed, bar.source) for bar in bars] == [(True, "minutes 1m")] * 3
    assert (bars.holes, bars.behind, bars.failed) == ((), 0, ())


def test_weeks_and_months_are_made_of_days():
    days = truth("1d", 60 * 1440)
    now = T0 + 59 * DAY
    archive = chain(archive=ListSource(days))
    weeks = archive.resolve(query("1w", now, 10)).bars
    assert np.array_equal(weeks.values, truth("1w", 60 * 1440).values[:8])
    months = archive.resolve(query("1M", now, 10)).bars
    assert opens(months) == [0], "January is over, February has 29 days of which one is to come"


def test_a_bar_that_a_source_has_beats_one_that_is_made():
    hours = some(truth("1h"), 0, 1, 3)
    both = chain(minutes=ListSource(truth("1m")), archive=ListSource(hours))
    resolution = both.resolve(query("1h", T0 + 4 * HOUR, 4))
    assert [bar.source for bar in resolution.bars] == ["archive", "archive", "minutes 1m", "archive"]
    assert resolution.differs == 0


def test_nothing_finer_is_asked_for_where_nothing_is_missing():
    archive = ListSource(truth("1h"), truth("1m"))
    chain(archive=archive).resolve(query("1h", T0 + 9 * HOUR))
    assert [request.timeframe.name for request in archive.requests] == ["1h"]


def test_the_coarsest_finer_bars_there_are_are_used():
    sources = {"fine": ListSource(truth("1m")), "coarse": ListSource(truth("30m"))}
    assert {bar.source for bar in chain(**sources).resolve(query("4h", T0 + DAY)).bars} == {"coarse 30m"}


def test_only_what_is_missing_is_asked_for():
    minutes = ListSource(truth("1m"))
    archive = ListSource(some(truth("1h"), 0, 1, 4))
    chain(archive=archive, minutes=minutes).resolve(query("1h", T0 + 5 * HOUR, None, start=T0))
    asked = next(request for request in minutes.requests if request.timeframe.name == "1m")
    assert (asked.start, asked.end, asked.count) == (T0 + 2 * HOUR, T0 + 4 * HOUR, None)


def test_the_newest_count_is_made_of_as_many_finer_bars():
    minutes = ListSource(truth("1m"))
    chain(minutes=minutes).resolve(query("1h", T0 + DAY, 5))
    asked = next(request for request in minutes.requests if request.timeframe.name == "1m")
    assert (asked.start, asked.end, asked.count) == (None, T0 + DAY, 300)


def test_the_head_and_the_tail_are_added_to_what_a_source_has():
    archive = ListSource(some(truth("1h"), 3, 4))
    bars = chain(archive=archive, minutes=ListSource(truth("1m"))).resolve(query("1h", T0 + 8 * HOUR, 7)).bars
    assert opens(bars) == [1, 2, 3, 4, 5, 6, 7]
    assert np.array_equal(bars.values, truth("1h").values[1:8])


def test_what_the_finer_bars_lack_is_made_of_still_finer_ones():
    hours, minutes = some(truth("1h"), *range(20)), truth("1m")
    resolution = chain(archive=ListSource(hours), live=ListSource(minutes)).resolve(query("1d", T0 + DAY, 1))
    assert np.array_equal(resolution.bars.values, truth("1d").values[:1])
    assert told(resolution)[2:] == [
        ("archive (1h)", "bars"),
        ("live (1h)", "not_here"),
        ("archive (1m)", "not_here"),
        ("live (1m)", "bars"),
    ]
    assert resolution.bars[0].source == "archive+live 1m 1h"


@pytest.mark.parametrize("hole", [0, 30, 59])
def test_a_window_with_a_missing_finer_bar_has_no_bar_and_is_a_hole(hole):
    minutes = truth("1m")
    kept = minutes.take(np.delete(minutes.rows, 60 + hole, axis=0))
    bars = chain(minutes=ListSource(kept)).resolve(query("1h", T0 + 4 * HOUR, 4)).bars
    assert opens(bars) == [0, 2, 3]
    assert [(found.start, found.count) for found in bars.holes] == [(T0 + HOUR, 1)]


def test_a_window_that_is_not_over_has_no_bar():
    now = T0 + 3 * HOUR - 1
    bars = chain(minutes=ListSource(truth("1m"))).resolve(query("1h", now, 4)).bars
    assert opens(bars) == [0, 1]
    assert bars.behind == 0


def test_finer_bars_that_stop_early_leave_the_answer_behind():
    bars = chain(minutes=ListSource(up_to(truth("1m"), T0 + 150 * MINUTE))).resolve(query("1h", T0 + 5 * HOUR)).bars
    assert opens(bars) == [0, 1]
    assert bars.behind == 3


@pytest.mark.parametrize(("start", "end", "wanted"), [(0, 3 * HOUR, [0, 1, 2]), (1, 4 * HOUR - 1, [1, 2])])
def test_a_range_is_made_of_its_whole_windows(start, end, wanted):
    asked = query("1h", T0 + DAY, None, start=T0 + start, end=T0 + end)
    assert opens(chain(minutes=ListSource(truth("1m"))).resolve(asked).bars) == wanted


def test_a_range_of_too_many_finer_bars_is_made_of_the_newest_and_says_so():
    minutes = ListSource(truth("1m"))
    resolution = chain(2_000, minutes=minutes).resolve(query("1h", T0 + 3 * DAY, None, start=T0))
    assert opens(resolution.bars) == list(range(39, 72))
    assert "older ones are missing" in resolution.bars.failed[0].reason
    assert max(request.end - request.start for request in minutes.requests) <= 2_000 * 5 * 60 * MINUTE
    short = chain(2_000, minutes=minutes).resolve(query("1h", T0 + DAY, None, start=T0 - 1000 * DAY)).bars
    assert (opens(short), short.failed) == (list(range(24)), ())


def test_a_count_of_too_many_finer_bars_is_made_of_the_newest_and_says_so():
    resolution = chain(2_000, minutes=ListSource(truth("1m"))).resolve(query("1h", T0 + 3 * DAY, 60))
    assert opens(resolution.bars) == list(range(39, 72))
    assert "older ones are missing" in resolution.bars.failed[0].reason


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_a_bar_with_a_missing_part_is_made_up_for_by_an_older_one(count):
    minutes = truth("1m")
    kept = minutes.take(minutes.rows[np.random.default_rng(1).random(len(minutes)) > 1 / 90])
    now = T0 + MOST_MINUTES * MINUTE
    whole = chain(minutes=ListSource(kept)).resolve(query("1h", now, None, start=T0)).bars
    newest = chain(minutes=ListSource(kept)).resolve(query("1h", now, count)).bars
    assert len(whole) > 30
    assert newest.open_times.tolist() == whole.open_times.tolist()[-count:]


# the forming bar -----------------------------------------------------------------------------------------------


def forming(resolution: Resolution) -> list[tuple[int, float, float]]:
    bars = resolution.bars
    return [(place, bar.close, bar.volume) for place, bar in zip(opens(bars), bars, strict=True) if bar.closed is False]


def test_in_a_backtest_the_forming_bar_is_made_of_closed_finer_ones():
    now = T0 + 2 * HOUR + 37 * MINUTE
    resolution = chain(archive=ListSource(truth("1h"), truth("1m"))).resolve(query("1h", now, include_now=True))
    parts = some(truth("1m"), *range(120, 157))
    assert forming(resolution) == [(2, parts[-1].close, parts.values[:, 4].sum())]
    assert opens(resolution.bars) == [0, 1, 2]
    assert resolution.bars[-1].high == parts.values[:, 1].max()


def test_the_forming_bar_reaches_as_far_as_the_finest_bars():
    """Closed hours until ten o'clock are not what is known at 10:37."""
    now = T0 + 10 * HOUR + 37 * MINUTE
    resolution = chain(archive=ListSource(truth("1h"), truth("1m"))).resolve(query("1d", now, include_now=True))
    assert forming(resolution) == [(0, truth("1m")[10 * 60 + 36].close, truth("1m").values[: 10 * 60 + 37, 4].sum())]


def test_in_a_backtest_without_finer_bars_there_is_no_forming_one():
    resolution = chain(archive=ListSource(truth("1h"))).resolve(query("1h", T0 + 150 * MINUTE, include_now=True))
    assert opens(resolution.bars) == [0, 1]
    assert forming(resolution) == []


@pytest.mark.parametrize("missing", [120, 130, 156])
def test_no_forming_bar_is_made_over_a_missing_finer_one(missing):
    minutes = truth("1m")
    kept = minutes.take(np.delete(minutes.rows, missing, axis=0))
    asked = query("1h", T0 + 157 * MINUTE, include_now=True)
    assert forming(chain(archive=ListSource(kept)).resolve(asked)) == []


def test_a_bar_that_has_just_ended_is_closed_and_none_is_forming():
    resolution = chain(archive=ListSource(truth("1m"))).resolve(query("1h", T0 + 2 * HOUR, include_now=True))
    assert opens(resolution.bars) == [0, 1]
    assert forming(resolution) == []


def test_a_forming_bar_that_opened_before_the_range_is_not_in_it():
    now = T0 + 2 * HOUR + 37 * MINUTE
    asked = query("1h", now, None, start=T0 + 2 * HOUR + 1, include_now=True)
    archive = chain(archive=ListSource(truth("1m")))
    assert not len(archive.resolve(asked).bars)
    assert opens(archive.resolve(dataclasses.replace(asked, start=T0 + 2 * HOUR)).bars) == [2]


class Live(Source):
    """A live source of minutes over a real SeriesBuffer; the last minute is forming."""

    capabilities = Capabilities(live=True, blocking=False, timeframes=("1m",))

    def __init__(self, minutes: int, *, stale: bool = False) -> None:
        self.stale = stale
        self.buffer = SeriesBuffer("BTCUSDT", "1m", 10_000)
        for place, bar in enumerate(truth("1m")[:minutes]):
            values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
            self.buffer.put(bar.open_time, bar.end, values, closed=place + 1 < minutes or None)

    def stale_for(self, symbol=None, timeframe=None):
        return None if timeframe is not Timeframe("1m") else 60.0 if self.stale else 0.0

    def get_history(self, request):
        epoch = None if self.stale or not request.include_forming else 1
        bars = self.buffer.snapshot(request.end, request.start, request.count, forming_epoch=epoch)
        if not len(bars):
            raise NotHere("holds nothing of that time")
        return bars


def test_live_the_forming_bar_has_the_finer_one_that_is_forming_as_its_last_part():
    asked = query("1h", T0 + 156 * MINUTE + 20_000, include_now=True, live=True)
    resolution = chain(live=Live(157)).resolve(asked)
    assert forming(resolution) == [(2, truth("1m")[156].close, truth("1m").values[120:157, 4].sum())]


def test_live_a_stream_that_is_up_vouches_for_closed_minutes_where_none_is_forming():
    asked = query("1h", T0 + 157 * MINUTE, include_now=True, live=True)
    live = Live(157)
    live.buffer.put(T0 + 156 * MINUTE, T0 + 157 * MINUTE, (9.0, 9.0, 9.0, 9.0, 1.0), closed=True)
    assert [(place, close) for place, close, _ in forming(chain(live=live).resolve(asked))] == [(2, 9.0)]
    live.stale = True
    assert forming(chain(live=live).resolve(asked)) == []


def test_live_no_forming_bar_is_made_where_no_stream_is_up():
    asked = query("1h", T0 + 157 * MINUTE, include_now=True, live=True)
    assert forming(chain(archive=ListSource(truth("1m"))).resolve(asked)) == []


def test_live_a_stream_that_is_stale_gives_no_forming_bar():
    asked = query("1h", T0 + 160 * MINUTE, include_now=True, live=True)
    resolution = chain(live=Live(157, stale=True)).resolve(asked)
    assert forming(resolution) == []
    assert opens(resolution.bars) == [0, 1]


# sources that fail ---------------------------------------------------------------------------------------------


class Broken(Source):
    def __init__(self, blocking: bool = True) -> None:
        self.capabilities = Capabilities(blocking=blocking)
        self.asked: list[str] = []

    def get_history(self, request):
        self.asked.append(request.timeframe.name)
        raise SourceError("no disk")


def test_a_source_that_may_block_and_failed_is_not_asked_again_by_the_same_call():
    broken = Broken()
    resolution = chain(broken=broken, minutes=ListSource(truth("1m"))).resolve(query("4h", T0 + DAY))
    assert broken.asked == ["4h"]
    assert told(resolution) == [("broken", "failed"), ("minutes", "not_here"), ("minutes (1m)", "bars")]
    assert [attempt.source for attempt in resolution.bars.failed] == ["broken"]


def test_a_source_that_fails_for_finer_bars_only_is_asked_once_for_them():
    def fail(request):
        if request.timeframe.name != "4h":
            raise OSError("bad file")

    source = ListSource(some(truth("4h"), 0), capabilities=Capabilities(), before=fail)
    resolution = chain(archive=source).resolve(query("4h", T0 + DAY))
    assert [request.timeframe.name for request in source.requests] == ["4h", "2h"]
    assert told(resolution) == [("archive", "bars"), ("archive (2h)", "failed")]


def test_one_that_never_blocks_may_have_finer_bars_though_it_failed():
    class Picky(ListSource):
        def get_history(self, request):
            if request.timeframe.name not in ("1m", "1h"):
                raise ValueError(f"what is {request.timeframe}?")
            return super().get_history(request)

    resolution = chain(context=Picky(truth("1h"))).resolve(query("4h", T0 + DAY))
    assert opens(resolution.bars) == [3, 4, 5]
    assert told(resolution) == [("context", "failed"), ("context (1h)", "bars")]


def test_a_failure_for_a_timeframe_that_was_not_used_is_none_of_the_answers():
    class Picky(ListSource):
        def get_history(self, request):
            if request.timeframe.name in ("30m", "15m"):
                raise ValueError(f"what is {request.timeframe}?")
            return super().get_history(request)

    resolution = chain(context=Picky(some(truth("1h"), 3), truth("1m"))).resolve(query("1h", T0 + 4 * HOUR, 3))
    assert resolution.bars.failed == ()
    assert ("context (30m)", "failed") in told(resolution)


def test_a_source_that_may_block_and_failed_for_finer_bars_is_told_of():
    def fail(request):
        if request.timeframe.name == "30m":
            raise OSError("disk on fire")

    source = ListSource(some(truth("1h"), 3), capabilities=Capabilities(), before=fail)
    resolution = chain(archive=source).resolve(query("1h", T0 + 4 * HOUR, 3))
    assert [attempt.asked for attempt in resolution.bars.failed] == ["archive (30m)"]


def test_the_reasons_of_an_empty_answer_are_those_of_what_was_asked_for():
    with pytest.raises(AllSourcesFailed) as failure:
        chain(archive=ListSource(), broken=Broken()).resolve(query("1w", T0 + DAY))
    assert [attempt.asked for attempt in failure.value.attempts] == ["archive", "broken"]


# laws ----------------------------------------------------------------------------------------------------------

WORLD = 6 * 60
NAMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h")


@st.composite
def worlds(draw) -> list[dict[Timeframe, Bars]]:
    """What each source holds: the truth of a few timeframes, with windows left out."""
    made = []
    for _ in range(draw(st.integers(1, 3))):
        series = {}
        for frame in draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3)):
            bars = truth(frame, WORLD)
            missing = draw(st.sets(st.integers(0, len(bars) - 1), max_size=3))
            first, last = sorted(draw(st.tuples(*[st.integers(0, len(bars))] * 2)))
            kept = [place for place in range(first, last) if place not in missing]
            series[bars.timeframe] = bars.take(bars.rows[kept])
        made.append(series)
    return made


@st.composite
def queries(draw) -> Query:
    frame = Timeframe(draw(st.sampled_from(["15m", "30m", "1h", "2h"])))
    now = T0 + draw(st.integers(1, WORLD)) * MINUTE + draw(st.sampled_from([0, 1, 59_999]))
    include_now = draw(st.booleans())
    if draw(st.booleans()):
        return query(frame.name, now, draw(st.integers(1, 30)), include_now=include_now)
    start = T0 + draw(st.integers(0, WORLD)) * MINUTE
    end = draw(st.none() | st.just(start + draw(st.integers(0, WORLD)) * MINUTE))
    return query(frame.name, now, None, start=start, end=end, include_now=include_now)


def of(held: list[dict[Timeframe, Bars]]) -> SourceChain:
    return chain(**{f"s{place}": ListSource(*series.values()) for place, series in enumerate(held)})


def possible(frame: Timeframe, held: list[dict[Timeframe, Bars]], now: int) -> set[int]:
    """Open times of the bars that can be had: from a source, or made of whole finer ones that can be had."""
    found: set[int] = set()
    for series in held:
        if frame in series:
            found |= set(up_to(series[frame], now).open_times.tolist())
    for finer in frame.finer():
        if not any(finer in series for series in held):
            continue
        parts = possible(finer, held, now)
        for open_time in {frame.floor(part) for part in parts}:
            if all(time in parts for time in range(open_time, frame.end(open_time), finer.fixed)):
                found.add(open_time)
    return found


@settings(max_examples=tries(100))
@given(worlds(), queries())
def test_no_bar_is_wrong_invented_or_ahead_and_the_newest_are_all_there_are(held, asked):
    frame = asked.timeframe
    try:
        bars = of(held).resolve(asked).bars
    except AllSourcesFailed:
        bars = Bars.empty("BTCUSDT", frame)
    known = {bar.open_time: bar for bar in truth(frame.name, WORLD)}
    closed = [bar for bar in bars if bar.closed]
    for bar in closed:
        right = known[bar.open_time]
        assert (bar.open, bar.high, bar.low, bar.close) == (right.open, right.high, right.low, right.close)
        assert bar.volume == right.volume
        assert bar.end <= asked.limit
    assert {bar.open_time for bar in closed} <= possible(frame, held, asked.limit)
    if len(bars) and bars[-1].closed is False:
        event("forming")
        seen = [bar for bar in truth("1m", WORLD) if bars[-1].open_time <= bar.open_time and bar.end <= asked.now]
        assert bars[-1].open_time <= asked.now < bars[-1].end
        assert bars[-1].open == seen[0].open
        assert bars[-1].high <= max(bar.high for bar in seen)
    if closed and any(bar.source.endswith("m") or bar.source.endswith("h") for bar in closed):
        event("aggregated")


@settings(max_examples=tries(60))
@given(worlds(), queries())
def test_the_answer_at_a_time_is_the_same_where_the_future_is_unknown(held, asked):
    cut = [{frame: up_to(bars, asked.now) for frame, bars in series.items()} for series in held]

    def answer(of_these: list[dict[Timeframe, Bars]]) -> list | None:
        try:
            return list(of(of_these).resolve(asked).bars)
        except AllSourcesFailed:
            return None

    assert answer(held) == answer(cut)


@given(st.integers(1, 5), st.sampled_from(["15m", "1h", "2h"]), st.data())
def test_it_does_not_matter_how_the_finer_bars_are_spread_over_the_sources(number, frame, data):
    minutes = truth("1m", WORLD)
    owners = np.array(data.draw(st.lists(st.integers(0, number - 1), min_size=WORLD, max_size=WORLD)))
    spread = {f"s{place}": ListSource(minutes.take(minutes.rows[owners == place])) for place in range(number)}
    asked = query(frame, T0 + WORLD * MINUTE, 50)
    apart, together = chain(**spread).resolve(asked).bars, chain(whole=ListSource(minutes)).resolve(asked).bars
    assert np.array_equal(apart.values, together.values)
    assert np.array_equal(merge(apart, together).open_times, together.open_times)
