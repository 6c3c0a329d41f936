"""What a strategy asks of its adapter is taken down, by whatever function it asks."""

from __future__ import annotations


def answers(trace):
    """What was asked for and what came, of the first bar; without the bar that the strategy was handed."""
    return [(event.what, event.call, event.result) for event in trace.steps[1].events if event.kind == "answer"]


def test_what_was_asked_for_is_told_with_its_times(once):
    trace = once(
        """
        from wealthdata import *
        def handle_bar(context, bar):
            get_price('BTC/USDT', count=3, frequency='1h')
            get_price('BTCUSDT', '2024-01-01', '2024-01-01 02:00', frequency='1h')
            get_bars('BTCUSDT', 1, unit='4h', include_now=True)
            context.history('BTCUSDT', 2, '1h')
        """,
        last=5,
    )
    assert [(what, call) for what, call, _ in answers(trace)] == [
        ("get_price at s.py:4", "BTC/USDT 1h, count 3"),
        ("get_price at s.py:5", "BTCUSDT 1h, from 2024-01-01 00:00, to 2024-01-01 02:00"),
        ("get_bars at s.py:6", "BTCUSDT 4h, count 1, with the forming one"),
        ("context.history at s.py:7", "BTCUSDT 1h, count 2"),
    ]


def test_a_refusal_is_told_by_its_type_and_a_listing_by_its_symbols(once):
    trace = once(
        """
        from wealthdata import *
        def handle_bar(context, bar):
            get_all_securities()
            try: get_price('BTCUSDT', count=1, frequency='1m')
            except DataUnavailable: pass
        """,
        last=5,
    )
    assert answers(trace) == [
        ("get_all_securities at s.py:4", "", "['BTCUSDT']"),
        ("get_price at s.py:5", "BTCUSDT 1m, count 1", "AllSourcesFailed"),
    ]
