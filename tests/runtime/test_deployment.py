"""The sources of a configuration: loaded, started, stopped, and what each says of itself."""

from __future__ import annotations

import pytest

import wealthsources
from wealthsources import ClockError, ConfigError, RequestError, Timeframe

from ..support.bars import T0, places
from ..support.waiting import wait_until
from .conftest import context_at


def test_sources_start_in_order_and_stop_on_exit(mine):
    with mine({}, {}) as session:
        sources = list(session.sources.values())
        assert [source.calls for source in sources] == [["start"], ["start"]]
        assert [source.host.name for source in sources] == ["s0", "s1"]
    assert [source.calls for source in sources] == [["start", "stop"], ["start", "stop"]]


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


def test_a_plugin_that_cannot_be_loaded_is_a_configuration_error_with_its_place(mine):
    session = wealthsources.open({"sources": [{"plugin": "context"}, {"plugin": "zgone"}]})
    with pytest.raises(ConfigError, match=r"^the settings: sources\[1\]: no plugin 'zgone' is installed"):
        session.start()


def test_a_source_that_does_not_start_is_a_configuration_error_and_the_others_are_stopped(mine):
    session = mine({}, {"fail": "start"})
    with pytest.raises(ConfigError, match="source 's1' did not start: OSError: no disk"):
        session.start()
    assert session.sources["s0"].calls == ["start", "stop"]


def test_an_optional_source_may_be_missing_and_the_chain_says_why(mine):
    with mine({"fail": "make", "optional": True}, {"fail": "start", "optional": True}, {"bars": 9}) as session:
        explanation = session.adapter(context_at(8), mode="backtest").explain("X", 3)
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


def test_an_error_of_the_feeds_clock_says_how_each_live_source_is(mine):
    with mine({"live": True}, {}, {"fail": "make", "optional": True}, clock="feed") as session:
        with pytest.raises(ClockError, match=r"s0: not started; s2: broken: .*cannot be made.*\. Wait for one"):
            session.clock.now()
        with pytest.raises(ClockError, match="s0: ready; s2: broken"):
            session.adapter().get_history("X", 3)
        with pytest.raises(ClockError, match=r"state mode='live' or mode='backtest'; .*; s0: ready; s2: broken"):
            session.adapter(context_at(0))


def test_a_chain_without_a_live_source_never_gives_the_feeds_clock_a_time_and_says_so(mine):
    with mine({}, clock="feed") as session, pytest.raises(ClockError, match="the chain has no live source"):
        session.clock.now()


def test_a_live_source_whose_status_fails_is_told_too(mine):
    with mine({"live": True, "status": "none"}, clock="feed") as session:
        session.start_live()
        with pytest.raises(ClockError, match=r"s0: unknown: status\(\) returned NoneType"):
            session.clock.now()


def test_a_status_that_is_none_is_told(mine):
    with mine({"status": "none"}) as session:
        status = session.status().sources["s0"]
    assert (status.state, status.reason) == ("unknown", "status() returned NoneType, not SourceStatus")


def test_a_source_that_cannot_say_how_it_is_is_unknown_and_why_is_told(mine):
    with mine({"status": "fail"}) as session:
        status = session.status().sources["s0"]
    assert (status.state, status.reason) == ("unknown", "RuntimeError: no status")


def test_a_source_that_was_not_started_says_so(mine):
    with mine({"live": True}, {}) as session:
        before = [status.state for status in session.status().sources.values()]
        session.start_live()
        assert (before, session.status().sources["s0"].state) == (["not started", "ready"], "ready")


# contexts


@pytest.mark.parametrize(
    ("how", "context", "reason"),
    [
        ("none", context_at(8), "the context has no bars"),
        ("none", None, "no context is bound"),
        ("fail", context_at(8), "LookupError: no such engine"),
    ],
)
def test_a_source_that_has_nothing_for_a_context_is_skipped_and_says_why(mine, how, context, reason):
    with mine({"context": how}, {"bars": 9}) as session:
        first, second = session.adapter(context, mode="auto" if context else "live").chain.sources
        assert (first.name, first.source, first.why) == ("s0", None, reason)
        assert (second.name, second.source) == ("s1", session.source("s1"))


# starting and stopping


def test_a_source_is_started_once_however_often_it_is_asked_for(mine):
    with mine({"live": True}, {}) as session:
        for _ in range(3):
            session.start_live()
        assert [source.calls for source in session.sources.values()] == [["start"], ["start"]]


def test_a_source_that_was_not_started_is_not_stopped(mine):
    with mine({"live": True}, {}) as session:
        live = session.source("s0")
    assert live.calls == []


def test_an_optional_source_that_does_not_start_is_left_out_and_not_stopped(mine, caplog):
    session = mine({"fail": "start", "optional": True}, {})
    with session:
        assert session.sources["s0"] is None
        assert "source 's0' did not start: OSError: no disk" in session.status().sources["s0"].reason
    assert caplog.text.count("did not start") == 1


def test_before_it_is_open_a_session_has_no_sources(mine):
    session = mine({}, {})
    assert session.sources == {}
    with pytest.raises(RequestError, match=r"no source 's0'; the chain is: $"):
        session.source("s0")


# stale streams


def test_a_series_is_as_stale_as_the_freshest_stream_of_it(mine):
    with mine({"live": True, "stale": 7.0}, {"live": True, "stale": 3.0}, {"live": True}) as session:
        session.start_live()
        assert session.stale_for("X", Timeframe("1h")) == 3.0


def test_a_series_that_nobody_streams_is_as_stale_as_the_freshest_stream_there_is(mine):
    with mine({"live": True, "stale": 7.0}) as session:
        session.start_live()
        assert session.stale_for("UNKNOWN", Timeframe("1h")) == 7.0


def test_without_a_stream_nothing_is_stale(mine):
    with mine({"live": True, "stale": 7.0}, {}) as session:
        assert session.stale_for("X", Timeframe("1h")) is None, "none was started"
    with mine({}) as session:
        assert session.stale_for("X", Timeframe("1h")) is None


def test_a_source_that_cannot_tell_is_taken_as_stale_for_ever_and_that_is_logged(mine, caplog):
    with mine({"live": True, "fail": "stale"}) as session:
        session.start_live()
        assert session.stale_for("X", Timeframe("1h")) == float("inf")
    assert "a live source cannot tell whether it is stale; it is taken as such" in caplog.text


# what is kept ---------------------------------------------------------------------------------------------------


def test_what_a_source_brings_is_kept_by_the_first_that_keeps_bars(mine):
    with mine({"keeps": True}, {"keeps": True}, {"bars": 9, "keep": True}) as session:
        session.adapter().get_history("X", start=T0, on_stale="mark")
        first, second, _ = session.sources.values()
        wait_until(lambda: first.kept)
        assert places(first.kept[0]) == list(range(9))
        assert first.kept[0].sources == ("s2",)
        assert second.kept == []


def test_of_a_source_that_does_not_say_so_nothing_is_kept(mine):
    with mine({"keeps": True}, {"bars": 9}, {"bars": 10, "keep": True}) as session:
        session.adapter().get_history("X", start=T0, on_stale="mark")
        keeper = session.sources["s0"]
        wait_until(lambda: keeper.kept)
        assert [bars.sources for bars in keeper.kept] == [("s2",)]


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        ([{"bars": 9, "keep": True}], r"sources\[0\]: keep: no source keeps bars; list one, such as {plugin: store}"),
        ([{"keeps": True, "keep": True}], r"sources\[0\]: keep: this source keeps bars itself; take that line out"),
        (
            [{"keeps": True}, {"live": True, "keep": True}],
            r"sources\[1\]: keep: a live source is recorded; say `recorder:`",
        ),
    ],
    ids=["nobody keeps", "itself", "live"],
)
def test_what_cannot_be_kept_is_a_configuration_error_with_its_place(mine, sources, why):
    with pytest.raises(ConfigError, match=why):
        mine(*sources).start()


def test_where_who_keeps_bars_is_left_out_the_others_go_on(mine):
    with mine({"keeps": True, "fail": "make", "optional": True}, {"bars": 9, "keep": True}) as session:
        assert len(session.adapter().get_history("X", start=T0, on_stale="mark")) == 9
