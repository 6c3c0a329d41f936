"""The path with placeholders: what it accepts, and which files fit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from wealthsources_file.template import Template


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def found(folder: Path, text: str) -> dict[tuple[str, str], str]:
    return {series: path.relative_to(folder).as_posix() for series, path in Template(text, folder).scan().files.items()}


def test_braces_in_the_name_of_the_folder_are_no_placeholders(tmp_path: Path) -> None:
    folder = tmp_path / "{symbol}"
    put(folder, "BTCUSDT/1h.csv")
    assert found(folder, "{symbol}/{timeframe}.csv") == {("BTCUSDT", "1h"): "BTCUSDT/1h.csv"}


def test_finds_a_folder_for_each_symbol(tmp_path: Path) -> None:
    put(tmp_path, "BTCUSDT/1h.csv", "BTCUSDT/1m.csv", "ETHUSDT/1M.csv")
    assert set(found(tmp_path, "{symbol}/{timeframe}.csv")) == {
        ("BTCUSDT", "1h"),
        ("BTCUSDT", "1m"),
        ("ETHUSDT", "1M"),
    }


def test_a_symbol_is_written_as_in_an_address_where_a_name_may_not_have_its_letters(tmp_path: Path) -> None:
    put(tmp_path, "BTC%2FUSDT/1h.parquet", "100%/1h.parquet")
    scanned = Template("{symbol}/{timeframe}.parquet", tmp_path).scan()
    assert set(scanned.files) == {("BTC/USDT", "1h"), ("100%", "1h")}
    assert {folder.symbol for folder in scanned.folders} == {None, "BTC/USDT", "100%"}


def test_finds_both_names_in_one(tmp_path: Path) -> None:
    put(tmp_path, "bars/BTC-USD-15m.csv", "bars/BTC-USD-5m.csv")
    assert found(tmp_path, "bars/{symbol}-{timeframe}.csv") == {
        ("BTC-USD", "15m"): "bars/BTC-USD-15m.csv",
        ("BTC-USD", "5m"): "bars/BTC-USD-5m.csv",
    }


def test_a_placeholder_that_occurs_again_stands_for_the_same(tmp_path: Path) -> None:
    put(tmp_path, "BTC.X/1h/BTC.X-1h.csv", "BTC.X/1h/ETH-1h.csv", "BTC.X/1h/BTC.X-1m.csv", "A.B/1h/AxB-1h.csv")
    assert found(tmp_path, "{symbol}/{timeframe}/{symbol}-{timeframe}.csv") == {
        ("BTC.X", "1h"): "BTC.X/1h/BTC.X-1h.csv"
    }


def test_a_placeholder_may_occur_twice_in_one_name(tmp_path: Path) -> None:
    put(tmp_path, "A_A_1h.csv", "A_B_1h.csv")
    assert set(found(tmp_path, "{symbol}_{symbol}_{timeframe}.csv")) == {("A", "1h")}


def test_a_fixed_folder_may_follow_a_placeholder(tmp_path: Path) -> None:
    put(tmp_path, "BTCUSDT/spot/1h.csv", "BTCUSDT/margin/1h.csv")
    assert found(tmp_path, "{symbol}/spot/{timeframe}.csv") == {("BTCUSDT", "1h"): "BTCUSDT/spot/1h.csv"}


def test_passes_over_whatever_does_not_fit(tmp_path: Path) -> None:
    put(tmp_path, "A/7x.csv", "A/1h.csv.bak", "A/1hXcsv", "A/1h.csv.gz", ".hidden/1h.csv", "1h.csv")
    (tmp_path / "B" / "1h.csv").mkdir(parents=True)
    assert found(tmp_path, "{symbol}/{timeframe}.csv") == {}


def test_finds_gzipped_files(tmp_path: Path) -> None:
    put(tmp_path, "A/1h.csv.gz")
    assert set(found(tmp_path, "{symbol}/{timeframe}.csv.gz")) == {("A", "1h")}


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere", "{symbol}/{timeframe}.csv") == {}


def test_a_link_in_a_circle_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "A/1h.csv")
    (tmp_path / "B").symlink_to(tmp_path / "B")
    assert set(found(tmp_path, "{symbol}/{timeframe}.csv")) == {("A", "1h")}


def test_other_names_of_a_timeframe_fit_too(tmp_path: Path) -> None:
    put(tmp_path, "A/60m.csv", "B-1H/x.csv", "1day/C_D.csv", "E_1-hour.csv")
    assert set(found(tmp_path, "{symbol}/{timeframe}.csv")) == {("A", "1h")}
    assert set(found(tmp_path, "{symbol}-{timeframe}/x.csv")) == {("B", "1h")}
    assert set(found(tmp_path, "{timeframe}/{symbol}.csv")) == {("C_D", "1d")}
    assert set(found(tmp_path, "{symbol}_{timeframe}.csv")) == {("E", "1h")}


@pytest.mark.parametrize(
    ("text", "name", "series"),
    [
        ("{timeframe}_{symbol}.csv", "60m_BTC_USDT.csv", ("BTC_USDT", "1h")),
        ("{symbol}_{timeframe}.csv", "BTC_USDT_60m.csv", ("BTC_USDT", "1h")),
        ("{timeframe}-{symbol}.csv", "1h-X-60m.csv", ("X-60m", "1h")),
        ("{symbol}.{timeframe}.csv", "BTC.1m.H1.csv", ("BTC.1m", "1h")),
    ],
)
def test_a_symbol_may_hold_what_is_between_the_two(
    tmp_path: Path, text: str, name: str, series: tuple[str, str]
) -> None:
    put(tmp_path, name)
    assert found(tmp_path, text) == {series: name}


def test_a_name_that_is_no_timeframe_is_listed_as_such(tmp_path: Path) -> None:
    put(tmp_path, "A/7m.csv", "A/1h.csv", "B/notes on x.csv")
    listing = Template("{symbol}/{timeframe}.csv", tmp_path).scan()
    assert listing.strange == {"A": ("7m",), "B": ("notes on x",)}
    assert listing.symbols == {"A"}


def test_a_timeframe_that_occurs_twice_has_one_name(tmp_path: Path) -> None:
    put(tmp_path, "60m/A-60m.csv", "60m/B-1h.csv")
    assert set(found(tmp_path, "{timeframe}/{symbol}-{timeframe}.csv")) == {("A", "1h")}


def test_it_is_noted_when_the_folders_were_changed(tmp_path: Path) -> None:
    put(tmp_path, "A/1h.csv", "B/1h.csv")
    for folder in (tmp_path / "A", tmp_path / "B", tmp_path):
        os.utime(folder, (1e9, 1e9))
    folders = set(Template("{symbol}/{timeframe}.csv", tmp_path).scan().folders)
    assert folders == {(tmp_path, None, 10**18), (tmp_path / "A", "A", 10**18), (tmp_path / "B", "B", 10**18)}


def test_it_is_not_where_a_folder_has_just_been_changed_or_is_not_there(tmp_path: Path) -> None:
    put(tmp_path, "A/1h.csv")
    os.utime(tmp_path, (1e9, 1e9))
    assert set(Template("{symbol}/{timeframe}.csv", tmp_path).scan().folders) == {
        (tmp_path, None, 10**18),
        (tmp_path / "A", "A", None),
    }
    nowhere = tmp_path / "nowhere"
    assert Template("{symbol}/{timeframe}.csv", nowhere).scan().folders == [(nowhere, None, None)]


def test_a_folder_that_cannot_be_listed_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "A/1h.csv", "B/1h.csv")
    listed = os.scandir

    def scandir(folder: Path):
        if Path(folder).name == "B":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = Template("{symbol}/{timeframe}.csv", tmp_path).scan()
    assert listing.symbols == {"A"}
    assert listing.unreadable == (f"{tmp_path / 'B'}: Permission denied",)


@given(
    symbol=st.from_regex(r"[A-Za-z0-9_+(][A-Za-z0-9_+.(* -]{0,12}", fullmatch=True),
    timeframe=st.sampled_from(["1m", "15m", "1h", "1M"]),
    text=st.sampled_from(["{symbol}/{timeframe}.csv", "{timeframe}/{symbol}.csv", "{symbol}_{timeframe}.csv.gz"]),
)
def test_a_file_that_was_put_by_the_template_is_found_by_it(
    tmp_path_factory: pytest.TempPathFactory, symbol: str, timeframe: str, text: str
) -> None:
    folder = tmp_path_factory.mktemp("files")
    name = text.format(symbol=symbol, timeframe=timeframe)
    put(folder, name)
    assert found(folder, text) == {(symbol, timeframe): name}


def test_files_of_a_series_by_month_are_in_the_order_of_time(tmp_path: Path) -> None:
    put(tmp_path, *(f"A/1h/A-1h-{month}.zip" for month in ("2024-02", "2023-12", "2024-01", "2024-13", "2024")))
    template = Template("{symbol}/{timeframe}/{symbol}-{timeframe}-{year}-{month}.zip", tmp_path)
    names = [partition.path.name for partition in template.scan().files["A", "1h"]]
    assert names == ["A-1h-2023-12.zip", "A-1h-2024-01.zip", "A-1h-2024-02.zip"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{symbol}-{timeframe}-{date}.csv", "BTC-USD-1h-2024-01-31.csv"),
        ("{symbol}_{date}_{timeframe}.csv.zst", "BTC-USD_20240131_1h.csv.zst"),
        ("year={year}/month={month}/{symbol}_{timeframe}.csv", "year=2024/month=01/BTC-USD_1h.csv"),
        ("{year}/{date}/{symbol}_{timeframe}.csv", "2024/2024-01-31/BTC-USD_1h.csv"),
    ],
)
def test_a_path_may_say_the_time_in_many_ways(tmp_path: Path, text: str, name: str) -> None:
    put(tmp_path, name)
    (partition,) = Template(text, tmp_path).scan().files["BTC-USD", "1h"]
    assert partition.path == tmp_path / name


def test_other_names_of_timeframes_may_be_told(tmp_path: Path) -> None:
    put(tmp_path, "XBTUSD_60.csv", "XBTUSD_1440.csv", "XBTUSD_5m.csv", "XBTUSD_7.csv")
    listing = Template("{symbol}_{timeframe}.csv", tmp_path, {"60": "1h", "1440": "1d"}).scan()
    assert set(listing.files) == {("XBTUSD", "1h"), ("XBTUSD", "1d"), ("XBTUSD", "5m")}
    assert listing.strange == {"XBTUSD": ("7",)}
