"""From a CSV file to bars, and what is said of a file that is wrong."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, Finality, Timeframe
from wealthsources_file.cells import LineError
from wealthsources_file.table import read_table

from ...support.bars import HOUR, T0
from ...support.markets import HEADER, SAMPLE

LATER = T0 + 10_000 * HOUR
FIELDS = HEADER.split(",")[1:]


def row(place: int, values: str = "10.0,12.50,9,11.0,100.00") -> str:
    return f"{T0 + place * HOUR},{values}"


def read(*lines: str, header: str = HEADER, until: int = LATER, timeframe: str = "1h") -> Bars:
    text = "\n".join([header, *lines, ""])
    return read_table(text.encode(), "BTCUSDT", Timeframe(timeframe), until)


def records(bars: Bars) -> list[tuple[object, ...]]:
    return [(bar.open_time, *(bar.exact(name) for name in FIELDS)) for bar in bars]


# What is read.


def test_reads_the_sample_with_its_own_text() -> None:
    bars = read_table(SAMPLE.read_bytes(), "BTCUSDT", Timeframe("1h"), LATER)
    with SAMPLE.open(newline="") as lines:
        expected = [(int(line["open_time"]), *(line[name] for name in FIELDS)) for line in csv.DictReader(lines)]
    assert records(bars) == expected
    assert len(bars) == 1464


def test_columns_may_stand_in_any_order() -> None:
    bars = read(f"1,9,12,{T0},10,11", header="volume,low,high,open_time,open,close")
    assert records(bars) == [(T0, "10", "12", "9", "11", "1")]


def test_other_columns_are_ignored() -> None:
    bars = read(f"x,{row(0)},é", header=f"id,{HEADER},remark")
    assert records(bars) == [(T0, "10.0", "12.50", "9", "11.0", "100.00")]


def test_the_close_time_is_kept_as_sent() -> None:
    assert read(f"{row(0)},{T0 + HOUR - 1}", header=f"{HEADER},close_time")[0].close_time == T0 + HOUR - 1


def test_without_a_close_time_it_is_the_end() -> None:
    assert read(row(0))[0].close_time == T0 + HOUR


def test_quoted_values_are_read() -> None:
    assert records(read('"' + row(0).replace(",", '","') + '"')) == records(read(row(0)))


def test_quoted_text_of_another_column_may_hold_commas_and_lines() -> None:
    bars = read(f'{row(0)},"a, b\nc"', f"{row(1)},d", header=f"{HEADER},remark")
    assert [bar.open_time for bar in bars] == [T0, T0 + HOUR]


def test_blank_lines_are_no_rows() -> None:
    assert len(read("", row(0), "", row(1), "", "")) == 2


def test_the_last_line_need_not_end() -> None:
    data = f"{HEADER}\n{row(0)}\n{row(1)}".encode()
    assert len(read_table(data, "BTCUSDT", Timeframe("1h"), LATER)) == 2


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_lines_may_end_in_other_ways(ending: str) -> None:
    data = ending.join([HEADER, row(0), row(1), ""]).encode()
    assert records(read_table(data, "BTCUSDT", Timeframe("1h"), LATER)) == records(read(row(0), row(1)))


def test_a_header_alone_has_no_bars() -> None:
    assert len(read()) == 0


def test_text_that_a_float_cannot_give_back_is_kept() -> None:
    values = "1e-7,12345678901234567.25,.5e-9,+1,000"
    assert records(read(row(0, values)))[0][1:] == tuple(values.split(","))


def test_prices_may_be_negative() -> None:
    assert records(read(row(0, "-37.63,-30,-40.32,-35,5"))) == [(T0, "-37.63", "-30", "-40.32", "-35", "5")]


def test_months_are_on_their_own_grid() -> None:
    january, february = 1_577_836_800_000, 1_580_515_200_000
    bars = read(f"{january},1,1,1,1,1", f"{february},1,1,1,1,1", timeframe="1M")
    assert [bar.open_time for bar in bars] == [january, february]


@st.composite
def rows(draw: st.DrawFn) -> list[str]:
    number = st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=draw(st.integers(0, 8))).map(str)
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


# What is wrong.


def fault_of(*lines: str, **options: str) -> tuple[int, str]:
    with pytest.raises(LineError) as caught:
        read(*lines, **options)
    return caught.value.line, str(caught.value)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (row(5, "abc,12,9,11,1"), "open: 'abc' is not a number"),
        (row(5, "10,12,9,11,"), "volume is missing"),
        (row(5, "10,12,9,nan,1"), "close: 'nan' is not a number"),
        (row(5, "10,inf,9,11,1"), "high: 'inf' is not a number"),
        (row(5, "10,1e999,9,11,1"), "high: '1e999' is too large"),
        (row(5, "10,12,9,1_1,1"), "close: '1_1' is not a number"),
        (row(5, "10,12,9, 11,1"), "close: ' 11' is not a number"),
        (row(5, "10,12,9,\u0661\u0661,1"), "close: '\u0661\u0661' is not a number"),
        (row(5, "10,12,9,11"), "has 5 values; the header names 6 columns"),
        (row(5, "10,12,9,11,1,1"), "has 7 values; the header names 6 columns"),
        (row(5, "10,8,9,8,1"), "high is below low"),
        (row(5, "13,12,9,11,1"), "open or close is above high"),
        (row(5, "10,12,9,8,1"), "open or close is below low"),
        (row(5, "10,12,9,11,-1"), "volume is negative"),
        (row(4), "open_time is not after that of the row before"),
        (row(3), "open_time is not after that of the row before"),
        (f"{T0 + 5 * HOUR + 60_000},10,12,9,11,1", "open_time is not on the 1h grid"),
        (f"{T0 // 1000 + 5 * 3600},10,12,9,11,1", f"open_time {T0 // 1000 + 5 * 3600} is not a time in ms of 1980"),
        (f"{T0 + 5 * HOUR}000,10,12,9,11,1", "is not a time in ms of 1980 to 2200"),
        ("2020-09-13,10,12,9,11,1", "open_time: '2020-09-13' is not a number"),
        (f"{T0 + 5 * HOUR}.0,10,12,9,11,1", "is not a time in ms of 1980"),
        (",10,12,9,11,1", "open_time is missing"),
        ('"1', "unexpected end of data"),
    ],
)
def test_a_bad_row_is_named_by_its_line(bad: str, why: str) -> None:
    line, said = fault_of(*(row(place) for place in range(5)), bad)
    assert said.startswith(why) or why in said
    assert line == 7


def test_the_first_bad_line_is_named() -> None:
    assert fault_of(row(0), row(1, "10,8,9,8,1"), row(2, "10,12,9,11,-1"))[0] == 3


def test_blank_lines_count_as_lines() -> None:
    assert fault_of("", row(0), "", "", row(1, "10,8,9,8,1")) == (6, "high is below low")


def test_a_row_of_several_lines_counts_as_these() -> None:
    lines = (f'{row(0)},"a\nb"', f"{row(1, '10,8,9,8,1')},c")
    assert fault_of(*lines, header=f"{HEADER},remark") == (4, "high is below low")


def test_a_bad_row_far_down_is_named_by_its_line() -> None:
    good = [row(place) for place in range(45_000)]
    assert fault_of(*good, row(44_999)) == (45_002, "open_time is not after that of the row before")


def test_order_is_checked_throughout() -> None:
    good = [row(place) for place in range(20_000)]  # as many as are read at a time
    assert fault_of(*good, row(19_999)) == (20_002, "open_time is not after that of the row before")


def test_a_bad_close_time_is_named() -> None:
    assert fault_of(f"{row(0)},later", header=f"{HEADER},close_time") == (2, "close_time: 'later' is not a number")


def test_a_missing_column_is_named() -> None:
    line, said = fault_of(row(0), header="open_time,open,top,low,close,size")
    assert (line, said) == (1, f"the header has no column high, volume; needed: {HEADER.replace(',', ', ')}")


def test_a_column_that_is_there_twice_is_named() -> None:
    assert fault_of(f"{row(0)},1", header=f"{HEADER},open")[1] == "the header names the column open more than once"


def test_rows_without_a_header_are_refused() -> None:
    assert "the header has no column open_time" in fault_of(header=row(0))[1]


@pytest.mark.parametrize("text", ["", "\n", "\r\n\n", "\n\n\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(LineError, match="is empty; the first line must name the columns open_time, open, high"):
        read_table(text.encode(), "BTCUSDT", Timeframe("1h"), LATER)


def test_control_characters_beside_quotes_are_refused() -> None:
    assert fault_of('"\x1f",1', header="a,b") == (1, "has control characters in its text")


@given(st.binary(max_size=200))
def test_any_text_is_bars_or_a_named_line(data: bytes) -> None:
    text = data.decode("utf-8", "ignore")
    try:
        bars = read_table(f"{HEADER}\n{row(0)}\n{text}".encode(), "BTCUSDT", Timeframe("1h"), LATER)
    except LineError as error:
        bars, line = None, error.line
    assert (bars is None and line >= 1) or len(bars) == 1


def test_a_last_line_without_an_end_is_not_closed_since_it_may_be_half_written():
    text = b"open_time,open,high,low,close,volume\n1600000200000,1,2,1,2,5\n1600000260000,1,2,1,2,12"
    torn = read_table(text, "X", Timeframe("1m"), 1 << 60)
    assert [bar.closed for bar in torn] == [True, False]
    assert "no end" in torn.note
    assert [bar.closed for bar in read_table(text + b"\n", "X", Timeframe("1m"), 1 << 60)] == [True, True]
