"""The two sides, over a recording of three minutes and a store that was recorded to beside it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

import wealthdata
from wealthsources import ConfigError
from wealthsources_replay.options import ReplayOptions
from wealthsources_replay.sides import Side, open_sides
from wealthsources_replay.strategy import Strategy

from .deployment import MINUTE, deploy
from .records import T0


@pytest.fixture
def folder(tmp_path):
    deploy(tmp_path, minutes=3, stored=3)
    return tmp_path


def sides_of(folder, known="then", config="config.yaml"):
    return open_sides(folder / config, ReplayOptions.of_command({"recording": str(folder / "live")}), known)


def strategy(folder, text):
    (folder / "strategy.py").write_text(text)
    made = Strategy(folder / "strategy.py")
    made.load()
    return made


def test_the_feed_has_the_stores_behind_it_and_the_backtest_has_them_alone(folder):
    ahead, live, backtest = sides_of(folder)
    with ahead, live, backtest:
        assert [list(each.sources) for each in (ahead, live, backtest)] == [["replay"], ["replay", "bars"], ["bars"]]
        assert [each.clock.name for each in (ahead, live)] == ["feed", "feed"]


def test_what_the_deployment_says_holds_for_both_but_nothing_is_refused_as_stale_and_nothing_recorded(folder):
    with (folder / "config.yaml").open("a") as config:
        config.write("on_stale: raise\non_hole: trim\nrecorder: {store: {}}\nplugins: {allow: [store]}\n")
    for session in sides_of(folder)[1:]:
        settings = session.config.settings
        assert (settings.on_stale, settings.on_hole, settings.recorder) == ("mark", "trim", {})
        assert settings.plugins.allow == ("store", "replay")


def test_a_backtest_knows_bars_from_their_arrival_and_as_much_as_is_said(folder):
    for known in ("then", "now"):
        _, live, backtest = sides_of(folder, known)
        assert (backtest.config.settings.knowledge, backtest.config.settings.late_after) == (known, 0)
        assert live.config.settings.knowledge == "then"


def test_a_deployment_without_a_source_that_can_tell_is_refused(folder):
    (folder / "other.yaml").write_text("sources: [{plugin: context}]\n")
    with pytest.raises(ConfigError, match="no source can tell what was known then, as one with `plugin: store` can"):
        sides_of(folder, config="other.yaml")


def test_each_side_is_bound_in_its_mode_and_sees_its_time(folder):
    made = strategy(
        folder,
        "import wealthdata\nseen = []\ndef handle_bar(context, bar):\n"
        "    seen.append((wealthdata.get_context() is context, len(wealthdata.get_price('BTCUSDT', count=9,"
        " frequency='1m')), bar.source))\n",
    )
    ahead, live, backtest = sides_of(folder)
    with ahead, live, backtest:
        live.start_live()
        source = live.sources["replay"]
        while not source.is_over:
            source.step()
        bar = live.adapter().get_history("BTCUSDT", 2, "1m")[0]
        for session, mode in ((live, "live"), (backtest, "backtest")):
            called = Side(session, made, mode).call(T0 + 2 * MINUTE, bar)
            assert (called.was_called, called.raised, len(called.answers)) == (True, None, 2)
    assert sys.modules["_replayed_strategy"].seen == [(True, 3, "replay"), (True, 2, "live")]
    with pytest.raises(wealthdata.NoContextError):
        wealthdata.get_context()


def test_without_its_bar_a_strategy_is_not_called_and_what_it_raises_is_told(folder):
    made = strategy(folder, "def handle_bar(context, bar): raise LookupError(bar.close)\n")
    ahead, live, backtest = sides_of(folder)
    with ahead, live, backtest:
        bar = backtest.adapter(SimpleNamespace(now_ms=T0 + 3 * MINUTE), mode="backtest").get_history(
            "BTCUSDT", 1, "1m"
        )[0]
        side = Side(backtest, made, "backtest")
        assert repr(side.call(T0 + 3 * MINUTE, bar).raised) == "LookupError(2.0)"
        for minutes in (0, 2):  # it has none, or an older one
            early = side.call(T0 + minutes * MINUTE, bar)
            assert (early.was_called, len(early.answers), early.raised) == (False, 1, None)
