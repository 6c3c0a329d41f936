from __future__ import annotations

import threading
import time

import pytest

from wealthsources import (
    Bars,
    Event,
    HistoryRequest,
    Timeframe,
    WealthSourcesError,
)

from ..support.bars import HOUR, T0
from .conftest import context_at


def test_live_sources_start_with_the_first_live_adapter_and_not_for_a_backtest(mine):
    with mine({"live": True}, {}) as session:
        live = session.source("s0")
        session.adapter(context_at(0), mode="backtest")
        assert live.calls == []
        session.adapter()
        session.adapter()
        assert live.calls == ["start"]


def test_stop_may_be_called_any_number_of_times_from_any_thread(mine):
    session = mine({})
    session.start()
    threads = [threading.Thread(target=session.stop) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    session.stop()


def test_stop_returns_in_time_though_a_source_hangs(mine):
    session = mine({"hang": True}, {})
    session.start()
    began = time.monotonic()
    session.stop()
    assert time.monotonic() - began < 3.5
    assert session.sources["s1"].calls == ["start", "stop"]


def test_stop_does_not_wait_for_a_source_that_is_slow_to_start(mine):
    session = mine({"live": True, "slow": True})
    session.start()
    starter = threading.Thread(target=session.start_live)
    starter.start()
    live = session.source("s0")
    assert live.starting.wait(5)
    began = time.monotonic()
    session.stop()
    assert time.monotonic() - began < 3.5
    live.release.set()
    starter.join(5)
    assert live.calls[-1] == "stop"


def test_stop_does_not_wait_for_a_session_that_is_still_starting(mine):
    session, failures = mine({"slow": True}, {}), []

    def start() -> None:
        try:
            session.start()
        except WealthSourcesError as error:
            failures.append(str(error))

    starter = threading.Thread(target=start)
    starter.start()
    deadline = time.monotonic() + 5
    while not (session.sources and session.sources["s0"].starting.is_set()) and time.monotonic() < deadline:
        threading.Event().wait(0.005)
    began = time.monotonic()
    session.stop()
    assert time.monotonic() - began < 3.5
    session.sources["s0"].release.set()
    starter.join(5)
    assert failures == ["the session has been stopped"]
    assert session.sources["s1"].calls == []


def test_a_backfill_asks_only_the_sources_after_the_one_that_needs_it(mine):
    answers: list[tuple[Bars | None, str]] = []
    got = threading.Event()

    def done(bars, reason):
        answers.append((bars, reason))
        got.set()

    with mine({"bars": 9}, {"live": True}, {"bars": 4}) as session:
        session.start_live()
        request = HistoryRequest("X", Timeframe("1h"), T0 + 3 * HOUR, T0)
        session.source("s1").host.backfill(request, done)
        assert got.wait(5)
    bars, reason = answers[0]
    assert {bar.source for bar in bars} == {"s2"}
    assert len(bars) == 3
    assert reason.startswith("s2: 3 bars")


def test_a_backfill_that_finds_nothing_says_why(mine):
    got: list[tuple[Bars | None, str]] = []
    answered = threading.Event()
    with mine({"live": True}, {}) as session:
        session.start_live()
        request = HistoryRequest("X", Timeframe("1h"), T0 + 3 * HOUR, T0)
        session.source("s0").host.backfill(request, lambda *answer: (got.append(answer), answered.set()))
        assert answered.wait(5)
    assert got[0][0] is None
    assert "s1: not here" in got[0][1]


def failures(session, number: int) -> list[str]:
    """The reasons of the first source after each of so many requests."""
    adapter = session.adapter(mode="live")
    return [adapter.explain("X", 3, on_stale="mark").attempts[0].reason for _ in range(number)]


@pytest.mark.parametrize(
    ("how", "reason"),
    [("ask", "OSError: no disk"), ("garbage", "returned str, not Bars"), ("hang", "gave no answer within 0.01 s")],
)
def test_a_source_that_failed_five_times_in_a_row_is_not_asked(mine, how, reason):
    with mine({"fail": how, "blocking": True}, {"bars": 9}, source_deadline=0.01 if how == "hang" else 2) as session:
        first, *_, fifth, sixth = failures(session, 6)
        assert reason in first
        assert "not asked" not in fifth
        assert sixth.startswith("not asked: failed 5 times in a row, the last: ")
        assert session.source("s0").asked <= 5


def test_the_strategy_gets_its_bars_from_the_next_source_meanwhile(mine):
    with mine({"fail": "ask", "blocking": True}, {"bars": 9}) as session:
        failures(session, 5)
        explanation = session.adapter(mode="live").explain("X", 3, on_stale="mark")
        assert [attempt.outcome for attempt in explanation.attempts] == ["failed", "bars"]
        assert "failed" in str(explanation)
        assert "not asked: failed 5 times in a row, the last: OSError: no disk; next probe in 30 s" in str(explanation)
        assert [bar.source for bar in explanation.bars] == ["s1"] * 3


def test_a_source_that_has_nothing_is_asked_every_time(mine):
    with mine({"blocking": True}, {"bars": 9}) as session:
        assert failures(session, 7) == ["empty"] * 7


def test_a_source_that_never_blocks_is_asked_every_time(mine):
    with mine({"fail": "ask"}, {"bars": 9}) as session:
        assert failures(session, 7) == ["OSError: no disk"] * 7
        assert session.status().sources["s0"].state == "ready"


def test_each_source_has_a_breaker_of_its_own(mine):
    with mine({"fail": "ask", "blocking": True}, {"bars": 9, "blocking": True}) as session:
        failures(session, 6)
        assert len(session.adapter(mode="live").get_history("X", 3, on_stale="mark")) == 3
        assert session.status().sources["s1"].state == "ready"


def test_the_status_of_a_source_that_is_not_asked_says_so(mine):
    with mine({"fail": "ask", "blocking": True}, {"bars": 9}) as session:
        failures(session, 4)
        assert session.status().sources["s0"].state == "ready"
        failures(session, 1)
        status = session.status().sources["s0"]
    assert status.state == "failing"
    assert status.reason == "failed 5 times in a row, the last: OSError: no disk; next probe in 30 s"


def test_in_a_backtest_a_source_is_asked_every_time_so_that_the_answers_stay_the_same(mine):
    with mine({"fail": "ask", "blocking": True}, {"bars": 9}) as session:
        adapter = session.adapter(context_at(8), mode="backtest")
        reasons = [adapter.explain("X", 3).attempts[0].reason for _ in range(8)]
    assert reasons == ["OSError: no disk"] * 8


def test_a_source_that_works_again_is_asked_after_the_time_that_is_set(mine):
    settings = {"breaker_failures": 2, "breaker_probe_after": 0.05}
    with mine({"fail": "ask", "blocking": True, "bars": 9}, **settings) as session:
        assert "not asked: failed 2 times in a row" in failures(session, 3)[-1]
        source = session.source("s0")
        source.options.fail = ""
        deadline = time.monotonic() + 10
        while session.status().sources["s0"].state == "failing":
            assert time.monotonic() < deadline
            failures(session, 1)
            threading.Event().wait(0.005)
        assert source.asked == 3
        assert failures(session, 2) == ["", ""]


def test_a_backfill_does_not_ask_a_source_that_strategies_found_failing(mine):
    got: list[tuple[Bars | None, str]] = []
    answered = threading.Event()
    with mine({"live": True}, {"fail": "ask", "blocking": True}) as session:
        adapter = session.adapter()
        for _ in range(5):
            adapter.explain("X", 3)
        request = HistoryRequest("X", Timeframe("1h"), T0 + 3 * HOUR, T0)
        session.source("s0").host.backfill(request, lambda *answer: (got.append(answer), answered.set()))
        assert answered.wait(5)
        assert session.source("s1").asked == 5
    assert "s1: failed" in got[0][1]
    assert "not asked: failed 5 times in a row" in got[0][1]


def test_events_reach_subscribers(mine):
    got: list[Event] = []
    arrived = threading.Event()
    with mine({"live": True}) as session:
        session.subscribe(lambda event: (got.append(event), arrived.set()))
        host = session.source("s0").host
        assert host.listening
        host.emit(Event("state", "s0", state="connected"))
        assert arrived.wait(5)
    assert got[0].state == "connected"


def test_status_is_plain_data_and_holds_no_secret(mine):
    with mine({"live": True, "secret": "canary"}, {}, clock="feed") as session:
        status = session.status().as_dict()
        assert status["now"] is None
        assert status["sources"]["s0"]["state"] == "not started"
        assert status["sources"]["s1"]["state"] == "ready"
        assert "canary" not in repr(status) + repr(session.config.settings)


def test_a_hole_is_told_in_the_log_once(mine, caplog):
    with mine({"bars": 3}, {"bars": 3, "first": 5}) as session:
        adapter = session.adapter(context_at(7), mode="backtest")
        for _ in range(3):
            assert len(adapter.get_history("X", 6).holes) == 1
    assert caplog.text.count("a hole that no source fills: 2 missing") == 1
