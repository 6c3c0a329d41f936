"""A feed that died answers nothing that it cannot vouch for, and time that stands still is told."""

from __future__ import annotations

import pytest

import wealthdata
import wealthsources

from ..support.waiting import wait_until


def forming(bars) -> list[bool]:
    return [not bar.closed for bar in bars]


def test_a_forming_bar_is_shown_only_on_request_and_only_while_the_feed_lives(market, rows):
    market = market()
    market.open()
    market.connected()
    market.play(3 * 5 + 2)
    adapter = market.adapter
    shown = adapter.get_history("BTCUSDT", 5, include_now=True)
    newest, _ = market.newest()
    assert forming(shown) == [False] * 4 + [True]
    assert (shown[-1].open_time, shown[-1].exact("close"), shown[-1].source) == (newest.open_time, newest.close, "live")
    market.compare_bars(shown[:-1], rows[29:33])
    assert wealthdata.get_bars("BTCUSDT", 5, "1h", include_now=True)["volume"].iloc[-1] == float(newest.volume)
    market.compare_bars(adapter.get_history("BTCUSDT", 5), rows[28:33])
    market.cut()
    market.compare_bars(adapter.get_history("BTCUSDT", 5, include_now=True), rows[28:33])
    market.compare(wealthdata.get_bars("BTCUSDT", 5, "1h", include_now=True), rows[28:33])
    market.play(1, heard=False)
    market.let_in()
    # Connected again, but nothing has come on the new connection.
    market.compare_bars(adapter.get_history("BTCUSDT", 5, include_now=True), rows[28:33])
    market.play(1)
    assert forming(adapter.get_history("BTCUSDT", 5, include_now=True)) == [False] * 4 + [True]


def test_after_a_cut_that_lasts_the_answer_is_refused(market, rows):
    market = market()
    market.open(late_after=0.1)
    market.connected()
    market.play(3 * 5 + 2)
    market.check()
    market.cut()

    def refused() -> bool:
        try:
            market.check()
        except wealthdata.StaleDataError as error:
            told.append(error)
        return bool(told)

    told: list[wealthdata.StaleDataError] = []
    wait_until(refused)
    error = told[0]
    assert "no live stream for" in str(error)
    assert "time stands still" in str(error)
    assert "live: 3 bars" in str(error)
    assert "reconnecting" in str(error)
    market.compare_bars(error.bars, rows[13:33])
    assert isinstance(error, wealthsources.StaleDataError)
    # Still so some attempts later: failing to connect is no sign of life.
    before = market.server.refused
    wait_until(lambda: market.server.refused > before + 5)
    with pytest.raises(wealthdata.StaleDataError):
        wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    # What lies in the past is answered: time that stands still is no harm to it.
    past = wealthdata.get_price("BTCUSDT", count=5, end_date="2019-08-02 06:00", frequency="1h")
    market.compare(past, rows[25:30])
    market.compare_bars(market.adapter.get_history("BTCUSDT", 20, on_stale="mark"), rows[13:33])
    assert "StaleDataError" in str(market.adapter.explain("BTCUSDT", 20))
    market.play(12, heard=False)
    market.let_in()
    market.play()
    market.check()


def test_marking_is_a_choice_of_the_deployment(market, rows):
    market = market()
    market.open(late_after=0.01, on_stale="mark")
    market.connected()
    market.play(3 * 5 + 2)
    market.cut()
    wait_until(lambda: market.session.stale_for("BTCUSDT", wealthsources.Timeframe("1h")) > 0.02)
    market.check()
    answer = str(market.adapter.explain("BTCUSDT", 20))
    assert "reconnecting" in answer
    assert "cannot vouch for the newest bars" in answer


def test_a_feed_that_was_never_connected_is_stale_as_well(market):
    market = market()
    market.server.refuse()
    market.open(late_after=0.2)
    now = market.server.bars[0].open_time
    market.check(now=now)

    def refused() -> bool:
        try:
            market.check(now=now)
        except wealthdata.StaleDataError:
            return True
        return False

    wait_until(refused)
    before = market.server.refused
    wait_until(lambda: market.server.refused > before + 5)
    assert refused()
    market.server.refuse(False)
    market.connected()
    market.play()
    market.check()


def test_a_backtest_does_not_care(market, rows):
    market = market()
    market.open(late_after=0.01, bind=False)
    market.connected()
    market.play(40 * 5)
    market.cut()
    wait_until(lambda: market.live.stale_for() > 0.05)
    wealthdata.set_context(market.context(), mode="backtest")
    market.check(now=market.server.bars[0].open_time)
    answer = market.session.adapter(market.context(), mode="backtest").explain("BTCUSDT", 50)
    assert (answer.attempts[0].outcome, answer.attempts[0].reason) == (
        "skipped",
        "a live source takes no part in a backtest",
    )
    market.compare_bars(answer.bars, rows[:30])


def test_nothing_newer_than_what_was_played_is_seen_though_the_archive_has_it_all(market, rows):
    market = market()
    market.open()
    market.connected()
    market.play(2 * 5 + 3)
    adapter = market.adapter
    now = market.server.bars[2].open_time
    assert adapter.now() == market.session.clock.now() == now
    for end in (None, now, now + 1, now + 100 * 3_600_000):
        bars = adapter.get_history("BTCUSDT", 20, end=end, include_now=True)
        assert max(bar.end for bar in bars if bar.closed) == now
        assert max(bar.open_time for bar in bars) == now
        market.compare_bars(adapter.get_history("BTCUSDT", start=now - 3_600_000, end=end), rows[31:32])
    frame = wealthdata.get_price("BTCUSDT", start_date="2019-08-01", end_date="2020-01-01", frequency="1h")
    market.compare(frame, rows[:32])
    assert adapter.get_history("BTCUSDT", start=now).open_times.tolist() == []


def test_before_the_first_bar_there_is_no_time(market):
    market = market(skip=0)
    market.open()
    market.connected()
    with pytest.raises(wealthdata.ClockError, match="no live bar has come"):
        wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    market.play(1)
    with pytest.raises(wealthdata.DataUnavailable):
        wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    market.play(5)
    market.check()
