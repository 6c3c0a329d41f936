"""The first line of a file, and what is said of one that tells nothing."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from wealthsources_file.header import Header, LineError, no_header, read_header
from wealthsources_file.layout import Layout
from wealthsources_file.presets import PRESETS

from ...support.markets import HEADER

PLACES = {"open_time": (1,), "open": (2,), "high": (3,), "low": (4,), "close": (5,), "volume": (6,)}


def header_of(text: str | bytes, symbol: str = "BTCUSDT", preset: str = "wealthsources", **layout: Any) -> Header:
    line = text if isinstance(text, bytes) else text.encode()
    return read_header(line, 3, Layout(**layout) if layout else PRESETS[preset], symbol)


def refused(text: str | bytes, **options: Any) -> str:
    with pytest.raises(LineError) as caught:
        header_of(text, **options)
    assert caught.value.line == 3
    return str(caught.value)


# Names.


def test_it_says_where_the_columns_stand_that_are_needed() -> None:
    found = header_of("volume,id,low,high,open_time,open,close,close_time")
    places = {"open_time": 4, "open": 5, "high": 3, "low": 2, "close": 6, "volume": 0, "close_time": 7}
    assert (found.width, found.places, found.in_file) == (8, places, True)


def test_a_close_time_is_not_needed() -> None:
    assert "close_time" not in header_of(HEADER).places


def test_names_may_be_quoted() -> None:
    assert header_of(HEADER.replace("open,", '"open",') + ',"a, b"').width == 7


def test_columns_may_have_names_of_their_own() -> None:
    columns = {name: (name.title(),) for name in HEADER.split(",")}
    assert header_of("Low,High,Open,Close,Volume,Open_Time", columns=columns).places["open_time"] == 5


def test_a_separator_is_the_one_that_is_said() -> None:
    assert header_of(HEADER.replace(",", ";"), separator=";").places["volume"] == 5


@pytest.mark.parametrize(("symbol", "place"), [("BTCUSDT", 5), ("btc/usdt", 5), ("USDTBTC", 6)])
def test_of_two_volumes_that_of_what_is_traded_is_taken(symbol: str, place: int) -> None:
    line = "unix,open,high,low,close,Volume BTC,Volume USDT,tradecount"
    assert header_of(line, symbol, "cryptodatadownload").places["volume"] == place


def test_a_volume_that_cannot_be_told_is_asked_for() -> None:
    said = refused("unix,open,high,low,close,Volume BTC,Volume USDT", symbol="bitcoin", preset="cryptodatadownload")
    assert "has no column volume" in said
    assert said.endswith("say which is volume, as in columns: {volume: name}")


# Places.


def test_a_file_without_a_header_has_its_columns_by_place() -> None:
    found = header_of("1,2,3,4,5,6,7", columns=PLACES, header=False)
    assert (found.width, found.places["volume"], found.in_file) == (7, 5, False)


@pytest.mark.parametrize(("line", "in_file"), [("1700000000000,1,1,1,1,1,1", False), (HEADER + ",close_time", True)])
def test_whether_there_is_a_header_is_told_by_its_time(line: str, in_file: bool) -> None:
    assert header_of(line, preset="binance").in_file == in_file


def test_a_header_that_is_there_says_itself_where_the_columns_are() -> None:
    assert header_of("close,open_time,open,high,low,volume", preset="binance").places["close"] == 0


def test_a_place_that_no_row_has_is_told() -> None:
    assert refused("1,2,3", columns=PLACES, header=False) == "low is to be at place 4, but the line has 3 values"


def test_a_place_that_is_not_said_is_asked_for() -> None:
    columns = {"open_time": (1,), "open": (2,)}
    assert refused("1,2,3", columns=columns, header=None).startswith("there is no header; say the place of high, low,")


# What it says of others.


def test_missing_columns_are_named() -> None:
    said = refused("open_time,open,top,low,close,size")
    assert said.startswith(f"the header has no column high, volume; needed: {HEADER.replace(',', ', ')}; it has open_t")


def test_a_column_that_is_there_twice_is_named() -> None:
    assert refused(HEADER + ",low") == "the header names the column low more than once"


@pytest.mark.parametrize(
    ("line", "preset"),
    [
        ("Date,Open,High,Low,Close,Volume,Dividends,Stock Splits", "yfinance"),
        ("date,open,high,low,close,volume", "freqtrade"),
        ("unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount", "cryptodatadownload"),
    ],
)
def test_a_format_that_fits_is_named(line: str, preset: str) -> None:
    assert refused(line).endswith(f"; it fits format: {preset}")


@pytest.mark.parametrize(("separator", "said"), [(";", '";"'), ("\t", r'"\t"'), ("|", '"|"')])
def test_a_line_that_is_cut_by_another_letter_is_told(separator: str, said: str) -> None:
    assert refused(HEADER.replace(",", separator)).endswith(f"; is it cut by another letter? say separator: {said}")


@pytest.mark.parametrize(("width", "preset"), [(12, "binance"), (7, "kraken")])
def test_a_row_that_stands_for_a_header_is_told(width: int, preset: str) -> None:
    said = refused(",".join(["1700000000000", *["1.5"] * (width - 1)]))
    assert said.startswith("the first line is a row and no header (1700000000000)")
    assert said.endswith(f"say which column is where, as in columns: {{open_time: 1, open: 2}}, or a format: {preset}")


def test_what_is_no_text_is_told_by_its_byte() -> None:
    assert refused(b"open\xff") == "is not UTF-8 text (byte 0xff)"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_another_encoding_is_named(encoding: str) -> None:
    begin = b"" if encoding == "utf-16" else "\ufeff".encode(encoding)
    assert refused(begin + "open_time".encode(encoding)) == "is UTF-16 text; save it as UTF-8"


def test_what_is_packed_is_told_by_how_it_begins() -> None:
    assert refused(gzip.compress(b"x")).endswith("; it is packed, so let its name end in .csv.gz")


def test_a_quote_that_does_not_end_is_told() -> None:
    assert refused('"open_time,open') == "the header has a bad quote: unexpected end of data"


def test_a_line_without_end_is_no_header() -> None:
    assert refused(b"\0" * 65_537).startswith("is longer than 64 KiB, so it names no columns; needed: open_time")
    assert "no column" in refused(b"\0" * 65_536)


def test_of_a_file_without_lines_it_is_said_what_is_needed() -> None:
    error = no_header()
    assert (error.line, str(error)[:46]) == (1, "is empty; the first line must name the columns")
