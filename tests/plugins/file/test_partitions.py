"""The files of one series by the time that their paths say: which are read, and what they are together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wealthsources import Bars, HistoryRequest, SourceError, Timeframe
from wealthsources_file.bad_rows import BadRows
from wealthsources_file.partitions import Partition, Span, span_of, table_of
from wealthsources_file.table import Table

from ...support.bars import HOUR, ms

DAYS = tuple(ms(2024, 1, day) for day in range(1, 6))
DAY = 24 * HOUR
NO_BAD = BadRows(np.zeros(0, np.int64), np.zeros(0, np.int64), {})
PARTS = tuple(Partition(Span(day, day + DAY), Path(f"{number}.csv")) for number, day in enumerate(DAYS))


def hours(begin: int, count: int = 24, note: str = "", forming: bool = False) -> Bars:
    values = {"open": 1.0, "high": 2.0, "low": 1.0, "close": 1.0, "volume": 0.0}
    times = [begin + place * HOUR for place in range(count)]
    records = [{"open_time": time, "closed": not (forming and time == times[-1]), **values} for time in times]
    return Bars.from_records("A", "1h", records).noted(note) if note else Bars.from_records("A", "1h", records)


class Files:
    """Files with all hours of their days, unless other bars are given."""

    def __init__(self, bad: dict[int, BadRows] | None = None, **bars: Bars) -> None:
        self.bars = {int(name[1:]): found for name, found in bars.items()}
        self.bad = bad or {}
        self.read: list[int] = []

    def __call__(self, partition: Partition) -> Table:
        place = PARTS.index(partition)
        self.read.append(place)
        return Table(self.bars.get(place, hours(DAYS[place])), self.bad.get(place, NO_BAD))

    def ask(self, **request: int) -> tuple[Path, Table]:
        asked = {"end": DAYS[-1] + DAY} | request
        return table_of(PARTS, HistoryRequest("A", Timeframe("1h"), **asked), self)


# What a path says.


@pytest.mark.parametrize(
    ("names", "span"),
    [
        ({"year": "2024"}, (ms(2024, 1, 1), ms(2025, 1, 1))),
        ({"year": "2024", "month": "02"}, (ms(2024, 2, 1), ms(2024, 3, 1))),
        ({"year": "2024", "month": "12"}, (ms(2024, 12, 1), ms(2025, 1, 1))),
        ({"date": "2024-02-29"}, (ms(2024, 2, 29), ms(2024, 3, 1))),
        ({"date": "20240229"}, (ms(2024, 2, 29), ms(2024, 3, 1))),
        ({"year": "2024", "month": "02", "date": "2024_02_29"}, (ms(2024, 2, 29), ms(2024, 3, 1))),
    ],
)
def test_the_time_that_a_path_says(names: dict[str, str], span: tuple[int, int]) -> None:
    assert span_of(names) == span


@pytest.mark.parametrize("names", [{"year": "2024", "month": "13"}, {"date": "2023-02-29"}, {"year": "0000"}])
def test_a_time_that_is_on_no_calendar_is_none(names: dict[str, str]) -> None:
    assert span_of(names) is None


# What is read.


def test_of_the_newest_bars_only_the_newest_files_are_read() -> None:
    files = Files()
    path, table = files.ask(count=5)
    assert (path, files.read, len(table.bars)) == (Path("4.csv"), [4], 24)


def test_as_many_are_read_as_have_the_bars() -> None:
    files = Files()
    _, table = files.ask(count=30)
    assert (files.read, table.bars.oldest, table.bars.newest) == ([4, 3], DAYS[3], DAYS[4] + 23 * HOUR)


def test_of_a_span_the_files_around_it_are_read_since_a_path_says_no_zone() -> None:
    files = Files()
    files.ask(start=DAYS[2] + 2 * HOUR, end=DAYS[2] + 3 * HOUR)
    assert files.read == [3, 2, 1]


def test_files_behind_the_end_are_not_read() -> None:
    files = Files()
    files.ask(count=1, end=DAYS[1] + HOUR)
    assert files.read == [2, 1, 0]


def test_before_all_of_them_the_oldest_says_what_there_is() -> None:
    files = Files()
    path, table = files.ask(count=1, end=DAYS[0] - 30 * DAY)
    assert (path, files.read, len(table.bars)) == (Path("0.csv"), [0], 24)


# What they are together.


def test_files_whose_bars_overlap_are_an_error_that_names_both() -> None:
    files = Files(_3=hours(DAYS[3], 25))
    said = (
        "3.csv and 4.csv overlap: the bars of the one go on to 2024-01-05 00:00, those of the other begin at 2024-01-05"
    )
    with pytest.raises(SourceError, match=said):
        files.ask(count=30)


def test_a_file_with_other_bars_than_its_path_says_is_an_error() -> None:
    files = Files(_4=hours(DAYS[0]))
    with pytest.raises(
        SourceError, match=r"4\.csv: has a bar of 2024-01-01 00:00; its path says 2024-01-05 00:00 to 2024-01-06"
    ):
        files.ask(count=1)


def test_a_day_of_another_zone_may_begin_earlier() -> None:
    assert len(Files(_4=hours(DAYS[4] - 8 * HOUR)).ask(count=5)[1].bars) == 24


def test_a_bar_that_was_not_closed_when_its_file_was_written_is_missing_before_others() -> None:
    files = Files(_3=hours(DAYS[3], forming=True), _4=hours(DAYS[4], forming=True))
    _, table = files.ask(count=30)
    assert DAYS[3] + 23 * HOUR not in table.bars.open_times
    assert [table.bars[place].closed for place in (-2, -1)] == [True, False]


def test_texts_and_notes_of_all_are_kept() -> None:
    records = [{"open_time": DAYS[3], "open": "1e0", "high": 1, "low": 1, "close": 1, "volume": 1, "closed": True}]
    files = Files(_3=Bars.from_records("A", "1h", records), _4=hours(DAYS[4], note="half"))
    _, table = files.ask(count=24)
    assert (table.bars[0].exact("open"), table.bars.note) == ("1e0", "half")


def test_what_several_say_is_said_once() -> None:
    files = Files(_3=hours(DAYS[3], note="half"), _4=hours(DAYS[4], note="half"))
    assert files.ask(count=30)[1].bars.note == "half"


def test_a_bad_row_is_named_by_its_own_file() -> None:
    bad = {3: BadRows(np.array([7]), np.array([9]), {9: "x"}), 4: BadRows(np.array([2]), np.array([4]), {4: "y"})}
    _, table = Files(bad).ask(count=30)
    assert table.bad.before.tolist() == [7, 26]
    assert [table.bad.named(Path("z"), place) for place in (0, 1)] == ["3.csv:9: x", "4.csv:4: y"]


def test_a_file_without_bars_is_no_other_than_its_path_says() -> None:
    files = Files(_4=hours(DAYS[4], 0))
    path, table = files.ask(count=5)
    assert (path, files.read, table.bars.newest) == (Path("4.csv"), [4, 3], DAYS[3] + 23 * HOUR)
