"""Where a bar came from, why the others had none, what a wrong token looks like, and who sees which context."""

from __future__ import annotations

import threading

import pytest

import wealthdata
import wealthsources

from ..support.markets import ROOT
from ..support.waiting import wait_until
from .conftest import TOKEN

WRONG = "wr0ng-t0ken-0123456789"


def test_every_bar_says_where_it_came_from(market, rows):
    market = market(skip=5)
    market.open(bind=False)
    context = market.context()
    del context.market_data_context[0]["bars"][:2]
    wealthdata.set_context(context, mode="live")
    market.connected()
    market.play(4 * 5 + 1)
    answer = market.session.adapter(context, mode="live").explain("BTCUSDT", 9)
    assert [bar.source for bar in answer.bars] == ["archive"] * 2 + ["context"] * 3 + ["live"] * 4
    assert [(attempt.source, attempt.outcome, attempt.bars) for attempt in answer.attempts] == [
        ("live", "bars", 4),
        ("context", "bars", 3),
        ("archive", "bars", 2),
    ]
    market.compare_bars(answer.bars, rows[:9])
    first, header, *table, verdict = str(answer).splitlines()
    assert first == "9 bars of BTCUSDT 1h up to 2019-08-01 09:00 UTC"
    assert header.split() == ["source", "outcome", "bars", "ms", "reason"]
    assert [line.split()[:3] for line in table] == [
        ["live", "bars", "4"],
        ["context", "bars", "3"],
        ["archive", "bars", "2"],
    ]
    assert verdict == ("9 bars, 2019-08-01 00:00 to 2019-08-01 09:00 UTC: 4 from live, 3 from context, 2 from archive")


def test_who_is_not_asked_and_who_takes_no_part_is_told(market):
    market = market()
    market.open()
    market.connected()
    market.play(6)
    attempts = market.adapter.explain("BTCUSDT", 1).attempts
    assert [attempt.outcome for attempt in attempts] == ["bars", "not_asked", "not_asked"]
    answer = market.adapter.explain("ETHUSDT", 3)
    assert isinstance(answer.error, wealthsources.AllSourcesFailed)
    assert [(attempt.source, attempt.outcome) for attempt in answer.attempts] == [
        ("live", "skipped"),
        ("context", "skipped"),
        ("archive", "not_here"),
    ]
    assert "does not know ETHUSDT" in str(answer)
    assert "symbols: BTCUSDT" in str(answer)


@pytest.mark.parametrize("way", ["mapping", "config.yaml"])
def test_a_wrong_token_is_a_clear_state_and_never_shown(market, caplog, monkeypatch, way):
    caplog.set_level(0)
    market = market()
    caplog.clear()
    if way == "mapping":
        session = market.open(archive=False, live={"csrf_token": WRONG, "backoff_cap": 60})
    else:
        monkeypatch.setenv("WEALTHSOURCES_CLOCK", "feed")
        monkeypatch.setenv("WEBSOCKET_ENDPOINT", market.server.url)
        monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", WRONG)
        session = market.open(ROOT / "config.yaml")
    events: list[wealthsources.Event] = []
    session.subscribe(events.append)
    wait_until(lambda: session.status().sources["live"].state == "auth_failed")
    status = session.status()
    live = status.sources["live"]
    assert "refused_by_server: the server does not accept csrf_token: wrong or missing csrf_token" in live.last_error
    assert (live.epoch, live.counters["lost.refused_by_server"]) == (0, 2)
    answer = market.adapter.explain("BTCUSDT", 50)
    reason = answer.attempts[0].reason
    assert "has received nothing: auth_failed" in reason
    assert "wrong or missing csrf_token" in reason
    assert answer.attempts[0].outcome == "not_here"
    market.check(now=market.server.bars[0].open_time)
    with pytest.raises(wealthdata.DataUnavailable) as caught:
        wealthdata.get_price("BTCUSDT", count=20, frequency="5m")
    shown = [repr(status), str(status.as_dict()), repr(live), str(answer), repr(answer), str(caught.value)]
    shown += [repr(caught.value), repr(session), repr(session.config), repr(session.config.settings), repr(market.live)]
    shown += [repr(market.live.options), repr(session.adapter()), repr(vars(session)), repr(events)]
    shown += [record.getMessage() + str(record.exc_text) + repr(record.args) for record in caplog.records]
    assert [text for text in shown if WRONG in text or WRONG[:8] in text or TOKEN in text] == []
    assert market.server.acknowledged == 0


def test_the_right_token_is_never_shown_either(market, caplog):
    caplog.set_level(0)
    market = market()
    session = market.open()
    market.connected()
    market.play(7)
    market.outage(9)
    market.play(7)
    shown = [repr(session.status()), str(market.adapter.explain("BTCUSDT", 20)), repr(session.config)]
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert [text for text in shown if TOKEN in text] == []


def test_a_token_that_would_travel_in_the_clear_is_refused_and_not_shown(market):
    market = market()
    live = {"endpoint": "ws://market.example/market_data", "csrf_token": WRONG}
    with pytest.raises(wealthsources.ConfigError, match="in the clear") as caught:
        wealthsources.open(market.mapping(live=live)).start()
    assert WRONG not in str(caught.value) + repr(caught.value)


def test_a_wrong_token_that_is_put_right_needs_a_new_session(market):
    market = market()
    first = market.open(live={"csrf_token": WRONG, "backoff_cap": 60})
    wait_until(lambda: first.status().sources["live"].state == "auth_failed")
    first.stop()
    market.open()
    market.connected()
    market.play(12)
    market.check()


def test_two_strategies_on_two_threads_see_each_their_own_context(market, rows):
    market = market(skip=40)
    market.open(archive=False, bind=False, on_stale="mark")
    market.connected()
    problems: list[Exception] = []
    barrier = threading.Barrier(3)
    rounds = 12

    def strategy(first: int) -> None:
        # One engine gave its strategy 30 bars of the past, the other 10.
        context = type(market.context())(rows[first:40])
        wealthdata.set_context(context, mode="live")
        try:
            for number in range(1, rounds + 1):
                barrier.wait(20)
                frame = wealthdata.get_price("BTCUSDT", count=60, frequency="1h")
                market.compare(frame, rows[first : 40 + number])
                assert wealthdata.get_context() is context
                barrier.wait(20)
        except Exception as error:  # noqa: BLE001 - told by the test
            problems.append(error)
            barrier.abort()

    threads = [threading.Thread(target=strategy, args=(first,)) for first in (10, 30)]
    for thread in threads:
        thread.start()
    market.play(1)
    try:
        for number in range(rounds):
            if number == 6:
                market.outage(0)
            market.play(5)
            barrier.wait(20)
            barrier.wait(20)
    except threading.BrokenBarrierError:
        pass
    for thread in threads:
        thread.join(20)
    assert problems == []


def test_many_threads_ask_while_the_market_runs_and_is_cut(market, rows):
    market = market(manual=False, rate=150, limit=150, drop_at="60.5", drop_for=15)
    market.open()
    problems: list[Exception] = []
    answers: list[int] = []
    pause = threading.Event()

    def strategy() -> None:
        wealthdata.set_context(market.context(), mode="live")
        try:
            while not market.server.wait_finished(0):
                frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
                newest = int(frame.index[-1].value) // 1_000_000
                assert newest <= market.server.bars[min(market.server.position, 149)].open_time
                market.compare(frame, market.due(20, newest))
                answers.append(newest)
                pause.wait(0.002)  # else they leave the server no time to play
        except Exception as error:  # noqa: BLE001 - told by the test
            problems.append(error)

    threads = [threading.Thread(target=strategy) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert len(set(answers)) > 5


def test_a_second_session_on_the_same_server_has_its_own_bars_and_its_own_time(market, rows):
    market = market()
    market.open()
    market.connected()
    market.play(11)
    first, first_live = market.session, market.live
    second = market.open(bind=False)
    market.connected()
    assert first.clock.now() == market.server.bars[2].open_time
    market.play(5)
    market.check()
    assert second.clock.now() == market.server.bars[3].open_time
    wait_until(lambda: first.clock.now() == second.clock.now())
    assert len(first_live.cache.get_bars("BTCUSDT", "1h")) == 4
    assert len(market.live.cache.get_bars("BTCUSDT", "1h")) == 2


def test_when_a_session_ends_nothing_of_it_runs_on(market):
    market = market()
    with wealthsources.open(market.mapping()) as session:
        market.session = session
        assert wealthsources.current_session() is session
        session.subscribe(lambda event: None)
        market.connected()
        market.play(12)
        assert len(session.adapter().get_history("BTCUSDT", 2)) == 2
    assert wealthsources.current_session() is None
    names = ("wealthsources-websocket", "wealthsources-dispatcher", "wealthsources-worker", "wealthsources-backfill")
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith(names)])
    with pytest.raises(wealthsources.WealthSourcesError, match="has been stopped"):
        session.adapter()
