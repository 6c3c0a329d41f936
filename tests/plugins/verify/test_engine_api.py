"""What strategies expect of their engine by name."""

from __future__ import annotations

import pytest

from .conftest import at


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
