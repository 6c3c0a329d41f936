"""What is wrong with a strategy: chance, repainted bars, holes, errors."""

from __future__ import annotations

import sys

from wealthsources_verify.findings import Traces

from .traces import order, trace


def test_a_claim_of_lookahead_needs_runs_that_know_the_future_to_agree():
    traces = Traces(trace(order("a")), trace(), trace())
    assert [each.what for each in traces.ahead()] == ["a"]
    traces.add_known(trace(order("b")))
    assert traces.ahead() == []
    assert [(each.kind, each.what) for each in traces.findings()] == [("not repeatable", "b")]


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
