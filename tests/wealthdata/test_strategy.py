"""Strategies as they are written for JoinQuant, run against real sources."""

from __future__ import annotations

import pandas as pd
import pytest

import wealthdata
import wealthsources
from wealthdata import get_bars, get_price

from ..support.bars import HOUR, MONDAY as T0


@pytest.fixture
def over_files(tmp_path, records, context):
    """A backtest, 40 hours on: the context has the newest ten bars, files have all of them and those to come."""
    folder = tmp_path / "data" / "BTCUSDT"
    folder.mkdir(parents=True)
    pd.DataFrame(records("1h", 100)).drop(columns="close_time").to_csv(folder / "1h.csv", index=False)
    made = context({"BTCUSDT 1h": records("1h", 50)[30:40]}, T0 + 40 * HOUR)
    settings = {"plugin": "file", "options": {"path": str(tmp_path / "data" / "{symbol}" / "{timeframe}.csv")}}
    with wealthsources.open({"sources": [{"plugin": "context"}, settings]}):
        wealthdata.set_context(made)
        yield made


def double_mean(context):
    """JoinQuant's first example: the price against its mean of five bars."""
    close_data = get_price("BTCUSDT", count=5, frequency="1h")
    mean = close_data["close"].mean()
    return close_data["close"][-1] > 1.01 * mean


def test_the_standard_template_runs_on_any_pandas(over_files):
    assert double_mean(over_files)


def test_a_template_of_the_platform_runs(over_files):
    bars = get_bars("BTCUSDT", count=30, unit="1h", fields=["date", "close"], df=False)
    assert (len(bars), bars["close"][-1], bars["close"][0]) == (30, 139.5, 110.5)


def test_a_filter_by_limits_keeps_every_row(over_files):
    codes = ["BTCUSDT"]
    df = get_price(codes, end_date="2024-01-02", frequency="1h", fields=["close", "high_limit"], count=1, panel=False)
    assert df[df["close"] < df["high_limit"]]["code"].tolist() == codes


def test_the_backtest_sees_nothing_of_what_the_files_hold_of_later(over_files):
    assert get_price("BTCUSDT", count=100, frequency="1h").index[-1] == pd.Timestamp("2024-01-02 16:00")


def test_a_symbol_without_a_file_is_not_found(over_files):
    with pytest.raises(wealthdata.SecurityNotFound, match=r"did you mean 'BTCUSDT'"):
        get_price("BTCUSD", count=5, frequency="1h")


def test_a_frequency_without_a_file_is_told_as_such(over_files):
    with pytest.raises(wealthdata.DataUnavailable, match="BTCUSDT is there as 1h"):
        get_price("BTCUSDT", count=5, frequency="5m")


def test_the_same_call_gives_the_same_bars_whatever_source_they_come_from(over_files):
    mixed = get_price("BTCUSDT", count=20, frequency="1h")
    over_files._market_data_context.clear()
    pd.testing.assert_frame_equal(get_price("BTCUSDT", count=20, frequency="1h"), mixed)
