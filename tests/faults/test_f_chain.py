"""Section F of the table of faults, the second half: what becomes of bars in the chain, under load, and in the past."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import gc
import itertools
import os
import random
import threading
import time
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import wealthdata
from wealthsources import (
    AllSourcesFailed,
    Bars,
    ClockError,
    Finality,
    Hole,
    NotHere,
    SeriesBuffer,
    StaleDataError,
    Timeframe,
)
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.query import Query
from wealthsources.runtime.clocks import SystemClock
from wealthsources_simulator import Market, MarketServer

from .conftest import QUICK, SERIES, TOKEN, facts
from .histories import (
    VALUES,
    Told,
    after,
    at,
    bars_of,
    exact,
    final,
    hole,
    knows,
    market_from,
    number_of,
    opener,
    other_close,
    packed,
    says,
    skipping,
    stranger,
    until_set,
)


@pytest.fixture
def chain(case, distribution):
    """Opens a session of any sources: `chain("live", stranger(…), "archive")`."""
    return opener(case, distribution)


def sources(bars) -> list[str]:
    return [bar.source for bar in bars]


# F10


def second_feed(case, chain, market):
    """A session of the case's server and then of another one with that market; the source that reads the latter."""
    server = MarketServer(market, token=TOKEN)
    case.servers.append(server)
    server.start()
    chain("live", {"name": "other", "plugin": "websocket", "options": {**QUICK, "endpoint": server.url}})
    case.connected()
    other = case.session.source("other")
    case.until(lambda: other.status().state == "connected")
    return other


@pytest.mark.parametrize("differing", [True, False], ids=["another volume", "the same volume"])
def test_f10_one_bar_through_two_feeds(case, chain, differing):
    """Two feeds have the same bars, one with other volumes, and the first has holes → bar by bar the first feed wins,
    the second one fills its holes, and disagreements are counted under the names of both."""
    bars = bars_of(case.market)
    others = [dataclasses.replace(bar, volume="7.7") if place in (1, 3, 5) else bar for place, bar in enumerate(bars)]
    second = Market({SERIES: others if differing else bars})
    case.serve(skipping(lambda played: number_of(case, played) in (2, 4)))
    other = second_feed(case, chain, second)
    case.play(6.4)
    case.until(lambda: len(case.closed()) == 4)
    assert case.answer().holes == (hole(case, 2, 3), hole(case, 4, 5))
    assert case.session.status().disagreements == {}

    second.play(6.4)
    case.until(lambda: other.cache.get_cache_size() == 7)
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert sources(answer) == ["live", "live", "other", "live", "other", "live"]
    # The second feed was asked for what lay between the holes: bar 3 is the one that both have.
    assert case.session.status().disagreements == ({"live against other": 1} if differing else {})
    explained = case.session.adapter().explain("BTCUSDT", start=at(case, 0))
    assert ("1 differ" in str(explained)) == differing

    case.live._streams[SERIES].retry_at = 0.001  # the time to ask again for the holes has come
    case.counted("backfilled", 2)
    if differing:
        # Bars 1 and 5 were asked for too, as neighbours; bar 3 twice, if the second feed was so slow that each hole was
        # filled on its own.
        case.counted("disagreements", 3)
        assert case.counter("disagreements") in (3, 4)
    else:
        assert case.counter("disagreements") == 0
    assert sources(case.answer()) == ["live", "live", "other", "live", "other", "live"]


def test_f10_a_second_feed_that_is_ahead(case, chain):
    """The second feed has closed a bar, with another volume, that the first is still forming when it asks for a hole
    → the hole is filled, and that bar stays the first feed's: forming, and then closed with its own values."""
    bars = [
        dataclasses.replace(bar, volume="7.7") if place == 3 else bar for place, bar in enumerate(bars_of(case.market))
    ]
    second = Market({SERIES: bars})
    case.serve("skip-bars:2", market=Market.made())
    other = second_feed(case, chain, second)
    second.play(5.4)
    case.until(lambda: other.cache.get_cache_size() == 6)
    told = Told(case)
    case.play(3.4)
    case.counted("backfilled", 2)
    assert [bar.closed for bar in case.held()] == [True, True, True, False]
    assert [bar.source for bar in case.held()] == ["live", "other", "other", "live"]
    assert sources(case.answer()) == ["live", "other", "other", "other", "other"]  # of what has ended by now
    case.play(2)
    case.until(lambda: sum(event.source == "live" and event.bar.closed for event in told.of("bar")) == 3)
    assert [bar.exact("volume") for bar in case.closed()] == [bar.volume for bar in bars_of(case.market)[:5]]
    assert sources(case.answer()) == ["live", "other", "other", "live", "live"]


# F11

MANY = 10_000


@pytest.mark.parametrize("order", ["burst", "shuffled", "reversed"])
def test_f11_ten_thousand_bars_at_once(case, order):
    """Sends 10,000 bars as fast as it can: in order, shuffled, or the newest first → the newest 1000 are kept, sorted,
    the same in each case, all closed but the newest."""
    case.serve(order, market=Market.made(bars=MANY + 10, updates=0))
    case.play(MANY)
    case.open()
    kinds = ("new", "repeat", "too_old")
    case.until(lambda: sum(case.counter(f"bars.{kind}") for kind in kinds) == MANY)
    case.counted("bars.new", 1000)
    assert case.counter("bars.new") == {"burst": MANY, "reversed": 1000}.get(order, case.counter("bars.new"))
    held = case.held()
    assert facts(held) == facts(list(bars_of(case.market)[MANY - 1000 : MANY]))
    assert [bar.closed for bar in held] == [True] * 999 + [False]
    assert facts(case.answer(count=2500)) == facts(case.market.closed(SERIES)[-2500:])


@given(order=st.permutations(range(60)), capacity=st.sampled_from([1, 7, 20, 60]))
@settings(max_examples=40)
def test_f11_any_order_of_arrival(order, capacity):
    """Sends bars in any order at all → what is kept is the same, to the last bit."""
    frame = Timeframe("1h")

    def kept(places):
        series = SeriesBuffer("BTCUSDT", frame, capacity)
        for place in places:
            series.put(place * 3_600_000, (place + 1) * 3_600_000, (1.0 + place,) * 5)
        return series.all().rows.tobytes(), series.holes()

    assert kept(order) == kept(range(60))
    assert kept(order)[1] == ()


# F12


def memory_of(work: Callable[[], object]) -> int:
    """By how many bytes the memory of this process, the server's part included, has grown after `work()`."""
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def spellings(number: int) -> list[str]:
    """So many ways to write the one symbol that is asked for."""
    separators = itertools.product(("", "-"), repeat=6)
    cases = itertools.product((str.upper, str.lower), repeat=7)
    ways = itertools.product(separators, cases)
    letters = "BTCUSDT"
    return [
        "".join(how(letter) + between for letter, how, between in zip(letters, case, (*separator, ""), strict=True))
        for separator, case in itertools.islice(ways, number)
    ]


@pytest.mark.parametrize(
    ("symbols", "counter"),
    [([f"NOBODYASKED{number}" for number in range(5_000)], "unsolicited"), (spellings(5_000), "bars.repeat")],
    ids=["symbols nobody asked for", "spellings of the one that was"],
)
def test_f12_five_thousand_symbols(case, symbols, counter):
    """Sends bars of 5,000 symbols that nobody asked for, or of as many spellings of the one that was → they are
    counted, nothing is kept of them, and memory stays flat."""
    go = threading.Event()

    def send(peer, some):
        peer.send(*[peer.bar(symbol=symbol) for symbol in some])

    case.serve(
        after(
            12,
            lambda peer: send(peer, symbols[:500]),
            lambda peer: until_set(peer, go),
            lambda peer: send(peer, symbols),
        )
    )
    case.open()
    case.connected()
    case.play(2.4)
    case.counted(counter, 500)

    def meet_them() -> None:
        go.set()
        case.counted(counter, 5_500)

    assert memory_of(meet_them) < 200_000  # the names alone would be more
    assert case.counter(counter) == 5_500
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert len(case.live.cache) == 1
    assert [stream.symbol for stream in case.status.streams] == ["BTCUSDT"]
    assert len(case.held()) == 3
    assert case.session.adapter().get_all_symbols() == ["BTCUSDT"]


def test_f12_five_thousand_symbols_by_name(case):
    """Sends bars of 5,000 symbols and goes on well → each is counted and the connection stays."""
    case.serve("unasked-symbols:5000")
    case.open()
    case.counted("unsolicited", 5_000)
    assert (case.counter("unsolicited"), len(case.live.cache)) == (5_000, 0)
    case.play(1)
    case.until(lambda: len(case.held()) == 1)
    assert (case.status.epoch, case.counter("attempts")) == (1, 1)


# F13

NEW_YORK, BERLIN = "EST5EDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3"


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


def ms(*date: int) -> int:
    return int(dt.datetime(*date, tzinfo=dt.UTC).timestamp() * 1000)  # type: ignore[misc]


def calendar(first: tuple[int, ...], timeframe: str, count: int) -> list[int]:
    """The open times of so many bars, by the calendar."""
    if timeframe == "1M":
        months = [first[0] * 12 + first[1] - 1 + number for number in range(count)]
        return [ms(month // 12, month % 12 + 1, 1) for month in months]
    step = {"1w": dt.timedelta(weeks=1), "1d": dt.timedelta(days=1), "1h": dt.timedelta(hours=1)}[timeframe]
    begin = dt.datetime(*first, tzinfo=dt.UTC)  # type: ignore[misc]
    return [int((begin + number * step).timestamp() * 1000) for number in range(count)]


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


# F14


class Reader:
    """A thread that asks time and again, and looks closely at each answer."""

    def __init__(self, case, ask: Callable[[int], Bars], seed: int) -> None:
        self.answers = 0
        self._rng = random.Random(seed)
        self.seen: set[tuple[int, int]] = set()
        self.failure: BaseException | None = None
        self._truth = bars_of(case.market)
        self._ask = ask
        self._kept: list[tuple[Bars, bytes, object]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="a reader", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._done.wait(0.01):  # else eight threads would leave the client no time at all
                with contextlib.suppress(AllSourcesFailed, ClockError):  # before the first bar
                    self._look_at(self._ask(self._rng.randint(1, 60)))
                self.answers += 1
        except BaseException as error:  # noqa: BLE001 - for the test to see
            self.failure = error

    def _look_at(self, bars: Bars) -> None:
        times = bars.open_times
        places = (times - self._truth[0].open_time) // 3_600_000
        steps = np.diff(places)
        assert (steps > 0).all(), "not in order, or one twice"
        missing = [
            Hole(int(times[place]) + 3_600_000, int(times[place + 1]), int(steps[place]) - 1)
            for place in np.flatnonzero(steps > 1)
        ]
        assert list(bars.holes) == missing, "a hole is not listed"
        assert facts(bars) == facts([self._truth[place] for place in places])
        assert all(bar.closed for bar in bars)
        if len(bars) and (key := (int(times[0]), int(times[-1]))) not in self.seen:
            self.seen.add(key)
            self._kept.append((bars, bars.rows.tobytes(), bars.holes))

    def stop(self) -> None:
        """End it."""
        self._done.set()
        self._thread.join(20)

    def look_back(self) -> None:
        """See that all answers were right, and that none has changed since it was given."""
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure
        for bars, rows, holes in self._kept:
            assert (bars.rows.tobytes(), bars.holes) == (rows, holes)
            with pytest.raises(ValueError, match="read-only"):
                bars.rows[0, 2] = 1.0
            with pytest.raises(AttributeError, match="cannot be changed"):
                bars.holes = ()


@pytest.mark.parametrize("order", ["burst", "shuffled", "reversed"])
def test_f14_eight_readers_meanwhile(case, order):
    """Sends 10,000 bars in whatever order while eight threads read → every answer is in order, lists each of its
    holes, holds nothing but the truth, and never changes."""
    readers: list[Reader] = []

    def script(peer):
        peer.join()
        bars = peer.finals()
        if order != "burst":
            bars.reverse()
        if order == "shuffled":
            peer.rng.shuffle(bars)
        while len(readers) < 8:
            peer.attend(0.002)
        for part in range(0, MANY, 1000):
            peer.send(*bars[part : part + 1000])
            wanted = [reader.answers + 1 for reader in readers]  # so that all of them read meanwhile
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline and any(
                reader.answers < least for reader, least in zip(readers, wanted, strict=True)
            ):
                peer.attend(0.002)
        peer.behave()

    def ask_live(count: int) -> Bars:
        alone = SourceChain([ChainLink("live", case.live)])
        return alone.resolve(Query("BTCUSDT", Timeframe("1h"), case.session.clock.now(), count)).bars

    case.serve(script, market=Market.made(bars=MANY + 10, updates=0))
    case.play(MANY)
    case.open()
    adapter = case.session.adapter()
    asking = [ask_live, lambda count: adapter.get_history("BTCUSDT", count)] * 4
    readers += [Reader(case, ask, number) for number, ask in enumerate(asking)]
    try:
        kinds = ("new", "repeat", "too_old")
        case.until(lambda: sum(case.counter(f"bars.{kind}") for kind in kinds) == MANY, timeout=40)
    finally:
        for reader in readers:
            reader.stop()
    for reader in readers:
        reader.look_back()
    case.counted("bars.new", 1000)
    assert min(len(reader.seen) for reader in readers) > 3
    assert facts(case.held()) == facts(list(bars_of(case.market)[MANY - 1000 : MANY]))


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


def exact_of(message):
    return {name: message[name] for name in VALUES}


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
    says(case, said)
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


# F16


@pytest.fixture
def gone_silent(case, chain):
    """A chain in which live has bars 0 and 1 and part of 2, and is heard of no more; now is soon after bar 29 ended.

    `gone_silent(way, "live", "context", …)` gives an adapter whose context has bars 0 to 20.
    """
    wall = [at(case, 0)]

    def make(way: str, *others):
        silent = threading.Event()

        def script(peer):
            peer.join()
            peer.pass_on(12)
            if way == "is down":
                peer.server.close_port()
            else:
                silent.set()
                peer.stay()

        case.serve(script)
        chain("live", *others, clock=SystemClock(lambda: wall[0]))
        case.connected()
        case.play(2.4)
        case.until(lambda: len(case.held()) == 3)
        if way == "is down":
            case.counted("lost.cut")
        else:
            case.live._streams[SERIES].limit = 0.2  # as good as the hours that it may be silent
            case.counted("stale_streams")
        wall[0] = at(case, 30) + 10_000
        records = [{**dataclasses.asdict(bar), "close_time": bar.end} for bar in bars_of(case.market)[:21]]
        lists = [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": records}]
        context = SimpleNamespace(market_data_context=lists, current_bar=records[-1])
        return case.session.adapter(context, mode="live")

    yield make
    wall[0] = 0  # from now on it is as late as the stream says, so that the truth can be checked
    case.live._streams[SERIES].limit = 3600.0
    for peer in case.server.peers:
        peer.cut()
    case.server.open_port()
    case.connected(2)
    case.play(28)


WAYS = pytest.mark.parametrize("way", ["is down", "is silent"])


@WAYS
def test_f16_the_tail_comes_from_the_sources_that_have_it(gone_silent, case, way):
    """Is down, or goes silent, while the Context and then the archive have newer bars → the answer is whole, its tail
    from them in their order, nothing forming is shown, and `explain` says what live cannot vouch for."""
    adapter = gone_silent(way, "context", "archive")
    answer = adapter.get_history("BTCUSDT", 40, on_stale="raise", include_now=True)
    assert facts(answer) == facts(list(bars_of(case.market)[:30]))
    assert sources(answer) == ["live"] * 2 + ["context"] * 19 + ["archive"] * 9
    assert all(bar.closed for bar in answer)
    assert (answer.holes, answer.behind) == ((), 0)
    explained = adapter.explain("BTCUSDT", 40)
    assert [(attempt.source, attempt.outcome, attempt.bars) for attempt in explained.attempts] == [
        ("live", "bars", 2),
        ("context", "bars", 19),
        ("archive", "bars", 9),
    ]
    assert "cannot vouch for the newest bars" in explained.attempts[0].reason
    assert explained.attempts[0].reason in str(explained)
    assert case.status.streams[0].state == "stale"


@WAYS
def test_f16_a_tail_that_nobody_has_whole(gone_silent, case, way):
    """Is down, or goes silent, and the Context is behind as well → what there is is refused as stale, with what each
    source said; or marked, if so told."""
    adapter = gone_silent(way, "context")
    with pytest.raises(StaleDataError, match="the newest 9 bars are missing") as caught:
        adapter.get_history("BTCUSDT", 40, on_stale="raise")
    assert "cannot vouch for the newest bars" in str(caught.value)
    assert [attempt.source for attempt in caught.value.attempts] == ["live", "context"]
    answer = adapter.get_history("BTCUSDT", 40)
    assert (answer.behind, sources(answer)) == (9, ["live"] * 2 + ["context"] * 19)
    assert facts(answer) == facts(list(bars_of(case.market)[:21]))
    case.market.snapshot = 48  # there is no archive: who connects anew is told everything


# F17


@pytest.fixture
def hanging(chain):
    """An answer that does not come before the test is over."""
    over = threading.Event()
    yield lambda request: over.wait(30)
    over.set()


def columns(request, times=(0, 1, 2), **changes) -> Bars:
    """Three bars of the request's series, but for the changes."""
    first = request.timeframe.floor(request.start or 0)
    values = {"open": [10.0] * 3, "high": [12.0] * 3, "low": [9.0] * 3, "close": [11.0] * 3, "volume": [5.0] * 3}
    symbol, timeframe = changes.pop("symbol", request.symbol), changes.pop("timeframe", request.timeframe)
    open_times = [int(first + place * 3_600_000) for place in times]
    return Bars.from_columns(symbol, timeframe, open_times, **{**values, **changes}, closed=True)


def raises(error: BaseException):
    def answer(request):
        raise error

    return answer


def gives(**changes):
    return lambda request: columns(request, **changes)


USELESS = {
    "raises": (raises(OSError("no disk")), "OSError: no disk"),
    "exits": (raises(SystemExit(1)), "raised SystemExit"),
    "hangs": (None, "gave no answer within 0.15 s (source_deadline)"),
    "nothing": (lambda request: None, "returned NoneType, not Bars"),
    "a list": (lambda request: [{"open_time": 1, "close": 2}], "returned list, not Bars"),
    "a frame": (lambda request: pd.DataFrame({"close": [1.0]}), "returned DataFrame, not Bars"),
    "another symbol": (gives(symbol="ETHUSDT"), "returned ETHUSDT 1h when asked for BTCUSDT 1h"),
    "another timeframe": (gives(timeframe="4h", times=(0, 4, 8)), "returned BTCUSDT 4h when asked for BTCUSDT 1h"),
    "out of order": (gives(times=(0, 2, 1)), "open_time is not after the one before"),
    "one bar twice": (gives(times=(0, 1, 1)), "open_time is not after the one before"),
    "off the grid": (gives(times=(0, 1, 1.5)), "open_time is not on the 1h grid"),
    "seconds": (gives(times=(-444_000, -443_999, -443_998)), "is not a time in ms of 1980 to 2200"),
    "no number": (gives(close=[11.0, float("nan"), 11.0]), "a value is not a finite number"),
    "infinity": (gives(volume=[5.0, float("inf"), 5.0]), "a value is not a finite number"),
    "high below low": (gives(high=[12.0, 8.0, 12.0]), "high is below low"),
    "close above high": (gives(close=[11.0, 12.5, 11.0]), "open or close is above high"),
    "negative volume": (gives(volume=[5.0, -1.0, 5.0]), "volume is negative"),
}


@pytest.mark.parametrize(("answer", "reason"), USELESS.values(), ids=USELESS)
def test_f17_a_source_of_no_use(case, chain, hanging, answer, reason):
    """A source raises, hangs, or returns garbage or another symbol → its answer is dropped and said to have failed,
    the others answer, in time; after five such answers in a row it is left alone, and its state says so."""
    case.serve()
    first = stranger(answer or hanging, "stranger", blocking=True)
    chain(first, "live", "archive", set_to={"source_deadline": 0.15})
    case.connected()
    case.play(5.4)
    case.until(lambda: len(case.closed()) == 5)
    case.counted("bars.new", 6)
    source = case.session.source("stranger")
    for number in range(1, 8):
        began = time.monotonic()
        bars = case.answer()
        assert time.monotonic() - began < 2
        assert facts(bars) == facts(case.market.closed(SERIES))
        assert sources(bars) == ["live"] * 5
        (failed,) = bars.failed
        assert (failed.source, failed.outcome) == ("stranger", "failed")
        if number == 1:
            assert reason in failed.reason
        assert failed.reason.startswith("not asked: failed 5 times in a row, the last: ") == (number > 5)
    assert len(source.asked) == (2 if answer is None else 5)  # a third that would hang too is not even begun
    status = case.session.status().sources["stranger"]
    assert status.state == "failing"
    assert status.reason.startswith("failed 5 times in a row, the last: ")
    assert case.session.status().sources["live"].state == "connected"


def test_f17_a_source_that_is_of_use_again(case, chain):
    """A source that was left alone works again → one request tries it after a while, and then it has its place in the
    chain again."""
    case.serve()
    settings_of_breaker = {"breaker_failures": 2, "breaker_probe_after": 0.2}
    chain(stranger(raises(OSError("no disk")), "stranger", blocking=True), "live", set_to=settings_of_breaker)
    case.connected()
    case.play(5.4)
    case.until(lambda: len(case.closed()) == 5)
    case.counted("bars.new", 6)
    for _ in range(2):
        assert sources(case.answer()) == ["live"] * 5
    assert case.session.status().sources["stranger"].state == "failing"
    case.session.source("stranger").answer = knows(case)
    case.until(lambda: sources(case.answer()) == ["stranger"] * 5)
    assert case.session.status().sources["stranger"].state == "ready"
    assert len(case.session.source("stranger").asked) == 3


def test_f17_a_source_that_has_nothing_is_no_failure(case, chain):
    """A source says time and again that it has nothing → it is asked every time, and is not called failing."""
    case.serve()
    chain(stranger(raises(NotHere("nothing of that")), "stranger", blocking=True), "live")
    case.connected()
    case.play(2.4)
    case.counted("bars.new", 3)
    for _ in range(7):
        bars = case.answer()
        assert (bars.failed, sources(bars)) == ((), ["live"] * 2)
    assert len(case.session.source("stranger").asked) == 7
    assert case.session.status().sources["stranger"].state == "ready"


@pytest.mark.parametrize("kind", ["raises", "hangs", "another symbol", "no number"])
def test_f17_a_source_of_no_use_among_those_that_fill_holes(case, chain, hanging, kind):
    """A source raises, hangs, or returns garbage or another symbol when it is asked for a hole → the one after it fills
    the hole."""
    answer = USELESS[kind][0] or hanging
    case.serve("skip-bars:2")
    chain("live", stranger(answer, "stranger", blocking=True), "archive", set_to={"source_deadline": 0.15})
    case.connected()
    case.play(4.4)
    case.counted("backfilled", 2)
    case.until(lambda: len(case.closed()) == 4)
    bars = case.answer()
    assert (bars.holes, facts(bars)) == ((), facts(case.market.closed(SERIES)))
    assert sources(bars) == ["live", "archive", "archive", "live"]


# F18


ASKED = {
    "get_price by count": lambda: wealthdata.get_price("BTCUSDT", count=5, frequency="1h"),
    "get_price by dates": lambda: wealthdata.get_price(
        "BTCUSDT", start_date="2020-09-01", end_date="2020-09-10", frequency="1h"
    ),
    "get_price of a list": lambda: wealthdata.get_price(["BTCUSDT"], count=5, frequency="1h"),
    "get_bars": lambda: wealthdata.get_bars("BTCUSDT", 5, "1h"),
}


@pytest.mark.parametrize("up", [True, False], ids=["says nothing", "is down"])
def test_f18_nobody_has_a_bar(case, chain, up):
    """Sends no bar or is down, and no other source has one → one typed error, which lists every source with its
    outcome and reason, for adapters and strategies alike; never an empty answer."""
    wall = at(case, 0)  # nothing has ended yet
    case.serve()
    if not up:
        case.server.close_port()
    nowhere = stranger(raises(NotHere("knows no such market")), "another")
    chain("live", "context", "archive", stranger(raises(OSError("no disk"))), nowhere, clock=SystemClock(lambda: wall))
    if up:
        case.connected()
    else:
        case.counted("lost.refused")
        case.until(lambda: case.status.last_error)
    adapter = case.session.adapter()
    with pytest.raises(AllSourcesFailed) as caught:
        adapter.get_history("BTCUSDT", 5)
    attempts = caught.value.attempts
    assert [(attempt.source, attempt.outcome) for attempt in attempts] == [
        ("live", "not_here"),
        ("context", "skipped"),
        ("archive", "not_here"),
        ("history", "failed"),
        ("another", "not_here"),
    ]
    reasons = [attempt.reason for attempt in attempts]
    assert reasons[0].startswith("is connected, but no bar" if up else "has received nothing: ")
    assert up or "refused" in reasons[0]
    assert reasons[1] == "no context is bound"
    assert "has none of these bars" in reasons[2]
    assert reasons[3:] == ["OSError: no disk", "knows no such market"]
    lines = str(caught.value).splitlines()
    assert "5 bars of BTCUSDT 1h up to 2020-09-13 12:00 UTC" in lines[0]
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["live", "context", "archive", "history", "another"]
    assert all(reason in line for reason, line in zip(reasons, lines[1:], strict=True))
    explained = adapter.explain("BTCUSDT", 5)
    assert isinstance(explained.error, AllSourcesFailed)
    assert explained.bars is None
    assert all(attempt.reason and attempt.reason in str(explained) for attempt in explained.attempts)

    case.session.make_current()
    for name, ask in ASKED.items():
        with pytest.raises(wealthdata.DataUnavailable) as refused:
            ask()
        assert isinstance(refused.value, AllSourcesFailed), name
        assert [attempt.source for attempt in refused.value.attempts] == [attempt.source for attempt in attempts]
        assert all(reason in str(refused.value) for reason in reasons[1:2] + reasons[3:]), name

    case.server.open_port()
    case.connected()
    case.play(1.4)
    case.counted("bars.new", 2)
    assert len(wealthdata.get_price("BTCUSDT", count=5, frequency="1h")) == 1
