"""What a strategy is handed: the context, its lists of bars, and `data`."""

from __future__ import annotations

import datetime as dt

from .conftest import at


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
