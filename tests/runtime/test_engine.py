"""A deployment at work: starting and stopping, backfills, breakers, status, and who observes what is answered."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

import pytest

from wealthsources import (
    AllSourcesFailed,
    Attempt,
    BarRequest,
    Bars,
    Event,
    HistoryRequest,
    Hole,
    HoleError,
    NotHere,
    Observation,
    RequestError,
    Session,
    SourceError,
    Timeframe,
    WealthSourcesError,
)
from wealthsources.resolve.chain import Resolution
from wealthsources.resolve.query import Query

from ..support.bars import at, hourly, moving, places
from ..support.waiting import wait_until
from .conftest import context_at

# starting and stopping -------------------------------------------------------------------------------------------

ALONE = "left alone (breaker_failures): next probe in 30 s (breaker_probe_after)"


def test_live_sources_start_with_the_first_live_adapter_and_not_for_a_backtest(mine):
    with mine({"live": True}, {}) as session:
        live = session.source("s0")
        session.adapter(context_at(0), mode="backtest")
        assert live.calls == []
        session.adapter()
        session.adapter()
        assert live.calls == ["start"]


def test_stop_may_be_called_any_number_of_times_from_any_thread(mine):
    session, returned = mine({}), []
    session.start()
    threads = [threading.Thread(target=lambda: returned.append(session.stop())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    session.stop()
    assert returned == [None] * 5, "one of them raised, or still waits"
    assert session.sources["s0"].calls[:2] == ["start", "stop"]
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        session.start()


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
    wait_until(lambda: session.sources and session.sources["s0"].starting.is_set())
    began = time.monotonic()
    session.stop()
    assert time.monotonic() - began < 3.5
    session.sources["s0"].release.set()
    starter.join(5)
    assert failures == ["the session has been stopped"]
    assert session.sources["s1"].calls == []


# one other source ------------------------------------------------------------------------------------------------


def of_noon(**changes) -> HistoryRequest:
    return HistoryRequest("BTCUSDT", Timeframe("1h"), **{"start": at(0), "end": at(3), **changes})


def test_a_source_may_ask_another_one_whatever_time_it_is_here(mine):
    with mine({"bars": 1}, {"bars": 9, "price": 2.0}, clock="feed") as session:
        host = session.source("s0").host
        bars = host.history("s1", of_noon())
        assert (places(bars), bars[0].close, {bar.source for bar in bars}) == ([0, 1, 2], 2.0, {"s1"})
        assert places(host.history("s1", of_noon(start=None, count=2))) == [1, 2]
        assert session.source("s0").asked == 0
        (request, *_) = session.source("s1").requests
        assert (request.live, request.now) == (False, at(3))


def test_what_that_source_has_not_is_not_here_and_what_fails_is_an_error(mine):
    with mine({}, {"bars": 2, "first": 5}, {"fail": "ask"}, {"live": True}, {"fail": "garbage"}) as session:
        host = session.source("s0").host
        with pytest.raises(NotHere, match="s1: not here"):
            host.history("s1", of_noon())
        with pytest.raises(SourceError, match=r"s2: failed.*no disk"):
            host.history("s2", of_noon())
        with pytest.raises(SourceError, match="s3: skipped - a live source takes no part in a backtest"):
            host.history("s3", of_noon())
        with pytest.raises(SourceError, match="s4: failed"):
            host.history("s4", of_noon())
        with pytest.raises(RequestError, match="there is no source 's9'; the chain is: s0"):
            host.history("s9", of_noon())


# backfills -------------------------------------------------------------------------------------------------------


FROM_NOON = HistoryRequest("X", Timeframe("1h"), at(3), at(0))


def backfilled(session: Session, name: str, then: Callable[[], object] = lambda: None) -> tuple[Bars | None, str]:
    """What a source is told of three hours that it asks those after it for."""
    answers: queue.Queue[tuple[Bars | None, str]] = queue.Queue()
    session.source(name).host.backfill(FROM_NOON, lambda *answer: (then(), answers.put(answer)))
    return answers.get(timeout=5)


def test_a_backfill_asks_only_the_sources_after_the_one_that_needs_it(mine):
    with mine({"bars": 9}, {"live": True}, {"bars": 4}) as session:
        session.start_live()
        bars, reason = backfilled(session, "s1")
    assert {bar.source for bar in bars} == {"s2"}
    assert len(bars) == 3
    assert reason.startswith("s2: 3 bars")


def test_a_backfill_that_finds_nothing_says_why(mine):
    with mine({"live": True}, {}) as session:
        session.start_live()
        bars, reason = backfilled(session, "s0")
    assert bars is None
    assert "s1: not here" in reason


def test_a_backfill_hears_of_a_source_that_ends_the_program(mine):
    with mine({"live": True}, {"fail": "exit"}) as session:
        session.start_live()
        assert backfilled(session, "s0") == (None, "SystemExit: 3")


def test_a_backfill_of_the_last_source_says_that_none_follows(mine):
    with mine({"bars": 9}, {"live": True}) as session:
        session.start_live()
        assert backfilled(session, "s1") == (None, "no source follows")


def test_a_backfill_is_answered_on_a_worker(mine):
    threads = []
    with mine({"live": True}, {"bars": 9}) as session:
        session.start_live()
        backfilled(session, "s0", lambda: threads.append(threading.current_thread().name))
    assert [name.rpartition("-")[0] for name in threads] == ["wealthsources-backfill"]


def test_what_a_backfill_fails_with_is_told(mine):
    with mine({"live": True}, {"bars": 9}, clock="feed") as session:
        session.start_live()
        bars, reason = backfilled(session, "s0")
    assert bars is None
    assert reason.startswith("the feed's clock has no time yet")


def test_after_a_stop_a_backfill_is_told_that_it_is_over(mine):
    session = mine({"live": True}, {"bars": 9})
    session.start()
    session.start_live()
    host = session.source("s0").host
    session.stop()
    answers = []
    host.backfill(FROM_NOON, lambda *answer: answers.append(answer))
    assert answers == [(None, "the session has been stopped")]


# the breakers ----------------------------------------------------------------------------------------------------


def failures(session, number: int) -> list[str]:
    """The reasons of the first source after each of so many requests."""
    adapter = session.adapter(mode="live")
    return [adapter.explain("X", 3, on_stale="mark").attempts[0].reason for _ in range(number)]


@pytest.mark.parametrize(
    ("how", "reason"),
    [("ask", "OSError: no disk"), ("garbage", "returned str, not Bars"), ("hang", "gave no answer within 0.3 s")],
)
def test_a_source_that_failed_five_times_in_a_row_is_not_asked(mine, how, reason):
    with mine({"fail": how, "blocking": True}, {"bars": 9}, source_deadline=0.3 if how == "hang" else 2) as session:
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
        assert f"not asked: failed 5 times in a row, the last: OSError: no disk; {ALONE}" in str(explanation)
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
    assert status.reason == f"failed 5 times in a row, the last: OSError: no disk; {ALONE}"


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
        wait_until(lambda: failures(session, 1) and session.status().sources["s0"].state != "failing")
        assert source.asked == 3
        assert failures(session, 2) == ["", ""]


def test_a_backfill_does_not_ask_a_source_that_strategies_found_failing(mine):
    with mine({"live": True}, {"fail": "ask", "blocking": True}) as session:
        adapter = session.adapter()
        for _ in range(5):
            adapter.explain("X", 3)
        _, reason = backfilled(session, "s0")
        assert session.source("s1").asked == 5
    assert "s1: failed" in reason
    assert "not asked: failed 5 times in a row" in reason


# events, status, holes -------------------------------------------------------------------------------------------


def test_events_reach_subscribers(mine):
    got: list[Event] = []
    arrived = threading.Event()
    with mine({"live": True}) as session:
        session.subscribe(lambda event: (got.append(event), arrived.set()))
        host = session.source("s0").host
        assert host.listening
        assert host.wants_forming
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


def test_a_session_knows_how_late_a_bar_may_be_only_by_the_systems_clock(mine):
    with mine({}, late_after=2.5) as session:
        assert session.policy.lateness(session.clock) == session.policy.late_after == 2_500
    with mine({}, clock="feed", late_after=2.5) as session:
        assert (session.policy.lateness(session.clock), session.policy.late_after) == (0, 2_500)


def test_the_age_that_a_last_price_may_have_is_said_in_seconds(mine):
    with mine({}) as session:
        assert session.policy.max_price_age is None
    with mine({}, max_price_age=2.5) as session:
        assert session.policy.max_price_age == 2_500


def test_bars_that_two_sources_have_differently_are_counted_under_both_names(mine):
    with mine({"bars": 5, "first": 3}, {"bars": 9, "price": 2.0}, {"bars": 1, "first": 20}) as session:
        adapter = session.adapter(context_at(8), mode="backtest")
        for _ in range(2):
            adapter.get_history("X", 9)
        assert session.status().disagreements == {"s0 against s1": 2 * 5}


def test_a_source_that_stamps_ends_is_named_in_the_log_and_the_status_once_for_a_series(mine, caplog):
    with mine({}) as session:
        bars = moving(1, 2, 3)
        attempts = (
            Attempt("live", "bars", 3),
            Attempt("archive", "failed", differs=2, stamped="archive"),
            Attempt("cloud", "bars", 1),
        )
        for symbol in ("BTCUSDT", "BTCUSDT", "ETHUSDT"):
            session.note_disagreements(Resolution(bars.replace(symbol=symbol), attempts, 2))
        status = session.status()
    said = "archive seems to stamp bars with their end (label: end)"
    assert caplog.messages == [f"{symbol} 1h: {said} (live against archive)" for symbol in ("BTCUSDT", "ETHUSDT")]
    assert status.label_shifts == {"live against archive": f"{said}: BTCUSDT 1h"}
    assert status.as_dict()["label_shifts"] == status.label_shifts
    assert status.disagreements == {"live against archive": 6}


def lacking(hole: Hole, symbol: str = "X", timeframe: str = "1h") -> Bars:
    return Bars.empty(symbol, timeframe).replace(holes=(hole,))


def test_a_hole_is_told_again_once_too_many_others_were(mine, caplog):
    hole = Hole(at(3), at(5), 2)
    session = mine({})
    session.log = logging.getLogger("wealthsources.session")  # at any pace
    for number in range(10_001):
        session.judge_holes(lacking(hole, f"S{number}"), None)
    caplog.clear()
    for _ in range(2):
        session.judge_holes(lacking(hole, "S0"), None)
    assert caplog.messages == [f"S0 1h has a hole that no source fills: {hole} UTC"]


def test_a_hole_in_each_answer_makes_ten_lines_and_then_one_a_minute(mine, caplog):
    session = mine({})
    for place in range(500):
        session.judge_holes(lacking(Hole(at(place), at(place + 1), 1)), None)
    assert len(caplog.messages) == 10


def test_what_goes_wrong_at_every_request_is_logged_once(mine, caplog):
    with mine({"live": True, "fail": "stale"}) as session:
        adapter = session.adapter()
        for _ in range(50):
            assert session.stale_for("X", Timeframe("1h")) == adapter.chain.stale_for("X", Timeframe("1h"))
    assert caplog.messages == ["a live source cannot tell whether it is stale; it is taken as such"]


def test_what_a_source_logs_again_and_again_is_logged_once(mine, caplog):
    with mine({}) as session:
        host = session.source("s0").host
        for place in range(50):
            host.logger.warning("%s has no disk, attempt %d", "archive", place)
    assert caplog.messages == ["archive has no disk, attempt 0"]
    assert caplog.records[0].name == "wealthsources.source.s0"


def test_breakers_that_open_again_and_again_are_logged_once(mine, caplog):
    caplog.set_level(logging.INFO)
    with mine({"blocking": True, "fail": "ask"}, breaker_failures=1, breaker_probe_after=0.001) as session:
        source, adapter = session.source("s0"), session.adapter(mode="live")
        source.options.bars = 3
        for place in range(12):
            source.options.fail = "" if place % 2 else "ask"
            asked = source.asked
            while source.asked == asked:
                adapter.explain("X", 1)
    told = [record.getMessage() for record in caplog.records if record.name == "wealthsources.breaker"]
    assert told == [told[0], *["source s0 answers again"] * 6]


def test_holes_of_other_series_and_other_times_are_told_apart(mine, caplog):
    hole = Hole(at(3), at(5), 2)
    session = mine({})
    for bars in (
        lacking(hole),
        lacking(hole, "Y"),
        lacking(hole, timeframe="1m"),
        lacking(Hole(at(3), at(6), 3)),
        lacking(hole),
    ):
        session.judge_holes(bars, None)
    assert len(caplog.messages) == 4


def late(source: str = "archive", symbol: str = "X", timeframe: str = "1h", behind: int = 2) -> Bars:
    bars = hourly(*range(5), closed=True)
    return bars.replace(symbol=symbol, timeframe=Timeframe(timeframe), sources=(source,), behind=behind)


def asked(end: int | None = None) -> Query:
    return Query("X", Timeframe("1h"), at(7), 5, end=end)


def test_a_source_that_has_old_bars_for_the_newest_is_told_once(mine, caplog):
    session = mine({})
    for _ in range(3):
        session.note_behind(late(), asked())
    (message,) = caplog.messages
    assert message == (
        "source archive was asked for the newest bars of X 1h, and its newest one ended 2020-09-13 17:00 UTC; now is "
        "2020-09-13 19:00 UTC"
    )


def test_old_bars_are_told_of_each_source_and_series(mine, caplog):
    session = mine({})
    for bars in (late(), late("other"), late(symbol="Y"), late(timeframe="1m"), late()):
        session.note_behind(bars, asked())
    assert len(caplog.messages) == 4


def test_what_may_be_missing_or_ended_before_now_is_not_told(mine, caplog):
    session = mine({}, max_behind=2)
    session.note_behind(late(), asked())
    session.note_behind(late(behind=9), asked(end=at(6)))
    assert caplog.messages == []
    session.note_behind(late(behind=3), asked())
    assert len(caplog.messages) == 1


def test_an_answer_of_a_source_that_stopped_names_it_in_the_log(mine, caplog):
    with mine({"bars": 3}) as session:
        adapter = session.adapter(context_at(7), mode="backtest")
        for _ in range(3):
            assert adapter.get_history("X", 2).behind == 5
    assert len([text for text in caplog.messages if text.startswith("source ")]) == 1


# observers ---------------------------------------------------------------------------------------------------------


def test_an_observer_sees_the_request_the_bars_and_who_was_asked(mine):
    seen: list[Observation] = []
    with mine({}, {"bars": 9}) as session:
        session.observe(seen.append)
        bars = session.adapter(context_at(8), mode="backtest").get_history("X", 3, end=at(7))
    (observation,) = seen
    assert observation.request == BarRequest("X", 3, end=at(7))
    assert observation.bars is bars
    assert [(attempt.source, attempt.outcome) for attempt in observation.attempts] == [
        ("s0", "not_here"),
        ("s1", "bars"),
    ]
    assert (observation.error, observation.symbols) == (None, ())


@pytest.mark.parametrize(
    ("arguments", "kind"), [({"count": 0}, RequestError), ({"count": 3, "timeframe": "1w"}, AllSourcesFailed)]
)
def test_an_observer_sees_the_error_that_the_caller_gets(mine, arguments, kind):
    seen: list[Observation] = []
    with mine({}) as session:
        session.observe(seen.append)
        with pytest.raises(kind) as caught:
            session.adapter(context_at(8), mode="backtest").get_history("X", **arguments)
    (observation,) = seen
    assert observation.error is caught.value
    assert (observation.request, observation.bars) == (BarRequest("X", **arguments), None)


def test_an_observer_sees_what_the_policies_leave_of_an_answer(mine):
    seen: list[Observation] = []
    with mine({"bars": 3}, {"bars": 3, "first": 5}) as session:
        session.observe(seen.append)
        adapter = session.adapter(context_at(7), mode="backtest")
        adapter.get_history("X", 6, on_hole="trim")
        with pytest.raises(HoleError):
            adapter.get_history("X", 6, on_hole="raise")
    assert places(seen[0].bars) == [5, 6, 7]
    assert isinstance(seen[1].error, HoleError)


def test_an_observer_sees_the_symbols_that_were_listed(mine):
    seen: list[Observation] = []
    with mine({}) as session:
        session.observe(seen.append)
        assert session.adapter(context_at(8), mode="backtest").get_all_symbols() == ["X"]
    assert seen == [Observation(None, symbols=("X",))]


def test_an_observer_is_told_before_the_caller_and_on_the_callers_thread(mine):
    order = []
    with mine({"bars": 9}) as session:
        session.observe(lambda _: order.append(threading.current_thread()))
        session.adapter(context_at(8), mode="backtest").get_history("X", 3)
        order.append("answered")
    assert order == [threading.current_thread(), "answered"]


def test_what_an_observer_raises_reaches_the_caller(mine):
    def refuse(observation: Observation) -> None:
        raise LookupError("not this one")

    with mine({"bars": 9}) as session:
        session.observe(refuse)
        with pytest.raises(LookupError, match="not this one"):
            session.adapter(context_at(8), mode="backtest").get_history("X", 3)


def test_two_observers_see_the_same_in_the_order_in_which_they_came(mine):
    seen = []
    with mine({"bars": 9}) as session:
        session.observe(lambda observation: seen.append(("first", observation)))
        session.observe(lambda observation: seen.append(("second", observation)))
        session.adapter(context_at(8), mode="backtest").get_history("X", 3)
    assert [name for name, _ in seen] == ["first", "second"]
    assert seen[0][1] is seen[1][1]


def test_when_one_observer_ends_the_other_goes_on(mine):
    first, second = [], []
    with mine({"bars": 9}) as session:
        end = session.observe(first.append)
        session.observe(second.append)
        adapter = session.adapter(context_at(8), mode="backtest")
        adapter.get_history("X", 1)
        end()
        end()
        adapter.get_history("X", 2)
        assert session.is_observed
    assert [observation.request.count for observation in first] == [1]
    assert [observation.request.count for observation in second] == [1, 2]


def test_when_nobody_observes_nothing_is_told(mine):
    told: list[Observation] = []
    with mine({"bars": 9}) as session:
        session.tell_observers = told.append
        adapter = session.adapter(context_at(8), mode="backtest")
        adapter.get_history("X", 3)
        adapter.get_all_symbols()
        assert not session.is_observed
        session.observe(lambda observation: None)()
        adapter.get_history("X", 3)
        adapter.get_all_symbols()
        assert not session.is_observed
    assert told == []


def test_an_explanation_is_no_answer_to_be_observed(mine):
    seen: list[Observation] = []
    with mine({"bars": 9}) as session:
        session.observe(seen.append)
        session.adapter(context_at(8), mode="backtest").explain("X", 3)
    assert seen == []
