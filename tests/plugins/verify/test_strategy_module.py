"""A strategy's file is loaded afresh for each run, and told from what is not its own."""

from __future__ import annotations

import sys


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


def test_no_compiled_file_is_written_beside_the_strategy(once, strategy, tmp_path):
    strategy("", "helper_of_s.py")
    once("import helper_of_s\ndef handle_bar(context, bar): pass\n")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["1h.csv", "BTCUSDT", "helper_of_s.py", "s.py"]


def test_an_error_in_a_module_beside_the_strategy_is_placed_there(verify, strategy):
    strategy("def work():\n    return 1 / 0\n", "helper_of_s.py")
    result = verify("import helper_of_s\ndef handle_bar(context, bar): helper_of_s.work()\n")
    assert result.found == [("raised", "ZeroDivisionError at helper_of_s.py:2")]
