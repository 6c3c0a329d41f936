"""One strategy's view: its time, its policies, its questions."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from wealthsources import (
    AllSourcesFailed,
    Bars,
    Capabilities,
    ClockError,
    ContextDataAdapter,
    HoleError,
    NotHere,
    RequestError,
    Source,
    StaleDataError,
    Timeframe,
)
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.query import Policy
from wealthsources.runtime.clocks import FeedClock, SystemClock
from wealthsources.runtime.engine import Engine
from wealthsources.runtime.symbol_lists import SymbolLists
from wealthsources.testing import ListSource

from ..support.bars import at, hourly, places

OTHERS = Capabilities(blocking=False, symbols=("ETHUSDT",))


class Silent(Source):
    """A live source whose streams have been stale for as long as it is told."""

    capabilities = Capabilities(live=True, blocking=False)

    def __init__(self, stale: float) -> None:
        self.stale = stale

    def get_history(self, request):
        raise NotHere("reconnecting")

    def stale_for(self, symbol=None, timeframe=None):
        return self.stale


class FakeSession:
    """What an adapter needs of a session, without plugins: the real chain and clock, and the sources of the test."""

    def __init__(self, *sources: Source, now: int = at(10), clock=None, policy: Policy | None = None) -> None:
        self.clock = clock or SystemClock(lambda: now)
        self.policy = policy or Policy(late_after=0)
        self.stale_after = self.policy.late_after
        self.told: list = []
        self._sources = sources

    is_observed = False

    @property
    def late_after(self):
        return self.policy.late_after if self.clock.name == "system" else 0

    def decide_mode(self, context, mode, zone):
        return "live" if context is None or mode == "live" else "backtest"

    def chain_for(self, context, *, live):
        return SourceChain([ChainLink(f"s{place}", source) for place, source in enumerate(self._sources)])

    def stale_for(self, symbol, timeframe):
        return min(
            (age for source in self._sources if (age := source.stale_for(symbol, timeframe)) is not None), default=None
        )

    def symbol_lists(self, chain, *, live):
        direct = SimpleNamespace(begin=lambda name, work: work)
        sources = {link.name: link.source for link in chain.sources}
        return SymbolLists(chain.sources, sources, direct, logging.getLogger("wealthsources.session"), live=live)

    judge_holes = Engine.judge_holes

    def _warn_of_hole(self, symbol, timeframe, hole):
        self.told.append(hole)

    def note_behind(self, bars, query):
        self.told.append(bars.behind)


def adapter(*sources: Source, context=None, mode="auto", **options) -> ContextDataAdapter:
    return ContextDataAdapter(context, session=FakeSession(*sources, **options), mode=mode)


def test_the_newest_count_closed_bars_by_now():
    bars = adapter(ListSource(hourly(*range(20)))).get_history("BTCUSDT", 3, "1h")
    assert places(bars) == [7, 8, 9]


def test_a_request_that_makes_no_sense_reaches_no_source_and_no_clock():
    source, session = ListSource(hourly(1)), FakeSession(clock=FeedClock())
    for bound in (adapter(source), ContextDataAdapter(None, session=session)):
        for ask in (bound.get_history, bound.explain):
            with pytest.raises(RequestError, match="count must be at least 1, was 0"):
                ask("BTCUSDT", 0)
    assert source.requests == []


def test_a_hole_is_marked_and_told_by_default():
    session = FakeSession(ListSource(hourly(5, 6, 9)))
    bars = ContextDataAdapter(None, session=session).get_history("BTCUSDT", 3)
    assert len(bars.holes) == 1
    assert session.told == list(bars.holes)


def test_newest_bars_that_are_missing_are_told_also_where_that_is_refused():
    session = FakeSession(ListSource(hourly(5, 6)))
    bound = ContextDataAdapter(None, session=session)
    bound.get_history("BTCUSDT", 1, on_stale="mark")
    with pytest.raises(StaleDataError):
        bound.get_history("BTCUSDT", 1)
    assert session.told == [3, 3]


def test_a_hole_can_be_an_error():
    with pytest.raises(HoleError, match="2 missing from 2020-09-13 19:00 to 2020-09-13 21:00") as caught:
        adapter(ListSource(hourly(5, 6, 9))).get_history("BTCUSDT", 3, on_hole="raise")
    assert places(caught.value.bars) == [5, 6, 9]


def test_trim_keeps_the_newest_unbroken_run():
    bars = adapter(ListSource(hourly(3, 5, 6, 8, 9))).get_history("BTCUSDT", 5, on_hole="trim")
    assert places(bars) == [8, 9]
    assert bars.holes == ()


def test_a_live_answer_that_is_too_far_behind_is_refused_with_every_sources_reason():
    with pytest.raises(StaleDataError, match=r"the newest 3 bars are missing \(max_behind: 1\)") as caught:
        adapter(Silent(0.0), ListSource(hourly(5, 6))).get_history("BTCUSDT", 3)
    assert "s0: not here" in str(caught.value)
    assert "reconnecting" in str(caught.value)
    assert places(caught.value.bars) == [5, 6]


def test_one_missing_bar_is_allowed_by_default():
    bars = adapter(ListSource(hourly(7, 8))).get_history("BTCUSDT", 3)
    assert bars.behind == 1


def test_stale_can_be_marked_instead():
    assert adapter(ListSource(hourly(5, 6))).get_history("BTCUSDT", 3, on_stale="mark").behind == 3


def test_in_a_backtest_stale_is_marked():
    context = SimpleNamespace(now_ms=at(10))
    assert adapter(ListSource(hourly(5)), context=context).get_history("BTCUSDT", 3).behind == 4


def test_the_deployments_policy_is_the_default():
    strict = Policy(on_hole="raise", on_stale="mark", max_behind=0, late_after=0)
    with pytest.raises(HoleError):
        adapter(ListSource(hourly(5, 7)), policy=strict).get_history("BTCUSDT", 3)


def feed(now: int) -> FeedClock:
    clock = FeedClock()
    clock.saw_closed(now)
    return clock


def test_under_the_feed_clock_streams_that_are_all_stale_make_an_answer_stale():
    late = Policy(late_after=5_000)
    sources = (Silent(6.0), ListSource(hourly(8, 9)))
    with pytest.raises(StaleDataError, match="no live stream for 6 s"):
        adapter(*sources, clock=feed(at(10)), policy=late).get_history("BTCUSDT", 2)
    fresh = adapter(Silent(4.0), *sources, clock=feed(at(10)), policy=late)
    assert len(fresh.get_history("BTCUSDT", 2)) == 2


def test_under_the_feed_clock_a_question_about_the_past_is_not_stale():
    stale = adapter(Silent(6.0), ListSource(hourly(7, 8, 9)), clock=feed(at(10)), policy=Policy())
    assert places(stale.get_history("BTCUSDT", 2, end=at(9))) == [7, 8]


def test_under_the_system_clock_a_silent_stream_is_no_matter_if_the_bars_are_there():
    assert len(adapter(Silent(600.0), ListSource(hourly(8, 9))).get_history("BTCUSDT", 2)) == 2


def test_a_live_now_is_never_behind_the_contexts_now_ms():
    context = SimpleNamespace(now_ms=at(11))
    assert adapter(context=context, mode="live", now=at(10)).now() == at(11)


def test_before_the_first_live_bar_the_feeds_now_is_the_end_of_the_current_bar():
    context = SimpleNamespace(current_bar={"open_time": at(3), "timeframe": "1h"})
    assert adapter(context=context, mode="live", clock=FeedClock()).now() == at(4)
    with pytest.raises(ClockError, match="no live bar has come"):
        adapter(clock=FeedClock()).now()


def test_a_backtests_now_is_the_engines_and_moves_with_it():
    context = SimpleNamespace(now_ms=at(5))
    bound = adapter(ListSource(hourly(*range(20))), context=context)
    assert places(bound.get_history("BTCUSDT", 1)) == [4]
    context.now_ms = at(6)
    assert places(bound.get_history("BTCUSDT", 1)) == [5]


def test_explain_tells_who_was_asked_and_what_came_of_it():
    table = str(adapter(Silent(0.0), ListSource(hourly(7, 8, 9))).explain("BTCUSDT", 2))
    lines = table.splitlines()
    assert lines[0] == "2 bars of BTCUSDT 1h up to 2020-09-13 22:00 UTC"
    assert lines[1].split() == ["source", "outcome", "bars", "ms", "reason"]
    assert lines[2].startswith("s0")
    assert "not here" in lines[2]
    assert "reconnecting" in lines[2]
    assert lines[3].split()[:3] == ["s1", "bars", "2"]
    assert lines[4] == "2 bars, 2020-09-13 20:00 to 2020-09-13 22:00 UTC: 2 from s1"


def test_explain_of_a_failure_is_a_table_too_and_keeps_the_error():
    explanation = adapter(Silent(0.0)).explain("BTCUSDT", 2)
    assert isinstance(explanation.error, AllSourcesFailed)
    assert "AllSourcesFailed: no source has 2 bars of BTCUSDT 1h" in str(explanation)
    assert explanation.bars is None


def test_explain_shows_holes_and_what_is_behind():
    table = str(adapter(ListSource(hourly(5, 6, 8))).explain("BTCUSDT", 3, on_stale="mark"))
    assert "hole: 1 missing from" in table
    assert "behind: the newest 1 bars are missing" in table


def test_all_symbols_of_all_sources_sorted():
    other = ListSource(Bars.empty("AAA", Timeframe("1h")))
    assert adapter(ListSource(hourly(1)), other).get_all_symbols() == ["AAA", "BTCUSDT"]


def test_a_backtest_lists_no_symbols_of_live_sources():
    live = ListSource(hourly(1), capabilities=Capabilities(live=True, blocking=False, symbols=("LIVEUSDT",)))
    live.get_all_symbols = lambda: ["LIVEUSDT"]
    context = SimpleNamespace(now_ms=at(5))
    listed = {mode: adapter(live, context=context, mode=mode).get_all_symbols() for mode in ("live", "backtest")}
    assert listed == {"live": ["LIVEUSDT"], "backtest": []}


def test_a_source_that_cannot_list_its_symbols_adds_none_and_is_told_of(caplog):
    broken = ListSource()
    broken.get_all_symbols = lambda: 1 / 0
    assert adapter(broken, ListSource(hourly(1))).get_all_symbols() == ["BTCUSDT"]
    assert "source s0 cannot list its symbols: ZeroDivisionError" in caplog.text


def test_explain_names_the_finer_timeframe_that_bars_were_made_of():
    table = str(adapter(ListSource(hourly(*range(10)))).explain("BTCUSDT", 2, "2h"))
    assert "s0 (1h)  bars" in table
    assert "2 bars, 2020-09-13 18:00 to 2020-09-13 22:00 UTC: 2 from s0 1h" in table


def test_a_failed_resolution_is_not_remembered():
    down = [True]

    def before(request):
        if down:
            raise OSError("down")

    source = ListSource(hourly(8, 9), before=before)
    bound = adapter(source)
    with pytest.raises(AllSourcesFailed, match="down"):
        bound.get_history("BTCUSDT", 2)
    down.clear()
    assert len(bound.get_history("BTCUSDT", 2)) == 2


def test_a_context_alone_is_read_as_a_backtest_without_any_configuration():
    rows = [
        {"open_time": at(place), **dict.fromkeys(("open", "high", "low", "close", "volume"), "1")} for place in range(9)
    ]
    context = SimpleNamespace(
        current_bar={**rows[5], "timeframe": "1h"},
        market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": rows}],
    )
    alone = ContextDataAdapter(context)
    assert alone.mode == "backtest"
    assert places(alone.get_history("btc-usdt", 3)) == [3, 4, 5]
    assert alone.get_all_symbols() == ["BTCUSDT"]


def test_an_adapter_of_nothing_is_refused():
    with pytest.raises(RequestError, match="needs a context"):
        ContextDataAdapter()


def test_a_hidden_future_is_not_seen_through_a_later_clock_either():
    """In a live binding too, now is read once and before any source is asked."""
    now = [at(5)]
    clock = SystemClock(lambda: now[0])

    def before(request):
        now[0] = at(15)

    bars = adapter(ListSource(hourly(*range(20)), before=before), clock=clock).get_history("BTCUSDT", 2)
    assert places(bars) == [3, 4]


def test_a_frozen_adapter_answers_as_of_one_moment():
    context = SimpleNamespace(now_ms=at(5))
    bound = adapter(ListSource(hourly(*range(20))), context=context)
    moment = bound.frozen()
    context.now_ms = at(8)
    assert places(moment.get_history("BTCUSDT", 1)) == [4]
    assert places(bound.get_history("BTCUSDT", 1)) == [7]


def test_now_by_the_feed_is_the_feeds_whatever_a_context_says():
    context = SimpleNamespace(now_ms=at(11))
    assert adapter(context=context, mode="live", clock=feed(at(10))).now() == at(10)


def test_a_live_context_without_now_ms_does_not_move_the_clock():
    context = SimpleNamespace(current_bar={"open_time": at(20), "timeframe": "1h"})
    assert adapter(context=context, mode="live", now=at(10)).now() == at(10)


def test_the_clock_of_a_backtest_is_the_engines_and_that_of_a_live_binding_the_sessions():
    backtest, live = adapter(context=SimpleNamespace(now_ms=at(5))), adapter()
    assert (backtest.clock.name, live.clock.name) == ("engine", "system")
    assert live.clock is live.session.clock


def test_a_frozen_live_adapter_does_not_follow_the_clock():
    now = [at(5)]
    bound = adapter(ListSource(hourly(*range(20))), clock=SystemClock(lambda: now[0]))
    moment = bound.frozen()
    now[0] = at(9)
    assert (moment.now(), bound.now()) == (at(5), at(9))
    assert places(moment.get_history("BTCUSDT", 1)) == [4]


def test_of_one_source_alone_it_is_counted_how_many_bars_it_holds():
    bound = adapter(ListSource(hourly(6, 7, 8, 9)), ListSource(), ListSource(hourly(1), capabilities=OTHERS))
    held = [bound.count_held(name, "BTCUSDT", Timeframe("1h"), 3) for name in ("s0", "s1", "s2")]
    assert held == [3, 0, None]


def test_stale_answers_of_a_backtest_can_be_an_error_too():
    context = SimpleNamespace(now_ms=at(10))
    with pytest.raises(StaleDataError, match="the newest 4 bars are missing"):
        adapter(ListSource(hourly(5)), context=context).get_history("BTCUSDT", 3, on_stale="raise")


@pytest.mark.parametrize(("allowed", "refused"), [(0, True), (1, True), (2, False), (3, False)])
def test_so_many_bars_may_be_missing_as_the_deployment_allows(allowed, refused):
    bound = adapter(ListSource(hourly(7)), policy=Policy(max_behind=allowed, late_after=0))
    if refused:
        with pytest.raises(StaleDataError):
            bound.get_history("BTCUSDT", 1)
    else:
        assert bound.get_history("BTCUSDT", 1).behind == 2


def test_the_log_tells_in_full_who_was_asked_but_only_if_it_is_wanted(caplog):
    bound = adapter(Silent(0.0), ListSource(hourly(7, 8, 9)))
    with caplog.at_level(logging.INFO, "wealthsources.adapter"):
        bound.get_history("BTCUSDT", 2)
    assert caplog.messages == []
    with caplog.at_level(logging.DEBUG, "wealthsources.adapter"):
        bound.get_history("BTCUSDT", 2)
    (message,) = caplog.messages
    assert message.startswith("2 bars of BTCUSDT 1h up to 2020-09-13 22:00 UTC: s0: not here")
    assert "; s1: 2 bars" in message


def test_an_explanation_has_what_was_refused_and_why():
    explanation = adapter(ListSource(hourly(5, 8, 9))).explain("BTCUSDT", 3, on_hole="raise")
    assert isinstance(explanation.error, HoleError)
    assert places(explanation.bars) == [5, 8, 9]
    assert [attempt.outcome for attempt in explanation.attempts][:1] == ["bars"]
    assert explanation.now == at(10)


def test_a_question_without_sense_is_refused_by_explain_too():
    with pytest.raises(RequestError, match="count must be at least 1"):
        adapter().explain("BTCUSDT", 0)


def test_disagreements_are_told_to_the_session_with_the_answer_they_are_of():
    session, noted = FakeSession(ListSource(hourly(7, 9)), ListSource(hourly(6, 7, 8, price=11.0))), []
    session.note_disagreements = noted.append
    bound = ContextDataAdapter(None, session=session)
    bound.get_history("BTCUSDT", 1)
    assert noted == []
    bars = bound.get_history("BTCUSDT", 3)
    assert [bar.close for bar in bars] == [10.0, 11.0, 10.0]
    (resolution,) = noted
    assert (resolution.bars, resolution.differs) == (bars, 1)


# what was known then -------------------------------------------------------------------------------------------


def knowing(*bars, **options):
    """A backtest at hour 8 over a source that can tell what was known then, and one that cannot."""
    able = ListSource(*bars, capabilities=Capabilities(blocking=False, point_in_time=True))
    context, policy = SimpleNamespace(now_ms=at(8)), Policy(late_after=7_000, **options.pop("policy", {}))
    other = ListSource(hourly(*range(8)))
    session = FakeSession(able, other, policy=policy)
    return ContextDataAdapter(context, session=session, mode="backtest", **options), able, other


def test_who_sees_what_was_known_then_asks_only_those_that_can_tell():
    bound, able, other = knowing(hourly(5, 7), known="then")
    assert places(bound.get_history("BTCUSDT", 3)) == [5, 7]
    assert {(each.known_at, each.known_late) for each in able.requests} == {(at(8), 7_000)}
    assert other.requests == []
    skipped = bound.explain("BTCUSDT", 3).attempts[1]
    assert (skipped.outcome, skipped.reason) == ("skipped", "cannot tell what was known then")


@pytest.mark.parametrize(("policy", "known"), [({}, None), ({}, "now"), ({"knowledge": "then"}, "now")])
def test_who_sees_what_is_known_now_asks_everybody(policy, known):
    bound, able, _ = knowing(hourly(5, 7), policy=policy, known=known)
    assert places(bound.get_history("BTCUSDT", 3)) == [5, 6, 7]
    assert able.requests[0].known_at is None


def test_the_deployment_says_what_a_backtest_sees():
    bound, _, _ = knowing(hourly(5, 7), policy={"knowledge": "then"})
    assert places(bound.get_history("BTCUSDT", 3)) == [5, 7]


def test_live_all_is_known():
    session = FakeSession(ListSource(hourly(*range(10))), policy=Policy(late_after=0, knowledge="then"))
    assert places(ContextDataAdapter(None, session=session, known="then").get_history("BTCUSDT", 2)) == [8, 9]


def test_live_under_a_feeds_clock_which_may_be_long_ago_what_was_known_then_counts():
    able = ListSource(hourly(5, 7), capabilities=Capabilities(blocking=False, point_in_time=True))
    live = ListSource(hourly(9), capabilities=Capabilities(blocking=False, live=True))
    clock = FeedClock()
    clock.saw_closed(at(10))
    session = FakeSession(live, able, ListSource(hourly(*range(10))), clock=clock, policy=Policy(late_after=7_000))
    assert places(ContextDataAdapter(None, session=session, known="then").get_history("BTCUSDT", 3)) == [5, 7, 9]
    assert {each.known_at for each in able.requests} == {at(10)}
    assert {each.known_at for each in live.requests} == {None}
    assert places(ContextDataAdapter(None, session=session).get_history("BTCUSDT", 3)) == [7, 8, 9]


def test_finer_bars_too_are_those_that_were_known_then():
    minutes = Bars.from_columns("BTCUSDT", "30m", [at(7), at(7) + 1_800_000], *[[1.0, 1.0]] * 5)
    bound, able, _ = knowing(minutes, known="then")
    assert places(bound.get_history("BTCUSDT", 1)) == [7]
    assert all(each.known_at == at(8) for each in able.requests)


def test_another_word_for_what_is_known_is_refused():
    with pytest.raises(RequestError, match='known must be "then" or "now", was \'later\''):
        knowing(known="later")


def test_it_is_shown_with_its_mode_its_context_and_its_session():
    alone = ContextDataAdapter(SimpleNamespace(now_ms=at(1), market_data_context=[]))
    session = "<Session: open, clock system, context>"
    assert repr(alone) == f"<ContextDataAdapter: backtest, of SimpleNamespace, {session}>"
    assert repr(alone.session.adapter()) == f"<ContextDataAdapter: live, {session}>"
    alone.session.stop()
    assert repr(alone).endswith("<Session: stopped, clock system, context>>")


def test_a_context_that_cannot_be_shown_and_an_adapter_that_is_half_made_are_shown_too():
    class Odd(SimpleNamespace):
        def __repr__(self):
            raise LookupError

    assert "of Odd" in repr(ContextDataAdapter(Odd(now_ms=at(1), market_data_context=[])))
    assert repr(object.__new__(ContextDataAdapter)) == "<ContextDataAdapter>"
