"""The timeline of the simulator: rows in, messages and positions out."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wealthsources import Timeframe
from wealthsources_simulator import Market, PlayedBar, WealthAI, forming_state
from wealthsources_simulator.csv_bars import parse_rows, read_bars
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.player import Outage
from wealthsources_simulator.timeline import Timeline

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "BTCUSDT" / "1h.csv"
HOUR = 3_600_000
SERIES = ("BTCUSDT", "1h")
HEADER = "open_time,open,high,low,close,volume"
PRICES = ("open", "high", "low", "close")


def make_bar(number: int = 0, **changes: str) -> PlayedBar:
    texts = {"open": "10.0", "high": "12.50", "low": "9", "close": "11.0", "volume": "100.00"} | changes
    return PlayedBar(open_time=number * HOUR, end=(number + 1) * HOUR, **texts)


def make_timeline(bars: int = 10, history: int = 0, **options: Any) -> Timeline:
    numbered = [make_bar(number) for number in range(history + bars)]
    return Timeline(numbered[history:], history=numbered[:history], **options)


def parse(*lines: str, timeframe: str = "1h") -> list[PlayedBar]:
    return list(parse_rows([line + "\n" for line in lines], "FILE.csv", Timeframe(timeframe)))


def open_times(bars: list[PlayedBar]) -> list[int]:
    return [bar.open_time // HOUR for bar in bars]


decimals = st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=3).map(str)


@st.composite
def bars(draw: st.DrawFn) -> PlayedBar:
    low, first, second, high = sorted((draw(decimals) for _ in range(4)), key=Decimal)
    open_, close = draw(st.permutations([first, second]))
    return make_bar(open=open_, high=high, low=low, close=close, volume=draw(decimals))


# Rows.


def test_reads_the_sample_with_its_own_text() -> None:
    first = read_bars(SAMPLE, Timeframe("1h"))[0]
    row = dict(zip(HEADER.split(","), SAMPLE.read_text().splitlines()[1].split(","), strict=True))
    assert str(first.open_time) == row.pop("open_time")
    assert {name: getattr(first, name) for name in row} == row


def test_text_is_kept_as_it_is_written() -> None:
    (bar,) = parse(HEADER, "0,1.50,2.,+.5,1e0,007.10")
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == ("1.50", "2.", "+.5", "1e0", "007.10")


def test_columns_come_in_any_order_and_others_are_ignored() -> None:
    (bar,) = parse("note,volume,close,low,high,open,open_time,end", "x,5,4,1,9,2,3600000,77")
    assert bar == PlayedBar(HOUR, 2 * HOUR, "2", "9", "1", "4", "5")


def test_end_of_a_month_is_that_of_its_calendar() -> None:
    february = 1_580_515_200_000  # 2020-02-01
    (bar,) = parse(HEADER, f"{february},1,1,1,1,1", timeframe="1M")
    assert bar.end - bar.open_time == 29 * 24 * HOUR


def test_reads_gzip(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    assert read_bars(path, Timeframe("1h")) == read_bars(SAMPLE, Timeframe("1h"))


def test_reads_a_file_that_starts_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"{HEADER}\n0,1,1,1,1,1\n", encoding="utf-8-sig")
    assert len(read_bars(path, Timeframe("1h"))) == 1


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("3600000,1,2,3,1,1", "high is below low"),
        ("3600000,5,4,1,2,1", "open is outside low to high"),
        ("3600000,2,4,1,5,1", "close is outside low to high"),
        ("3600000,2,4,1,2,-1", "volume is negative"),
        ("3600000,x,4,1,2,1", "open 'x' is not a number"),
        ("3600000,2,NaN,1,2,1", "high 'NaN' is not a number"),
        ("3600000,2,4,1,2,", "volume '' is not a number"),
        ("3600000,2,4,1_0,2,1", "low '1_0' is not a number"),
        ("3600000,2,4", "only 3 values"),
        ("1.0,2,4,1,2,1", "open_time '1.0' is not a whole number of ms"),
        ("3600001,2,4,1,2,1", "open_time 3600001 is not on the 1h grid"),
        ("0,2,4,1,2,1", "open_time 0 is not after the row before (0)"),
    ],
)
def test_a_bad_row_is_named_with_file_and_line(row: str, problem: str) -> None:
    with pytest.raises(SimulatorError) as caught:
        parse(HEADER, "0,1,1,1,1,1", "", row)
    assert str(caught.value) == f"FILE.csv:4: {problem}"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "no column 'open_time' in the header"),
        (["open_time,open,high,low,close"], "no column 'volume' in the header"),
        ([HEADER + ",low"], "more than one column 'low' in the header"),
    ],
)
def test_a_bad_header_is_named_with_file_and_line(lines: list[str], problem: str) -> None:
    with pytest.raises(SimulatorError, match=f"^FILE.csv:1: {problem}"):
        parse(*lines)


@pytest.mark.parametrize("data", [b"", b"not gzip", gzip.compress(SAMPLE.read_bytes())[:-900]])
def test_a_bad_gzip_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(data)
    with pytest.raises(SimulatorError, match=r"^\S*bars.csv.gz"):
        read_bars(path, Timeframe("1h"))


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(HEADER.encode() + b"\n\xff\xfe")
    with pytest.raises(SimulatorError, match=r"^\S*bars.csv: .*utf-8"):
        read_bars(path, Timeframe("1h"))


# Messages.


def test_a_bar_message_has_the_fields_of_the_wire() -> None:
    bar = make_bar(2)
    message = Market({SERIES: [bar]}, updates=0).message(SERIES, 0)
    assert json.loads(WealthAI().text(message)) == {
        "type": "BAR",
        "symbol": "BTCUSDT",
        "timeframe": "1h",
        "open_time": 2 * HOUR,
        "close_time": 3 * HOUR,
        "open": "10.0",
        "high": "12.50",
        "low": "9",
        "close": "11.0",
        "volume": "100.00",
    }


def test_each_bar_is_its_updates_and_then_its_final_values() -> None:
    timeline = make_timeline(bars=2, updates=4)
    volumes = [timeline.state(step).volume for step in range(timeline.steps)]
    assert volumes == ["20.00", "40.00", "60.00", "80.00", "100.00"] * 2


def test_without_updates_only_final_values_are_played() -> None:
    timeline = make_timeline(bars=3, updates=0)
    assert open_times([timeline.state(step) for step in range(timeline.steps)]) == [0, 1, 2]


def test_the_closed_flag_tells_forming_from_final() -> None:
    market = Market({SERIES: [make_bar()]}, updates=2, exchange=WealthAI("x"))
    assert [market.message(SERIES, step)["x"] for step in range(3)] == [False, False, True]


def test_a_closed_flag_cannot_take_the_name_of_another_field() -> None:
    with pytest.raises(SimulatorError, match="'close' is already the name"):
        WealthAI("close")


def test_a_rising_bar_goes_by_its_low_to_its_high() -> None:
    states = [forming_state(make_bar(), number, 4) for number in range(4)]
    assert [state.close for state in states] == ["10.0", "9", "12.50", "11.0"]
    assert [state.low for state in states] == ["10.0", "9", "9", "9"]
    assert [state.high for state in states] == ["10.0", "10.0", "12.50", "12.50"]


def test_a_falling_bar_goes_by_its_high_to_its_low() -> None:
    states = [forming_state(make_bar(close="9.5"), number, 4) for number in range(4)]
    assert [state.close for state in states] == ["10.0", "12.50", "9", "9.5"]
    assert [state.low for state in states] == ["10.0", "10.0", "9", "9"]
    assert [state.high for state in states] == ["10.0", "12.50", "12.50", "12.50"]


@given(bars(), st.integers(1, 12))
def test_every_forming_state_is_a_sane_bar_in_the_files_own_text(bar: PlayedBar, updates: int) -> None:
    texts = {getattr(bar, name) for name in PRICES}
    for state in (forming_state(bar, number, updates) for number in range(updates)):
        assert {getattr(state, name) for name in PRICES} <= texts
        assert Decimal(state.low) <= min(Decimal(state.open), Decimal(state.close))
        assert Decimal(state.high) >= max(Decimal(state.open), Decimal(state.close))
        assert (state.open_time, state.end, state.open) == (bar.open_time, bar.end, bar.open)


@given(bars(), st.integers(2, 12))
def test_a_bar_only_widens_and_its_volume_only_grows(bar: PlayedBar, updates: int) -> None:
    states = [forming_state(bar, number, updates) for number in range(updates)] + [bar]
    for earlier, later in pairwise(states):
        assert Decimal(later.high) >= Decimal(earlier.high)
        assert Decimal(later.low) <= Decimal(earlier.low)
        assert Decimal(later.volume) >= Decimal(earlier.volume)


@given(st.from_regex(r"[0-9]{1,40}(\.[0-9]{1,20})?(e[+-]?[0-9])?", fullmatch=True), st.integers(1, 12))
def test_a_forming_volume_is_below_the_final_one(volume: str, updates: int) -> None:
    last = Decimal(forming_state(make_bar(volume=volume), updates - 1, updates).volume)
    assert last < Decimal(volume) or last == Decimal(volume) == 0


def test_negative_updates_are_an_error() -> None:
    with pytest.raises(SimulatorError, match="updates is -1"):
        make_timeline(updates=-1)


# Snapshots.


def test_a_snapshot_holds_the_last_closed_bars_before_the_current_one() -> None:
    timeline = make_timeline(updates=4)
    assert open_times(timeline.closed(step=4 * 5 + 2, count=3)) == [1, 2, 3]


def test_a_snapshot_holds_bars_from_before_the_timeline() -> None:
    timeline = make_timeline(history=3)
    assert open_times(timeline.closed(step=5, count=3)) == [1, 2, 3]


def test_a_snapshot_holds_no_more_than_there_is() -> None:
    timeline = make_timeline(history=2)
    assert open_times(timeline.closed(step=5, count=100)) == [0, 1, 2]


def test_a_snapshot_of_none_is_empty() -> None:
    assert make_timeline(history=2).closed(step=25, count=0) == []


def test_bars_of_a_snapshot_are_flagged_closed() -> None:
    market = Market({SERIES: [make_bar(number) for number in range(10)]}, exchange=WealthAI("x"), snapshot=2)
    market.play_steps(10)
    assert [json.loads(text)["x"] for text in market.join([SERIES]).snapshot] == [True, True]


# Positions.


@pytest.mark.parametrize(
    ("position", "steps"), [("0", 0), ("3.0", 15), ("3.5", 17), ("3.19", 15), ("3.2", 16), ("3.89", 19), ("3.9", 20)]
)
def test_a_position_is_so_many_steps(position: str, steps: int) -> None:
    assert make_timeline(updates=4).steps_before(Decimal(position)) == steps


@pytest.mark.parametrize(("drop_at", "steps"), [("3.0", 3), ("3.5", 3), ("3.9", 4)])
def test_a_cut_without_updates_is_before_or_after_the_bar(drop_at: str, steps: int) -> None:
    assert Outage.at(make_timeline(updates=0), drop_at, 2).start == steps


@pytest.mark.parametrize("drop_at", ["2", "2.0", "2.5", "2.9", 2.5, 2])
def test_an_outage_lasts_so_many_bars_from_its_cut(drop_at: str | float) -> None:
    outage = Outage.at(make_timeline(updates=4), drop_at, 7)
    assert outage.end - outage.start == 7 * 5


def test_an_outage_can_last_part_of_a_bar() -> None:
    outage = Outage.at(make_timeline(updates=4), "2.0", 0.6)
    assert (outage.start, outage.end) == (10, 13)


def test_an_outage_ends_with_the_timeline_at_the_latest() -> None:
    timeline = make_timeline(bars=10)
    assert Outage.at(timeline, "9.5", 1e300).end == timeline.steps


@pytest.mark.parametrize("drop_at", ["10", "10.0", "99", "-1", "-0.5", "x", "", "NaN", "Infinity", "1e999999"])
def test_a_cut_outside_the_bars_is_an_error(drop_at: str) -> None:
    with pytest.raises(SimulatorError, match=r"^drop-at "):
        Outage.at(make_timeline(bars=10), drop_at, 1)


@pytest.mark.parametrize("drop_for", [-1, float("nan"), float("inf")])
def test_a_length_that_is_none_is_an_error(drop_for: float) -> None:
    with pytest.raises(SimulatorError, match=r"^drop-for "):
        Outage.at(make_timeline(), "1.0", drop_for)
