"""Files with the rows of many symbols, text and columns: each symbol has its own bars, and no other's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wealthsources import NotHere, SourceError
from wealthsources_file.layout import Layout
from wealthsources_file.source import FileSource
from wealthsources_file.symbol_files import symbols_of

from ...support.bars import at, places
from .column_files import VALUES, groups_read, table_of, write_feather, write_parquet
from .files import ask, source_of, write

#: Rows of two symbols, day by day as they are written, and one that has a single row.
ROWS = [(symbol, hour) for hour in range(40) for symbol in ("600519.XSHG", "000001.XSHE")] + [("ETH", 3)]
LAYOUT = Layout(columns={**Layout().columns, "symbol": ("pair",)})


def text_of(rows: list[tuple[str, int]], high: dict[int, float] | None = None, separator: str = ",") -> str:
    said = {**VALUES}
    lines = [separator.join(["open_time", "pair", *said])]
    for place, (symbol, hour) in enumerate(rows):
        values = said | ({"high": high[place]} if high and place in high else {})
        lines.append(separator.join([str(at(hour)), symbol, *map(str, values.values())]))
    return "\n".join([*lines, ""])


def columns_of(rows: list[tuple[str, int]], high: dict[int, float] | None = None) -> pa.Table:
    table = [
        {"hour": hour} | ({"high": high[place]} if high and place in high else {})
        for place, (_, hour) in enumerate(rows)
    ]
    return table_of(*table, pair=pa.array([symbol for symbol, _ in rows]))


@pytest.fixture(params=["csv", "parquet", "feather"])
def made(request: Any, tmp_path: Path) -> Any:
    """Writes such rows in one of the ways to keep them."""

    def make(rows: list[tuple[str, int]], high: dict[int, float] | None = None, group: int = 10) -> FileSource:
        path = tmp_path / f"1h.{request.param}"
        if request.param == "csv":
            write(path, text_of(rows, high))
        else:
            (write_feather if request.param == "feather" else write_parquet)(path, columns_of(rows, high), group)
        return reading(path)

    return make


def reading(path: Path, **options: Any) -> FileSource:
    return source_of(path.parent, f"{{timeframe}}{path.suffix}", columns={"symbol": "pair"}, **options)  # type: ignore[arg-type]


def test_each_symbol_has_its_own_bars(made: Any) -> None:
    source = made(ROWS)
    assert set(source.get_all_symbols()) == {"600519.XSHG", "000001.XSHE", "ETH"}
    assert places(ask(source, "600519.XSHG", count=3)) == [37, 38, 39]
    assert places(ask(source, "000001.XSHE")) == list(range(40))
    assert places(ask(source, "ETH")) == [3]


def test_a_symbol_may_be_spelled_otherwise(made: Any) -> None:
    assert ask(made([("BTC-USDT", 1), ("ETHUSDT", 1)]), "btcusdt").symbol == "btcusdt"


def test_a_symbol_that_is_not_there_is_told_with_those_that_are(made: Any) -> None:
    with pytest.raises(NotHere, match=r"symbols: 000001.XSHE, 600519.XSHG, ETH"):
        ask(made(ROWS), "DOGE")


def test_a_symbol_that_comes_later_is_found(made: Any) -> None:
    source = made(ROWS)
    ask(source, "ETH")
    made([*ROWS, ("DOGE", 5)])
    assert places(ask(source, "DOGE")) == [5]


def test_rows_in_the_order_of_symbols_are_as_good(made: Any) -> None:
    source = made(sorted(ROWS))
    assert places(ask(source, "600519.XSHG", count=3)) == [37, 38, 39]
    assert places(ask(source, "000001.XSHE", start=at(7), end=at(12))) == [7, 8, 9, 10, 11]


def test_a_bad_row_of_another_symbol_is_no_matter(made: Any) -> None:
    bad = 20  # the row of hour 10 of 600519
    source = made(ROWS, {bad: 1.0})
    assert places(ask(source, "000001.XSHE")) == list(range(40))
    assert places(ask(source, "600519.XSHG", count=5)) == [35, 36, 37, 38, 39]
    with pytest.raises(SourceError, match=r"(:22|: row 21): high 1.0 is below low 9.0"):
        ask(source, "600519.XSHG", start=at(8), end=at(13))
    assert places(ask(source, "600519.XSHG", start=at(11), end=at(13))) == [11, 12]


def test_a_row_that_a_symbol_has_twice_is_found(made: Any) -> None:
    rows = [*ROWS[:20], ("600519.XSHG", 9), *ROWS[20:]]
    source = made(rows)
    with pytest.raises(SourceError, match=r"says again what an earlier row says|has two rows of 600519.XSHG for"):
        ask(source, "600519.XSHG")
    assert places(ask(source, "000001.XSHE")) == list(range(40))


def test_only_the_row_groups_of_a_symbol_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "1h.parquet", columns_of(sorted(ROWS)), group=20)
    source = reading(path)
    source.get_all_symbols()
    with groups_read(monkeypatch) as read:
        assert places(ask(source, "600519.XSHG", count=40)) == list(range(40))
    assert {group for group, _ in read} == {2, 3}


def test_the_symbols_of_a_group_that_has_one_alone_are_told_by_its_statistics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_parquet(tmp_path / "1h.parquet", columns_of(sorted(ROWS)), group=20)
    with groups_read(monkeypatch) as read:
        assert symbols_of(path, LAYOUT)[1] == {"000001.XSHE", "600519.XSHG", "ETH"}
    assert [group for group, _ in read] == []


def test_symbols_are_looked_up_once_for_each_state_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "1h.parquet", columns_of(ROWS))
    source = reading(path)
    source.get_all_symbols()
    with groups_read(monkeypatch) as read:
        source.get_all_symbols()
    assert read == []


def test_symbols_are_texts_with_their_points_also_where_points_are_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "1h.csv", text_of(ROWS, separator=";").replace("10.0;12.5;9.0", "10,0;12,5;9,0"))
    source = reading(path, separator=";", decimal=",")
    assert "600519.XSHG" in source.get_all_symbols()
    assert places(ask(source, "600519.XSHG", count=1)) == [39]


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    write(tmp_path / "1h.csv", text_of(ROWS).replace("pair", "what"))
    with pytest.raises(SourceError, match=r"1h.csv:1: has no column pair for the symbol"):
        ask(source_of(tmp_path, "{timeframe}.csv", columns={"symbol": "pair"}), "ETH")  # type: ignore[arg-type]
    write_parquet(tmp_path / "1h.parquet", table_of(0))
    with pytest.raises(SourceError, match=r"1h.parquet: has no column pair; it has"):
        ask(reading(tmp_path / "1h.parquet"), "ETH")


def test_files_of_months_may_have_many_symbols(tmp_path: Path) -> None:
    write(tmp_path / "2020-09-1h.csv", text_of([("ETH", 0), ("BTC", 0), ("ETH", 1)]))
    write(tmp_path / "2020-10-1h.csv", text_of([("BTC", 500), ("ETH", 501)]))
    source = source_of(tmp_path, "{year}-{month}-{timeframe}.csv", columns={"symbol": "pair"})  # type: ignore[arg-type]
    assert places(ask(source, "BTC")) == [0, 500]
    assert places(ask(source, "ETH")) == [0, 1, 501]


def test_a_file_can_be_named_without_a_symbol(tmp_path: Path) -> None:
    from wealthsources_file.options import FileOptions

    write(tmp_path / "all.csv", text_of(ROWS))
    said = {"files": [{"path": "all.csv", "timeframe": "1h"}], "columns": {"symbol": "pair"}}
    source = FileSource(FileOptions.model_validate(said, context={"folder": tmp_path}))
    assert places(ask(source, "ETH")) == [3]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"path": "{symbol}/{timeframe}.csv", "columns": {"symbol": "pair"}}, "has {symbol}, and columns: names the"),
        ({"path": "{timeframe}.csv"}, "lacks {symbol}"),
        ({"files": [{"path": "x.csv", "timeframe": "1h"}]}, "symbol is to be said"),
        (
            {"files": [{"path": "x.csv", "symbol": "ETH", "timeframe": "1h"}], "columns": {"symbol": "pair"}},
            "symbol and columns: {symbol: …} are two ways to say whose a row is",
        ),
    ],
)
def test_whose_rows_they_are_is_said_in_one_way(options: Any, why: str) -> None:
    from wealthsources_file.options import FileOptions

    with pytest.raises(ValueError) as caught:
        FileOptions.model_validate(options)
    assert why in str(caught.value)
