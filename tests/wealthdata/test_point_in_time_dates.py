"""Dates beyond now: a backtest refuses them, a live call stops at now, and the calendar knows them."""

from __future__ import annotations

import contextlib
import datetime as dt
import zoneinfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import wealthdata
from wealthsources import Bars

from ..support.bars import DAY, MINUTE
from ..support.laws import tries
from .laboratory import make_context
from .questions import FREQUENCIES, Question, labels, plain
from .worlds import FRAMES, MINUTES, SYMBOLS, ZONES, World, market, moments

#: Each call that takes dates of bars or of securities: the argument, the call, and whether it looks at the day only.
CALLS = {
    "get_price(end_date)": ("end_date", lambda date, unit: wealthdata.get_price("X", None, date, unit, count=3)),
    "get_price(start_date)": ("start_date", lambda date, unit: wealthdata.get_price("X", date, None, unit)),
    "get_price(both)": ("end_date", lambda date, unit: wealthdata.get_price("X", "2024-01-02", date, unit)),
    "get_price(list)": ("end_date", lambda date, unit: wealthdata.get_price(["X", "Y"], None, date, unit, count=3)),
    "get_bars(end_dt)": ("end_dt", lambda date, unit: wealthdata.get_bars("X", 3, unit, end_dt=date)),
    "get_bars(end_date)": ("end_date", lambda date, unit: wealthdata.get_bars("X", 3, unit, end_date=date)),
    "get_bars(include_now)": ("end_dt", lambda date, unit: wealthdata.get_bars("X", 3, unit, None, True, date)),
    "get_bars(df)": ("end_dt", lambda date, unit: wealthdata.get_bars(["X"], 3, unit, end_dt=date, df=False)),
    "get_bars(start_dt)": ("start_dt", lambda date, unit: wealthdata.get_bars("X", unit=unit, start_dt=date)),
    "get_all_securities(date)": ("date", lambda date, _: wealthdata.get_all_securities(date=date)),
    "get_security_info(date)": ("date", lambda date, _: wealthdata.get_security_info("X", date)),
}
#: How a strategy writes a moment: with its zone, as wall time, as text, as pandas has it.
FORMS = (
    lambda moment: moment,
    lambda moment: moment.replace(tzinfo=None),
    lambda moment: str(moment.replace(tzinfo=None)),
    pd.Timestamp,
)
LONG = {"1d", "3d", "1w", "1M", "daily", "weekly", "monthly"}


@st.composite
def clocks(draw) -> World:
    now = draw(moments())
    kinds = ["now_ms", "current_dt", "naive", *(["current_bar"] if now % MINUTE == 0 else [])]
    return World(now, draw(st.sampled_from(ZONES)), (), clock=draw(st.sampled_from(kinds)))


def local(time: float, world: World) -> dt.datetime:
    return dt.datetime.fromtimestamp(time / 1000, zoneinfo.ZoneInfo(world.zone))


def midnight(moment: dt.datetime) -> dt.datetime:
    """The next one, on the wall."""
    return dt.datetime.combine(moment.date() + dt.timedelta(1), dt.time(), moment.tzinfo)


def by_day(call: str, unit: str) -> bool:
    return unit in LONG or CALLS[call][0] == "date"


def bind(world: World) -> None:
    wealthdata.clear_context()
    wealthdata.configure(tz=world.zone)
    wealthdata.set_context(make_context(world, full=True), mode="backtest")


@given(clocks(), st.sampled_from(list(CALLS)), st.sampled_from(FREQUENCIES), st.sampled_from(FORMS), st.integers(0, 3))
def test_a_backtest_that_asks_beyond_its_clock_is_refused(world, call, unit, form, far):
    name, ask = CALLS[call]
    now = local(world.now, world)
    beyond = midnight(now) if by_day(call, unit) else local(world.now + 1, world)
    beyond += (dt.timedelta(0), dt.timedelta(milliseconds=1), dt.timedelta(days=1), dt.timedelta(days=4000))[far]
    bind(world)
    with pytest.raises(
        wealthdata.FutureDataError, match=f"{name} .* is after the backtest's time, {now:%Y-%m-%d %H:%M:%S}"
    ):
        ask(form(beyond), unit)


@given(clocks(), st.sampled_from(list(CALLS)), st.sampled_from(FREQUENCIES), st.sampled_from(FORMS))
def test_a_backtest_may_ask_up_to_its_clock(world, call, unit, form):
    now = local(world.now, world)
    latest = midnight(now) - dt.timedelta(milliseconds=1) if by_day(call, unit) else now
    bind(world)
    # That the context has no bars shows that it was asked for them.
    with contextlib.suppress(wealthdata.DataUnavailable, wealthdata.SecurityNotFound):
        CALLS[call][1](form(latest), unit)


@given(clocks(), st.integers(-400, 4000), st.integers(1, 30))
def test_a_backtest_may_ask_the_calendar_for_days_to_come(world, ahead, count):
    bind(world)
    last = dt.datetime.fromtimestamp(world.now / 1000, dt.UTC).date() + dt.timedelta(ahead)
    first = last - dt.timedelta(count - 1)
    days = [first + dt.timedelta(place) for place in range(count)]
    assert wealthdata.get_trade_days(first, last).tolist() == days
    assert wealthdata.get_trade_days(end_date=last, count=count).tolist() == days
    assert wealthdata.get_all_trade_days()[-1] == dt.date(2024, 12, 31)


# live ----------------------------------------------------------------------------------------------------------


def come_to(session, now: int) -> None:
    """A session whose time is told by a live source of minutes that end at `now`; the source after it knows more."""
    made = session({"live": True, "timeframes": ["1m"]}, {}, clock="feed")
    made.start_live()
    for symbol in SYMBOLS:
        minutes = market(symbol, MINUTES)
        made.source("m0").put(Bars(symbol, MINUTES, minutes.rows[minutes.ends <= now][-100:].copy()))
        for frame in FRAMES:
            made.source("m1").put(market(symbol, frame))


@settings(max_examples=tries(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moments().map(lambda now: now - now % MINUTE),
    st.integers(1, 40 * DAY),
    st.sampled_from(ZONES),
    st.sampled_from(FREQUENCIES),
    st.sampled_from(["BTCUSDT", ["BTCUSDT", "ETHUSDT"]]),
)
def test_a_live_call_for_dates_to_come_ends_at_now(session, now, later, zone, unit, code):
    come_to(session, now)
    wealthdata.configure(tz=zone)
    end = dt.datetime.fromtimestamp((now + later) / 1000, zoneinfo.ZoneInfo(zone))
    of, by = {"security": code, "count": 5}, {"security": code, "count": 5, "unit": unit}
    found = Question("get_price", {**of, "frequency": unit, "end_date": end}).put()
    assert plain(found) == plain(Question("get_price", {**of, "frequency": unit}).put())
    assert plain(Question("get_bars", {**by, "end_dt": end}).put()) == plain(Question("get_bars", by).put())
    latest = pd.Timestamp(now, unit="ms", tz="UTC").tz_convert(zone).tz_localize(None)
    assert all(label <= latest for label in labels(found))
