from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wealthsources import Timeframe, match_timeframe
from wealthsources_store import reading
from wealthsources_store.errors import BadFile
from wealthsources_store.exporting import export, path_of
from wealthsources_store.writing import note_recorded

from ...support.bars import at
from .parquet_files import LATEST, exported, found
from .stock import FRAME, SYMBOL, put


@pytest.fixture
def revised(database):
    put(database, {0: "1.50", 1: "2", 2: ".5"}, at(3), low="0.1")
    put(database, {1: "2.5"}, at(4), low="0.1")
    return database


def test_the_newest_state_of_each_bar_or_all(revised, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_PAGE", 2)
    newest = pq.read_table(exported(revised, tmp_path / "newest.parquet", newest=True)).to_pylist()
    assert [(row["close"], row["revision"]) for row in newest] == [(1.5, 0), (2.5, 1), (0.5, 0)]
    states = pq.read_table(exported(revised, tmp_path / "all.parquet")).to_pylist()
    assert [(row["close"], row["revision"]) for row in states] == [(1.5, 0), (2.0, 0), (2.5, 1), (0.5, 0)]
    known = [row["known_at"].timestamp() * 1000 for row in states]
    assert known == [at(3), at(3), at(4), at(3)]
    assert states[2]["source"] == "live"
    assert states[2]["finality"] == "history"


def test_a_span_and_what_is_not_there(revised, tmp_path):
    path = tmp_path / "some.parquet"
    assert export(revised, SYMBOL, FRAME, path, start=at(1), end=at(2), newest=True) == 1
    assert export(revised, SYMBOL, FRAME, tmp_path / "none.parquet", start=at(7), end=LATEST, newest=True) == 0
    assert [each.name for each in tmp_path.glob("*.parquet")] == ["some.parquet"]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTC/USDT:USDT", "BTC%2FUSDT%3AUSDT"),
        ("..", "%2E."),
        (".x", "%2Ex"),
        ("BTC-USDT", "BTC-USDT"),
        ("a%b", "a%25b"),
    ],
)
def test_no_symbol_leads_out_of_the_folder(symbol, name):
    assert path_of(Path("out"), symbol, Timeframe("1m")) == Path("out", name, "1m.parquet")


def test_minutes_and_months_are_two_files_where_a_disk_takes_m_for_M(tmp_path):
    names = {path_of(tmp_path, SYMBOL, Timeframe(name)).name.casefold() for name in Timeframe.known()}
    assert len(names) == len(Timeframe.known())
    for timeframe in map(Timeframe, Timeframe.known()):
        path = path_of(tmp_path, SYMBOL, timeframe)
        assert match_timeframe(path.stem) is timeframe


@pytest.mark.parametrize(
    ("start", "end", "spans"),
    [
        (0, LATEST, [(at(1), at(2) + 500), (at(8), at(9))]),
        (at(1), at(2), [(at(1) + 1, at(2) + 1)]),
        (at(1), at(3), [(at(1) + 1, at(2) + 500)]),
        (at(2), at(3), [(at(2) + 1, at(2) + 500)]),
    ],
)
def test_when_recorders_were_at_work_as_far_as_bars_are_written(revised, tmp_path, start, end, spans):
    note_recorded(revised, [(SYMBOL, FRAME)], at(1), at(2) + 500)
    note_recorded(revised, [(SYMBOL, FRAME)], at(8), at(9))
    note_recorded(revised, [("ETHUSDT", FRAME)], at(0), at(9))
    assert export(revised, SYMBOL, FRAME, tmp_path / "some.parquet", start=start, end=end, newest=True)
    assert found(tmp_path / "some.parquet").recorded == tuple(spans)


def test_a_file_is_replaced_when_the_new_one_is_whole(revised, tmp_path, monkeypatch):
    path = tmp_path / "1h.parquet"
    before = exported(revised, path).read_bytes()

    def broken(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wealthsources_store.exporting._table", broken)
    with pytest.raises(BadFile, match="No space left on device"):
        exported(revised, path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.suffix != ".db" and ".db-" not in each.name] == [path.name]


def test_a_folder_that_cannot_be_made(revised, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadFile, match="may this user write there"):
        exported(revised, tmp_path / "taken" / "1h.parquet")
