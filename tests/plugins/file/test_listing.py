"""Which file has a series, what is there instead, and whether that may have changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from wealthsources import Timeframe
from wealthsources_file.listing import Folder, Listing, Named, listing_of
from wealthsources_file.partitions import Partition, Span
from wealthsources_file.storage import changed_at

HOUR = Timeframe("1h")


def listed(*names: str, **options: object) -> Listing:
    """Files by name: "BTCUSDT/1h"."""
    found = [Named(*name.split("/"), Path(name)) for name in names]
    return listing_of(found, options.pop("unreadable", ()), options.pop("folders", None))


def test_other_names_of_a_timeframe_are_read() -> None:
    listing = listed("A/60m", "B/1H", "C/hourly")
    assert listing.files == {("A", "1h"): Path("A/60m"), ("B", "1h"): Path("B/1H"), ("C", "1h"): Path("C/hourly")}


def test_our_own_name_comes_first() -> None:
    listing = listed("A/60m", "A/1h", "A/1H")
    assert listing.files == {("A", "1h"): Path("A/1h")}
    assert not listing.twice


def test_of_two_other_names_neither_is_believed() -> None:
    listing = listed("A/60m", "A/1H", "A/1m")
    assert listing.find("A", HOUR) is None
    assert listing.why_not("A", HOUR) == "A is there as 1H and 60m, which are all 1h; name one of them 1h"


def test_months_and_minutes_are_not_mixed_up() -> None:
    assert set(listed("A/1M", "A/1m", "A/MN1").files) == {("A", "1M"), ("A", "1m")}
    assert listed("A/3M").strange == {"A": ("3M",)}


def test_a_name_that_is_no_timeframe_is_told_with_those_that_are() -> None:
    said = "A is there as 7m, which is no timeframe here; known: 1m, 3m, 5m"
    assert listed("A/7m").why_not("A", HOUR).startswith(said)
    said = "A is there as 1m, 4h and as 7m, hours, which are no timeframes here; known: 1m"
    assert listed("A/4h", "A/1m", "A/hours", "A/7m").why_not("A", HOUR).startswith(said)


def test_a_symbol_without_a_known_timeframe_is_no_symbol() -> None:
    assert listed("A/7m", "B/1h").symbols == {"B"}


def test_a_symbol_is_found_in_another_spelling() -> None:
    assert listed("ZETA-USDT/1h").find("ZETAUSDT", HOUR) == Path("ZETA-USDT/1h")


@pytest.mark.parametrize("instead", ["ZETAUSDT/4h", "ZETAUSDT/7m"])
def test_an_exact_spelling_comes_first_even_without_such_a_file(instead: str) -> None:
    listing = listed("ZETA-USDT/1h", instead)
    assert listing.find("ZETAUSDT", HOUR) is None
    assert listing.why_not("ZETAUSDT", HOUR).startswith(f"ZETAUSDT is there as {instead[9:]}")


def test_of_many_names_some_are_told() -> None:
    listing = listed(*(f"S{number:02}/1h" for number in range(15)))
    assert listing.why_not("A", HOUR).endswith("S08, S09 and 5 more")
    assert listed().why_not("A", HOUR) == "symbols: none"
    assert "tf08, tf09 and 5 more, which" in listed(*(f"A/tf{n:02}" for n in range(15))).why_not("A", HOUR)


def test_what_could_not_be_listed_is_told() -> None:
    assert listed(unreadable=["x: no"]).why_not("A", HOUR) == "symbols: none; not listed: x: no"


# Whether it may have changed.


def settled(path: Path, symbol: str | None = None) -> Folder:
    """A folder, which was changed a minute ago."""
    at = time.time_ns() - 60_000_000_000
    os.utime(path, ns=(at, at))
    return Folder(path, symbol, path.stat().st_mtime_ns)


def test_a_file_under_both_exact_names_is_believed() -> None:
    assert listed("A/1h").is_sure_of("A", HOUR)


@pytest.mark.parametrize("name", ["A-B/1h", "AB/60m", "AB/4h"])
def test_any_other_is_not_if_nothing_tells_whether_folders_changed(name: str) -> None:
    assert not listed(name).is_sure_of("AB", HOUR)


@pytest.mark.parametrize("name", ["A-B/1h", "AB/60m", "AB/4h"])
def test_any_other_is_as_long_as_no_folder_changes(tmp_path: Path, name: str) -> None:
    listing = listed(name, folders=[settled(tmp_path)])
    assert listing.is_sure_of("AB", HOUR)
    (tmp_path / "new").touch()
    assert not listing.is_sure_of("AB", HOUR)


def test_a_folder_that_is_gone_has_changed(tmp_path: Path) -> None:
    folder = tmp_path / "A"
    folder.mkdir()
    listing = listed("A-B/1h", folders=[settled(folder)])
    folder.rmdir()
    assert not listing.is_sure_of("AB", HOUR)


@pytest.mark.parametrize(("symbol", "sure"), [("A.B", False), ("ABC", True)])
def test_folders_of_other_symbols_are_no_matter(tmp_path: Path, symbol: str, sure: bool) -> None:
    listing = listed("A-B/1h", folders=[settled(tmp_path, symbol)])
    (tmp_path / "new").touch()
    assert listing.is_sure_of("AB", HOUR) == sure


def test_a_folder_that_was_just_changed_may_be_again_without_being_seen(tmp_path: Path) -> None:
    assert changed_at(tmp_path) is None
    assert not listed("A-B/1h", folders=[Folder(tmp_path, None, changed_at(tmp_path))]).is_sure_of("AB", HOUR)
    long_ago = settled(tmp_path).changed
    assert changed_at(tmp_path) == long_ago


def test_files_of_a_series_by_time_are_listed_together_and_may_become_more() -> None:
    spans = [Span(5, 9), Span(0, 5)]
    found = [Named("A", "1h", Path(str(span.start)), span) for span in spans]
    listing = listing_of(found, (), None)
    assert listing.find("A", HOUR) == (Partition(spans[1], Path("0")), Partition(spans[0], Path("5")))
    assert not listing.is_sure_of("A", HOUR)


def test_a_name_that_is_no_timeframe_is_told_once_of_many_files() -> None:
    found = [Named("A", "7m", Path(str(start)), Span(start, start + 1)) for start in range(3)]
    assert listing_of(found, (), None).strange == {"A": ("7m",)}
