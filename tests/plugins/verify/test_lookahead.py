"""Strategies that look ahead in one way or another, and ones that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...support.markets import SAMPLE

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_example_does_not_look_ahead(command):
    result = command(EXAMPLES / "double_mean.py", SAMPLE, "--limit", 150)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("150 bars of BTCUSDT 1h: 150 answers and ")
    assert result.out.endswith(" decisions compared: nothing found\n")


def test_every_way_to_ask_wealthdata_is_the_same_whether_the_future_is_known_or_not(verify):
    result = verify("""
        from wealthdata import *
        def initialize(context):
            g.early = get_price('BTCUSDT', count=3, frequency='1h')
        def handle_bar(context, bar):
            g.price = get_price('BTCUSDT', count=5, frequency='1h')['close'][-1]
            g.range = get_price('BTCUSDT', start_date='2024-01-01', end_date=context.current_dt, frequency='1h')
            g.bars = get_bars('BTCUSDT', 2, unit='4h', include_now=True)
            g.history = history(3, '1h', 'close', ['BTCUSDT'])
            g.attributes = attribute_history('BTCUSDT', 3, '1h', ['close', 'pre_close'], df=False)
            g.last = get_last_price('BTCUSDT')
            g.current = get_current_data()['BTCUSDT'].day_open
            g.engine = [each.close for each in context.history('BTCUSDT', 3, '1h')]
            g.symbols = get_all_securities()
            g.days = get_trade_days(count=3)
        """)
    assert (result.code, result.found) == (0, [])
    assert result.report["answers"] > 36 * 8


def test_the_last_bar_of_the_contexts_list_is_the_future_with_a_careless_engine(verify):
    result = verify("""
        def handle_bar(context, bar):
            context.close = context.market_data_context[0]['bars'][-1]['close']
        """)
    assert result.code == 1
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"], finding["times"]) == ("lookahead", "context.close", 35)  # the last is it
    assert finding["time"] == 1_704_067_200_000 + 5 * 3_600_000
    assert finding["values"]["known"] != finding["values"]["unknown"]
    assert finding["detail"] == "{known} if the future is known, {unknown} if not".format_map(finding["values"])


def test_a_list_that_is_cut_by_its_times_is_no_lookahead(verify):
    result = verify("""
        def handle_bar(context, bar):
            bars = [each for each in context.market_data_context[0].bars if each.close_time <= context.now_ms]
            context.mean = sum(each['close'] for each in bars) / len(bars)
        """)
    assert result.found == []


def test_a_constant_of_the_whole_list_is_found_in_initialize(verify, command, strategy, data):
    text = """
        def initialize(context):
            closes = [each['close'] for each in context.market_data_context[0]['bars']]
            context.mean = sum(closes) / len(closes)
        def handle_bar(context, bar):
            pass
        """
    [finding] = verify(text).report["findings"]
    assert (finding["kind"], finding["what"], finding["initialize"]) == ("lookahead", "context.mean", True)
    assert "\nlookahead  initialize        " in command(strategy(text), data()).out


def test_a_peek_at_the_next_bar_is_found_by_the_order_that_it_makes(verify):
    result = verify("""
        from wealthdata import *
        def handle_bar(context, bar):
            bars = context.market_data_context[0]['bars']
            at = [each['open_time'] for each in bars].index(bar.open_time)
            ahead = bars[min(at + 1, len(bars) - 1)]
            if ahead['close'] > bar.close:
                order('BTCUSDT', 1)
        """)
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"]) == ("lookahead", "order at s.py:8")
    assert finding["detail"] == "order at s.py:8 ('BTCUSDT', 1) if the future is known, nothing if not"


def test_a_peek_that_fails_without_the_future_is_found_by_the_error(verify):
    result = verify("""
        def handle_bar(context, bar):
            bars = context.market_data_context[0]['bars']
            bars[[each['open_time'] for each in bars].index(bar.open_time) + 1]
        """)
    [finding] = result.report["findings"]
    assert finding["kind"] == "lookahead"
    assert finding["detail"].startswith(
        "nothing if the future is known, IndexError at s.py:4 (list index out of range)"
    )
    assert finding["times"] == 35  # of the last bar there is no next one in any run


def test_an_initialize_that_needs_the_future_to_work_is_lookahead(verify):
    result = verify(
        """
        def initialize(context):
            context.first = context.market_data_context[0]['bars'][0]['close']
        def handle_bar(context, bar):
            pass
        """,
        "--warmup",
        0,
    )
    assert result.found == [("lookahead", "IndexError at s.py:3")]
    assert result.report["bars"] == 0


def test_arguments_that_come_of_the_future_are_found(verify):
    result = verify("""
        from wealthdata import get_price
        def handle_bar(context, bar):
            get_price('BTCUSDT', count=len(context.market_data_context[0].bars) % 7 + 1, frequency='1h')
        """)
    [finding] = result.report["findings"]
    assert finding["what"] == "get_price at s.py:4"
    assert finding["values"] == {"known": "(BTCUSDT 1h, count 6)", "unknown": "(BTCUSDT 1h, count 7)"}


def test_a_strategy_that_moves_the_clock_gets_other_answers(verify):
    result = verify("""
        from wealthdata import get_price
        def handle_bar(context, bar):
            context.now_ms += 7_200_000
            get_price('BTCUSDT', count=2, frequency='1h')
        """)
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"]) == ("lookahead", "get_price at s.py:5")


def test_asking_beyond_the_clock_is_lookahead_though_it_was_refused(verify):
    result = verify("""
        from wealthdata import get_price
        def handle_bar(context, bar):
            get_price('BTCUSDT', count=2, frequency='1h', end_date='2024-02-01')
        """)
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"], finding["times"]) == ("lookahead", "FutureDataError at s.py:4", 36)


@pytest.mark.parametrize(
    ("keep", "what"),
    [
        ("g.x = ahead", "g.x"),
        ("context.x = {'a': [ahead]}", "context.x"),
        ("context.x = np.array([ahead])", "context.x"),
        ("context.x = pd.Series([ahead])", "context.x"),
        ("context.x = pd.DataFrame({'a': [ahead]})", "context.x"),
        ("global STATE; STATE = ahead", "global STATE"),
        ("SEEN.append(ahead)", "global SEEN"),
        ("context.x = Own(); context.x.ahead = ahead", "context.x"),
    ],
)
def test_wherever_a_strategy_keeps_what_it_saw(verify, keep, what):
    result = verify(
        f"""
        import numpy as np
        import pandas as pd
        from wealthdata import g
        SEEN = []
        STATE = None
        class Own: pass
        def handle_bar(context, bar):
            ahead = context.market_data_context[0]['bars'][-1]['close']
            {keep}
        """,
        "--limit",
        3,
    )
    assert result.found == [("lookahead", what)]


def test_another_name_for_the_contexts_list_is_no_decision(verify):
    result = verify("""
        def initialize(context):
            context.bars = context.market_data_context[0]['bars']
        def handle_bar(context, bar):
            pass
        """)
    assert result.found == []


def test_all_files_are_cut_and_the_first_one_drives_the_clock(command, strategy, data):
    text = """
        def handle_bar(context, bar):
            context.ends = [bars[-1]['close_time'] for bars in (each['bars'] for each in context.market_data_context)]
            context.late = any(end > context.now_ms for end in context.ends)
        """
    files = data(60), data(4, 24 * 3_600_000, "BTCUSDT/1d.csv"), data(300, 900_000, "ETHUSDT/15m.csv")
    result = command(strategy(text), *files, "--json", "--warmup", 24)
    assert result.report["bars"] == 36
    assert {finding["what"]: finding["values"] for finding in result.report["findings"]}["context.late"] == {
        "known": "True",
        "unknown": "False",
    }
