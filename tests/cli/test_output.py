"""Bars as a table, as CSV and as JSON, and what is said beside them."""

from __future__ import annotations

import csv
import io
import json

import numpy as np

from wealthsources import FIELDS, Attempt, Bars, Finality, Hole
from wealthsources.cli.output import notes, print_as_csv, print_as_json, print_as_table
from wealthsources.model.rows import source_codes

from ..support.bars import at, record


def some() -> Bars:
    """Hours 0, 1 and 4 of two sources; the last is forming."""
    records = [
        record(0, closed=True, finality="flag", open=".5", low=".5", volume="0"),
        record(1, closed=True),
        record(4, closed=False, close="10.75"),
    ]
    bars = Bars.from_records("BTCUSDT", "1h", records)
    rows = np.array(bars.rows)
    source_codes(rows)[:] = (0, 1, 1)
    return bars.replace(rows=rows, sources=("archive", "live"), holes=(Hole(at(2), at(4), 2),))


def table(capsys) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_in_the_table_every_bar_is_a_row_with_its_exact_text(capsys):
    print_as_table(some(), 3)
    header, first, second, _, last, _ = table(capsys)
    assert header == ["open", "time", "(UTC)", *FIELDS, "source", "finality"]
    assert first == ["2020-09-13", "12:00", ".5", "12", ".5", "11.1", "0", "archive", "flag"]
    assert second == ["2020-09-13", "13:00", "10.50", "12", "9.000", "11.1", "3", "live", "history"]
    assert last[-2:] == ["live", "forming"]


def test_in_the_table_a_hole_is_a_row_before_the_bar_that_ends_it(capsys):
    print_as_table(some(), 3)
    assert table(capsys)[3] == ["2020-09-13", "14:00", *["-"] * 5, "2", "missing"]


def test_below_the_table_stands_how_many_came_from_where(capsys):
    print_as_table(some(), 3)
    assert capsys.readouterr().out.splitlines()[-1] == "3 bars of BTCUSDT 1h: 1 from archive, 2 from live"


def test_fewer_than_were_asked_for_are_said_to_be(capsys):
    print_as_table(some(), 5)
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 of 5 bars of BTCUSDT 1h: ")


def test_of_no_bars_there_is_a_table_without_rows(capsys):
    print_as_table(Bars.empty("BTCUSDT", "1h"), 5)
    assert capsys.readouterr().out.splitlines()[-1] == "0 of 5 bars of BTCUSDT 1h"


def test_csv_is_a_header_and_a_line_for_each_bar_with_times_in_ms(capsys):
    print_as_csv(some(), 3)
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["open_time", *FIELDS, "source"]
    assert rows == [
        [str(at(0)), ".5", "12", ".5", "11.1", "0", "archive"],
        [str(at(1)), "10.50", "12", "9.000", "11.1", "3", "live"],
        [str(at(4)), "10.50", "12", "9.000", "10.75", "3", "live"],
    ]


def test_csv_ends_lines_as_files_do_here(capsys):
    print_as_csv(Bars.empty("BTCUSDT", "1h"), 3)
    assert capsys.readouterr().out == "open_time,open,high,low,close,volume,source\n"


def test_json_is_one_object_with_all_there_is_to_know(capsys):
    failed = (Attempt("cloud", "failed", reason="no disk"),)
    print_as_json(some().replace(behind=3, failed=failed), 3)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["symbol"], answer["timeframe"], answer["behind"]) == ("BTCUSDT", "1h", 3)
    assert answer["holes"] == [{"start": at(2), "end": at(4), "count": 2}]
    assert answer["failed"] == [{"source": "cloud", "reason": "no disk"}]
    assert answer["bars"][0] == {
        "open_time": at(0),
        **dict(zip(FIELDS, (".5", "12", ".5", "11.1", "0"), strict=True)),
        "source": "archive",
        "closed": True,
        "finality": Finality.FLAG,
    }
    assert (answer["bars"][2]["closed"], answer["bars"][2]["finality"]) == (False, None)


def test_there_is_nothing_to_note_of_a_whole_answer():
    assert list(notes(some().replace(holes=()), 3)) == []


def test_what_the_reader_should_know_is_noted():
    failed = (Attempt("cloud", "failed", reason="no disk"),)
    assert list(notes(some().replace(behind=3, failed=failed), 5)) == [
        "a hole that no source fills: 2 missing from 2020-09-13 14:00 to 2020-09-13 16:00 UTC",
        "behind: the newest 3 bars are missing",
        "failed: cloud: no disk",
        "no source has more than these 3 of 5 bars",
    ]
