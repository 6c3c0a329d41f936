"""A source whose series have a file for each month: it answers as if they were one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import wealthsources
from wealthsources import AllSourcesFailed, NotHere, SourceError, time_text
from wealthsources_file.source import FileSource

from ...support.bars import DAY, ms
from ...support.markets import HEADER
from .files import ask, source_of, write

MONTHS = "{symbol}/{timeframe}-{year}-{month}.csv"
JANUARY, APRIL = ms(2024, 1, 1), ms(2024, 4, 1)
#: Days 20 to 35 and the 60th have no row, and the 40th has a bad one.
THERE = [day for day in range(91) if not 20 <= day <= 35 and day != 60]


def row(day: int) -> str:
    return f"{JANUARY + day * DAY},10,{8 if day == 40 else 12},9,11,{day}\n"


def write_months(folder: Path, days: list[int], written: int | None = None) -> None:
    months: dict[str, str] = {}
    for day in days:
        month = time_text(JANUARY + day * DAY)[:7]
        months[month] = months.get(month, f"{HEADER}\n") + row(day)
    for month, text in months.items():
        write(folder / "A" / f"1d-{month}.csv", text, written)


@pytest.fixture(scope="module", params=["fail", "skip"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[FileSource, FileSource]:
    folder = tmp_path_factory.mktemp("files")
    write_months(folder, THERE)
    write(folder / "A" / "1d.csv", f"{HEADER}\n" + "".join(map(row, THERE)))
    return source_of(folder, on_bad_row=request.param), source_of(folder, MONTHS, on_bad_row=request.param)


def outcome(source: FileSource, **request: int | None) -> object:
    try:
        bars = ask(source, "A", "1d", **request)
    except NotHere:
        return "not here"
    except SourceError as error:
        return str(error).partition(".csv:")[2].partition(" ")[2]
    return [(bar.open_time, bar.exact("volume"), bar.closed) for bar in bars], bars.holes


@given(
    start=st.none() | st.integers(-5, 95),
    end=st.integers(-5, 95),
    count=st.none() | st.integers(1, 95),
    more=st.sampled_from([0, 1, DAY - 1]),
)
def test_it_answers_as_a_single_file_does(
    both: tuple[FileSource, FileSource], start: int | None, end: int, count: int | None, more: int
) -> None:
    asked = {
        "start": None if start is None else JANUARY + start * DAY,
        "end": JANUARY + end * DAY + more,
        "count": count,
    }
    one, many = (outcome(source, **asked) for source in both)
    assert one == many


def test_only_the_files_that_it_takes_are_read(tmp_path: Path) -> None:
    write_months(tmp_path, THERE)
    source = source_of(tmp_path, MONTHS)
    ask(source, "A", "1d", count=5, end=APRIL)
    assert source.status().counters["reads"] == 1


def test_a_month_that_is_added_is_found(tmp_path: Path) -> None:
    write_months(tmp_path, list(range(31)))
    source = source_of(tmp_path, MONTHS)
    assert ask(source, "A", "1d", count=1, end=APRIL).newest == JANUARY + 30 * DAY
    write_months(tmp_path, list(range(31, 40)))
    assert ask(source, "A", "1d", count=1, end=APRIL).newest == JANUARY + 39 * DAY


def test_only_the_newest_row_of_the_newest_file_is_dropped(tmp_path: Path) -> None:
    write_months(tmp_path, list(range(40)))
    bars = ask(source_of(tmp_path, MONTHS, last_row="drop"), "A", "1d", count=40, end=APRIL)
    assert (len(bars), bars.newest) == (39, JANUARY + 38 * DAY)


def test_a_month_that_was_written_before_it_ended_lacks_its_last_bar(tmp_path: Path) -> None:
    write_months(tmp_path, list(range(40)), written=JANUARY + 30 * DAY + 1)
    bars = ask(source_of(tmp_path, MONTHS), "A", "1d", count=50, end=APRIL)
    assert JANUARY + 30 * DAY not in bars.open_times
    assert bars[-1].closed is False


def test_files_that_overlap_are_told_in_the_error_of_the_chain(tmp_path: Path) -> None:
    write_months(tmp_path, list(range(40)))
    write(tmp_path / "A" / "1d-2024-02.csv", f"{HEADER}\n" + "".join(map(row, range(30, 40))))
    options = {"path": str(tmp_path / MONTHS)}
    with (
        wealthsources.open({"sources": [{"plugin": "file", "options": options}]}) as session,
        pytest.raises(AllSourcesFailed, match=r"1d-2024-01\.csv and .*1d-2024-02\.csv overlap"),
    ):
        session.adapter().get_history("A", 20, "1d", end=APRIL)
