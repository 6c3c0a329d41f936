"""Markets that close: series of minutes through wealthdata, over lunch, nights, half days, holidays, other clocks.

Minute number n of a series, counted over all of its days, is 10 + n at its open, 11 + n at its close, 12 + n at its
high and 9 + n at its low, and one is traded in it. So what a longer bar must be is told by the number of its first
minute and how many it has, and the tables below were written by hand from the exchanges' hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import wealthdata
import wealthsources
from wealthdata import StaleDataError, get_bars, get_last_price, get_price, get_trade_days
from wealthsources import Session

from ..support.hours import MINUTE, utc

HEADER = "open_time,open,high,low,close,volume"
#: Spans of Shanghai, 09:30 to 11:30 and 13:00 to 15:00 there, in UTC.
SHANGHAI = [((1, 30), (3, 30)), ((5, 0), (7, 0))]
#: Thursday before the Spring Festival of 2024, and the five trading days after it.
SIX_DAYS = [(2024, 2, 7), (2024, 2, 8), (2024, 2, 19), (2024, 2, 20), (2024, 2, 21), (2024, 2, 22)]

Write = Callable[..., None]
Open = Callable[..., Session]


def minutes(days: list[tuple[int, int, int]], spans: list[Any]) -> list[int]:
    """When each minute opens in these spans of these days, ms."""
    return [time for day in days for begin, end in spans for time in range(utc(*day, *begin), utc(*day, *end), MINUTE)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the minutes that open at these times to a file of a symbol, but for some numbers of them."""

    def make(symbol: str, times: list[int], without: tuple[int, ...] = ()) -> None:
        rows = [f"{time},{10 + n},{12 + n},{9 + n},{11 + n},1" for n, time in enumerate(times) if n not in without]
        (tmp_path / symbol).mkdir()
        (tmp_path / symbol / "1m.csv").write_text("\n".join([HEADER, *rows]) + "\n")

    return make


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[Open]:
    """Open a session that reads the files, and bind a backtest of that time."""
    opened = []

    def make(now: int, zone: str = "UTC", **settings: Any) -> Session:
        source = {"plugin": "file", "options": {"path": f"{tmp_path}/{{symbol}}/{{timeframe}}.csv"}}
        session = wealthsources.open({"sources": [source], **settings})
        opened.append(session)
        wealthdata.configure(session, tz=zone)
        wealthdata.set_context(SimpleNamespace(now_ms=now), mode="backtest")
        return session

    yield make
    wealthdata.clear_context()
    for session in opened:
        session.stop()
    wealthdata.configure()


@pytest.fixture
def shanghai(write: Write, bound: Open) -> Session:
    write("600519.XSHG", minutes(SIX_DAYS, SHANGHAI))
    return bound(utc(2024, 2, 22, 8), "Asia/Shanghai", calendar="XSHG")


def table(frame: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Label, number of the first minute, how many: once it is known that all five values agree on these."""
    first, count = frame["open"] - 10, frame["volume"]
    assert (frame["high"] == 11 + first + count).all()
    assert (frame["low"] == 9 + first).all()
    assert (frame["close"] == 10 + first + count).all()
    assert not frame.attrs, frame.attrs
    has_time = any(label.time() != dt.time() for label in frame.index)
    labels = frame.index.strftime("%m-%d %H:%M" if has_time else "%m-%d")
    return list(zip(labels, first.astype(int), count.astype(int), strict=True))


def test_minutes_are_labelled_with_their_end_and_nothing_is_missing_at_lunch(shanghai: Session) -> None:
    frame = get_price("600519.XSHG", start_date="2024-02-19 11:28", end_date="2024-02-19 13:02", frequency="1m")
    assert table(frame) == [
        ("02-19 11:29", 598, 1),
        ("02-19 11:30", 599, 1),
        ("02-19 13:01", 600, 1),
        ("02-19 13:02", 601, 1),
    ]


def test_five_minutes_over_the_spring_festival_follow_one_another(shanghai: Session) -> None:
    frame = get_price("600519.XSHG", start_date="2024-02-08 14:50", end_date="2024-02-19 09:40", frequency="5m")
    assert table(frame) == [
        ("02-08 14:55", 470, 5),
        ("02-08 15:00", 475, 5),
        ("02-19 09:35", 480, 5),
        ("02-19 09:40", 485, 5),
    ]


def test_hours_are_counted_from_each_opening(shanghai: Session) -> None:
    assert table(get_price("600519.XSHG", count=6, frequency="1h")) == [
        ("02-21 14:00", 1080, 60),
        ("02-21 15:00", 1140, 60),
        ("02-22 10:30", 1200, 60),
        ("02-22 11:30", 1260, 60),
        ("02-22 14:00", 1320, 60),
        ("02-22 15:00", 1380, 60),
    ]


def test_a_window_never_goes_past_the_lunch_break(shanghai: Session) -> None:
    assert table(get_price("600519.XSHG", count=3, frequency="4h")) == [
        ("02-21 15:00", 1080, 120),
        ("02-22 11:30", 1200, 120),
        ("02-22 15:00", 1320, 120),
    ]


def test_days_have_the_dates_of_the_exchange(shanghai: Session) -> None:
    assert table(get_price("600519.XSHG", count=6, frequency="daily")) == [
        ("02-07", 0, 240),
        ("02-08", 240, 240),
        ("02-19", 480, 240),
        ("02-20", 720, 240),
        ("02-21", 960, 240),
        ("02-22", 1200, 240),
    ]


def test_dates_ask_for_the_trading_days_between_them(shanghai: Session) -> None:
    frame = get_price("600519.XSHG", start_date="2024-02-08", end_date="2024-02-19", frequency="daily")
    assert [label for label, *_ in table(frame)] == ["02-08", "02-19"]


def test_a_day_that_is_not_over_is_seen_as_far_as_it_goes(write: Write, bound: Open) -> None:
    write("600519.XSHG", minutes(SIX_DAYS, SHANGHAI))
    bound(utc(2024, 2, 22, 4), "Asia/Shanghai", calendar="XSHG")  # at lunch
    frame = get_bars(
        "600519.XSHG", 2, "1d", ["date", "open", "high", "low", "close", "volume"], include_now=True, df=True
    )
    assert frame["volume"].tolist() == [240.0, 120.0]
    assert frame["date"].dt.strftime("%m-%d").tolist() == ["02-21", "02-22"]


@pytest.mark.parametrize("now", [utc(2024, 2, 20, 6), utc(2024, 2, 20, 7), utc(2024, 2, 20, 20)])
def test_a_week_that_is_not_over_is_labelled_with_the_last_day_that_began(now: int, write: Write, bound: Open) -> None:
    write("600519.XSHG", minutes(SIX_DAYS, SHANGHAI))
    bound(now, "Asia/Shanghai", calendar="XSHG")
    (label,) = get_bars("600519.XSHG", 1, unit="1w", include_now=True).index
    assert label == pd.Timestamp("2024-02-20")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-02-12", "2024-02-12"),  # in the Spring Festival
        ("2024-02-22", None),  # today, before the opening
        ("2024-02-22", "2024-02-22"),
    ],
)
def test_dates_without_a_trading_day_up_to_now_have_no_bar(
    start: str, end: str | None, write: Write, bound: Open
) -> None:
    write("600519.XSHG", minutes(SIX_DAYS, SHANGHAI))
    bound(utc(2024, 2, 22, 1), "Asia/Shanghai", calendar="XSHG")
    assert not len(get_price("600519.XSHG", start_date=start, end_date=end, frequency="1d"))


def test_a_minute_that_is_missing_after_a_night_is_a_hole_and_the_night_is_none(
    shanghai: Session, write: Write
) -> None:
    write("600000.XSHG", minutes(SIX_DAYS, SHANGHAI), without=(480, 481))
    adapter = shanghai.adapter(SimpleNamespace(now_ms=utc(2024, 2, 22, 8)), mode="backtest")
    bars = adapter.get_history("600000.XSHG", 1000, "1m")
    hours = adapter.get_history("600000.XSHG", 20, "1h")
    assert [str(hole) for hole in bars.holes] == ["2 missing from 2024-02-19 01:30 to 2024-02-19 01:32"]
    assert [str(hole) for hole in hours.holes] == ["1 missing from 2024-02-19 01:30 to 2024-02-19 02:30"]


def test_a_stock_that_pauses_gets_flat_rows_as_at_joinquant(shanghai: Session, write: Write) -> None:
    write("600000.XSHG", minutes(SIX_DAYS, SHANGHAI), without=(480, 481))
    frame = get_price(
        "600000.XSHG",
        start_date="2024-02-08 14:59",
        end_date="2024-02-19 09:33",
        frequency="1m",
        fields=["close", "volume", "paused"],
    )
    assert frame.to_numpy().tolist() == [[490.0, 1.0, 0.0], [490.0, 0.0, 1.0], [490.0, 0.0, 1.0], [493.0, 1.0, 0.0]]
    without = get_price(
        "600000.XSHG", start_date="2024-02-08 14:59", end_date="2024-02-19 09:33", frequency="1m", skip_paused=True
    )
    assert len(without) == 2


def test_the_price_of_a_day_is_old_after_two_days_of_trade(tmp_path: Path, bound: Open) -> None:
    (tmp_path / "600519.XSHG").mkdir()
    (tmp_path / "600519.XSHG" / "1d.csv").write_text(f"{HEADER}\n{utc(2024, 2, 7)},10,12,9,11,1\n")
    bound(utc(2024, 2, 19, 8), "Asia/Shanghai", calendar="XSHG")
    assert get_last_price("600519.XSHG") == 11.0
    bound(utc(2024, 2, 20, 2), "Asia/Shanghai", calendar="XSHG")
    with pytest.raises(StaleDataError, match="twice 1d"):
        get_last_price("600519.XSHG")


def test_a_file_that_ended_is_no_stock_that_pauses(bound: Open, write: Write) -> None:
    write("600000.XSHG", minutes(SIX_DAYS[:2], SHANGHAI))
    bound(utc(2024, 2, 22, 8), "Asia/Shanghai", calendar="XSHG")
    assert get_price("600000.XSHG", count=3, frequency="1d").index.strftime("%m-%d").tolist() == ["02-07", "02-08"]
    with pytest.raises(wealthdata.DataUnavailable):
        get_price("600000.XSHG", start_date="2024-02-20", end_date="2024-02-21", frequency="1d")
    asked = get_price("600000.XSHG", count=3, frequency="1d", fields=["paused"], skip_paused=False)
    assert asked["paused"].tolist() == [1.0, 1.0, 1.0]


def test_trade_days_are_those_of_the_calendar(shanghai: Session) -> None:
    assert get_trade_days("2024-02-07", "2024-02-20").tolist() == [dt.date(*day) for day in SIX_DAYS[:4]]
    assert get_trade_days(end_date="2024-02-20", count=3).tolist() == [dt.date(*day) for day in SIX_DAYS[1:4]]


def test_half_a_day_ends_at_noon(write: Write, bound: Open) -> None:
    """Hong Kong, 09:30 to 12:00 and 13:00 to 16:00: on the eve of the New Year of 2024 there was no afternoon."""
    whole, half = [((1, 30), (4, 0)), ((5, 0), (8, 0))], [((1, 30), (4, 0))]
    write("0700.XHKG", minutes([(2024, 2, 8)], whole) + minutes([(2024, 2, 9)], half) + minutes([(2024, 2, 14)], whole))
    bound(utc(2024, 2, 14, 9), "Asia/Hong_Kong", calendar="XHKG")
    assert table(get_price("0700.XHKG", count=3, frequency="daily")) == [
        ("02-08", 0, 330),
        ("02-09", 330, 150),
        ("02-14", 480, 330),
    ]
    assert table(get_price("0700.XHKG", end_date="2024-02-14 11:00", count=5, frequency="1h")) == [
        ("02-08 16:00", 270, 60),
        ("02-09 10:30", 330, 60),
        ("02-09 11:30", 390, 60),
        ("02-09 12:00", 450, 30),
        ("02-14 10:30", 480, 60),
    ]


def test_a_series_of_new_york_goes_on_over_a_change_of_clocks(write: Write, bound: Open) -> None:
    """09:30 to 16:00 there is 14:30 to 21:00 UTC on Friday, and 13:30 to 20:00 on Monday, 2024-03-11."""
    friday, monday = [((14, 30), (21, 0))], [((13, 30), (20, 0))]
    write("AAPL", minutes([(2024, 3, 8)], friday) + minutes([(2024, 3, 11)], monday))
    bound(utc(2024, 3, 11, 22), "America/New_York", calendar="XNYS")
    assert table(get_price("AAPL", count=2, frequency="daily")) == [("03-08", 0, 390), ("03-11", 390, 390)]
    assert table(get_price("AAPL", start_date="2024-03-08 15:00", end_date="2024-03-11 11:30", frequency="1h")) == [
        ("03-08 16:00", 360, 30),
        ("03-11 10:30", 390, 60),
        ("03-11 11:30", 450, 60),
    ]


def test_and_over_the_one_in_autumn_where_no_label_of_its_hours_comes_twice(write: Write, bound: Open) -> None:
    """It is 13:30 to 20:00 UTC on Friday, and 14:30 to 21:00 on Monday, 2024-11-04."""
    friday, monday = [((13, 30), (20, 0))], [((14, 30), (21, 0))]
    write("AAPL", minutes([(2024, 11, 1)], friday) + minutes([(2024, 11, 4)], monday))
    bound(utc(2024, 11, 4, 22), "America/New_York", calendar="XNYS")
    assert table(get_price("AAPL", count=2, frequency="daily")) == [("11-01", 0, 390), ("11-04", 390, 390)]
    assert [label for label, *_ in table(get_price("AAPL", count=8, frequency="1h"))] == [
        *("11-01 16:00", "11-04 10:30", "11-04 11:30", "11-04 12:30"),
        *("11-04 13:30", "11-04 14:30", "11-04 15:30", "11-04 16:00"),
    ]


def test_a_series_of_chicago_has_its_daily_halt(write: Write, bound: Open) -> None:
    """A trading day of CME is 17:00 of the evening before to 16:00, here 23:00 to 22:00 UTC, and then halts an hour."""
    evening, day = ((23, 0), (23, 60)), ((0, 0), (22, 0))
    times = [
        *minutes([(2024, 1, 8)], [evening]),
        *minutes([(2024, 1, 9)], [day, evening]),
        *minutes([(2024, 1, 10)], [day]),
    ]
    write("ES", times)
    bound(utc(2024, 1, 10, 23), calendar="CMES")
    assert table(get_price("ES", count=2, frequency="daily")) == [("01-09", 0, 1380), ("01-10", 1380, 1380)]
    assert table(get_price("ES", start_date="2024-01-09 15:00", end_date="2024-01-10 03:00", frequency="4h")) == [
        ("01-09 19:00", 960, 240),
        ("01-09 22:00", 1200, 180),
        ("01-10 03:00", 1380, 240),
    ]


def test_days_that_a_file_names_by_their_date_are_those_made_of_minutes(shanghai: Session, tmp_path: Path) -> None:
    made = get_price("600519.XSHG", count=6, frequency="daily")
    (tmp_path / "600000.XSHG").mkdir()
    rows = [
        f"{utc(*day)},{row.open:g},{row.high:g},{row.low:g},{row.close:g},{row.volume:g}"
        for day, row in zip(SIX_DAYS, made.itertuples(), strict=True)
    ]
    (tmp_path / "600000.XSHG" / "1d.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    pd.testing.assert_frame_equal(get_price("600000.XSHG", count=6, frequency="daily"), made, check_freq=False)


def test_days_of_yahoo_are_read_with_the_calendar_of_the_exchange(tmp_path: Path) -> None:
    """They are named by midnight in New York, five hours behind UTC on Friday and four on Monday, 2024-03-11."""
    rows = [
        "Date,Open,High,Low,Close,Adj Close,Volume",
        "2024-03-08 00:00:00-05:00,169.0,173.7,168.94,170.73,170.73,76114600",
        "2024-03-11 00:00:00-04:00,172.94,174.38,172.05,172.75,172.75,60139500",
    ]
    (tmp_path / "AAPL.csv").write_text("\n".join(rows) + "\n")
    files = [{"path": f"{tmp_path}/AAPL.csv", "symbol": "AAPL", "timeframe": "1d"}]
    source = {"plugin": "file", "options": {"format": "yfinance", "files": files}}
    with wealthsources.open({"calendar": "XNYS", "sources": [source]}) as session:
        context = SimpleNamespace(now_ms=utc(2024, 3, 11, 21))
        bars = session.adapter(context, mode="backtest").get_history("AAPL", 2, "1d")
    assert bars.open_times.tolist() == [utc(2024, 3, 8, 14, 30), utc(2024, 3, 11, 13, 30)]
    assert bars.ends.tolist() == [utc(2024, 3, 8, 21), utc(2024, 3, 11, 20)]
    assert [bar.close for bar in bars] == [170.73, 172.75]
    assert not bars.holes


def test_a_bar_outside_of_its_hours_is_refused_with_the_hours(shanghai: Session, write: Write) -> None:
    write("600000.XSHG", minutes([(2024, 2, 20)], [((1, 30), (3, 31))]))
    with pytest.raises(
        wealthdata.DataUnavailable,
        match=r"csv:122.*not on the 1m grid of XSHG, which is closed then .*opens 2024-02-20 05:00",
    ):
        get_price("600000.XSHG", count=5, frequency="1m")


def test_of_each_symbol_the_market_may_be_another(write: Write, bound: Open) -> None:
    write("600519.XSHG", minutes(SIX_DAYS, SHANGHAI))
    write("BTCUSDT", list(range(utc(2024, 2, 22), utc(2024, 2, 22, 8), MINUTE)))
    bound(utc(2024, 2, 22, 8), markets=[{"symbols": "*.XSHG", "calendar": "XSHG"}])
    assert table(get_price("600519.XSHG", count=1, frequency="1h")) == [("02-22 07:00", 1380, 60)]
    assert table(get_price("BTCUSDT", count=2, frequency="1h")) == [("02-22 07:00", 360, 60), ("02-22 08:00", 420, 60)]
