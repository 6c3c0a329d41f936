"""The options that say how files are laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import pytest

from wealthsources_file.layout import Layout
from wealthsources_file.layout_options import LayoutOptions
from wealthsources_file.presets import PRESETS

from .files import refuse


def layout(**options: Any) -> Layout:
    return LayoutOptions(**options).layout


def test_without_options_it_is_ours() -> None:
    assert layout() == Layout()


def test_a_format_is_that_preset() -> None:
    assert layout(format="kraken") == PRESETS["kraken"]


def test_what_is_said_comes_before_what_the_format_says() -> None:
    found = layout(format="binance", time="s", label="end", order="newest_first", separator=";", decimal=",")
    assert (found.time, found.label, found.order) == (("s",), "end", "newest_first")
    assert (found.separator, found.decimal, found.columns) == (";", ",", PRESETS["binance"].columns)


def test_columns_that_are_said_come_before_those_of_the_format_one_by_one() -> None:
    found = layout(format="cryptodatadownload", columns={"volume": "Volume USDT"})
    assert (found.names("volume"), found.names("open")) == (("Volume USDT",), ("open", "Open"))


def test_places_are_for_lines_without_a_header_which_the_first_line_tells() -> None:
    found = layout(columns={"open_time": 1, "open": 2})
    assert (found.header, found.place("open"), found.names("open")) == (None, 1, ())


def test_a_list_of_units_is_told_apart_by_size() -> None:
    assert layout(time=["ms", "us"]).time == ("ms", "us")


@pytest.mark.parametrize("time", ["iso", "%Y%m%d %H%M%S", "%d.%m.%y"])
def test_written_times_may_name_a_zone(time: str) -> None:
    assert (layout(time=time, zone="Europe/Berlin").time, layout(zone="UTC").zone) == ((time,), "UTC")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("columns: {opn: x}", "there is no column opn; known: open_time, open"),
        ("columns: {open: 0}", "is 0, but places count from 1"),
        ("columns: {open: ''}", "should be a name, or a place as a number"),
        ("time: msec", "'msec' is no way to write times; known: s, ms, us, ns, iso, or a pattern"),
        ("time: '%Y-%m'", "'%Y-%m' says no date; that takes %Y or %y, %m and %d"),
        ("time: '%d %B %Y'", "has %B; known: %Y, %y, %m, %d, %H, %M, %S, %f"),
        ("time: [ms, iso]", "a list may have units alone: s, ms, us, ns"),
        ("{time: ms, zone: UTC}", "zone: is for written times; times in ms since 1970 are UTC"),
        ("zone: Berlin", "'Berlin' is no time zone; one is Europe/Berlin, or UTC"),
        ("zone: ../../etc", "is no time zone"),
        ("decimal: ','", "separator and decimal are both a comma; say which other separator"),
        ("header: false", "header: false needs the place of each column; columns has none of open_time, open"),
        ("format: excel", "format: should be 'wealthsources'.*or 'kraken'"),
        ("separator: x", "separator: should be"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_line(tmp_path: Path, options: str, problem: str) -> None:
    written = f"{{path: '{{symbol}}/{{timeframe}}.csv', {options.strip('{}') if options[0] == '{' else options}}}"
    refuse(tmp_path, written, problem)


def test_a_place_is_a_whole_number_and_no_yes() -> None:
    with pytest.raises(pydantic.ValidationError):
        layout(columns={"open": True})
