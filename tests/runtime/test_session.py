from __future__ import annotations

import logging
import threading
import time
from types import SimpleNamespace

import pytest

import wealthsources
from wealthsources import (
    Bars,
    ClockError,
    ConfigError,
    Event,
    HistoryRequest,
    RequestError,
    Timeframe,
    WealthSourcesError,
    current_session,
)

HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR

PLUGIN = """
import threading
import pydantic
from wealthsources import Bars, Capabilities, NotHere, Source, hookimpl

class Options(pydantic.BaseModel, extra="forbid"):
    live: bool = False
    hang: bool = False
    slow: bool = False
    fail: str = ""
    first: int = 0
    bars: int = 0
    blocking: bool = False
    secret: pydantic.SecretStr = pydantic.SecretStr("")

MADE = []

class Mine(Source):
    def __init__(self, options):
        if options.fail == "make":
            raise RuntimeError("cannot be made")
        self.options, self.calls, self.host, self.asked = options, [], None, 0
        self.capabilities = Capabilities(live=options.live, blocking=options.blocking)
        self.release, self.starting = threading.Event(), threading.Event()
        MADE.append(self)

    def start(self, host):
        if self.options.fail == "start":
            raise OSError("no disk")
        self.host = host
        self.starting.set()
        if self.options.slow:
            self.release.wait(20)
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")
        if self.options.hang:
            self.release.wait(20)
        if self.options.fail == "stop":
            raise RuntimeError("stuck")

    def get_history(self, request):
        self.asked += request.timeframe.name == "1h"
        if self.options.fail == "ask":
            raise OSError("no disk")
        if self.options.fail == "garbage":
            return "bars"
        if self.options.fail == "hang":
            self.release.wait(20)
        if not self.options.bars:
            raise NotHere("empty")
        frame, first = request.timeframe, self.options.first
        times = [1_600_000_000_000 // 3_600_000 * 3_600_000 + (first + n) * 3_600_000 for n in range(self.options.bars)]
        times = [t for t in times if frame.end(t) <= request.end and t >= (request.start or 0)]
        times = times if request.count is None else times[-request.count:]
        ones = [1.0] * len(times)
        return Bars.from_columns(request.symbol, frame, times, ones, ones, ones, ones, ones)

@hookimpl
def wealthsources_register(register):
    register("zmine", Mine, Options)
"""


@pytest.fixture
def mine(distribution):
    """The plugin zmine; call it with lists of options to open a session whose sources have them."""
    distribution(zmine_module=PLUGIN)
    opened = []

    def make(*sources: dict, **settings):
        chain = [
            {
                "name": f"s{place}",
                "plugin": "zmine",
                "optional": bool(options.pop("optional", False)),
                "options": options,
            }
            for place, options in enumerate(map(dict, sources))
        ]
        session = wealthsources.open({"sources": chain, **settings})
        opened.append(session)
        return session

    yield make
    import zmine_module

    for source in zmine_module.MADE:
        source.release.set()
    for session in opened:
        session.stop()


def engine(place: int, **more) -> SimpleNamespace:
    bar = {"open_time": T0 + place * HOUR, "timeframe": "1h"}
    return SimpleNamespace(current_bar=bar, history=lambda symbol, count, timeframe: [], **more)


def test_sources_start_in_order_and_stop_on_exit(mine):
    with mine({}, {}) as session:
        sources = list(session.sources.values())
        assert [source.calls for source in sources] == [["start"], ["start"]]
        assert [source.host.name for source in sources] == ["s0", "s1"]
    assert [source.calls for source in sources] == [["start", "stop"], ["start", "stop"]]


def test_live_sources_start_with_the_first_live_adapter_and_not_for_a_backtest(mine):
    with mine({"live": True}, {}) as session:
        live = session.source("s0")
        session.adapter(engine(0), mode="backtest")
        assert live.calls == []
        session.adapter()
        session.adapter()
        assert live.calls == ["start"]


def test_live_sources_start_with_subscribe(mine):
    with mine({"live": True}) as session:
        session.subscribe(lambda event: None)
        assert session.source("s0").calls == ["start"]


def test_a_session_that_is_not_open_says_so(mine):
    with pytest.raises(WealthSourcesError, match="use it in a with statement"):
        mine({}).adapter()


def test_a_stopped_session_cannot_be_used_again(mine):
    session = mine({})
    with session:
        pass
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        session.adapter()
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        session.start()


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


def test_a_live_source_that_does_not_start_is_an_error_every_time(mine):
    with mine({"live": True, "fail": "start"}) as session:
        for _ in range(2):
            with pytest.raises(ConfigError, match="did not start"):
                session.adapter()


def test_a_source_that_fails_to_stop_is_logged(mine, caplog):
    with mine({"fail": "stop"}):
        pass
    assert "a source failed to stop" in caplog.text


def test_a_source_that_cannot_be_made_is_a_configuration_error_with_its_place(mine):
    with pytest.raises(ConfigError, match=r"sources\[1\]: source 's1' cannot be made: RuntimeError: cannot be made"):
        mine({}, {"fail": "make"}).start()


def test_a_source_that_does_not_start_is_a_configuration_error_and_the_others_are_stopped(mine):
    session = mine({}, {"fail": "start"})
    with pytest.raises(ConfigError, match="source 's1' did not start: OSError: no disk"):
        session.start()
    assert session.sources["s0"].calls == ["start", "stop"]


def test_an_optional_source_may_be_missing_and_the_chain_says_why(mine):
    with mine({"fail": "make", "optional": True}, {"fail": "start", "optional": True}, {"bars": 9}) as session:
        explanation = session.adapter(engine(8), mode="backtest").explain("X", 3)
        assert [attempt.outcome for attempt in explanation.attempts] == ["skipped", "skipped", "bars"]
        assert "cannot be made" in explanation.attempts[0].reason
        assert "no disk" in explanation.attempts[1].reason
        assert session.status().sources["s0"].state == "broken"
        with pytest.raises(ConfigError, match="left out"):
            session.source("s0")


def test_all_mistakes_of_a_configuration_are_told_at_once(mine):
    with pytest.raises(ConfigError) as caught:
        mine({"speed": 1}, {"bars": "many"}).start()
    assert "sources[0].options.speed: unknown key" in str(caught.value)
    assert "sources[1].options.bars" in str(caught.value)


def test_an_unknown_source_is_named_with_those_that_are(mine):
    with mine({}, {}) as session, pytest.raises(RequestError, match=r"no source 'x'; the chain is: s0, s1"):
        session.source("x")


def test_on_entry_a_session_becomes_the_process_wide_one_if_there_is_none(mine):
    assert current_session() is None
    with mine({}) as first:
        assert current_session() is first
        with mine({}):
            assert current_session() is first
    assert current_session() is None


def test_make_current_replaces_and_stop_clears(mine):
    with mine({}) as first, mine({}) as second:
        second.make_current()
        assert current_session() is second
        first.stop()
        assert current_session() is second
    assert current_session() is None


def test_a_context_that_keeps_up_is_bound_live_and_one_far_behind_is_a_backtest(mine, caplog):
    now = time.time_ns() // 1_000_000
    with caplog.at_level(logging.INFO, "wealthsources.session"):
        with mine({}) as session:
            assert session.adapter(engine(0, now_ms=now - HOUR)).mode == "live"
        with mine({}) as session:
            assert session.adapter(engine(0)).mode == "backtest"
    assert "bound as live" in caplog.text
    assert "bound as backtest: the context's clock is" in caplog.text


class Engine:
    """A context that takes weak references, which a SimpleNamespace does not."""

    def __init__(self) -> None:
        self.current_bar = engine(0).current_bar


@pytest.mark.parametrize("make", [lambda: engine(0), Engine])
def test_auto_is_settled_once_for_a_context_and_stays(mine, make):
    with mine({}) as session:
        bound = make()
        assert session.adapter(bound).mode == "backtest"
        bound.now_ms = time.time_ns() // 1_000_000
        assert session.adapter(bound).mode == "backtest"
        assert session.adapter(engine(0)).mode == "backtest"


def test_contexts_that_take_turns_stay_what_they_were(mine):
    with mine({}) as session:
        first, second = engine(0), engine(0)
        assert {session.adapter(each).mode for each in (first, second)} == {"backtest"}
        first.now_ms = second.now_ms = time.time_ns() // 1_000_000
        assert {session.adapter(each).mode for each in (first, second, first)} == {"backtest"}


def test_a_context_that_looks_like_the_other_kind_has_to_state_it(mine):
    """A backtest beside a live strategy would see live bars, and the other way round the strategy would miss them."""
    now = time.time_ns() // 1_000_000
    for first, second, wanted in (
        (engine(0), engine(0, now_ms=now), "live"),
        (engine(0, now_ms=now), engine(0), "backtest"),
    ):
        with mine({}) as session:
            assert session.adapter(first).mode != wanted
            with pytest.raises(RequestError, match=f"looks like a {wanted} one .* state mode="):
                session.adapter(second)
            assert session.adapter(second, mode=wanted).mode == wanted


def test_before_the_feeds_first_bar_a_context_has_to_state_its_mode(mine):
    with mine({}, clock="feed") as session:
        with pytest.raises(ClockError, match=r"before the first live bar.* state mode="):
            session.adapter(engine(0))
        session.clock.saw_closed(T0 + 9 * HOUR)
        assert session.adapter(engine(0)).mode == "backtest"


def test_a_context_without_a_clock_is_a_backtest_that_can_see_nothing(mine):
    with mine({"bars": 5}) as session:
        adapter = session.adapter(SimpleNamespace(history=lambda *_: []))
        assert adapter.mode == "backtest"
        with pytest.raises(ClockError, match="tells no time"):
            adapter.get_history("X", 3)


def test_without_a_context_there_is_no_backtest(mine):
    with mine({}) as session, pytest.raises(RequestError, match="needs a context"):
        session.adapter(mode="backtest")
    with mine({}) as session, pytest.raises(RequestError, match="mode must be"):
        session.adapter(engine(0), mode="dry")


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


# the breaker


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
        adapter = session.adapter(engine(8), mode="backtest")
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


def test_a_status_that_is_none_is_told(mine, monkeypatch):
    with mine({}) as session:
        monkeypatch.setattr(session.source("s0"), "status", lambda: None)
        status = session.status().sources["s0"]
    assert (status.state, status.reason) == ("unknown", "status() returned NoneType, not SourceStatus")


# events and status


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
        adapter = session.adapter(engine(7), mode="backtest")
        for _ in range(3):
            assert len(adapter.get_history("X", 6).holes) == 1
    assert caplog.text.count("a hole that no source fills: 2 missing") == 1


def test_stopping_leaves_no_thread_behind(mine):
    before = set(threading.enumerate())
    session = mine({"live": True}, {"bars": 3})
    with session:
        session.subscribe(lambda event: None)
        session.adapter().explain("X", 3)
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before
