"""`wealthsources audit`, over files in which something is wrong, and over files in which nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ...support import shanghai
from ...support.bars import HOUR, MINUTE, ms
from ...support.markets import HEADER, SAMPLE
from ..conftest import LONG

OPENS = ms(2019, 8, 1)
SPAN = ("BTCUSDT", "1h", "--from", "2019-08-01", "--to", "2019-09-01")


@pytest.fixture
def rows() -> list[str]:
    """August of the sample, 744 hours: the text of each row."""
    return SAMPLE.read_text().splitlines()[1:745]


@pytest.fixture
def sources(folder, config) -> Callable[..., None]:
    """sources(one=rows, two=rows): a deployment of files; those of `skip` leave bad rows out."""

    def write(skip: tuple[str, ...] = (), **files: list[str]) -> None:
        lines = ["sources:"]
        for name, wanted in files.items():
            (folder / f"{name}.csv").write_text("\n".join([HEADER, *wanted]) + "\n")
            bad = ", on_bad_row: skip" if name in skip else ""
            options = f"{{files: [{{path: {name}.csv, symbol: BTCUSDT, timeframe: 1h}}]{bad}}}"
            lines.append(f"- {{name: {name}, plugin: file, options: {options}}}")
        config("\n".join(lines) + "\n")

    return write


def edited(row: str, column: int, value: str) -> str:
    values = row.split(",")
    values[column] = value
    return ",".join(values)


def told(result) -> list[tuple[str, str, int, str]]:
    """Each finding as its kind, its source, the hour it begins in, and what is said."""
    findings = json.loads(result.out)["findings"]
    return [(each["kind"], each["source"], (each["start"] - OPENS) // HOUR, each["text"]) for each in findings]


def test_in_clean_files_nothing_is_found(cli, sources, rows):
    sources(one=rows, two=rows[100:])
    result = cli("audit", *SPAN)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1] == "BTCUSDT 1h, 2019-08-01 00:00 to 2019-09-01 00:00 UTC: nothing is wrong"


@pytest.mark.parametrize(
    ("plant", "text"),
    [
        (lambda rows: [*rows[:99], edited(rows[99], 2, "1"), *rows[100:]], "one.csv:101: high 1.0 is below low"),
        (lambda rows: [*rows[:99], edited(rows[99], 4, "abc"), *rows[100:]], "one.csv:101: close: 'abc' is not a"),
        (
            lambda rows: [*rows[:99], edited(rows[99], 0, str(OPENS + 99 * HOUR + 60000)), *rows[100:]],
            "one.csv:101: open_time: 1564974060000 is not on the 1h grid",
        ),
        (lambda rows: rows[:100] + rows[99:], "one.csv:102: says again what an earlier row says"),
        (
            lambda rows: [*rows[:100], edited(rows[99], 5, "7"), *rows[100:]],
            "one.csv:101: has the open_time of another row, and different values",
        ),
        (
            lambda rows: [*rows[:99], rows[100], rows[99], *rows[101:]],
            "one.csv:101: open_time is out of order",
        ),
    ],
)
def test_each_row_that_is_no_bar_is_found_by_its_line_and_so_is_what_it_costs(cli, sources, rows, plant, text):
    sources(one=plant(rows))
    result = cli("audit", *SPAN, "--format", "json")
    assert result.code == 1
    (kind, source, begins, said), *others = told(result)
    assert (kind, source) == ("failed", "one")
    assert begins in (98, 99)
    assert text in said
    assert {kind for kind, *_ in others} <= {"hole"}


def test_every_one_of_many_bad_rows_is_found_whether_they_are_skipped_or_not(cli, sources, rows):
    bad = [edited(row, 2, "1") if place in (10, 13, 400, 743) else row for place, row in enumerate(rows)]
    sources(one=bad, two=bad, skip=("two",))
    findings = told(cli("audit", *SPAN, "--format", "json"))
    for kind, source in (("failed", "one"), ("note", "two")):
        lines = [said.partition(".csv:")[2].partition(":")[0] for what, whose, _, said in findings if what == kind]
        assert lines == ["12", "15", "402", "745"], (source, findings)


def test_holes_are_found_with_who_has_what_is_missing(cli, sources, rows):
    sources(one=rows[:50] + rows[60:], two=rows[:55] + rows[56:])
    assert told(cli("audit", *SPAN, "--format", "json")) == [
        ("hole", "chain", 55, "1 missing"),
        ("hole", "one", 50, "10 missing, of which others have 9"),
    ]


def test_other_values_are_found_with_by_how_much(cli, sources, rows):
    sources(one=rows, two=[*rows[:30], edited(rows[30], 5, "2000"), *rows[31:]])
    ((kind, source, hour, said),) = told(cli("audit", *SPAN, "--format", "json"))
    assert (kind, source, hour) == ("disagreement", "two", 30)
    assert said.startswith(f"volume 2000 for {rows[30].split(',')[5]} (+")


def test_a_file_that_stamps_ends_is_found_with_the_remedy(cli, sources, rows):
    later = [edited(row, 0, str(int(row.split(",")[0]) + HOUR)) for row in rows]
    sources(one=rows, two=later)
    result = cli("audit", *SPAN)
    assert result.code == 1
    assert "one window later: two seems to stamp bars with their end (label: end)" in result.out


def test_a_file_that_cannot_be_read_is_told_once(cli, sources, folder, rows):
    sources(one=rows, two=rows)
    (folder / "two.csv").write_text("time,price\n1,2\n")
    ((kind, source, hour, said),) = told(cli("audit", *SPAN, "--format", "json"))
    assert (kind, source, hour) == ("failed", "two", 0)
    assert "two.csv:1:" in said


def test_on_a_market_that_closes_a_night_is_no_hole_and_a_bar_at_lunch_is_no_bar(cli, config, folder):
    config(shanghai.CONFIG)
    span = ("600519.XSHG", "1m", "--from", "2024-02-19", "--to", "2024-02-21")
    rows = shanghai.minutes()
    (folder / "x.csv").write_text(shanghai.csv(rows))
    result = cli("audit", *span)
    assert (result.code, result.err) == (0, "")
    lunch = edited(rows[119], 0, str(shanghai.OPENINGS[0] + 125 * MINUTE))
    (folder / "x.csv").write_text(shanghai.csv([*rows[:120], lunch, *rows[120:238], *rows[242:]]))
    found = json.loads(cli("audit", *span, "--format", "json").out)["findings"]
    assert [(each["kind"], each["source"], each["bars"]) for each in found] == [
        ("failed", "file", 1),
        ("hole", "chain", 4),
    ]
    assert "x.csv:122: open_time" in found[0]["text"]
    assert "closed then" in found[0]["text"]


def test_live_bars_are_compared_with_those_of_a_file(cli, serve, live_config, file_source):
    live_config(serve(skip=40, snapshot=40).url, file_source)
    result = cli("audit", "BTCUSDT", "1h", "--from", "2019-08-01", "--wait", LONG)
    assert (result.code, result.err) == (0, "")
    rows = [line.split() for line in result.out.splitlines()]
    assert [(row[0], int(row[1]) >= 20) for row in rows[1:3]] == [("live", True), ("archive", True)]


def test_an_exchange_is_looked_at_without_a_configuration(cli, serve):
    url = serve(token=None, skip=40, snapshot=40).url
    arguments = ["--from", "2019-08-01", "--to", "2019-09-01", "--wait", LONG, "--endpoint", url]
    result = cli("audit", "wealthai", "BTCUSDT", "1h", *arguments)
    name, bars, *_ = result.out.splitlines()[1].split()
    assert (result.code, name, int(bars) >= 20) == (0, "wealthai", True), result.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("BTCUSDT", "1h", "--from", "soon"), 2, "--from 'soon' is no time of 1980 to 2200"),
        (("BTCUSDT", "1h", "--from", "2019-09-01", "--to", "2019-08-01"), 2, "--from 2019-09-01 is not before --to"),
        (("BTCUSDT", "1x", "--from", "2019-09-01"), 2, "'1x' is not a timeframe"),
        (("BTCUSDT", "--from", "2019-09-01"), 2, "audit takes a symbol and a timeframe"),
        (("BTCUSDT", "1h", "--from", "2019-09-01", "--to", "2019-09-02"), 1, "no source has bars from 2019-09-01"),
        (("ETHUSDT", "1h", "--from", "2019-09-01"), 1, "no source has bars from 2019-09-01 00:00 of ETHUSDT 1h"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error_and_nothing_is_printed(cli, sources, rows, arguments, code, said):
    sources(one=rows)
    result = cli("audit", *arguments)
    assert (result.code, result.out) == (code, "")
    assert result.error.startswith(said)
