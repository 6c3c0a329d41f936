"""How a strategy is run: what is called, when, and what it is handed."""

from __future__ import annotations

from ...support.bars import HOUR, MONDAY as T0
from .conftest import QUIET, at, refused


def test_handle_bar_gets_each_bar_as_it_closes(once, calls):
    once("""
        import sys
        def handle_bar(context, bar):
            assert bar is context.current_bar
            sys.calls.append((bar.open_time, context.now_ms, context.current_dt))
        """)
    assert calls == [(T0 + n * HOUR, T0 + (n + 1) * HOUR, at(n + 1)) for n in range(4, 40)]


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


def test_a_strategy_with_nothing_to_run_is_refused(command, strategy, data):
    refused(command(strategy("x = 1\n"), data()), "s.py has nothing to run: it defines neither handle_bar")


def test_a_strategy_that_opens_a_session_is_refused(command, strategy, data, tmp_path):
    (tmp_path / "config.yaml").write_text("sources: [{plugin: context}]\n")
    text = f"import wealthdata\nwealthdata.configure({str(tmp_path / 'config.yaml')!r})\n{QUIET}"
    refused(command(strategy(text), data()), "s.py opens a session of its own")
