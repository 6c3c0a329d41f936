"""The exact texts of values in a file that a store was exported to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from wealthsources import Bars, Timeframe
from wealthsources.model.decimals import exact_text
from wealthsources_file.arrow_columns import read_values
from wealthsources_file.exact import AS_NUMBER, has_texts, with_texts
from wealthsources_store.database import Database
from wealthsources_store.exporting import export, path_of
from wealthsources_store.options import StoreOptions
from wealthsources_store.writing import Batch, write

from ...support.bars import at, recorded
from .files import ask, source_of

KEPT = 63


def texts(numbers: list[float], codes: list[int], kept: list[str | None]) -> list[str]:
    """What the first of five columns says, all of which have these numbers."""
    columns = [read_values(pa.array(numbers))] * 5
    column = with_texts(columns, pa.array(codes), pa.array(kept, pa.string()))[0]
    rows = enumerate(zip(column.numbers.tolist(), column.codes.tolist(), strict=True))
    return [exact_text(number, code, column.texts.get(row)) for row, (number, code) in rows]


def test_the_decimals_give_the_text_back() -> None:
    assert texts([1.5, 100.0, 0.25], [2, 0, AS_NUMBER], [None] * 3) == ["1.50", "100", "0.25"]


def test_so_do_the_texts_that_are_kept_aside() -> None:
    kept = json.dumps([".5", None, None, None, None])
    assert texts([0.5], [KEPT], [kept]) == [".5"]


@pytest.mark.parametrize(
    "kept", [None, "no json", "[]", '["0.7", null, null, null, null]', "[5, 5, 5, 5, 5]", '["x", 1, 1, 1, 1]']
)
def test_what_says_another_number_is_not_believed(kept: str | None) -> None:
    assert texts([0.5], [KEPT], [kept]) == ["0.5"]
    assert texts([0.55], [1], [None]) == ["0.55"]


def test_a_column_with_texts_of_its_own_has_those() -> None:
    column = read_values(pa.array(["1.500"]))
    assert with_texts([column] * 5, pa.array([1]), pa.array([None], pa.string()))[0] is column


def test_only_a_file_that_says_so_is_an_export() -> None:
    schema = pa.schema([("decimals", pa.int64()), ("texts", pa.string())])
    assert not has_texts(schema)
    assert has_texts(schema.with_metadata({"wealthsources.symbol": "BTCUSDT"}))
    assert not has_texts(pa.schema([]).with_metadata({"wealthsources.symbol": "BTCUSDT"}))


def test_an_export_of_a_store_is_read_with_its_texts(tmp_path: Path) -> None:
    held = recorded(9).named("BTCUSDT", "live")
    records = [{"open_time": at(20), "open": ".5", "high": "1e0", "low": "0.50", "close": "0.7", "volume": "3"}]
    other = Bars.from_records("BTCUSDT", "1h", records)
    database = Database(StoreOptions(url=f"sqlite:///{tmp_path}/bars.db"))  # type: ignore[arg-type]
    for bars in (held, other.named("BTCUSDT", "live")):
        write(database, [Batch(bars, at(30))], at(1000))
    frame = Timeframe("1h")
    path = path_of(tmp_path / "out", "BTCUSDT", frame)
    assert export(database, "BTCUSDT", frame, path, start=0, end=at(99), newest=True) == 10
    database.close()
    bars = ask(source_of(tmp_path / "out", "{symbol}/{timeframe}.parquet"))
    assert [bar.exact("low") for bar in bars] == [*["9.000"] * 9, "0.50"]
    assert [bars[-1].exact("open"), bars[-1].exact("high")] == [".5", "1e0"]
    assert np.array_equal(bars.values[:9], held.values)
