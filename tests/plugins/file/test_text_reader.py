"""From a CSV file to bars, and what is said of a file that is wrong."""

from __future__ import annotations

import csv
import io
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, Finality, Market, Timeframe
from wealthsources_file.file_series import FileSeries, LastRow
from wealthsources_file.header import LineError
from wealthsources_file.layout import Layout
from wealthsources_file.pieces import TooLargeError, read_pieces
from wealthsources_file.table import Table
from wealthsources_file.text_reader import read_table

from ...support.bars import HOUR, T0
from ...support.markets import HEADER, SAMPLE

LATER = T0 + 10_000 * HOUR
FIELDS = HEADER.split(",")[1:]


def row(place: int, values: str = "10.0,12.50,9,11.0,100.00") -> str:
    return f"{T0 + place * HOUR},{values}"


def table(
    data: bytes,
    until: int = LATER,
    size: int = 1 << 20,
    memory: int = 1 << 30,
    last_row: LastRow = "by_mtime",
    **layout: Any,
) -> Table:
    hours = FileSeries("BTCUSDT", Timeframe("1h"), Market(), Layout(**layout), last_row)
    return read_table(read_pieces(io.BytesIO(data), 1 << 30, size), hours, until, memory)


def text(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def read(*lines: str, header: str = HEADER, **options: Any) -> Bars:
    return table(text(*lines, header=header), **options).bars


def bad_rows(*lines: str, **options: Any) -> list[tuple[int, str]]:
    bad = table(text(*lines), **options).bad
    return [bad.told(place) for place in range(len(bad))]


def records(bars: Bars) -> list[tuple[object, ...]]:
    return [(bar.open_time, *(bar.exact(name) for name in FIELDS)) for bar in bars]


# What is read.


def test_reads_the_sample_with_its_own_text() -> None:
    bars = table(SAMPLE.read_bytes()).bars
    with SAMPLE.open(newline="") as lines:
        expected = [(int(line["open_time"]), *(line[name] for name in FIELDS)) for line in csv.DictReader(lines)]
    assert records(bars) == expected
    assert len(bars) == 1464


def test_quoted_values_are_read() -> None:
    assert records(read('"' + row(0).replace(",", '","') + '"')) == records(read(row(0)))


def test_quoted_text_of_another_column_may_hold_commas_and_lines() -> None:
    bars = read(f'{row(0)},"a, b\nc"', f"{row(1)},d", header=f"{HEADER},remark")
    assert [bar.open_time for bar in bars] == [T0, T0 + HOUR]


def test_blank_lines_are_no_rows() -> None:
    assert len(read("", row(0), "", row(1), "", "")) == 2


def test_the_last_line_need_not_end() -> None:
    assert len(table(text(row(0), row(1))[:-1]).bars) == 2


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_lines_may_end_in_other_ways(ending: str) -> None:
    data = ending.join([HEADER, row(0), row(1), ""]).encode()
    assert records(table(data).bars) == records(read(row(0), row(1)))


def test_a_header_alone_has_no_bars() -> None:
    assert len(read()) == 0


@st.composite
def rows(draw: st.DrawFn) -> list[str]:
    number = st.decimals(min_value=1, max_value=10**12, allow_nan=False, places=draw(st.integers(0, 8))).map(str)
    lines = []
    for place in sorted(draw(st.sets(st.integers(0, 200), max_size=20))):
        low, first, second, high = sorted((draw(number) for _ in range(4)), key=Decimal)
        opened, close = draw(st.permutations([first, second]))
        lines.append(row(place, f"{opened},{high},{low},{close},{draw(number)}"))
    return lines


@given(rows())
def test_text_comes_back_exactly(lines: list[str]) -> None:
    expected = [(int(line.split(",")[0]), *line.split(",")[1:]) for line in lines]
    assert records(read(*lines)) == expected


@given(rows())
def test_cutting_at_commas_equals_the_csv_module(lines: list[str]) -> None:
    quoted = io.StringIO()
    csv.writer(quoted, quoting=csv.QUOTE_ALL).writerows(line.split(",") for line in lines)
    by_csv = read(*quoted.getvalue().splitlines())
    assert by_csv.rows.tobytes() == read(*lines).rows.tobytes()
    assert by_csv.texts == read(*lines).texts


# Closed or not.


def test_rows_are_history() -> None:
    bars = read(row(0), row(1))
    assert [(bar.closed, bar.finality) for bar in bars] == [(True, Finality.HISTORY)] * 2


def test_the_last_bar_is_forming_if_it_ends_after_the_file_was_written() -> None:
    assert [bar.closed for bar in read(row(0), row(1), until=T0 + 2 * HOUR - 1)] == [True, False]


def test_the_last_bar_is_closed_if_it_had_ended_when_the_file_was_written() -> None:
    assert [bar.closed for bar in read(row(0), row(1), until=T0 + 2 * HOUR)] == [True, True]


def test_only_the_last_bar_can_be_forming() -> None:
    assert [bar.closed for bar in read(row(0), row(1), row(2), until=T0)] == [True, True, False]


@pytest.mark.parametrize(
    ("last_row", "until", "closed"),
    [
        ("drop", LATER, [True]),
        ("closed", T0, [True, True]),
        ("by_mtime", T0 + 2 * HOUR, [True, True]),
        ("by_mtime", T0 + 2 * HOUR - 1, [True, False]),
    ],
)
def test_whether_the_last_row_is_closed_may_be_said(last_row: str, until: int, closed: list[bool]) -> None:
    assert [bar.closed for bar in read(row(0), row(1), last_row=last_row, until=until)] == closed


@pytest.mark.parametrize("last_row", ["by_mtime", "closed"])
def test_a_last_line_without_an_end_is_no_closed_bar(last_row: str) -> None:
    bars = table(text(row(0), row(1))[:-1], last_row=last_row).bars
    assert [bar.closed for bar in bars] == [True, False]
    assert bars.note == "the last line has no end, so its bar is not taken as closed"


@pytest.mark.parametrize("half", [f"{T0 + HOUR}", f"{T0 + HOUR},10.0,12.50,9,1", "17", f'{T0 + HOUR},"10'])
def test_a_last_line_without_an_end_that_cannot_be_read_is_no_bad_row(half: str) -> None:
    found = table(text(row(0)) + half.encode())
    assert ([bar.closed for bar in found.bars], len(found.bad)) == ([True], 0)
    assert found.bars.note == "the last line has no end, so it is not read"


def test_a_header_without_an_end_has_no_bars_and_no_note() -> None:
    bars = table(HEADER.encode()).bars
    assert (len(bars), bars.note) == (0, "")


def test_a_bar_that_is_not_closed_keeps_its_own_text_and_times() -> None:
    line = f"{row(0, '1e-7,12,.5e-9,1.10,000')},{T0 + 5}"
    (bar,) = read(line, header=f"{HEADER},close_time", until=T0)
    assert (bar.closed, bar.close_time) == (False, T0 + 5)
    assert [bar.exact(name) for name in FIELDS] == ["1e-7", "12", ".5e-9", "1.10", "000"]


# Rows that are no bars.


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (row(5, "10,12,9,11,"), "volume is missing"),
        (row(5, "10,12,9,11"), "has 5 values; the header names 6 columns"),
        (row(5, "10,8,9,8,1"), "high 8.0 is below low 9.0"),
        (f"{T0 + 5 * HOUR + 60_000},10,12,9,11,1", f"open_time: {T0 + 5 * HOUR + 60_000} is not on the 1h grid"),
        ('"1', "has a bad quote: unexpected end of data"),
        (row(4), "says again what an earlier row says"),
        (row(3), "says again what an earlier row says"),
        (row(9000), "open_time is out of order"),
        ("\0" * 4096, "has 1 values; the header names 6 columns"),
    ],
)
def test_a_row_that_is_no_bar_is_kept_apart_and_costs_no_other(bad: str, why: str) -> None:
    before, after = [row(place) for place in range(5)], [row(place) for place in range(6, 9)]
    found = table(text(*before, bad, *after))
    assert [(bar.open_time - T0) // HOUR for bar in found.bars] == [0, 1, 2, 3, 4, 6, 7, 8]
    assert (found.bad.before.tolist(), found.bad.told()) == ([5], (7, why))


def test_of_two_rows_with_one_time_and_different_values_neither_is_a_bar() -> None:
    found = table(text(row(0), row(1), row(1, "10,12,9,11,7"), row(2)))
    assert [bar.open_time for bar in found.bars] == [T0, T0 + 2 * HOUR]
    why = "has the open_time of another row, and different values"
    assert [found.bad.told(place) for place in range(2)] == [(3, why), (4, why)]


def test_a_row_that_is_no_bar_does_not_spoil_another_of_its_time() -> None:
    found = table(text(row(0), row(1, "10,12,9,,7"), row(1), row(2)))
    assert (len(found.bars), found.bad.lines.tolist()) == (3, [3])


def test_the_text_that_is_kept_is_that_of_the_row_that_is() -> None:
    data = text(row(0, "1,1,1,1,1e0"), row(0, "1,1,1,1,10e-1"), row(1))
    for size in (1 << 20, 40):  # both in one piece, or each in its own
        assert table(data, size=size).bars[0].exact("volume") == "1e0"


def test_rows_in_the_order_of_other_programs_are_told_as_such() -> None:
    with pytest.raises(LineError, match="is older than the row before; say order: newest_first if all of it") as caught:
        read("", row(2), row(1), row(0))
    assert caught.value.line == 4


def test_blank_lines_count_as_lines() -> None:
    assert bad_rows("", row(0), "", "", row(1, "10,8,9,8,1")) == [(6, "high 8.0 is below low 9.0")]


def test_a_row_of_several_lines_counts_as_these() -> None:
    lines = (f'{row(0)},"a\nb"', f"{row(1, '10,8,9,8,1')},c")
    found = table(text(*lines, header=f"{HEADER},remark"))
    assert found.bad.told() == (4, "high 8.0 is below low 9.0")


def test_a_bad_row_far_down_is_named_by_its_line() -> None:
    good = [row(place) for place in range(45_000)]
    assert bad_rows(*good, row(44_999)) == [(45_002, "says again what an earlier row says")]


def test_order_is_judged_across_pieces() -> None:
    found = table(text(row(0), row(5), row(1), row(2), row(3)), size=40)
    assert (found.bad.lines.tolist(), len(found.bars)) == ([3], 4)


@pytest.mark.parametrize("bad", ["10,8,9,8,1", "10,12,9,11", '"'])
def test_a_file_in_which_every_row_is_bad_is_refused(bad: str) -> None:
    with pytest.raises(LineError, match="; none of the 3 rows of this file is a bar") as caught:
        read(*(row(place, bad) for place in range(3)))
    assert caught.value.line == 2


def test_a_file_of_something_else_is_not_read_to_its_end() -> None:
    file = io.BytesIO(text() + b"x\n" * 500_000)
    with pytest.raises(LineError, match=r"has 1 values; .*; none of the 10[0-9]{4} rows of this file is a bar"):
        read_table(read_pieces(file, 1 << 30, 4096), FileSeries("BTCUSDT", Timeframe("1h"), Market()), LATER)
    assert file.tell() < 220_000


def test_bars_that_would_fill_the_memory_are_refused() -> None:
    lines = [row(place) for place in range(100)]
    assert len(read(*lines, memory=6400)) == 100
    with pytest.raises(TooLargeError, match="has more than 0 MiB of bars; move its older rows to a file of a second"):
        read(*lines, memory=6399)


def test_so_are_texts_that_are_kept_aside() -> None:
    lines = [row(place, "1,1,1,1,1e0") for place in range(100)]
    with pytest.raises(TooLargeError, match="of bars"):
        read(*lines, memory=6400)


@pytest.mark.parametrize("text", ["", "\n", "\r\n\n", "\n\n\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(LineError, match="is empty") as caught:
        table(text.encode())
    assert caught.value.line == 1


@pytest.mark.parametrize("begin", [b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_what_may_be_before_the_header_is_passed_over(begin: bytes) -> None:
    found = table(begin + text(row(0), row(1, "x")), size=64)
    assert (len(found.bars), found.bad.lines.tolist()) == (1, [3 + begin.count(b"\n")])


def test_a_mistake_in_the_header_is_named_by_its_line() -> None:
    with pytest.raises(LineError, match="has no column open_time") as caught:
        table(b"\n\n" + text(header="a,b"))
    assert caught.value.line == 3


@given(st.integers(0, 2**32), st.integers(64, 300), st.booleans())
def test_a_file_is_read_the_same_in_whatever_pieces(seed: int, size: int, quoted: bool) -> None:
    draw = random.Random(seed)
    odd = ["", "1,2", row(draw.randrange(40)), row(3, "x,1,1,1,1"), row(7, "1,1,2,1,1"), '"', "\0\0"]
    lines = [row(place) if draw.random() < 0.8 else draw.choice(odd) for place in range(40)]
    if quoted:
        lines = [line.replace(",", ',"', 1).replace(",9", '",9', 1) if draw.random() < 0.5 else line for line in lines]
    data = text(*lines)
    whole, cut = table(data), table(data, size=size)
    assert whole.bars.rows.tobytes() == cut.bars.rows.tobytes()
    assert (whole.bad.lines.tolist(), whole.bad.whys) == (cut.bad.lines.tolist(), cut.bad.whys)
    assert sorted({*whole.bad.lines.tolist()}) == whole.bad.lines.tolist()
    assert len(whole.bars) + len(whole.bad) == sum(1 for line in lines if line)


# Files with the newest row first.


def newest_first(*lines: str, **options: Any) -> Table:
    return table(text(*lines), order="newest_first", **options)


def test_a_file_with_the_newest_row_first_has_the_same_bars() -> None:
    assert records(newest_first(row(2), row(1), row(0)).bars) == records(read(row(0), row(1), row(2)))


def test_its_first_row_is_the_one_that_may_not_be_over() -> None:
    rows = row(2), row(1), row(0)
    assert [bar.closed for bar in newest_first(*rows, until=T0 + 3 * HOUR - 1).bars] == [True, True, False]
    assert len(newest_first(*rows, last_row="drop").bars) == 2


def test_its_last_line_is_the_oldest_bar_and_is_not_read_if_it_has_no_end() -> None:
    found = table(text(row(2), row(1), row(0))[:-1], order="newest_first")
    assert (len(found.bars), found.bars.oldest) == (2, T0 + HOUR)
    assert found.bars.note == "the last line has no end, so it is not read"


def test_its_newest_row_is_dropped_even_if_its_last_line_has_no_end() -> None:
    found = table(text(row(2), row(1), row(0))[:-1], order="newest_first", last_row="drop")
    assert [bar.open_time for bar in found.bars] == [T0 + HOUR]


def test_its_bad_rows_stand_beside_the_same_bars() -> None:
    bad = "x" + row(0)
    found = newest_first(row(5), bad, row(4), row(3), row(4, "1,1,1,1,1"), row(1))
    assert [int(time - T0) // HOUR for time in found.bars.open_times] == [1, 3, 5]
    assert (found.bad.before.tolist(), found.bad.lines.tolist()) == ([1, 2, 2], [6, 4, 3])


def test_a_file_that_is_the_other_way_round_is_told() -> None:
    with pytest.raises(LineError, match="is newer than the row before; say order: oldest_first"):
        newest_first(row(0), row(1), row(2))


@given(st.lists(st.sampled_from([row(0), row(1), row(2), row(2, "1,1,1,1,1"), row(3), row(4), "x"]), max_size=8))
def test_the_order_of_a_file_makes_no_other_bars(lines: list[str]) -> None:
    try:
        one = table(text(*lines))
    except LineError:
        return
    other = newest_first(*lines[::-1])
    assert records(one.bars) == records(other.bars)
    assert one.bad.before.tolist() == other.bad.before.tolist()
    assert sorted(one.bad.lines - 2) == sorted(len(lines) - 1 - (other.bad.lines - 2))


# Other letters.


def test_lines_before_the_header_may_be_known() -> None:
    assert len(table(b"http://a\n" + text(row(0)), preamble="http").bars) == 1


def test_a_decimal_comma_is_a_dot_in_what_is_kept_and_a_comma_in_what_is_said() -> None:
    layout: dict[str, Any] = {"separator": ";", "decimal": ","}
    found = table(
        text(
            row(0).replace(",", ";").replace(".", ","), f"{T0 + HOUR};1.000,5;1;1;1;1", header=HEADER.replace(",", ";")
        ),
        **layout,
    )
    assert found.bars[0].exact("high") == "12.50"
    assert found.bad.told() == (3, "open: '1.000,5' is not a number")


def test_a_file_without_a_header_begins_with_its_first_row() -> None:
    columns = {name: (place,) for place, name in enumerate(HEADER.split(","), start=1)}
    found = table(f"{row(0)}\n{row(1, '1,1')}\n".encode(), columns=columns, header=False)
    assert (len(found.bars), found.bad.told()) == (1, (2, "has 3 values; the first line has 6"))


def test_what_is_dropped_is_the_last_line_also_if_it_has_no_end() -> None:
    found = table(text(row(0), row(1))[:-1], last_row="drop")
    assert ([bar.closed for bar in found.bars], len(found.bad)) == ([True], 0)
    assert [bar.closed for bar in read(row(0), row(1), "x", last_row="drop")] == [True, True]
