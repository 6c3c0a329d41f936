"""What a strategy sees at a time does not depend on what happens later."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings, strategies as st

import wealthdata
import wealthsources

from ..support.bars import DAY, HOUR, MONDAY as T0
from ..support.laws import tries
from .laboratory import Lab
from .questions import FREQUENCIES, Question, labels, plain, questions
from .worlds import EARLIEST, END, FRAMES, MINUTES, SYMBOLS, Part, Series, World, market, worlds


@pytest.fixture
def lab(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(Path(__file__).parent / "memory")
    made = Lab(tmp_path)
    yield made
    made.close()


def examples(number: int) -> settings:
    # The laboratory is made for many worlds, one after the other. To explain a failure takes longer than a test may.
    health = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=tries(number), suppress_health_check=health, phases=(Phase.generate, Phase.shrink))


@contextlib.contextmanager
def bound(world: World, context: object):
    """The strategy's side of a world."""
    wealthdata.configure(tz=world.zone)
    wealthdata.set_context(context, mode=world.mode)
    try:
        yield
    finally:
        wealthdata.clear_context()


@st.composite
def asked_worlds(draw, least: int = 4):
    world = draw(worlds())
    return world, draw(st.lists(questions(world), min_size=least, max_size=8))


# the future may be anything ------------------------------------------------------------------------------------


@examples(40)
@given(asked_worlds())
def test_the_answer_at_a_time_is_the_same_where_the_future_is_unknown(lab, drawn):
    world, asked = drawn
    with bound(world, lab.set_up(world, full=False)):
        known = [plain(question.put()) for question in asked]
    with bound(world, lab.set_up(world, full=True)):
        for question, right in zip(asked, known, strict=True):
            assert plain(question.put()) == right, question


@examples(16)
@given(asked_worlds())
def test_no_label_is_later_than_the_time_and_the_same_is_answered_twice(lab, drawn):
    world, asked = drawn
    utc = pd.Timestamp(world.now, unit="ms", tz="UTC")
    latest = max(utc.tz_convert(world.zone).tz_localize(None), utc.tz_localize(None).floor("D"))
    with bound(world, lab.set_up(world, full=True)):
        for question in asked:
            answer = question.put()
            assert all(label <= latest for label in labels(answer)), question
            assert plain(question.put()) == plain(answer), question


@examples(16)
@given(asked_worlds())
def test_a_backtest_does_not_ask_live_sources_that_know_more(lab, drawn):
    world, asked = drawn
    context = lab.set_up(world, full=True)
    with bound(world, context):
        for question in asked:
            question.put()
    assert not lab.asked_live(world)


def each_call(unit: str) -> list[Question]:
    one, both = SYMBOLS[0], list(SYMBOLS)
    return [
        Question("get_price", {"security": one, "frequency": unit, "count": 3}),
        Question("get_price", {"security": both, "frequency": unit, "start_date": "2024-01-01"}),
        Question("get_bars", {"security": one, "unit": unit, "count": 3, "include_now": True}),
        Question("get_bars", {"security": both, "unit": unit, "count": 3, "df": False}),
        Question("history", {"security_list": both, "unit": unit, "count": 3, "field": "close"}),
        Question("attribute_history", {"security": one, "unit": unit, "count": 3}),
        Question("context.history", {"symbol": one, "count": 3, "timeframe": unit}),
        Question("adapter.get_history", {"symbol": one, "count": 3, "timeframe": unit}),
        Question("get_last_price", {"security": both}),
        Question("get_current_data", {"security": one}),
    ]


@pytest.mark.parametrize("apart", [-1, 0])
@pytest.mark.parametrize("frame", FRAMES, ids=str)
@pytest.mark.parametrize("chain", [(), ("first", "second", "live", "context")], ids=["alone", "chain"])
def test_each_call_sees_a_bar_when_it_is_over_and_not_before(lab, chain, frame, apart):
    now = frame.floor(EARLIEST + 16 * DAY) + apart
    ahead, oldest = frame.slot(now), frame.slot(int(market(SYMBOLS[0], frame).open_times[0]))
    past = Part(max(oldest, ahead - 5), min(5, ahead - oldest))
    # Of two sources, the first knows no future: what is missing then is for the second.
    lengths = {"first": 0, "second": 1, "context": 1} if chain else {"context": 1}
    series = (
        Series(place, symbol, frame, past, Part(ahead, length))
        for place, length in lengths.items()
        for symbol in SYMBOLS
    )
    world = World(now, "UTC", tuple(series), chain)
    answers = []
    for full in (False, True):
        with bound(world, lab.set_up(world, full)):
            answers.append([plain(question.put()) for question in each_call(frame.name)])
            newest = wealthdata.get_price(SYMBOLS[0], count=1, frequency=frame.name).to_numpy().tolist()
            assert newest == market(SYMBOLS[0], frame).values[[ahead - oldest - 1]][:, [0, 3, 1, 2, 4]].tolist()
    assert answers[0] == answers[1]


# what the market did -------------------------------------------------------------------------------------------


def known_rows(symbol: str, frequency: wealthsources.Timeframe, world: World, index: pd.DatetimeIndex) -> list[object]:
    """For each label the bar of the market that ended by the world's time; None if there is none."""
    bars = market(symbol, frequency)
    names = index.tz_localize("UTC") + pd.Timedelta(days=1) if _daily(frequency) else index.tz_localize(world.zone)
    ends = names.as_unit("ns").asi8 // 1_000_000
    places = np.searchsorted(bars.ends, ends)
    known = (bars.ends[places] == ends) & (ends <= world.now)
    return [bars.values[place].tolist() if there else None for place, there in zip(places, known, strict=True)]


def forming_rows(symbol: str, frequency: wealthsources.Timeframe, world: World) -> list[list[float]]:
    """What the bar that holds the world's time was after each of its minutes that ended by then."""
    minutes = market(symbol, MINUTES)
    part = (minutes.open_times >= frequency.floor(world.now)) & (minutes.ends <= world.now)
    opened, high, low, close, volume = minutes.values[part].T
    if not len(opened):
        return []
    grown = (np.full(len(opened), opened[0]), np.maximum.accumulate(high), np.minimum.accumulate(low), close)
    return np.transpose([*grown, np.cumsum(volume)]).tolist()


@st.composite
def aimed_worlds(draw):
    """An honest world and series to ask it for, those it has and those it would have to make."""
    world = draw(worlds(honest=True))
    symbols = st.sampled_from([each.symbol for each in world.series])
    names = st.sampled_from([*(each.frame.name for each in world.series), *FREQUENCIES[:15]])
    return world, draw(st.lists(st.tuples(symbols, names, st.booleans()), min_size=3, max_size=8))


@examples(40)
@given(aimed_worlds())
def test_every_row_is_what_the_market_did_by_then(lab, drawn):
    world, asked = drawn
    fields = ["open", "high", "low", "close", "volume"]
    with bound(world, lab.set_up(world, full=True)):
        for symbol, name, include_now in asked:
            try:
                df = wealthdata.get_bars(symbol, 30, name, fields, include_now)
            except wealthdata.DataUnavailable:
                continue
            frequency = wealthsources.Timeframe(name)
            rows, known = df.to_numpy().tolist(), known_rows(symbol, frequency, world, df.index)
            if include_now and known[-1:] == [None]:
                event("forming")
                assert df.index[-1] == _now_label(world, frequency)
                assert rows.pop() in forming_rows(symbol, frequency, world)
                known.pop()
            assert rows == known


def _daily(frequency: wealthsources.Timeframe) -> bool:
    return frequency.milliseconds >= DAY


def _now_label(world: World, frequency: wealthsources.Timeframe) -> pd.Timestamp:
    now = pd.Timestamp(world.now, unit="ms", tz="UTC")
    return now.tz_localize(None).floor("D") if _daily(frequency) else now.tz_convert(world.zone).tz_localize(None)


# nothing is learned from the future ----------------------------------------------------------------------------


@examples(16)
@given(asked_worlds(), st.sampled_from([1, 60_000, 3_600_000, DAY, 5 * DAY]))
def test_what_was_asked_later_changes_nothing_at_the_time_before(lab, drawn, later):
    world, asked = drawn
    with bound(world, lab.set_up(world, full=False)):
        known = [plain(question.put()) for question in asked]
    context = lab.set_up(world, full=True)
    with at(context, world.now + later), bound(world, context), lab.failing(world):
        for question in asked:
            question.put()
    with bound(world, context):
        with at(context, world.now + later):
            for question in asked:
                question.put()
        ask_live(lab, world)
        assert [plain(question.put()) for question in asked] == known


@examples(12)
@given(worlds(), st.sampled_from([1, 60_000, 3_600_000, 5 * DAY]))
def test_what_get_current_data_gave_before_does_not_know_what_happened_since(lab, world, later):
    context = lab.set_up(world, full=False)
    with bound(world, context):
        known = [plain(_looked_up(wealthdata.get_current_data(), code)) for code in SYMBOLS]
    context = lab.set_up(world, full=True)
    with bound(world, context):
        taken = wealthdata.get_current_data()
        with at(context, world.now + later):
            assert [plain(_looked_up(taken, code)) for code in SYMBOLS] == known


def _looked_up(data: wealthdata.api.current_data.CurrentData, code: str) -> object:
    try:
        return [data[code].last_price, data[code].day_open]
    except wealthdata.WealthDataError as error:
        return error


@contextlib.contextmanager
def at(context: object, now: int):
    """The engine has come to a later time, and goes back."""
    kept = context if isinstance(context, dict) else vars(context)
    before = kept.get("now_ms")
    kept["now_ms"] = now
    yield
    kept["now_ms"] = before


def ask_live(lab: Lab, world: World) -> None:
    """Somebody trades on the same session, and sees all that happened since; five failures open a breaker."""
    session = lab.session(world.chain)
    if session is None:
        return
    adapter = session.adapter()
    for each in world.series:
        for _ in range(2):
            with contextlib.suppress(wealthsources.WealthSourcesError):
                adapter.get_history(each.symbol, start=world.now - 30 * DAY, timeframe=each.frame, on_stale="mark")
    with lab.failing(world):
        for _ in range(6):
            with contextlib.suppress(wealthsources.WealthSourcesError):
                adapter.get_history(world.series[0].symbol, 3, world.series[0].frame, end=END)


# threads -------------------------------------------------------------------------------------------------------


@examples(10)
@given(asked_worlds(), st.sampled_from([-3 * DAY, -3_600_000, 60_000, 2 * DAY]))
def test_two_backtests_at_different_times_do_not_see_each_other(lab, drawn, apart):
    world, asked = drawn
    other = dataclasses.replace(world, now=world.now + apart, clock="now_ms")
    pairs = [(each, lab.set_up(each, full=True)) for each in (world, other)]
    barrier = threading.Barrier(2, timeout=30)

    def answers(of: World, context: object, wait: bool = False) -> list[object]:
        with bound(of, context):
            if wait:
                barrier.wait()
            return [plain(question.put()) for question in asked * 2]

    alone = [answers(*pair) for pair in pairs]
    found: list[object] = [None, None]

    def work(place: int) -> None:
        found[place] = answers(*pairs[place], wait=True)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == alone


# what is evidence, and of when --------------------------------------------------------------------------------


def of_both(context, make, ask) -> list[object]:
    """The answers at four o'clock where the context has bars of eight hours, and where it has those of four."""
    found = []
    for count in (8, 4):
        made = context({"BTCUSDT 1h": make("1h", count)}, T0 + 4 * HOUR)
        wealthdata.set_context(made, mode="backtest")
        found.append(ask(made))
        wealthdata.clear_context()
    return found


@pytest.fixture
def flagged(records):
    """Bars of which the fourth says that it is not closed."""

    def make(*what) -> list[dict[str, object]]:
        made = records(*what)
        made[3]["closed"] = False
        return made

    return make


def opens(*arguments, **more) -> list[float]:
    return list(wealthdata.get_price("BTCUSDT", *arguments, frequency="1h", **more)["open"])


def test_that_a_bar_is_flagged_as_not_closed_is_not_overruled_by_a_later_one_of_the_future(context, flagged):
    full, cut = of_both(context, flagged, lambda _: opens())
    assert full == cut == [100, 101, 102]


def test_a_bar_flagged_as_not_closed_does_not_take_the_place_of_one_that_is(context, flagged):
    full, cut = of_both(context, flagged, lambda _: opens(count=2))
    assert full == cut == [101, 102]


def test_nor_does_it_where_the_context_s_own_history_adds_the_one_that_is_forming(context, flagged):
    found = []
    for bars in (flagged("1h", 5), flagged("1h", 4)):
        made = context({}, T0 + 4 * HOUR)
        made.history = lambda symbol, count, timeframe, of=bars: of[-count:] if timeframe == "1h" else []
        wealthdata.set_context(made, mode="backtest")
        found.append(opens(count=2))
        wealthdata.clear_context()
    assert found == [[101, 102]] * 2


def test_what_get_current_data_gave_before_is_not_judged_by_what_has_ended_since(context, flagged):
    made = context({"BTCUSDT 1h": flagged("1h", 8)}, T0 + 4 * HOUR)
    wealthdata.set_context(made, mode="backtest")
    taken = wealthdata.get_current_data()
    with at(made, T0 + 5 * HOUR):
        assert taken["BTCUSDT"].last_price == 102.5


def test_the_evidence_that_a_bar_is_closed_is_not_of_the_future(context, records):
    full, cut = of_both(context, records, lambda bound: bound.history("BTCUSDT", 4, "1h")[-1].finality)
    assert full == cut


def test_a_list_that_begins_later_does_not_hide_what_the_context_s_own_history_has(context, records):
    found = []
    for hours in (records("1h", 4, T0 + 5 * HOUR), []):
        made = context({"BTCUSDT 1h": hours}, T0 + 4 * HOUR)
        made.history = lambda symbol, count, timeframe: records("1h", 4) if timeframe == "1h" else []
        wealthdata.set_context(made, mode="backtest")
        found.append(plain(Question("get_price", {"security": "BTCUSDT", "frequency": "1h"}).put()))
        wealthdata.clear_context()
    assert found[0] == found[1]
