"""Section F of the table of faults: the future, the calendar and the past."""

from __future__ import annotations

import datetime as dt
import os
import random
import threading
import time
from types import SimpleNamespace

import pytest

from wealthsources import AllSourcesFailed, Finality, Hole
from wealthsources_simulator import Market, MarketServer, WealthAI

from ..support.bars import ms, sources
from ..support.live_source import use_policies
from .case import SERIES, TOKEN, facts
from .histories import (
    Told,
    after,
    at,
    bars_of,
    cut_after,
    exact,
    exact_of,
    final,
    has_said,
    market_from,
    number_of,
    opens,
    other_close,
    packed,
    skipping,
    stranger,
    until_set,
)

# F9

MINUTE = 60_000
MINUTES = ("BTCUSDT", "1m")
FLAG = "flags_too_early"


def minutes_from(minutes: float, **options) -> Market:
    """Bars of a minute, from so many minutes before (or after) now on, by this machine's clock."""
    now = time.time_ns() // 1_000_000
    return market_from((now // MINUTE + minutes) * MINUTE, "1m", **options)


def open_minutes(case, **options) -> None:
    """A session of the system's clock, and of nobody but the live source."""
    case.open(archive=False, clock="system", resolutions=["1m"], **options)


def test_f9_a_bar_from_the_future(case):
    """Sends a bar that opens an hour from now → it is refused and counted, how far the server's clock is ahead is
    reported, and the bar in progress is neither closed nor lost by it."""
    case.serve(after(12, "future-bar:1"), market=minutes_from(-40))
    open_minutes(case)
    case.connected()
    told = Told(case)
    case.play(2.4)
    case.counted("from_the_future")
    assert 3500 < case.status.clock_offset <= 3600
    assert case.session.status().sources["live"].clock_offset == case.status.clock_offset
    case.until(lambda: told.number == 12 + 2)
    assert [bar.closed for bar in case.held(MINUTES)] == [True, True, False]
    now = case.session.clock.now()
    assert {bar.open_time <= now for bar in told.bars()} == {True}
    assert case.counter("holes") == 0
    case.play(1)
    case.until(lambda: len(told.closings()) == 3)
    assert case.counter("from_the_future") == 1


def test_f9_a_server_whose_clock_is_an_hour_ahead(case):
    """Sends all its bars an hour too early → none is taken, the offset of an hour is reported, and strategies are told
    that there is nothing; the next server is judged by its own bars."""
    ahead, sound = minutes_from(60), minutes_from(-40)
    server = MarketServer(ahead, [cut_after(17)], token=TOKEN)
    case.servers.append(server)
    server.start()
    good = case.serve(market=sound)
    open_minutes(case, endpoint=server.url, fallbacks=[good.url])
    case.connected()
    ahead.play(3.3)
    case.counted("from_the_future", 16)
    assert 3600 < case.status.clock_offset <= 3600 + 3 * 60
    assert len(case.held(MINUTES)) == 0
    with pytest.raises(AllSourcesFailed, match="live: not here"):
        case.answer(MINUTES)
    ahead.play(0.2)
    case.counted("lost.cut")
    case.connected(2)
    assert case.status.clock_offset is None
    case.play(2)
    case.until(lambda: len(case.closed(MINUTES)) == 1)
    assert case.counter("from_the_future") == 17
    assert case.status.clock_offset < -30 * 60  # "at least": its bars prove no more


@pytest.mark.parametrize(
    ("flag", "seconds", "counter"),
    [(None, 4, "bars.new"), (None, 60, "from_the_future"), ("is_closed", 4, "bars.new"), ("is_closed", 60, FLAG)],
    ids=["opens in 4 s", "opens in a minute", "closed, ends in 4 s", "closed, ends in a minute"],
)
def test_f9_how_far_a_bar_may_be_ahead(case, monkeypatch, flag, seconds, counter):
    """Sends a bar that opens, or one that it calls closed and that ends, a little or too far ahead → up to 5 s are
    granted; of more the bar is refused, or the flag is not believed."""
    case.serve(market=Market.made(exchange=WealthAI(flag), updates=0, snapshot=48))
    last = final(case, 2)
    proof = last["close_time" if flag else "open_time"]
    wall = [proof / 1000 - seconds]
    began = time.monotonic()
    use_policies(monkeypatch, wall=lambda: wall[0] + time.monotonic() - began)
    case.open(archive=False, clock="system")
    case.connected()
    case.play(3)
    case.counted(counter, 3 if counter == "bars.new" else 1)
    case.until(lambda: len(case.held()) == (2 if counter == "from_the_future" else 3))
    assert opens(case, case.held()) == [0, 1, 2][: len(case.held())]
    assert case.held()[-1].closed is (flag is not None and counter == "bars.new")
    assert case.counter("from_the_future") == (counter == "from_the_future")
    assert seconds - 5 < case.status.clock_offset <= seconds
    assert ("this machine's clock" in case.status.reason) is (counter != "bars.new")
    wall[0] = proof / 1000 + 86_400
    case.server.peers[0].cut()  # who connects anew finds that it is later, and is sent it all
    case.connected(2)


# F13


@pytest.fixture
def local_zone():
    """Sets this machine's time zone."""
    before = os.environ.get("TZ")

    def set_to(zone: str) -> None:
        os.environ["TZ"] = zone
        time.tzset()

    yield set_to
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def calendar(first: tuple[int, ...], timeframe: str, count: int) -> list[int]:
    """The open times of so many bars, by the calendar."""
    if timeframe == "1M":
        months = [first[0] * 12 + first[1] - 1 + number for number in range(count)]
        return [ms(month // 12, month % 12 + 1, 1) for month in months]
    step = {"1w": dt.timedelta(weeks=1), "1d": dt.timedelta(days=1), "1h": dt.timedelta(hours=1)}[timeframe]
    begin = dt.datetime(*first, tzinfo=dt.UTC)  # type: ignore[misc]
    return [int((begin + number * step).timestamp() * 1000) for number in range(count)]


NEW_YORK, BERLIN = "EST5EDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3"

CALENDARS = {
    "months around 29 February": ("1M", (2023, 11, 1), 12, "UTC", 3),
    "months of 2100, which is no leap year": ("1M", (2099, 11, 1), 12, "UTC", 3),
    "weeks over 29 February": ("1w", (2024, 2, 5), 12, "UTC", 3),
    "weeks over a year's end": ("1w", (2020, 12, 7), 12, "UTC", 3),
    "days around 29 February": ("1d", (2024, 2, 26), 12, "UTC", 3),
    "days around 1 March": ("1d", (2023, 2, 25), 12, "UTC", 4),
    "hours into 29 February and out": ("1h", (2024, 2, 28, 20), 40, "UTC", 4),
    "hours when New York springs forward": ("1h", (2024, 3, 10, 2), 12, NEW_YORK, 5),
    "hours when New York falls back": ("1h", (2024, 11, 3, 1), 12, NEW_YORK, 5),
    "hours when Berlin springs forward": ("1h", (2024, 3, 30, 20), 12, BERLIN, 5),
    "hours when Berlin falls back": ("1h", (2024, 10, 26, 20), 12, BERLIN, 5),
    "days when Berlin springs forward": ("1d", (2024, 3, 28), 12, BERLIN, 3),
    "weeks when Berlin falls back": ("1w", (2024, 10, 7), 12, BERLIN, 2),
    "months when Berlin springs forward": ("1M", (2024, 1, 1), 12, BERLIN, 2),
    "months when New York falls back": ("1M", (2024, 5, 1), 12, NEW_YORK, 6),
}


EACH_CALENDAR = pytest.mark.parametrize(
    ("timeframe", "first", "count", "zone", "skipped"), CALENDARS.values(), ids=CALENDARS
)


@EACH_CALENDAR
def test_f13_bars_of_uneven_length(case, local_zone, timeframe, first, count, zone, skipped):
    """Sends bars of months, of weeks, over 29 February and where the local clock is changed → each closes the one
    before, and no hole is seen where there is none."""
    local_zone(zone)
    times = calendar(first, timeframe, count)
    assert zone == "UTC" or {time.localtime(moment / 1000).tm_isdst for moment in times} == {0, 1}
    series = (SERIES[0], timeframe)
    case.serve(market=market_from(times[0], timeframe, bars=count))
    case.open(archive=False, resolutions=[timeframe])
    case.connected()
    case.play(count - 4 + 0.4)
    case.until(lambda: len(case.closed(series)) == count - 4)
    case.counted("bars.new", count - 3)
    answer = case.answer(series)
    assert answer.open_times.tolist() == times[: count - 4]
    assert answer.ends.tolist() == times[1 : count - 3]
    assert {bar.finality for bar in answer} == {Finality.SUCCESSOR}
    assert (answer.holes, answer.behind) == ((), 0)
    assert case.answer(series, count=3).open_times.tolist() == times[count - 7 : count - 4]
    assert case.counter("holes") == 0
    assert (case.status.streams[0].state, case.status.streams[0].holes) == ("live", 0)


@EACH_CALENDAR
def test_f13_a_hole_among_bars_of_uneven_length(case, local_zone, timeframe, first, count, zone, skipped):
    """Leaves out one of them → that one is missing, from the right moment to the right moment, and is filled."""
    local_zone(zone)
    times = calendar(first, timeframe, count)
    series = (SERIES[0], timeframe)
    case.serve(
        skipping(lambda played: number_of(case, played) == skipped),
        market=market_from(times[0], timeframe, bars=count),
    )
    case.open(resolutions=[timeframe])
    case.connected()
    told = Told(case)
    case.play(count - 4 + 0.4)
    case.counted("holes")
    case.counted("backfilled")
    lost = Hole(times[skipped], times[skipped + 1], 1)
    case.until(lambda: [event.hole for event in told.of("filled")] == [lost])
    assert [event.hole for event in told.of("hole")] == [lost]
    case.until(lambda: len(case.closed(series)) == count - 4)
    assert case.answer(series).open_times.tolist() == times[: count - 4]


# F15


class Past:
    """Answers as of moments in the past, asked when these had only just gone by."""

    def __init__(self, case) -> None:
        self._case = case
        self._answers: dict[int, tuple[list[object], list[object]]] = {}

    def _ask(self, moment: int) -> tuple[list[object], list[object]]:
        return list(self._case.answer(start=at(self._case, 0), end=moment)), list(
            self._case.answer(count=3, end=moment)
        )

    def remember(self) -> None:
        """Ask as of every half hour up to now."""
        now = self._case.session.clock.now()
        for moment in range(at(self._case, 1), now + 1, 1_800_000):
            self._answers.setdefault(moment, self._ask(moment))

    def unchanged(self, until: int | None = None) -> None:
        """All of these are as they were, those as of earlier than `until`."""
        closed = self._case.market.closed(SERIES)
        for moment, (whole, newest) in self._answers.items():
            if until is None or moment < until:
                assert self._ask(moment) == (whole, newest)
                assert facts(whole) == facts([bar for bar in closed if bar.end <= moment])
                assert newest == whole[-3:]

    def corrected(self, place: int) -> None:
        """All of these are as they were, but for that bar, which says that it is another revision."""
        wanted = exact_of(final(self._case, place))
        for moment, answers in self._answers.items():
            for before, now in zip(answers, self._ask(moment), strict=True):
                assert len(before) == len(now)
                for old, new in zip(before, now, strict=True):
                    if new.open_time == at(self._case, place):
                        assert exact(new) == wanted
                        assert exact(new) != exact(old)
                        assert new.revision == old.revision + 1
                    else:
                        assert new == old


def test_f15_an_answer_about_the_past(case):
    """Plays on after an answer as of a moment in the past → that answer holds no bar that was not over by then, and
    is the same for ever, whatever comes later."""
    case.serve()
    case.open()
    case.connected()
    rng, past, played = random.Random(15), Past(case), 0
    for _ in range(12):
        steps = rng.randint(1, 16)
        played += steps
        case.market.play_steps(steps)
        newest = at(case, (played - 1) // 5)
        case.until(lambda newest=newest: case.held() and case.session.clock.now() == newest)
        past.unchanged()
        past.remember()
    past.unchanged()
    case.counted("bars.new", (played - 1) // 5)
    assert played > 40


def test_f15_a_correction_of_the_past(case):
    """Corrects a bar of the past → answers as of before its end are as they were; in others that bar, and no other, is
    new, and its revision says so."""
    said = final(case, 2)
    said |= {"close": other_close(said), "volume": "1000.000"}
    case.serve(after(27, lambda peer: until_set(peer, go), lambda peer: peer.send(said)))
    go = threading.Event()
    case.open()
    case.connected()
    case.play(5.4)
    case.until(lambda: len(case.closed()) == 5)
    past = Past(case)
    past.remember()
    past.unchanged()
    go.set()
    case.counted("bars.correction")
    has_said(case, said)
    past.unchanged(until=at(case, 3))
    past.corrected(2)


def test_f15_a_backtest_beside_the_stream(case):
    """Plays on while a backtest of an earlier time runs in the same session → the backtest sees what was over by its
    own clock, and never anything of the stream."""
    case.serve()
    case.open()
    case.connected()
    context = SimpleNamespace(now_ms=at(case, 4) + 1_000)
    adapter = case.session.adapter(context, mode="backtest")
    case.play(3.4)
    case.counted("bars.new", 4)
    before = adapter.get_history("BTCUSDT", 10)
    case.play(6)
    case.counted("bars.new", 10)
    assert list(adapter.get_history("BTCUSDT", 10)) == list(before)
    assert facts(before) == facts(list(bars_of(case.market)[:4]))
    assert set(sources(before)) == {"archive"}
    assert adapter.explain("BTCUSDT", 10).attempts[0].outcome == "skipped"


def test_f15_a_source_that_knows_the_future(case, chain):
    """Another source answers with all that it has, the future too, whatever it is asked for → no bar that was not over
    by then is in any answer, live or in a backtest."""
    case.serve()
    chain(stranger(lambda request: packed(list(bars_of(case.market)), request), "prophet"), "live")
    case.connected()
    case.play(9.4)
    case.counted("bars.new", 10)
    for moment in range(at(case, 1), at(case, 9) + 1, 1_800_000):
        context = SimpleNamespace(now_ms=moment)
        backtest = case.session.adapter(context, mode="backtest")
        past = facts([bar for bar in bars_of(case.market) if bar.end <= moment])
        assert facts(case.answer(start=at(case, 0), end=moment)) == past
        assert facts(backtest.get_history("BTCUSDT", start=at(case, 0), end=at(case, 20))) == past
    assert set(sources(case.answer())) == {"prophet"}


def test_f15_several_questions_about_one_moment(case):
    """Plays on between two questions about one moment → both are answered as of that moment."""
    case.serve()
    case.open()
    case.connected()
    case.play(3.4)
    case.counted("bars.new", 4)
    moment = case.session.adapter().frozen()
    before = moment.get_history("BTCUSDT", 10)
    case.play(6)
    case.counted("bars.new", 10)
    assert list(moment.get_history("BTCUSDT", 10)) == list(before)
    assert facts(before) == facts(case.market.closed(SERIES)[:3])
