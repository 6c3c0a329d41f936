"""What else is found: decisions by chance, repainted bars, holes, errors."""

from __future__ import annotations

import sys

import pytest


def test_chance_is_not_repeatable_and_no_lookahead(verify):
    result = verify("""
        import random
        from wealthdata import get_price, order
        def handle_bar(context, bar):
            context.noise = random.random()
            get_price('BTCUSDT', count=random.randint(1, 50), frequency='1h')
            if random.random() < 0.5:
                order('BTCUSDT', 1)
        """)
    whats = "context.noise", "get_price at s.py:6", "order at s.py:8"
    assert sorted(result.found) == [("not repeatable", what) for what in whats]
    assert result.code == 1


def test_lookahead_is_found_beside_chance(verify):
    result = verify("""
        import random
        def handle_bar(context, bar):
            context.noise = random.random()
            context.ahead = context.market_data_context[0]['bars'][-1]['close']
        """)
    assert result.found == [("lookahead", "context.ahead"), ("not repeatable", "context.noise")]


def test_chance_that_struck_one_run_alone_is_not_taken_for_lookahead(verify, monkeypatch):
    # The first run, which knows the future, differs from the two that do not, and from the next that knows it too.
    monkeypatch.setattr(sys, "verified_runs", 0, raising=False)
    result = verify("""
        import sys
        def initialize(context):
            sys.verified_runs += 1
            context.odd = sys.verified_runs == 1
        def handle_bar(context, bar):
            pass
        """)
    assert result.found == [("not repeatable", "context.odd")]
    assert sys.verified_runs == 4


def test_a_seeded_generator_is_repeatable(verify):
    result = verify("""
        import random
        def initialize(context):
            random.seed(7)
        def handle_bar(context, bar):
            context.noise = random.random()
        """)
    assert result.found == []


def test_a_closed_bar_that_comes_back_with_another_value_is_repainted(verify):
    result = verify("""
        from wealthdata import get_price
        def handle_bar(context, bar):
            get_price('BTC/USDT', count=5, frequency='1h')
            for each in context.market_data_context[0]['bars']:
                if each['open_time'] <= bar.open_time:
                    each['volume'] += 1
        """)
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"]) == ("repainted", "BTCUSDT 1h")
    assert finding["values"] == {"before": "2.0", "after": "3.0"}
    assert finding["detail"] == (
        "the bar that opens 2024-01-01 01:00 had the volume 2.0, then 3.0 (get_price at s.py:4)"
    )
    assert finding["times"] == 35 * 4


def test_the_bar_that_was_handed_over_counts_as_handed_out(verify):
    result = verify(
        """
        from wealthdata import get_price
        def handle_bar(context, bar):
            at = [each['open_time'] for each in context.market_data_context[0]['bars']].index(bar.open_time)
            context.market_data_context[0]['bars'][at]['volume'] = 7000
            get_price('BTCUSDT', count=1, frequency='1h')
        """,
        "--limit",
        1,
    )
    assert result.found == [("repainted", "BTCUSDT 1h")]


def test_each_hole_is_reported_once_with_its_first_time_and_how_often(verify):
    result = verify(
        """
        from wealthdata import get_price
        def handle_bar(context, bar):
            get_price('BTCUSDT', count=4, frequency='1h')
        """,
        skip={10, 11, 20},
    )
    first, second = result.report["findings"]
    assert (first["kind"], first["what"], first["times"]) == ("hole", "BTCUSDT 1h", 3)
    assert first["detail"] == ("2 missing from 2024-01-01 10:00 to 2024-01-01 12:00 (get_price at s.py:4)")
    assert first["time"] == 1_704_067_200_000 + 13 * 3_600_000
    assert second["detail"].startswith("1 missing from 2024-01-01 20:00")
    assert result.err == ""


def test_a_hole_that_no_answer_crosses_is_none(verify):
    text = """
        from wealthdata import get_price
        def handle_bar(context, bar):
            get_price('BTCUSDT', count=1, frequency='1h')
        """
    result = verify(text, skip={10, 11, 20})
    assert (result.code, result.found) == (0, [])
    assert result.report["data"][0]["holes"] == 2


def test_an_error_is_placed_and_the_bars_go_on(verify):
    result = verify("""
        def handle_bar(context, bar):
            context.bars = getattr(context, 'bars', 0) + 1
            if context.bars % 2:
                raise ValueError('no\\nway')
        """)
    [finding] = result.report["findings"]
    assert (finding["kind"], finding["what"], finding["detail"]) == ("raised", "ValueError at s.py:5", "no way")
    assert (finding["times"], finding["time"]) == (18, 1_704_067_200_000 + 5 * 3_600_000)
    assert (result.code, result.err) == (1, "")


def test_sys_exit_ends_no_run(verify):
    result = verify("import sys\ndef handle_bar(context, bar): sys.exit(3)\n")
    assert (result.code, result.found) == (1, [("raised", "SystemExit at s.py:2")])
    assert result.report["findings"][0]["times"] == 36


def test_an_error_in_a_module_beside_the_strategy_is_placed_there(verify, strategy):
    strategy("def work():\n    return 1 / 0\n", "helper_of_s.py")
    result = verify("import helper_of_s\ndef handle_bar(context, bar): helper_of_s.work()\n")
    assert result.found == [("raised", "ZeroDivisionError at helper_of_s.py:2")]


@pytest.mark.parametrize("flag", [True, False])
def test_a_traceback_is_shown_only_if_asked_for(verify, flag):
    result = verify("def handle_bar(context, bar):\n    1 / 0\n", *["--debug"] * flag)
    assert ("Traceback" in result.err) == flag
    assert result.code == 1
