from __future__ import annotations

import pyarrow as pa
import pytest

from wealthsources_store.errors import BadFile
from wealthsources_store.importing import check

from ...support.bars import HOUR, at
from .parquet_files import change, exported, found, plain, write_file
from .stock import NOW, SYMBOL, put


def times(*places: float) -> pa.Array:
    return pa.array([at(0) + round(place * HOUR) for place in places])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"open_time": times(0, 1, 3, 2, 4)},
            "column open_time, row 4 (2020-09-13 14:00 UTC): is not after the one before",
        ),
        ({"open_time": times(0, 1, 1, 2, 4)}, "column open_time, row 3 "),
        ({"open_time": times(0, 1, 2, 3.5, 4)}, "column open_time, row 4: "),
        ({"high": [13.0, 14.0, 1.0, 16.0, 17.0]}, "row 3: high 1.0 is below low 12.0"),
        ({"close": [12.0, float("nan"), 14.0, 15.0, 16.0]}, "column close, row 2: nan is not a finite number"),
        ({"volume": [1.0, 1.0, 1.0, 1.0, -1.0]}, "column volume, row 5: -1.0 is negative"),
        ({"low": [0.0, 1.0, 1.0, 1.0, 1.0]}, "column low, row 1: 0.0 is not positive"),
        ({"open_time": times(0, 1, 2, 3, 1000)}, "column open_time, row 5: the bar is not over yet"),
    ],
)
@pytest.mark.parametrize("block", [2, 50_000])
def test_a_row_that_is_no_bar(tmp_path, monkeypatch, changed, told, block):
    monkeypatch.setattr("wealthsources_store.file_rows._BLOCK", block)
    path = write_file(tmp_path / SYMBOL / "1h.parquet", plain(5, **changed))
    with pytest.raises(BadFile) as caught:
        check(found(path), NOW)
    assert str(caught.value).startswith(f"{path}: {told}")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"revision": [0, 0, 0]}, "column open_time, row 2"),
        ({"revision": [0, 2, 1]}, "column open_time, row 3"),
        ({"known_at": times(5, 4, 6)}, "column known_at, row 2"),
    ],
)
def test_states_out_of_order(opened, tmp_path, changed, told):
    database = opened(f"sqlite:///{tmp_path}/bars.db")
    for place, close in enumerate(("1", "2", "3"), start=4):
        put(database, {0: close}, at(place), low="0.1")
    path = change(exported(database, tmp_path / "1h.parquet"), **changed)
    with pytest.raises(BadFile) as caught:
        check(found(path), NOW)
    assert str(caught.value).startswith(f"{path}: {told}")
