from __future__ import annotations

import pytest

from wealthsources import (
    ConfigError,
    RequestError,
)

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


def test_a_status_that_is_none_is_told(mine, monkeypatch):
    with mine({}) as session:
        monkeypatch.setattr(session.source("s0"), "status", lambda: None)
        status = session.status().sources["s0"]
    assert (status.state, status.reason) == ("unknown", "status() returned NoneType, not SourceStatus")
