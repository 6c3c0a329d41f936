from __future__ import annotations

import pytest

from wealthsources_store.errors import BadFile
from wealthsources_store.file_rows import open_file, read_rows

from ...support.bars import at
from .parquet_files import change, exported, found, plain, write_file
from .stock import SYMBOL, put


@pytest.fixture
def file(opened, tmp_path):
    """An exported file of three bars: a text, a number, and a text that is kept aside."""
    database = opened(f"sqlite:///{tmp_path}/bars.db")
    put(database, {0: "1.50", 1: 2.25, 2: "0.12345678901234567890"}, at(3), low="0.1")
    return exported(database, tmp_path / "BTCUSDT" / "1h.parquet")


def test_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr("wealthsources_store.file_rows._BLOCK", 2)
    blocks = list(read_rows(found(write_file(tmp_path / SYMBOL / "1h.parquet", plain(5)))))
    assert sum(len(block.times) for block in blocks) == 5
    starts = [block.first for block in blocks]
    assert starts[0] == 1
    assert starts == sorted(starts)
    assert blocks[0].states is None


def test_what_a_store_says_of_each_row(file):
    (block,) = read_rows(found(file))
    assert block.states.known_at.tolist() == [at(3)] * 3
    assert block.states.source == ["live"] * 3
    assert list(block.texts) == [2]
    assert block.texts[2][3] == "0.12345678901234567890"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"close": [1.51, 2.25, 0.12345678901234568]}, None),
        ({"close": [1.5012, 2.25, 0.12345678901234568]}, "column close, row 1: is not the number of its text"),
        ({"close": [1.5, 2.25, 0.1234]}, "column close, row 3: is not the number of its text"),
        ({"texts": [None, None, None]}, "column close, row 3: is not the number of its text"),
        ({"texts": [None, None, '[null,null,null,"x",null]']}, "column close, row 3: is not the number of its text"),
        ({"decimals": [62 | 62 << 6 | 62 << 12 | 25 << 18 | 62 << 24] * 3}, None),
        ({"texts": [None, None, "[1]"]}, "column texts, row 3: is no JSON list"),
        ({"texts": [None, "{", None]}, "column texts, row 2: is no JSON list"),
        ({"finality": ["flag", "final", "flag"]}, "column finality, row 2: 'final' is not one of flag"),
        ({"epoch": [0, -1, 0]}, "column epoch, row 2: is not from 0"),
        ({"decimals": [0, 0, 2**31]}, "column decimals, row 3: is not from 0"),
        ({"source": [None, "a", "b"]}, "column source, row 1: is empty"),
        ({"close": ["1.50", "2", "3"]}, "column close: is to be float64"),
    ],
)
def test_what_is_wrong_is_named_by_file_column_and_row(file, changed, told):
    change(file, **changed)
    if told is None:
        assert list(read_rows(found(file)))
        return
    with pytest.raises(BadFile) as caught:
        list(read_rows(found(file)))
    assert str(caught.value).startswith(f"{file}: {told}")


def test_no_parquet_file(tmp_path):
    path = tmp_path / "1h.parquet"
    for content in (b"", b"PAR1 not at all", b"open_time,open\n"):
        path.write_bytes(content)
        with pytest.raises(BadFile, match="is no Parquet file that can be read"):
            open_file(path)
    with pytest.raises(BadFile, match="is no Parquet file"):
        open_file(tmp_path / "nowhere.parquet")


def test_a_damaged_file(tmp_path):
    path = write_file(tmp_path / SYMBOL / "1h.parquet", plain(300))
    whole = bytearray(path.read_bytes())
    for place in range(10, len(whole) // 2):
        whole[place] ^= 0x5A
    path.write_bytes(whole)
    with pytest.raises(BadFile):
        list(read_rows(found(path)))
