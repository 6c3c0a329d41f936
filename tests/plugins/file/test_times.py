"""The times of a file, and what is said of those that cannot be told."""

from __future__ import annotations

import datetime as dt

import pytest

from wealthsources_file.bad_rows import Found
from wealthsources_file.cells import Cutter
from wealthsources_file.header import Header
from wealthsources_file.layout import Layout
from wealthsources_file.line_numbers import LineNumbers
from wealthsources_file.times import Times, read_times

DAY = 86_400_000
T0 = 1_704_067_200_000  # 2024-01-01


def read(*texts: str, time: str | tuple[str, ...] = "iso", zone: str | None = None, whole: bool = True) -> Times:
    lines = "".join(f"{text},0\n" for text in texts).encode()
    cells, _ = Cutter(1, Header(2, {}), LineNumbers(), Found()).cut(lines)
    layout = Layout(time=(time,) if isinstance(time, str) else time, zone=zone)
    return read_times(cells, 0, layout, whole=whole)


def utc(*texts: str, **options: str) -> list[str]:
    found = read(*texts, **options)
    assert found.faults == {}
    return [str(dt.datetime.fromtimestamp(time / 1000, dt.UTC))[:16] for time in found.times.tolist()]


def why(text: str, **options: object) -> str:
    """What is wrong with one of three times."""
    found = read("x", text, "x", **options)
    assert found.times[1] == 0
    return found.faults[1]


# Counted.


@pytest.mark.parametrize(("unit", "text"), [("s", ""), ("ms", "000"), ("us", "000000"), ("ns", "000000000")])
def test_a_unit_is_what_is_said(unit: str, text: str) -> None:
    assert read(f"{T0 // 1000}{text}", time=unit).times.tolist() == [T0]


def test_of_two_units_each_time_tells_its_own() -> None:
    assert read(f"{T0}", f"{T0 + 60_000}000", time=("ms", "us")).times.tolist() == [T0, T0 + 60_000]


@pytest.mark.parametrize(
    ("text", "time", "said"),
    [
        (f"{T0}", ("s",), "in ms it would be 2024-01-01 00:00 UTC: say time: ms if all are, or time: [s, ms] if some"),
        (
            f"{T0}000",
            ("ms",),
            "in microseconds it would be 2024-01-01 00:00 UTC: say time: us if all are, or time: [ms, us]",
        ),
        (f"{T0}000000", ("ms", "us"), "not a time in ms or us of 1980 to 2200; in nanoseconds"),
        ("17", ("ms",), "17 is not a time in ms of 1980 to 2200"),
        (f"{T0}001", ("us",), f"{T0}001 has a part of a ms"),
        ("2024-01-31", ("ms",), "2024-01-31 is not a time in ms; say time: iso"),
        ("31/01/2024", ("ms",), "31/01/2024 is not a time in ms; say which is the day: time: '%d/%m/%Y'"),
        ("-5", ("ms",), "-5 is not a time in ms"),
        ("9" * 20, ("ns",), "is not a time in ns"),
    ],
)
def test_what_is_not_in_the_unit_is_told_with_the_option(text: str, time: tuple[str, ...], said: str) -> None:
    assert said in why(text, time=time)


def test_what_is_smaller_than_a_ms_may_be_cut_off() -> None:
    assert read(f"{T0}999", time="us", whole=False).times.tolist() == [T0]


# Written.


def test_an_offset_says_when_it_was() -> None:
    found = read("2024-01-02 00:00:00-05:00", "2024-07-02 00:00:00-04:00")
    assert found.times.tolist() == [T0 + DAY + 5 * 3_600_000, 1_719_892_800_000]


def test_a_date_alone_is_its_midnight_in_the_zone() -> None:
    assert utc("2024-01-02", "2024-07-02", zone="America/New_York") == ["2024-01-02 05:00", "2024-07-02 04:00"]


def test_a_zone_is_asked_for() -> None:
    said = "2024-01-01 09:30:00 names no time zone; say which, as in zone: UTC, or zone: Europe/Berlin"
    assert why("2024-01-01 09:30:00") == said


def test_a_zone_is_what_clocks_show_there() -> None:
    texts = ["2024-03-08 09:30", "2024-03-11 09:30"]
    assert utc(*texts, zone="America/New_York") == ["2024-03-08 14:30", "2024-03-11 13:30"]
    assert utc(*texts, zone="UTC") == texts


def test_an_offset_comes_before_the_zone() -> None:
    assert utc("2024-01-01 00:00Z", "2024-01-01 00:00", zone="Asia/Shanghai") == [
        "2024-01-01 00:00",
        "2023-12-31 16:00",
    ]


@pytest.mark.parametrize("text", ["2024-10-27 02:30", "2024-03-31 02:30"])
def test_what_clocks_show_twice_or_never_is_no_time(text: str) -> None:
    assert "in Europe/Berlin" in why(text, zone="Europe/Berlin")


def test_midnight_that_clocks_skip_is_the_beginning_of_its_day() -> None:
    assert utc("2018-11-04 00:00", zone="America/Sao_Paulo") == ["2018-11-04 03:00"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("01/02/2024", "say which is the day: time: '%d/%m/%Y' or time: '%m/%d/%Y'"),
        ("31/01/2024 09:30", "say which is the day: time: '%d/%m/%Y…'"),
        ("1.31.24", "say which is the day: time: '%m.%d.%y'"),
        ("20240131", "say how it is, as in time: '%Y.%m.%d %H:%M'"),
        ("2024-02-30", "2024-02-30 is on no calendar, or has a part of a ms"),
        ("", "say how it is"),
    ],
)
def test_what_is_written_in_another_way_is_told_with_the_option(text: str, said: str) -> None:
    assert why(text, zone="UTC").endswith(said) or said in why(text, zone="UTC")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%d/%m/%Y", "02/01/2024"),
        ("%m/%d/%Y", "01/02/2024"),
        ("%Y%m%d %H%M%S", "20240102 000000"),
        ("%d.%m.%y", "02.01.24"),
    ],
)
def test_a_pattern_says_how_times_are_written(pattern: str, text: str) -> None:
    assert utc(text, time=pattern, zone="UTC") == ["2024-01-02 00:00"]


def test_what_does_not_fit_the_pattern_is_told() -> None:
    assert why("2024-01-02", time="%d/%m/%Y", zone="UTC") == "2024-01-02 is not written as %d/%m/%Y"
    assert "names no time zone" in why("02/01/2024", time="%d/%m/%Y")
    assert "not written as" in why("20240102 0.0001", time="%Y%m%d %S.%f", zone="UTC")
