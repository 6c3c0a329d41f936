"""What a file tells of its layout, and what is asked for. What it tells of each preset is in test_layouts.py."""

from __future__ import annotations

import pytest

from wealthsources_file.sample import Sample
from wealthsources_file.telling import Told, tell

from ...support.markets import HEADER

NAMES = tuple(HEADER.split(","))
MS = 1_704_067_200_000


def told(*times: str | int, names: tuple[str, ...] | None = NAMES, separator: str = ",", price: str = "1.5") -> Told:
    return tell(Sample(names, [[str(time), price, "2", "1", "1", "9"] for time in times], "", separator, "UTF-8"))


def test_of_our_own_files_nothing_needs_to_be_said() -> None:
    assert (told(MS, MS + 60_000).options, told(MS).questions) == ({}, [])


# Columns.


@pytest.mark.parametrize("name", ["time", "Timestamp", "Date", "<DATE>", "Open Time"])
def test_columns_that_are_called_like_ours_are_told(name: str) -> None:
    found = told(MS, names=(name, "Open", "HIGH", "<LOW>", "c", "Vol"))
    columns = {"open_time": name, "open": "Open", "high": "HIGH", "low": "<LOW>", "close": "c", "volume": "Vol"}
    assert (found.options["columns"], found.questions) == (columns, [])


def test_of_two_that_may_be_it_neither_is_taken() -> None:
    found = told(MS, names=("date", "open", "high", "low", "close", "time"))
    assert found.questions[0] == ("columns.open_time", "date", "date or time?")


def test_what_no_column_is_called_like_is_asked_for() -> None:
    (question,) = told(MS, names=("open_time", "open", "high", "low", "close", "menge")).questions
    assert question[0] == "columns.volume"
    assert "open_time, open, high, low, close, menge" in question[2]


def test_where_there_are_no_names_only_the_time_is_told() -> None:
    found = told(MS, names=None)
    assert (found.options["header"], found.options["columns"]) == (False, {"open_time": 1})
    assert [name for name, _, _ in found.questions] == [f"columns.{name}" for name in NAMES[1:]]


# Times.


@pytest.mark.parametrize(
    ("times", "time"),
    [((MS // 1000,), "s"), ((MS * 1000,), "us"), ((MS * 10**6,), "ns"), ((MS, MS * 1000), ["ms", "us"])],
)
def test_units_are_told_by_their_size(times: tuple[int, ...], time: str | list[str]) -> None:
    assert told(*times).options == {"time": time}


def test_written_times_with_an_offset_say_all() -> None:
    found = told("2024-01-02 00:00:00-05:00", "2024-01-03 00:00:00-05:00")
    assert (found.options, found.questions, found.facts["zone"]) == ({"time": "iso"}, [], "each time says its own")


def test_a_zone_that_no_time_names_is_asked_for() -> None:
    ((name, example, why),) = told("2024-01-02 09:30").questions
    assert (name, example) == ("zone", "UTC")
    assert "2024-01-02 09:30 names no time zone" in why


@pytest.mark.parametrize(
    ("times", "pattern"),
    [
        (("20240102",), "%Y%m%d"),
        (("20240102 093000",), "%Y%m%d %H%M%S"),
        (("202401020930",), "%Y%m%d%H%M"),
        (("2024.01.02 09:30",), "%Y.%m.%d %H:%M"),
        (("2024/01/02T09:30:00",), "%Y/%m/%dT%H:%M:%S"),
        (("01/02/2024", "13/02/2024"), "%d/%m/%Y"),
        (("01/02/2024", "01/13/2024"), "%m/%d/%Y"),
        (("31.12.99 23:00",), "%d.%m.%y %H:%M"),
    ],
)
def test_how_dates_are_written_is_told_if_any_of_them_tells(times: tuple[str, ...], pattern: str) -> None:
    found = told(*times)
    assert (found.options["time"], [name for name, _, _ in found.questions]) == (pattern, ["zone"])


def test_a_date_that_may_be_two_is_asked_for() -> None:
    assert told("01/02/2024", "02/02/2024").questions[0] == (
        "time",
        "'%d/%m/%Y'",
        "or '%m/%d/%Y'? 01/02/2024 may be either",
    )


def test_a_date_that_is_written_in_a_strange_way_is_asked_for() -> None:
    assert told("2 January 2024").questions[0][::2] == ("time", "how is 2 January 2024 written?")


@pytest.mark.parametrize("times", [(MS, MS - 60_000), ("2024-01-03 00:00Z", "2024-01-02 00:00Z"), (MS * 1000, MS)])
def test_the_newest_row_may_come_first(times: tuple[str | int, ...]) -> None:
    assert told(*times).options["order"] == "newest_first"


# Letters.


def test_separators_and_decimal_commas_are_told() -> None:
    assert told(MS, separator=";", price="1,5").options == {"separator": ";", "decimal": ","}
    assert told(MS, separator="\t").options == {"separator": "\t"}


def test_commas_beside_dots_are_no_decimals() -> None:
    assert "decimal" not in told(MS, separator=";", price="1,234.5").options
