"""A server that flags each bar may begin the next one before the flag comes."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Finality, Hole, SeriesBuffer, Timeframe
from wealthsources.live.store import BarStore

MINUTE = 60_000
T0 = 1_700_000_040_000


def buffer(**options) -> SeriesBuffer:
    return SeriesBuffer("BTCUSDT", "1m", names=("live",), closes_by="flag", **options)


def send(series: SeriesBuffer, place: int, close: float, *, flag: bool | None = False, epoch: int = 1):
    values = (10.0, 20.0, 5.0, close, close)
    return series.put(T0 + place * MINUTE, 0, values, closed=flag, epoch=epoch)


def closed(series: SeriesBuffer) -> list[tuple[int, float, Finality | None]]:
    return [((bar.open_time - T0) // MINUTE, bar.close, bar.finality) for bar in series.snapshot()]


@pytest.mark.parametrize("order", ["flag first", "next bar first"])
def test_a_flag_before_or_after_the_next_bar_closes_with_its_own_values(order):
    series = buffer()
    send(series, 0, 11.0)
    if order == "flag first":
        send(series, 0, 12.0, flag=True)
        send(series, 1, 13.0)
    else:
        assert send(series, 1, 13.0).closed == ()
        assert closed(series) == []
        assert send(series, 0, 12.0, flag=True).closed == (T0,)
    assert closed(series) == [(0, 12.0, Finality.FLAG)]


def test_a_second_successor_closes_where_the_flag_was_lost():
    series = buffer()
    for place in (0, 1):
        assert send(series, place, 11.0 + place).closed == ()
    assert send(series, 2, 13.0).closed == (T0,)
    assert closed(series) == [(0, 11.0, Finality.SUCCESSOR)]


def test_a_bar_that_waits_for_its_flag_is_no_hole():
    series = buffer()
    send(series, 0, 11.0, flag=True)
    send(series, 1, 12.0)
    assert send(series, 2, 13.0).hole is None
    assert series.holes() == ()


def test_the_bar_that_forms_is_shown_while_the_one_before_waits():
    series = buffer()
    for place in (0, 1, 2):
        send(series, place, 11.0 + place)
    shown = series.snapshot(forming_epoch=1)
    assert [(bar.open_time - T0) // MINUTE for bar in shown] == [0, 2]
    assert [bar.closed for bar in shown] == [True, False]


@pytest.mark.parametrize("lost", ["connection", "message"])
def test_a_bar_that_waited_when_its_connection_was_lost_is_a_hole_once_two_later_ones_came(lost):
    series, missing = buffer(), Hole(T0 + MINUTE, T0 + 2 * MINUTE, 1)
    epoch = 2 if lost == "connection" else 1
    send(series, 0, 11.0, flag=True)
    send(series, 1, 12.0)
    send(series, 2, 13.0)
    if lost == "message":
        series.interrupt()
    assert send(series, 2, 13.5, epoch=epoch).hole is None
    assert send(series, 2, 13.6, flag=True, epoch=epoch).hole is None
    assert send(series, 3, 14.0, epoch=epoch).hole == missing
    assert send(series, 4, 14.0, epoch=epoch).hole is None
    assert series.holes() == (missing,)


def test_bars_that_two_connections_left_are_one_hole_in_whatever_order_they_were_left():
    series = buffer()
    send(series, 1, 12.0)
    send(series, 2, 13.0, epoch=2)
    send(series, 0, 11.0, epoch=2)
    assert send(series, 2, 13.5, epoch=3).hole is None
    assert send(series, 3, 14.0, epoch=3).hole == Hole(T0, T0 + 2 * MINUTE, 2)


def test_its_flag_may_come_on_the_next_connection_after_a_later_bar():
    series = buffer()
    send(series, 1, 12.0)
    send(series, 2, 13.0)
    assert send(series, 2, 13.5, epoch=2).hole is None
    assert send(series, 1, 12.5, flag=True, epoch=2).closed == (T0 + MINUTE,)
    assert send(series, 3, 14.0, epoch=2).hole is None


def test_it_is_none_if_the_next_connection_flags_it_after_all():
    series = buffer()
    send(series, 1, 12.0)
    send(series, 2, 13.0)
    assert send(series, 1, 12.5, flag=True, epoch=2).hole is None
    assert closed(series) == [(1, 12.5, Finality.FLAG)]


def test_the_next_connection_is_to_state_the_bar_that_waits():
    series = buffer()
    send(series, 1, 12.0)
    assert series.vouched_by(1) == ((T0 + MINUTE, 12.0),)
    send(series, 2, 13.0)
    assert series.vouched_by(1) == ((T0 + MINUTE, 12.0), (T0 + 2 * MINUTE, 13.0))
    send(series, 1, 12.5, flag=True)
    assert series.vouched_by(1) == ((T0 + 2 * MINUTE, 13.0),)


def test_a_history_does_not_replace_the_bar_that_waits():
    store = BarStore("live", closes_by="flag")
    series = store.series("BTCUSDT", Timeframe("1m"))
    send(series, 1, 12.0)
    send(series, 2, 13.0)
    of = Bars.from_columns("BTCUSDT", "1m", [T0 + MINUTE], [10], [20], [5], [11], [1], closed=True)
    assert store.fill(of).added == 0
    assert send(series, 1, 12.5, flag=True).kind == "update"


# quiet markets -------------------------------------------------------------------------------------------------


def test_on_a_quiet_market_the_bar_that_waits_is_no_quiet_minute():
    series = buffer(continuous=False)
    send(series, 0, 11.0, flag=True)
    send(series, 1, 12.0)
    send(series, 2, 13.0)
    shown = series.snapshot(T0 + 3 * MINUTE, forming_epoch=1)
    assert shown.holes == (Hole(T0 + MINUTE, T0 + 2 * MINUTE, 1),)
    send(series, 1, 12.5, flag=True)
    assert series.snapshot(T0 + 3 * MINUTE, forming_epoch=1).holes == ()


def test_a_flag_alone_does_not_vouch_that_nothing_came_after():
    """The next bar may have begun before this connection did."""
    series = buffer(continuous=False)
    send(series, 0, 11.0, flag=True)
    send(series, 1, 12.0)
    send(series, 1, 12.5, flag=True, epoch=2)
    assert series.vouched_by(2) == ()
    (hole,) = series.snapshot(T0 + 4 * MINUTE, forming_epoch=2).holes
    assert hole == Hole(T0 + 2 * MINUTE, T0 + 4 * MINUTE, 2)
    send(series, 3, 14.0, epoch=2)
    assert series.vouched_by(2) == ((T0 + 3 * MINUTE, 14.0),)
