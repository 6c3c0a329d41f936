"""What an audit found, as it is printed."""

from __future__ import annotations

import json

from wealthsources import Bars
from wealthsources.cli.audit_output import count_of, print_as_json, print_as_table
from wealthsources.resolve.findings import Finding
from wealthsources.runtime.auditing import Audited, AuditReport

from ..support.bars import FRAME, HOUR, at, moving

NOTHING = Bars.empty("BTCUSDT", FRAME)


def report(*findings: Finding) -> AuditReport:
    sources = (
        Audited("one", "bars", moving(*range(1_500))),
        Audited("two\x1b[31m", "not_here", NOTHING, "has\nnone"),
        Audited("three", "failed", NOTHING),
    )
    return AuditReport("BTCUSDT", FRAME, at(0), at(1_500), sources, findings)


def hole(place: int, size: int, number: int = 1) -> Finding:
    return Finding("hole", "one", at(place), at(place + size), f"{size} missing", size, size, number)


def lines(capsys) -> list[list[str]]:
    """The words of each line that was printed."""
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_each_source_and_each_finding_has_a_row(capsys):
    print_as_table(report(hole(5, 2), Finding("label_shift", "three", at(1), at(2), "red \x1b[31m")))
    assert lines(capsys) == [
        ["source", "bars", "first", "(UTC)", "last", "(UTC)", "why"],
        ["one", "1,500", "2020-09-13", "12:00", "2020-11-14", "23:00"],
        ["two\ufffd[31m", "-", "-", "-", "has", "none"],
        ["three", "-", "-", "-", "failed"],
        [],
        ["finding", "source", "from", "(UTC)", "to", "(UTC)", "what"],
        ["hole", "one", "2020-09-13", "17:00", "2020-09-13", "19:00", "2", "missing"],
        ["label", "shift", "three", "2020-09-13", "13:00", "2020-09-13", "14:00", "red", "\ufffd[31m"],
        [],
        ["BTCUSDT", "1h,", "2020-09-13", "12:00", "to", "2020-11-15", "00:00", "UTC:", "2", "findings"],
    ]


def test_where_nothing_is_wrong_that_is_said(capsys):
    print_as_table(report())
    assert " ".join(lines(capsys)[-1]).endswith("UTC: nothing is wrong")
    print_as_table(report(hole(5, 2)))
    assert " ".join(lines(capsys)[-1]).endswith("UTC: 1 finding")


def test_of_many_the_worst_are_listed_in_the_order_of_time_and_the_others_counted(capsys):
    holes = [hole(10 * place, 1 + place % 7) for place in range(30)]
    print_as_table(report(*holes, hole(290, 1, number=1_000)._replace(size=-1.0)))
    rows = lines(capsys)[6:]
    listed, rest, verdict = rows[:20], rows[20], rows[-1]
    assert {row[6] for row in listed} == {"3", "4", "5", "6", "7"}
    assert [row[2:4] for row in listed] == sorted(row[2:4] for row in listed)
    assert " ".join(rest) == "hole one and 1,010 more, which are not worse"
    assert " ".join(verdict[-2:]) == "1,030 findings"


def test_findings_are_counted_with_those_that_are_only_counted():
    assert count_of(report(hole(1, 1), hole(5, 1, number=40))) == 41


def test_json_has_all_of_it(capsys):
    print_as_json(report(hole(5, 2)))
    told = json.loads(capsys.readouterr().out)
    assert (told["symbol"], told["timeframe"], told["start"], told["end"]) == ("BTCUSDT", "1h", at(0), at(1_500))
    assert told["sources"] == [
        {
            "source": "one",
            "outcome": "bars",
            "bars": 1_500,
            "oldest": at(0),
            "newest": at(1_499),
            "reason": "",
        },
        {"source": "two\x1b[31m", "outcome": "not_here", "bars": 0, "reason": "has\nnone"},
        {"source": "three", "outcome": "failed", "bars": 0, "reason": ""},
    ]
    assert told["findings"] == [
        {
            "kind": "hole",
            "source": "one",
            "start": at(5),
            "end": at(5) + 2 * HOUR,
            "bars": 2,
            "number": 1,
            "text": "2 missing",
        }
    ]
