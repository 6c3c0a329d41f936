"""The file source over real files, alone and through the chain."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

import wealthsources
from wealthsources import AllSourcesFailed, Bars, HistoryRequest, NotHere, SourceError, Timeframe
from wealthsources_file.options import FileOptions
from wealthsources_file.source import FileSource

from ...support.bars import HOUR, at, moving, places
from ...support.markets import HEADER
from .files import ask, lines, source_of, write

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


def test_an_exact_spelling_is_taken_as_soon_as_it_is_there(tmp_path: Path) -> None:
    write(tmp_path / "ZETA-USDT" / "1h.csv", lines(0, 1))
    source = source_of(tmp_path)
    assert places(ask(source, "ZETAUSDT", count=1)) == [1]
    write(tmp_path / "ZETAUSDT" / "1h.csv", lines(0))
    assert places(ask(source, "ZETAUSDT", count=1)) == [0]


def test_so_it_is_in_a_folder_that_was_empty_when_others_had_long_been_there(tmp_path: Path) -> None:
    write(tmp_path / "ZETA-USDT" / "1h.csv", lines(0, 1))
    (tmp_path / "ZETAUSDT").mkdir()
    for folder in (*tmp_path.iterdir(), tmp_path):
        os.utime(folder, (1e9, 1e9))
    source = source_of(tmp_path)
    for _ in range(2):
        assert places(ask(source, "ZETAUSDT", count=1)) == [1]
    write(tmp_path / "ZETAUSDT" / "1h.csv", lines(0))
    assert places(ask(source, "ZETAUSDT", count=1)) == [0]


def test_a_second_likeness_makes_neither_the_one_that_is_meant(tmp_path: Path) -> None:
    write(tmp_path / "ZETA-USDT" / "1h.csv", lines(0))
    source = source_of(tmp_path)
    ask(source, "ZETAUSDT", count=1)
    write(tmp_path / "ZETA_USDT" / "1h.csv", lines(0))
    with pytest.raises(NotHere, match="symbols: ZETA-USDT, ZETA_USDT"):
        ask(source, "ZETAUSDT", count=1)


def test_our_own_name_of_a_timeframe_is_taken_as_soon_as_it_is_there(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "60m.csv", lines(0, 1))
    source = source_of(tmp_path)
    assert places(ask(source, count=1)) == [1]
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(0))
    assert places(ask(source, count=1)) == [0]


def test_folders_that_have_not_changed_are_not_listed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "ZETA-USDT" / "1h.csv", lines(0))
    for folder in (tmp_path / "ZETA-USDT", tmp_path):
        os.utime(folder, (1e9, 1e9))
    source = source_of(tmp_path)
    ask(source, "ZETAUSDT", count=1)
    monkeypatch.setattr(os, "scandir", None)
    ask(source, "ZETAUSDT", count=1)
    with pytest.raises(NotHere):
        ask(source, "OTHER", count=1)


def test_named_files_are_looked_for_again_where_a_spelling_is_only_like(tmp_path: Path) -> None:
    named = [{"path": f"{name}.csv", "symbol": name, "timeframe": "1h"} for name in ("A-B", "AB")]
    source = FileSource(FileOptions.model_validate({"files": named}, context={"folder": tmp_path}))
    write(tmp_path / "A-B.csv", lines(0, 1))
    assert places(ask(source, "AB", count=1)) == [1]
    write(tmp_path / "AB.csv", lines(0))
    assert places(ask(source, "AB", count=1)) == [0]


def test_a_name_that_is_no_timeframe_is_told(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "7m.csv", lines(0))
    with pytest.raises(NotHere, match="for BTCUSDT 1h; BTCUSDT is there as 7m, which is no timeframe here; known: 1m"):
        ask(source_of(tmp_path), count=1)


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


# Bad rows and labels.


def test_skipped_rows_are_counted_and_told_in_the_log_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "BTCUSDT" / "1h.csv", lines(0) + "x\n" + lines(2, 3).partition("\n")[2])
    with wealthsources.open(config(tmp_path, on_bad_row="skip")) as session:
        for _ in range(2):
            bars = session.adapter().get_history("BTCUSDT", 3, on_stale="mark")
        explained = str(session.adapter().explain("BTCUSDT", 3, on_stale="mark"))
        assert session.status().sources["file"].counters["bad_rows"] == 1
    said = f"1 row was skipped: {path}:3: has 1 values; the header names 6 columns"
    assert (places(bars), [hole.count for hole in bars.holes]) == ([0, 2, 3], [1])
    assert said in explained
    assert [record.getMessage() for record in caplog.records if "skipped" in record.getMessage()] == [said]


def test_nothing_is_told_of_rows_that_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(0) + "x\n" + lines(2, 3).partition("\n")[2])
    with wealthsources.open(config(tmp_path)) as session:
        assert places(session.adapter().get_history("BTCUSDT", 2, on_stale="mark")) == [2, 3]
    assert "skipped" not in caplog.text


def test_a_row_that_was_skipped_is_filled_by_the_next_source(tmp_path: Path) -> None:
    write(tmp_path / "a" / "BTCUSDT" / "1h.csv", lines(0) + f"{at(1)},10,12,9,,1\n" + lines(2).partition("\n")[2])
    write(tmp_path / "b" / "BTCUSDT" / "1h.csv", lines(0, 1, 2))
    sources = [config(tmp_path / name, on_bad_row="skip")["sources"][0] | {"name": name} for name in "ab"]
    with wealthsources.open({"sources": sources}) as session:
        bars = session.adapter().get_history("BTCUSDT", 3, on_stale="mark")
    assert [bar.source for bar in bars] == ["a", "b", "a"]


def test_a_file_may_be_labelled_by_the_ends_of_its_bars(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(1, 2), written=at(2))
    bars = ask(source_of(tmp_path, label="end"), count=5)
    assert (places(bars), bars[-1].closed) == ([0, 1], True)


def test_one_that_is_not_said_to_be_is_found_where_a_source_before_it_has_the_same_bars(tmp_path: Path) -> None:
    for name, bars in (("a", moving(*range(16, 24))), ("b", moving(*range(1, 21), by=1))):
        rows = [f"{time},{','.join(map(str, row))}\n" for time, row in zip(bars.open_times, bars.values, strict=True)]
        write(tmp_path / name / "BTCUSDT" / "1h.csv", f"{HEADER}\n{''.join(rows)}")
    for label, found in (("open", [*range(16, 24)]), ("end", [*range(10, 24)])):
        sources = [config(tmp_path / name, label=said)["sources"][0] for name, said in (("a", "open"), ("b", label))]
        named = [source | {"name": name} for source, name in zip(sources, "ab", strict=True)]
        with wealthsources.open({"sources": named}) as session:
            adapter = session.adapter(SimpleNamespace(now_ms=at(24)), mode="backtest")
            bars = adapter.get_history("BTCUSDT", 14)
            explained = str(adapter.explain("BTCUSDT", 14))
            assert ("a against b" in session.status().label_shifts) == (label == "open")
        assert (places(bars), [bar.open for bar in bars]) == (found, [bar.open for bar in moving(*found)])
        assert ("b seems to stamp bars with their end (label: end)" in explained) == (label == "open")


def test_the_last_row_is_left_out_if_that_is_said_whatever_the_time_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(0, 1), written=at(100))
    assert [bar.closed for bar in ask(source_of(tmp_path, last_row="drop"), count=5)] == [True]


def test_prices_are_those_of_the_market(tmp_path: Path) -> None:
    write(tmp_path / "SPREAD-1" / "1h.csv", f"{HEADER}\n{at(0)},-2,-1,-3,-2,5\n")
    settings = config(tmp_path)
    with wealthsources.open(settings) as session, pytest.raises(AllSourcesFailed, match=r"open: -2\.0 is not positive"):
        session.adapter().get_history("SPREAD-1", 1)
    settings["markets"] = [{"symbols": "SPREAD-*", "prices": "any"}]
    with wealthsources.open(settings) as session:
        assert session.adapter().get_history("SPREAD-1", 1, on_stale="mark")[0].close == -2


# Through the chain.


def config(folder: Path, **options: str) -> dict[str, Any]:
    options = {"path": f"{folder}/{{symbol}}/{{timeframe}}.csv", **options}
    return {"sources": [{"plugin": "file", "options": options}]}


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
    assert explanation.attempts[0].reason.startswith(f"{folder}/BTCUSDT/1h.csv:3: high 8.0 is below low 9.0")


def test_it_is_shown_with_its_path_and_what_it_has_listed(folder: Path) -> None:
    source = source_of(folder)
    path = folder / "{symbol}" / "{timeframe}.csv"
    assert repr(source) == f"<FileSource: {path}, nothing listed yet>"
    source.get_all_symbols()
    assert repr(source) == f"<FileSource: {path}, 1 files listed>"
    assert repr(object.__new__(FileSource)) == "<FileSource>"


# Without a worker.


def at_once(source: FileSource, symbol: str = "BTCUSDT", **request: int) -> Bars | None:
    return source.get_at_once(HistoryRequest(symbol, Timeframe("1h"), **({"end": at(10_000)} | request)))


def test_what_is_in_memory_is_told_at_once_and_is_the_same(folder: Path) -> None:
    source = source_of(folder)
    assert at_once(source, count=3) is None
    bars = ask(source, count=3)
    found = at_once(source, count=3)
    assert found is not None
    assert (found.rows.tolist(), found.symbol) == (bars.rows.tolist(), "BTCUSDT")


def test_what_may_be_in_a_file_that_was_added_since_is_not_told_at_once(folder: Path) -> None:
    (folder / "BTCUSDT" / "1h.csv").rename(folder / "BTCUSDT" / "60m.csv")
    source = source_of(folder)
    ask(source, count=3)
    assert at_once(source, count=3) is None


def test_a_bad_row_is_told_at_once_too(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0) + "x\n" + lines(2).partition("\n")[2])
    source = source_of(folder)
    for asked in (ask, at_once):
        with pytest.raises(SourceError, match=r"1h\.csv:3: has 1 values"):
            asked(source, start=at(0))


def test_only_bars_without_a_gap_that_are_all_closed_are_told_to_be_so(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0, 1, 3, 4), written=at(5) - 1)
    source = source_of(folder)
    assert [ask(source, start=at(start), end=at(end)).unbroken for start, end in ((0, 2), (0, 4), (3, 5))] == [
        True,
        False,
        False,
    ]


# What doctor finds out.


def test_doctor_is_told_how_many_files_there_are(folder: Path) -> None:
    (line,) = source_of(folder).diagnose(online=False)
    assert line == ("ok", f"{folder}/{{symbol}}/{{timeframe}}.csv: 1 series of 1 symbols", "")


def test_doctor_is_told_that_there_is_no_file(tmp_path: Path) -> None:
    (line,) = source_of(tmp_path).diagnose(online=False)
    assert (line.level, line.text) == ("warning", f"{tmp_path}/{{symbol}}/{{timeframe}}.csv: there is no such file")
    assert "starts at the folder of the configuration" in line.remedy


def test_doctor_is_told_of_files_that_are_named_and_not_there(tmp_path: Path) -> None:
    named = {"path": str(tmp_path / "none.csv"), "symbol": "BTCUSDT", "timeframe": "1h"}
    gone, none = FileSource(FileOptions.model_validate({"files": [named]})).diagnose(online=False)
    assert (gone.text, gone.level) == (f"{tmp_path / 'none.csv'}: no such file", "warning")
    assert none.text == "files: there is no such file"


def test_doctor_asks_an_object_store_only_if_it_may() -> None:
    options = FileOptions.model_validate({"path": "memory://nowhere/{symbol}/{timeframe}.csv"})
    assert list(FileSource(options).diagnose(online=False)) == []
    (line,) = FileSource(options).diagnose(online=True)
    assert line.level == "warning"
