"""The file source over real files, alone and through the chain."""

from __future__ import annotations

import codecs
import gzip
import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

import wealthsources
from wealthsources import Bars, HistoryRequest, NotHere, SourceError, Timeframe
from wealthsources_file import cache as cache_module, reading
from wealthsources_file.cache import FileCache
from wealthsources_file.options import FileOptions
from wealthsources_file.source import FileSource

HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR
HEADER = "open_time,open,high,low,close,volume"


def at(place: int) -> int:
    return T0 + place * HOUR


def lines(*places: int) -> str:
    return "".join(f"{line}\n" for line in [HEADER, *(f"{at(place)},10.0,12.50,9,11.0,100.00" for place in places)])


def write(path: Path, text: str | bytes, written: int | None = None) -> Path:
    """Write a file; `written` is its modification time in ms."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if written is not None:
        os.utime(path, ns=(written * 1_000_000, written * 1_000_000))
    return path


def source_of(folder: Path, path: str = "{symbol}/{timeframe}.csv") -> FileSource:
    return FileSource(FileOptions.model_validate({"path": path}, context={"folder": folder}))


def ask(source: FileSource, symbol: str = "BTCUSDT", timeframe: str = "1h", **request: Any) -> Bars:
    return source.get_history(HistoryRequest(symbol, Timeframe(timeframe), **({"end": at(10_000)} | request)))


def places(bars: Bars) -> list[int]:
    return [(time - T0) // HOUR for time in bars.open_times.tolist()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(*range(50)))
    return tmp_path


# Which file.


def test_reads_the_file_of_the_series(folder: Path) -> None:
    assert places(ask(source_of(folder), count=3)) == [47, 48, 49]


def test_a_symbol_spelled_otherwise_is_found_and_answered_as_asked(folder: Path) -> None:
    assert ask(source_of(folder), "btc/usdt", count=1).symbol == "btc/usdt"


def test_a_spelling_that_fits_two_symbols_fits_none(folder: Path) -> None:
    write(folder / "BTC-USDT" / "1h.csv", lines(0))
    with pytest.raises(NotHere):
        ask(source_of(folder), "btcusdt", count=1)


@pytest.mark.parametrize("symbol", ["../secret", "..", "/etc", "BTCUSDT/../../secret", "{timeframe}", "*", ""])
def test_a_symbol_never_becomes_a_path(folder: Path, symbol: str) -> None:
    write(folder.parent / "secret" / "1h.csv", lines(0))
    with pytest.raises(NotHere):
        ask(source_of(folder), symbol, count=1)


def test_a_symbol_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    with pytest.raises(NotHere) as caught:
        ask(source_of(folder), "ETHUSDT", count=1)
    assert str(caught.value) == f"no file {folder}/{{symbol}}/{{timeframe}}.csv for ETHUSDT 1h; symbols: BTCUSDT"


def test_a_timeframe_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1m.csv", lines())
    with pytest.raises(NotHere, match="for BTCUSDT 4h; BTCUSDT is there as 1m, 1h"):
        ask(source_of(folder), timeframe="4h", count=1)


def test_of_many_symbols_some_are_told(tmp_path: Path) -> None:
    for number in range(15):
        write(tmp_path / f"S{number:02}" / "1h.csv", lines())
    with pytest.raises(NotHere, match=r"symbols: S00, .*, S09 and 5 more$"):
        ask(source_of(tmp_path), count=1)


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="symbols: none"):
        ask(source_of(tmp_path / "nowhere"), count=1)


def test_a_folder_that_cannot_be_listed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NotHere, match=r"not listed: .*: Permission denied"):
        ask(source_of(folder), count=1)


def test_a_file_that_comes_later_is_found(folder: Path) -> None:
    source = source_of(folder)
    ask(source, count=1)
    write(folder / "ETHUSDT" / "1h.csv", lines(0))
    assert places(ask(source, "ETHUSDT", count=1)) == [0]


def test_a_file_that_vanished_is_an_error_and_then_not_here(folder: Path) -> None:
    source = source_of(folder)
    ask(source, count=1)
    (folder / "BTCUSDT" / "1h.csv").unlink()
    with pytest.raises(SourceError, match=r"1h.csv: has vanished since its folder was listed"):
        ask(source, count=1)
    with pytest.raises(NotHere):
        ask(source, count=1)


def test_lists_its_symbols(folder: Path) -> None:
    source = source_of(folder)
    assert set(source.get_all_symbols()) == {"BTCUSDT"}
    write(folder / "ETHUSDT" / "1h.csv", lines())
    assert set(source.get_all_symbols()) == {"BTCUSDT", "ETHUSDT"}


# Which bars.


def test_a_bar_that_ends_exactly_at_the_end_is_in(folder: Path) -> None:
    assert places(ask(source_of(folder), end=at(30), count=2)) == [28, 29]


def test_a_bar_that_ends_after_the_end_is_out(folder: Path) -> None:
    assert places(ask(source_of(folder), end=at(30) - 1, count=2)) == [27, 28]


def test_a_span_is_taken_from_its_start(folder: Path) -> None:
    assert places(ask(source_of(folder), start=at(10) + 1, end=at(14))) == [11, 12, 13]


def test_a_span_without_bars_names_those_that_are_there(folder: Path) -> None:
    with pytest.raises(NotHere, match="its bars open from 2020-09-13 12:00 to 2020-09-15 13:00"):
        ask(source_of(folder), end=at(0), count=1)


def test_a_file_without_rows_has_no_bars(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines())
    with pytest.raises(NotHere, match="it has none"):
        ask(source_of(tmp_path), count=1)


def test_the_last_bar_of_a_file_that_was_written_before_its_end_is_forming(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(0, 1, 2), written=at(3) - 1)
    assert [bar.closed for bar in ask(source_of(tmp_path), count=2)] == [True, True, False]


def test_the_last_bar_of_a_file_that_was_written_at_its_end_is_closed(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(0, 1, 2), written=at(3))
    assert [bar.closed for bar in ask(source_of(tmp_path), count=2)] == [True, True]


def test_text_kept_aside_comes_with_the_bars_it_belongs_to(tmp_path: Path) -> None:
    rows = [f"{at(place)},1,1,1,1,1e{place}\n" for place in range(9)]
    write(tmp_path / "BTCUSDT" / "1h.csv", HEADER + "\n" + "".join(rows))
    bars = ask(source_of(tmp_path), count=2, end=at(5))
    assert [bar.exact("volume") for bar in bars] == ["1e3", "1e4"]
    assert set(bars.texts) == {at(3), at(4)}


@pytest.fixture(scope="module")
def every_other(tmp_path_factory: pytest.TempPathFactory) -> FileSource:
    folder = tmp_path_factory.mktemp("files")
    write(folder / "BTCUSDT" / "1h.csv", lines(*range(0, 60, 2), 60, 61, 62), written=at(63) - 1)
    return source_of(folder)


@given(
    start=st.none() | st.integers(-5, 70), end=st.integers(-5, 70), count=st.none() | st.integers(1, 80), odd=st.data()
)
def test_the_answer_equals_a_filter_over_all_rows(
    every_other: FileSource, start: int | None, end: int, count: int | None, odd: st.DataObject
) -> None:
    shift = odd.draw(st.sampled_from([0, 1, HOUR - 1]))
    there = [*range(0, 60, 2), 60, 61, 62]
    wanted = [p for p in there if at(p + 1) <= at(end) + shift and (start is None or at(p) >= at(start))]
    if count is not None:
        wanted = wanted[-(count + (62 in wanted)) :]
    try:
        got = places(ask(every_other, start=None if start is None else at(start), end=at(end) + shift, count=count))
    except NotHere:
        got = []
    assert got == wanted


# What is wrong with a file.


def test_a_bad_row_is_named_by_file_and_line(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0) + f"{at(1)},10,8,9,8,1\n")
    with pytest.raises(SourceError) as caught:
        ask(source_of(folder), count=1)
    assert str(caught.value) == f"{path}:3: high is below low"


def test_an_empty_file_is_an_error(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", "")
    with pytest.raises(SourceError, match=r"1h.csv:1: is empty"):
        ask(source_of(folder), count=1)


def test_a_file_that_is_not_utf8_is_an_error(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0).encode() + b"\xff\n")
    with pytest.raises(SourceError, match=r"1h.csv:3: is not UTF-8 text \(byte 0xff\)"):
        ask(source_of(folder), count=1)


def test_a_byte_order_mark_is_passed_over(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", codecs.BOM_UTF8 + lines(0, 1).encode())
    assert places(ask(source_of(folder), count=5)) == [0, 1]


def test_a_file_that_may_not_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=r"1h.csv: cannot be read: Permission denied"):
        ask(source_of(folder), count=1)


def test_a_file_that_is_too_large_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_BYTES", 100)
    with pytest.raises(SourceError, match=r"1h.csv: has more than 0 MiB of text; split it"):
        ask(source_of(folder), count=1)


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", gzip.compress(lines(0, 1, 2).encode()))
    assert places(ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=2)) == [1, 2]


def test_a_bad_row_of_a_gzipped_file_is_named_by_its_line(tmp_path: Path) -> None:
    text = lines(0) + f"{at(1)},10,8,9,8,1\n"
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", gzip.compress(text.encode()))
    with pytest.raises(SourceError, match=r"1h.csv.gz:3: high is below low"):
        ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=1)


packed = gzip.compress(lines(*range(20)).encode(), mtime=0)


@pytest.mark.parametrize("data", [packed[:-20], b"plain text", packed[:40] + b"\0\0\0\0" + packed[44:], packed[:5]])
def test_a_broken_gzip_file_is_an_error(tmp_path: Path, data: bytes) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", data)
    with pytest.raises(SourceError, match=r"1h.csv.gz: is no whole gzip file"):
        ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=1)


def test_a_file_that_was_repaired_is_read(folder: Path) -> None:
    source = source_of(folder)
    write(folder / "BTCUSDT" / "1h.csv", "")
    with pytest.raises(SourceError):
        ask(source, count=1)
    write(folder / "BTCUSDT" / "1h.csv", lines(0))
    assert places(ask(source, count=1)) == [0]


# What is kept.


def test_a_file_that_does_not_change_is_read_once(folder: Path) -> None:
    source = source_of(folder)
    for _ in range(5):
        ask(source, count=1)
    assert source.status().counters == {"files": 1, "cached_files": 1, "cached_bars": 50, "reads": 1}


def test_a_file_without_rows_is_read_once(folder: Path) -> None:
    source = source_of(folder)
    write(folder / "BTCUSDT" / "1h.csv", lines())
    for _ in range(2):
        with pytest.raises(NotHere):
            ask(source, count=1)
    assert source.status().counters["reads"] == 1


def test_a_file_that_grows_is_read_again(folder: Path) -> None:
    source = source_of(folder)
    ask(source, count=1)
    with (folder / "BTCUSDT" / "1h.csv").open("a") as file:
        file.write(lines(50).splitlines()[1] + "\n")
    assert places(ask(source, count=1)) == [50]
    assert source.status().counters["cached_bars"] == 51


def test_a_file_that_was_only_touched_is_judged_anew(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0), written=at(1) - 1)
    source = source_of(folder)
    assert ask(source, count=1)[-1].closed is False
    os.utime(path, ns=(at(1) * 1_000_000,) * 2)
    assert ask(source, count=1)[-1].closed is True


def test_a_file_that_was_replaced_is_read_again(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0), written=at(9))
    source = source_of(folder)
    ask(source, count=1)
    write(folder / "new.csv", lines(1), written=at(9)).replace(path)
    assert places(ask(source, count=1)) == [1]


def test_what_was_used_least_recently_gives_way(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.csv", lines(*range(10))) for name in "abc"]
    cache = FileCache(most_bars=25)
    for path in (paths[0], paths[1], paths[0], paths[2], paths[0]):
        cache.bars(path, "X", Timeframe("1h"))
    assert cache.counters() == {"cached_files": 2, "cached_bars": 20, "reads": 3}
    cache.bars(paths[1], "X", Timeframe("1h"))
    assert cache.counters()["reads"] == 4


def test_a_file_that_is_larger_than_the_cache_is_kept_alone(tmp_path: Path) -> None:
    small, large = write(tmp_path / "a.csv", lines(0)), write(tmp_path / "b.csv", lines(*range(10)))
    cache = FileCache(most_bars=5)
    for path in (small, large, large):
        cache.bars(path, "X", Timeframe("1h"))
    assert cache.counters() == {"cached_files": 1, "cached_bars": 10, "reads": 2}


# Threads.


def test_threads_that_ask_at_once_read_a_file_once(folder: Path) -> None:
    source = source_of(folder)
    barrier = threading.Barrier(8)
    answers: list[list[int]] = []

    def work() -> None:
        barrier.wait(10)
        answers.append(places(ask(source, count=2)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == [[48, 49]] * 8
    assert source.status().counters["reads"] == 1


def test_nobody_waits_beyond_the_deadline_for_another_thread_to_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(folder)
    begun, go_on = threading.Event(), threading.Event()
    read_file = cache_module.read_file

    def slowly(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return read_file(*arguments)

    monkeypatch.setattr(cache_module, "read_file", slowly)
    reader = threading.Thread(target=lambda: ask(source, count=1))
    reader.start()
    assert begun.wait(10)
    with pytest.raises(SourceError, match="is still being read"):
        ask(source, count=1, deadline=time.monotonic() + 0.01)
    go_on.set()
    reader.join(10)
    assert places(ask(source, count=1, deadline=time.monotonic())) == [49]


# Through the chain.


def config(folder: Path) -> dict[str, Any]:
    return {"sources": [{"plugin": "file", "options": {"path": f"{folder}/{{symbol}}/{{timeframe}}.csv"}}]}


def test_a_backtest_sees_what_has_ended_by_the_contexts_time(folder: Path) -> None:
    with wealthsources.open(config(folder)) as session:
        adapter = session.adapter(SimpleNamespace(now_ms=at(30)), mode="backtest")
        bars = adapter.get_history("BTCUSDT", 3)
        assert places(bars) == [27, 28, 29]
        assert {bar.source for bar in bars} == {"file"}
        assert adapter.get_all_symbols() == ["BTCUSDT"]


def test_a_forming_bar_does_not_get_through(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0, 1, 2, 3), written=at(4) - 1)
    with wealthsources.open(config(folder)) as session:
        bars = session.adapter().get_history("BTCUSDT", 3, on_stale="mark")
    assert places(bars) == [0, 1, 2]


def test_the_context_comes_first_and_the_file_fills_the_rest(folder: Path) -> None:
    bars = [
        {"open_time": at(place), "open": "1", "high": "1", "low": "1", "close": "1", "volume": "1"}
        for place in range(48, 55)
    ]
    context = SimpleNamespace(
        now_ms=at(55), market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}]
    )
    settings = config(folder)
    settings["sources"].insert(0, {"plugin": "context"})
    with wealthsources.open(settings) as session:
        found = session.adapter(context, mode="backtest").get_history("BTCUSDT", 10)
    assert places(found) == list(range(45, 55))
    assert [bar.source for bar in found] == ["file"] * 3 + ["context"] * 7


def test_relative_paths_start_at_the_folder_of_config_yaml(folder: Path) -> None:
    options = 'path: "{symbol}/{timeframe}.csv"'
    write(folder / "config.yaml", f"sources:\n- plugin: file\n  options: {{{options}}}\n")
    with wealthsources.open(folder / "config.yaml") as session:
        assert len(session.adapter().get_history("BTCUSDT", 5, on_stale="mark")) == 5


def test_a_bad_row_is_the_reason_of_a_failed_attempt(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0) + f"{at(1)},10,8,9,8,1\n")
    with wealthsources.open(config(folder)) as session:
        explanation = session.adapter().explain("BTCUSDT", 5)
    assert explanation.attempts[0].outcome == "failed"
    assert explanation.attempts[0].reason.endswith("1h.csv:3: high is below low")
