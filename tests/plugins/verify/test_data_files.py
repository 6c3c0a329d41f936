"""The data files: named by their paths or by options, read as the file source reads them."""

from __future__ import annotations

import gzip

from .conftest import QUIET, refused


def test_symbol_and_timeframe_may_be_said(command, strategy, data, tmp_path):
    path = data().rename(tmp_path / "some{prices}.csv")
    result = command(strategy(QUIET), path, "--symbol", "ETH/USDT", "--timeframe", "1h")
    assert result.out == "36 bars of ETH/USDT 1h: 0 answers and 0 decisions compared: nothing found\n"


def test_a_packed_file_is_read(command, strategy, data):
    path = data()
    packed = path.with_name("1h.csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert command(strategy(QUIET), packed).out.startswith("36 bars of BTCUSDT 1h")


def test_a_data_file_that_is_not_there_is_said(command, strategy, tmp_path):
    refused(command(strategy(QUIET), tmp_path / "BTCUSDT" / "1h.csv"), "1h.csv: no such file")


def test_a_path_that_names_no_series_is_said(command, strategy, data, tmp_path):
    path = data().rename(tmp_path / "prices.csv")
    refused(command(strategy(QUIET), path), "is not named as BTCUSDT/1h.csv is, so say --symbol and --timeframe")
    refused(command(strategy(QUIET), path, "--symbol", "X"), "so say --timeframe")


def test_wrong_columns_are_said_with_the_file_and_the_line(command, strategy, data):
    path = data()
    path.write_text(path.read_text().replace("close", "last"))
    refused(command(strategy(QUIET), path), f"{path}:1: the header has no column close")


def test_a_bad_row_is_said_with_the_file_and_the_line(command, strategy, data):
    path = data()
    path.write_text(path.read_text().replace(",5\n", ",-5\n"))
    refused(command(strategy(QUIET), path), f"{path}:6: volume: -5.0 is negative")


def test_a_file_without_bars_is_said(command, strategy, data):
    refused(command(strategy(QUIET), data(0)), "none of these bars; it has none")


def test_an_unknown_timeframe_is_said(command, strategy, data):
    refused(command(strategy(QUIET), data(), "--timeframe", "7m"), "'7m' is not a timeframe; known: 1m, ")
