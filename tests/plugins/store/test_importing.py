from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from wealthsources import RequestError
from wealthsources_store.errors import BadFile
from wealthsources_store.importing import check, plain_bars, states
from wealthsources_store.parquet import RECORDED

from ...support.bars import at
from .parquet_files import change, exported, found, plain, write_file
from .stock import NOW, SYMBOL, put


def test_which_series_a_file_is_of(tmp_path):
    path = write_file(tmp_path / "BTC%2FUSDT" / "60m.parquet", plain())
    assert found(path)[1:3] == ("BTC/USDT", found(path, timeframe="1h").timeframe)
    assert found(path, "ETHUSDT", "4h")[1:3] == ("ETHUSDT", found(path, timeframe="4h").timeframe)
    named = {"wealthsources.symbol": "X", "wealthsources.timeframe": "1d"}
    assert found(write_file(path, plain(), **named)).symbol == "X"
    assert str(found(path).timeframe) == "1d"
    with pytest.raises(RequestError, match="--symbol BTCUSDT --timeframe 1h"):
        found(write_file(tmp_path / "prices.parquet", plain()))


def test_a_column_is_missing(tmp_path, opened):
    columns = plain()
    del columns["low"], columns["volume"]
    path = write_file(tmp_path / SYMBOL / "1h.parquet", columns)
    with pytest.raises(BadFile, match="has no column low, volume; it has open_time, open, high, close"):
        found(path)
    database = opened(f"sqlite:///{tmp_path}/bars.db")
    put(database, {0: "1"}, at(3), low="0.1")
    with pytest.raises(BadFile, match="has no column epoch"):
        found(change(exported(database, tmp_path / "1h.parquet"), epoch=None))


@pytest.mark.parametrize("said", ["", "7", "[[1]]", "[[1, 2]]", '[["a", "b"]]', "{}x", "[null]"])
def test_when_recorders_were_at_work_must_be_said_in_pairs_of_times(opened, tmp_path, said):
    database = opened(f"sqlite:///{tmp_path}/bars.db")
    put(database, {0: "1"})
    path = exported(database, tmp_path / "all.parquet")
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata(table.schema.metadata | {RECORDED: said.encode()}), path)
    with pytest.raises(BadFile, match=r"all.parquet: wealthsources.recorded is no JSON list of pairs of times \("):
        found(path)


def test_plain_bars_are_closed_history_with_the_texts_of_the_file(tmp_path):
    close = ["12.0", "13.00", "14", "15.5", "16.000"]
    path = write_file(tmp_path / SYMBOL / "1h.parquet", plain(close=close))
    (bars,) = plain_bars(found(path), NOW, "vendor")
    assert [bar.exact("close") for bar in bars] == close
    assert bars[0].exact("open") == "11.0"
    assert {(bar.source, bar.closed, str(bar.finality)) for bar in bars} == {("vendor", True, "history")}


def test_all_states_of_a_bar_come_together(opened, tmp_path, monkeypatch):
    database = opened(f"sqlite:///{tmp_path}/bars.db")
    for known, close in enumerate(("1", "2", "3", "4"), start=3):
        put(database, {0: close, 1: close}, at(known), low="0.1")
    file = found(exported(database, tmp_path / "1h.parquet"))
    monkeypatch.setattr("wealthsources_store.file_rows._BLOCK", 3)
    parts = [[state.bar.exact("close") for state in part] for part in states(file, NOW)]
    assert parts == [["1", "2", "3", "4"], ["1", "2", "3", "4"]]
    assert check(file, NOW) == 8
