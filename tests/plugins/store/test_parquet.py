from __future__ import annotations

import sys

import pyarrow as pa
import pytest

from wealthsources import ConfigError
from wealthsources_store.parquet import PLAIN, RECORDED, STATE, SYMBOL, load_pyarrow, schema


def test_a_file_says_which_series_it_is_of_and_only_texts_may_be_missing():
    made = schema("BTC/USDT", "1h", [(1, 2)])
    assert made.metadata[SYMBOL] == b"BTC/USDT"
    assert made.metadata[RECORDED] == b"[[1, 2]]"
    assert made.names == [*PLAIN, *STATE]
    assert [field.name for field in made if field.nullable] == ["texts"]
    assert made.field("open_time").type == pa.timestamp("ms", tz="UTC")


def test_without_pyarrow_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'wealthsources\[parquet\]'"):
        load_pyarrow()
