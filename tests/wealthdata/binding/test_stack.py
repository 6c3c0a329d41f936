from __future__ import annotations

import contextvars
import gc
import threading

import pytest

import wealthdata
import wealthsources
from wealthdata import clear_context, get_context, get_price, set_context
from wealthdata.binding.stack import current_reader

from ...support.bars import HOUR, MONDAY as T0


def on_a_thread(work):
    """The result of `work()` on a new thread, or its error."""
    found = []

    def run():
        try:
            found.append(work())
        except wealthdata.WealthDataError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def newest(symbol="X"):
    return get_price(symbol, count=1, frequency="1h")["close"].iloc[-1]


def test_binding_without_ever_clearing_does_not_grow(context):
    for _ in range(300):
        set_context(context({}))
    for _ in range(100):
        get_context()
        clear_context()
    with pytest.raises(wealthdata.NoContextError):
        get_context()


# mode and adapter --------------------------------------------------------------------------------------------------


def test_the_adapter_is_made_once(bind, records):
    bind({}, T0)
    assert current_reader() is current_reader()


def test_a_context_alone_is_a_backtest(bind):
    bind({}, T0)
    assert current_reader().mode == "backtest"


def test_a_context_alone_may_be_stated_as_live(context):
    set_context(context({}, T0), mode="live")
    assert current_reader().mode == "live"


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_the_mode_is_as_stated(session, context, mode):
    session({})
    set_context(context({}, T0), mode=mode)
    assert current_reader().mode == mode


def test_auto_is_settled_when_the_context_is_bound_and_not_by_the_first_call(session, context):
    made = session({}, clock="feed")
    made.clock.saw_closed(T0)
    set_context(context({}, T0))
    made.clock.saw_closed(T0 + 1000 * HOUR)
    assert current_reader().mode == "live"


def test_before_the_feeds_first_bar_the_mode_has_to_be_stated(session, context):
    session({}, clock="feed")
    with pytest.raises(wealthdata.ClockError, match="state mode="):
        set_context(context({}, T0))
    with pytest.raises(wealthdata.NoContextError):
        get_context()


def test_a_new_process_wide_session_is_read_by_a_binding_that_is_older(session, context, closed, records):
    session({}).source("m0").put(closed("X", "1h", records("1h", 50)))
    set_context(context({}, T0 + 50 * HOUR), mode="backtest")
    assert newest() == 149.5
    session({}).source("m0").put(closed("X", "1h", records("1h", 50, first=T0 - HOUR)))
    assert get_price("X", count=1, frequency="1h").attrs == {"behind": 1}


def test_a_backtest_sees_no_live_source(session, context, closed, records):
    made = session({"live": True}, {})
    made.start_live()
    made.source("m0").put(closed("X", "1h", records("1h", 60)))
    made.source("m1").put(closed("X", "1h", records("1h", 40)))
    set_context(context({}, T0 + 50 * HOUR), mode="backtest")
    assert newest() == 139.5
    assert made.source("m0").asked == []


def test_a_backtest_starts_no_live_source(session, context):
    made = session({"live": True}, {})
    set_context(context({}, T0), mode="backtest")
    current_reader()
    assert made.status().sources["m0"].state == "not started"


# threads -----------------------------------------------------------------------------------------------------------


def test_two_threads_do_not_see_each_other(context, records):
    ready = threading.Barrier(2)

    def strategy(hours):
        set_context(context({"X 1h": records("1h", 50)}, T0 + hours * HOUR))
        ready.wait(10)
        found = [newest() for _ in range(20)]
        ready.wait(10)
        clear_context()
        return set(found)

    results = {}
    threads = [threading.Thread(target=lambda h=h: results.update({h: strategy(h)})) for h in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {10: {109.5}, 20: {119.5}}


def test_a_new_thread_is_refused_while_a_backtest_is_bound(bind, session, records, closed):
    session({}).source("m0").put(closed("X", "1h", records("1h", 50)))
    bind({}, T0 + 10 * HOUR)
    error = on_a_thread(newest)
    assert isinstance(error, wealthdata.NoContextError)
    assert "contextvars.copy_context().run" in str(error)


def test_a_new_thread_is_refused_also_before_the_backtests_first_call(bind):
    bind({}, T0)
    assert "contextvars.copy_context().run" in str(on_a_thread(newest))


def test_a_thread_in_a_copied_context_reads_what_is_bound(bind, records):
    bind({"X 1h": records("1h", 50)}, T0 + 10 * HOUR)
    copy = contextvars.copy_context()
    assert on_a_thread(lambda: copy.run(newest)) == 109.5


def test_clearing_in_a_copy_does_not_end_the_binding(bind):
    bind({}, T0)
    copy = contextvars.copy_context()
    on_a_thread(lambda: copy.run(clear_context))
    get_context()
    assert "contextvars.copy_context().run" in str(on_a_thread(newest))


def test_after_the_backtest_a_new_thread_reads_the_session(bind, session, records, closed):
    session({}).source("m0").put(closed("X", "1h", records("1h", 50)))
    bind({}, T0 + 10 * HOUR)
    clear_context()
    error = on_a_thread(newest)
    assert isinstance(error, wealthdata.StaleDataError)  # bars of 2024, read live


def test_a_thread_that_ended_without_clearing_does_not_count(context, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    on_a_thread(lambda: set_context(context({}, T0)))
    gc.collect()
    with pytest.raises(wealthdata.NoContextError, match=r"config\.yaml"):
        newest()


def test_a_live_binding_refuses_no_other_thread(session, context, records, closed):
    made = session({"live": True}, clock="feed")
    set_context(context({}, T0), mode="live")
    made.source("m0").put(closed("X", "1h", records("1h", 50)))
    assert on_a_thread(newest) == 149.5


def test_a_binding_whose_session_was_stopped_does_not_fall_back_on_its_context_alone(context, records):
    """That would turn a live binding into a backtest on what the context held long ago."""
    bound = context({"X 1h": records("1h", 3)}, T0 + 3 * HOUR)
    with wealthsources.open({"sources": [{"plugin": "context"}]}):
        set_context(bound, mode="backtest")
        newest()
    try:
        with pytest.raises(wealthdata.NoContextError, match="has been stopped"):
            newest()
    finally:
        clear_context()
