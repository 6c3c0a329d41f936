"""How a strategy is run: what is called, when, and what it is handed."""

from __future__ import annotations

import datetime as dt
import sys
from types import SimpleNamespace

import pytest

import wealthdata
import wealthsources
from wealthsources_verify.data_files import read_data_file
from wealthsources_verify.engine import Job, run

HOUR = 3_600_000
T0 = 1_704_067_200_000


@pytest.fixture
def calls(monkeypatch):
    """What a strategy of these tests appends to `sys.calls`."""
    made: list[object] = []
    monkeypatch.setattr(sys, "calls", made, raising=False)
    return made


@pytest.fixture
def once(strategy, data, calls):
    """once(text, first=4, last=40, **data): one run with the future unknown; returns its trace."""

    def make(text, *, first=4, last=40, whole=False, **bars):
        job = Job(strategy(text), (read_data_file(data(**bars), None, None),), first, last)
        return run(job, whole=whole, show=False)

    return make


@pytest.fixture
def held():
    """A process-wide session that was there before."""
    with wealthsources.open({"sources": [{"plugin": "context"}]}) as session:
        yield session


@pytest.fixture
def bound():
    """A context with three bars that was bound before."""
    prices = {"open": 1.0, "high": 2.0, "low": 1.0, "close": 2.0, "volume": 1.0}
    bars = [{"open_time": T0 + n * HOUR, "close_time": T0 + (n + 1) * HOUR - 1, **prices} for n in range(3)]
    context = SimpleNamespace(
        market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}],
        now_ms=T0 + 3 * HOUR,
    )
    wealthdata.set_context(context)
    return context


def at(hours):
    """As a context says it: in UTC, without a zone."""
    return dt.datetime(2024, 1, 1) + dt.timedelta(hours=hours)  # noqa: DTZ001


def test_handle_bar_gets_each_bar_as_it_closes(once, calls):
    once("""
        import sys
        def handle_bar(context, bar):
            assert bar is context.current_bar
            sys.calls.append((bar.open_time, context.now_ms, context.current_dt))
        """)
    assert calls == [(T0 + n * HOUR, T0 + (n + 1) * HOUR, at(n + 1)) for n in range(4, 40)]


def test_the_contexts_time_is_in_the_zone_of_the_labels(once, calls):
    once(
        """
        import sys
        import wealthdata
        wealthdata.configure(tz='Asia/Shanghai')
        def handle_bar(context, bar):
            label = wealthdata.get_price('BTCUSDT', count=1, frequency='1h', end_date=context.current_dt).index[-1]
            sys.calls.append((context.current_dt, context.previous_date, label == context.current_dt))
        """,
        last=5,
    )
    assert calls == [(at(5 + 8), dt.date(2023, 12, 31), True)]


def test_handle_data_gets_the_newest_bar_of_each_symbol(once, calls):
    once("""
        import sys
        def handle_data(context, data):
            sys.calls.append((list(data), data['BTCUSDT'].open_time + 3_600_000 == context.now_ms, 'X' in data))
        """)
    assert calls == [(["BTCUSDT"], True, False)] * 36


def test_initialize_has_the_warm_up_and_no_more(once, calls):
    once("""
        import sys
        from wealthdata import get_price
        def initialize(context):
            sys.calls.append(context.now_ms)
            sys.calls.append(len(context.market_data_context[0]['bars']))
            sys.calls.append(len(get_price('BTCUSDT', count=100, frequency='1h')))
            sys.calls.append(context.current_bar.open_time)
        def handle_bar(context, bar): pass
        """)
    assert calls == [T0 + 4 * HOUR, 4, 4, T0 + 3 * HOUR]


def test_a_run_that_knows_the_future_has_all_bars_in_the_list_from_the_first_moment_on(once, calls):
    text = """
        import sys
        def initialize(context): sys.calls.append(len(context._market_data_context[0].bars))
        def handle_bar(context, bar): sys.calls.append(len(context.market_data_context[0]['bars']))
        """
    once(text, whole=True)
    assert set(calls) == {40}
    calls.clear()
    once(text)
    assert calls == list(range(4, 41))


def test_a_day_begins_before_its_first_bar_and_ends_after_its_last(once, calls):
    once("""
        import sys
        def before_trading_start(context): sys.calls.append(('before', context.current_dt))
        def after_trading_end(context): sys.calls.append(('after', context.current_dt))
        def handle_bar(context, bar):
            if context.current_dt.hour in (0, 1): sys.calls.append(context.current_dt)
        """)
    assert calls == [
        ("before", at(4)), at(24), ("after", at(24)), ("before", at(24)), at(25),
    ]  # fmt: skip


def test_a_day_without_its_last_bars_ends_before_the_next_begins(once, calls):
    once(
        """
        import sys
        def before_trading_start(context): sys.calls.append(('before', context.current_dt))
        def after_trading_end(context): sys.calls.append(('after', context.current_dt))
        def handle_bar(context, bar): pass
        """,
        skip={22, 23, 24},
        last=30,
    )
    assert calls == [("before", at(4)), ("after", at(22)), ("before", at(25))]


@pytest.mark.parametrize(
    ("time", "hours"),
    [
        ("9:30", [10, 34]),
        ("09:30", [10, 34]),
        ("09:00:00", [9, 33]),
        ("open", [4, 24]),
        ("00:00", [4, 24]),
        ("before_open", [4, 24]),
        ("close", [24]),
        ("after_close", [24]),
        ("every_bar", range(5, 41)),
    ],
)
def test_run_daily_runs_once_a_day_as_soon_as_it_is_time(once, calls, time, hours):
    once(f"""
        import sys
        from wealthdata import *
        def initialize(context): run_daily(work, time={time!r}, reference_security='BTCUSDT')
        def work(context): sys.calls.append(context.current_dt)
        """)
    assert calls == [at(hour) for hour in hours]


def test_what_was_due_in_a_day_that_lacks_its_last_bars_runs_when_the_next_begins(once, calls):
    once(
        """
        import sys
        from wealthdata import *
        def initialize(context): run_daily(work, time='close')
        def work(context): sys.calls.append(context.current_dt)
        """,
        skip={22, 23, 24},
        last=30,
    )
    assert calls == [at(22)]


def test_a_time_that_is_none_is_an_error_of_the_strategy(once):
    trace = once("""
        from wealthdata import run_daily
        def initialize(context): run_daily(print, time='noon')
        """)
    assert trace.broken
    assert "'noon' is none of every_bar, before_open, open, close, after_close" in str(trace.errors[0])


def test_a_joinquant_strategy_runs_with_its_engines_names(once, calls):
    trace = once("""
        import sys
        from wealthdata import *
        def initialize(context):
            set_benchmark('BTCUSDT')
            set_option('use_real_price', True)
            set_order_cost(OrderCost(close_tax=0.001), type='stock')
            log.set_level('order', 'error')
            g.security = 'BTCUSDT'
            run_daily(market_open, time='open')
        def market_open(context):
            price = attribute_history(g.security, 5, '1h', ['close'])['close'][-1]
            cash = context.portfolio.available_cash
            if cash > 0:
                order_value(g.security, cash)
                log.info('bought at', price)
            elif context.portfolio.positions[g.security].closeable_amount > 0:
                order_target(g.security, 0)
            sys.calls.append((round(context.portfolio.available_cash), round(context.portfolio.total_value)))
        """)
    assert trace.errors == []
    (cash, total), (later_cash, later_total) = calls
    assert (cash, total) == (0, 1_000_000)
    assert later_cash == later_total != 1_000_000
    assert [event.what for step in trace.steps for event in step.events if event.kind == "decision"] == [
        "set_benchmark at s.py:5",
        "set_option at s.py:6",
        "set_order_cost at s.py:7",
        "order_value at s.py:15",
        "order_target at s.py:18",
    ]


def test_nothing_is_left_of_one_run_in_the_next(once, calls, strategy):
    strategy("state = []\n", "helper_of_s.py")
    text = """
        import sys
        import helper_of_s
        from wealthdata import g
        STATE = []
        def initialize(context):
            sys.calls.append((len(STATE), len(helper_of_s.state), vars(g).copy()))
            STATE.append(1), helper_of_s.state.append(1)
            g.x = 1
        def handle_bar(context, bar): pass
        """
    once(text)
    once(text)
    assert calls == [(0, 0, {})] * 2
    assert "helper_of_s" not in sys.modules


def test_a_module_beside_the_strategy_can_be_imported_while_it_runs(once, strategy):
    strategy("", "late_helper_of_s.py")
    assert once("def handle_bar(context, bar): import late_helper_of_s\n").errors == []


def test_the_process_is_as_before_afterwards(once):
    wealthdata.configure(default_count=3)
    path, modules, before = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    once("""
        import logging
        import warnings
        import wealthdata
        wealthdata.configure(tz='Asia/Shanghai')
        logging.basicConfig(level='DEBUG')
        warnings.simplefilter('ignore')
        def handle_bar(context, bar): wealthdata.clear_context()
        """)
    assert (sys.path, sys.dont_write_bytecode) == (path, before)
    assert "_verified_strategy" not in set(sys.modules) - modules
    assert wealthsources.current_session() is None
    assert not hasattr(wealthdata, "g")
    assert wealthdata.sessions.current_options().default_count == 3
    with pytest.raises(wealthdata.NoContextError):
        wealthdata.get_context()


def test_a_session_and_a_binding_that_were_there_are_there_again(once, held, bound, calls):
    once("""
        import sys
        from wealthdata import get_price
        def handle_bar(context, bar): sys.calls.append(len(get_price('BTCUSDT', count=99, frequency='1h')))
        """)
    assert calls == list(range(5, 41))
    assert wealthsources.current_session() is held
    assert wealthdata.get_context() is bound


def test_what_a_strategy_clears_is_its_own(once, bound):
    once("import wealthdata\ndef handle_bar(context, bar): wealthdata.clear_context()\n")
    assert wealthdata.get_context() is bound


def test_the_configuration_of_the_environment_is_not_read(once, monkeypatch, tmp_path):
    monkeypatch.setenv("WEALTHSOURCES_CONFIG", str(tmp_path / "gone.yaml"))
    trace = once("""
        from wealthdata import get_price
        def handle_bar(context, bar): get_price('BTCUSDT', count=1, frequency='1h')
        """)
    assert trace.errors == []


def test_no_compiled_file_is_written_beside_the_strategy(once, strategy, tmp_path):
    strategy("", "helper_of_s.py")
    once("import helper_of_s\ndef handle_bar(context, bar): pass\n")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["1h.csv", "BTCUSDT", "helper_of_s.py", "s.py"]
