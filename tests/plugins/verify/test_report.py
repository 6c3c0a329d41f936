"""What was found, as a table and as JSON."""

from __future__ import annotations

from .conftest import HOLES, QUIET


def test_the_table_has_a_line_for_each_finding_and_one_that_sums_up(command, strategy, data):
    result = command(strategy(HOLES), data(skip={10, 11, 20}))
    assert result.out == (
        "found  first at (UTC)    times  what\n"
        "hole   2024-01-01 13:00      1  BTCUSDT 1h: 2 missing from 2024-01-01 10:00 to 2024-01-01 12:00"
        " (get_price at s.py:4)\n"
        "hole   2024-01-01 22:00      1  BTCUSDT 1h: 1 missing from 2024-01-01 20:00 to 2024-01-01 21:00"
        " (get_price at s.py:4)\n"
        "\n"
        "34 bars of BTCUSDT 1h: 34 answers and 0 decisions compared: 2 holes\n"
    )


def test_of_many_findings_of_one_kind_the_table_has_ten(command, strategy, data):
    result = command(strategy(HOLES), data(60, skip=set(range(10, 50, 2))))
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines[1:12]] == ["hole"] * 11
    assert lines[11].endswith("and 10 more, which --json lists")
    assert lines[-1].endswith(": 20 holes")


def test_the_json_says_what_was_run(verify, tmp_path):
    report = verify(QUIET, "--limit", 5, skip={20}).report
    assert report["strategy"] == str(tmp_path / "s.py")
    assert report["data"] == [
        {"path": str(tmp_path / "BTCUSDT/1h.csv"), "symbol": "BTCUSDT", "timeframe": "1h", "bars": 39, "holes": 1}
    ]
    assert (report["warmup"], report["bars"], report["findings"], report["counts"]) == (3, 5, [], {})


def test_control_characters_of_a_strategy_do_not_reach_the_terminal(command, strategy, data):
    result = command(strategy("def handle_bar(context, bar): raise ValueError('\\x1b[31m' + 'x' * 999)\n"), data())
    assert "\x1b" not in result.out
    assert "xxx…" in result.out
