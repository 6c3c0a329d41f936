from __future__ import annotations

from types import SimpleNamespace

import pytest

import wealthdata
from wealthdata import clear_context, get_context, set_context

from ...support.bars import HOUR, MONDAY as T0
from ..asking import newest


def test_the_bound_context_is_returned(context):
    made = context({})
    set_context(made)
    assert get_context() is made


def test_without_a_binding_there_is_no_context():
    with pytest.raises(wealthdata.NoContextError, match="set_context"):
        get_context()


def test_bindings_may_be_nested(context):
    outer, inner = context({}), context({})
    set_context(outer)
    set_context(inner)
    assert get_context() is inner
    clear_context()
    assert get_context() is outer


def test_clearing_nothing_is_harmless():
    clear_context()
    clear_context()


def test_nested_bindings_are_read_each_on_their_own(bind, records):
    bind({"X 1h": records("1h", 50)}, T0 + 50 * HOUR)
    bind({"X 1h": records("1h", 50)}, T0 + 10 * HOUR)
    assert newest() == 109.5
    clear_context()
    assert newest() == 149.5


def test_a_binding_follows_its_contexts_time(bind, records):
    made = bind({"X 1h": records("1h", 50)}, T0 + 10 * HOUR)
    assert newest() == 109.5
    made.now_ms += HOUR
    assert newest() == 110.5


def test_no_context_is_no_binding():
    with pytest.raises(wealthdata.ParamsError, match=r"context is None; call clear_context\(\)"):
        set_context(None)


def test_an_unknown_mode_is_refused_and_binds_nothing(context):
    with pytest.raises(wealthdata.ParamsError, match="'auto', 'live' or 'backtest'"):
        set_context(context({}), mode="paper")
    with pytest.raises(wealthdata.NoContextError):
        get_context()


def test_a_context_whose_time_is_none_is_refused_and_not_bound(session, context):
    session({})
    with pytest.raises(wealthdata.ClockError, match="now_ms: 'noon' is not a time"):
        set_context(context({}, "noon"))
    with pytest.raises(wealthdata.NoContextError):
        get_context()


def test_a_context_that_cannot_work_says_what_is_missing(context):
    set_context(object())
    with pytest.raises(wealthdata.ClockError, match=r"no now_ms .* no current_bar, and it has no current_dt"):
        newest()
    clear_context()
    set_context(SimpleNamespace(now_ms=T0))
    with pytest.raises(wealthdata.DataUnavailable, match="neither market_data_context nor a history"):
        newest()
