"""A store as a source of the chain."""

from __future__ import annotations

import pathlib
from types import SimpleNamespace

import pytest

import wealthsources
from wealthsources import Bars, HistoryRequest, NotHere, SourceError, Timeframe
from wealthsources_store.options import StoreOptions
from wealthsources_store.source import StoreSource
from wealthsources_store.writing import Batch, write

from ...support.bars import at, places, record
from ...support.waiting import wait_until
from .stock import NOW, closes, put

HOUR = Timeframe("1h")


@pytest.fixture
def source(url):
    made = StoreSource(StoreOptions(url=url))
    yield made
    made.stop()


def ask(source, symbol="BTCUSDT", timeframe=HOUR, end=NOW, **more):
    return source.get_history(HistoryRequest(symbol, timeframe, end, **more))


def test_it_gives_the_newest_count_and_a_span(source):
    put(source.database, dict.fromkeys(range(10), "1"))
    assert places(ask(source, count=3)) == [7, 8, 9]
    assert places(ask(source, start=at(2), end=at(5))) == [2, 3, 4]


def test_a_symbol_is_found_however_it_is_written_and_answered_as_it_was_asked(source):
    put(source.database, {0: "1"})
    bars = ask(source, "btc-usdt")
    assert (bars.symbol, bars[0].symbol, bars[0].source) == ("btc-usdt", "btc-usdt", "live")


def test_what_was_known_then_is_answered_with_what_was_known_then(source):
    put(source.database, {0: "1", 1: "2"}, at(2))
    put(source.database, {1: "3"}, at(5))
    assert [bar.exact("close") for bar in ask(source, known_at=at(4))] == ["1", "2"]
    assert [bar.exact("close") for bar in ask(source)] == ["1", "3"]
    assert [bar.exact("close") for bar in ask(source, known_at=at(1), known_late=3_600_000)] == ["1"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"symbol": "ETHUSDT"}, "the store has no ETHUSDT 1h"),
        ({"timeframe": Timeframe("1m")}, "the store has no BTCUSDT 1m"),
        ({"end": at(0)}, "the store has no bar of BTCUSDT 1h of that time"),
        ({"known_at": at(1)}, "the store has no bar of BTCUSDT 1h of that time that was known at 2020-09-13 13:00 UTC"),
    ],
    ids=["symbol", "timeframe", "time", "known"],
)
def test_what_it_does_not_have_is_not_here_and_why(source, asked, why):
    put(source.database, {0: "1"}, at(3))
    with pytest.raises(NotHere) as caught:
        ask(source, **asked)
    assert str(caught.value) == why


def test_a_store_that_nobody_has_written_to_has_nothing_and_lists_nothing(source):
    with pytest.raises(NotHere, match="there is no store yet"):
        ask(source)
    assert list(source.get_all_symbols()) == []


def test_what_another_program_adds_is_found(source, opened, url):
    put(source.database, {0: "1"})
    assert source.get_all_symbols() == ["BTCUSDT"]
    other = opened(url)
    eth = Bars.from_records("ETHUSDT", "1h", [record(0)]).named("ETHUSDT", "live")
    write(other, [Batch(eth, None)], NOW)
    assert len(ask(source, "ETHUSDT")) == 1
    assert source.get_all_symbols() == ["BTCUSDT", "ETHUSDT"]


def test_what_it_is_given_to_keep_it_has_and_counts(source):
    source.keep(closes({0: "1", 1: "2"}, source="archive"), NOW)
    source.keep(closes({1: "2", 2: "3"}, source="archive"), NOW)
    assert [(bar.exact("close"), bar.source) for bar in ask(source)] == [
        ("1", "archive"),
        ("2", "archive"),
        ("3", "archive"),
    ]
    assert source.status().counters == {"kept.new": 3, "kept.repeated": 1}


def test_where_it_cannot_be_written_the_error_says_so_and_the_status_too(tmp_path):
    (tmp_path / "file").write_text("no folder")
    source = StoreSource(StoreOptions(url=f"sqlite:///{tmp_path}/file/bars.db"))
    with pytest.raises(SourceError) as caught:
        source.keep(closes({0: "1"}), NOW)
    assert source.status().last_error == str(caught.value)
    assert "bars.db" in str(caught.value)


def test_the_password_is_nowhere_in_what_it_tells_of_itself():
    pytest.importorskip("psycopg")
    source = StoreSource(StoreOptions(url="postgresql+psycopg://me:hunter22hunter22@127.0.0.1:1/bars"))
    with pytest.raises(SourceError) as caught:
        ask(source)
    told = f"{source!r} {source.status()} {caught.value}"
    assert "hunter22" not in told
    assert "127.0.0.1" in told


def test_in_a_chain_it_has_what_a_later_source_brought_and_a_backtest_sees_what_was_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "files" / "BTCUSDT" / "1h.csv"
    archive.parent.mkdir(parents=True)
    rows = [f"{at(place)},1,2,0.50,1.{place},7" for place in range(9)]
    archive.write_text("\n".join(["open_time,open,high,low,close,volume", *rows]) + "\n")
    path = f"{tmp_path}/files/{{symbol}}/{{timeframe}}.csv"
    chain = [
        {"name": "bars", "plugin": "store"},
        {"name": "archive", "plugin": "file", "keep": True, "options": {"path": path}},
    ]
    pathlib.Path("data").mkdir()
    with wealthsources.open({"sources": chain}) as session:
        adapter = session.adapter()
        first = adapter.get_history("BTCUSDT", start=at(0), on_stale="mark")
        wait_until(lambda: session.status().sources["bars"].counters)
        archive.unlink()
        again = adapter.get_history("BTCUSDT", start=at(0), on_stale="mark")
        assert [bar.exact("low") for bar in again] == [bar.exact("low") for bar in first] == ["0.50"] * 9
        assert {bar.source for bar in again} == {"archive"}
        then = session.adapter(SimpleNamespace(now_ms=at(4)), mode="backtest", known="then")
        assert places(then.get_history("BTCUSDT", 20)) == [0, 1, 2, 3]
        assert then.explain("BTCUSDT", 20).attempts[1].reason == "cannot tell what was known then"


def test_it_is_shown_with_its_place(source):
    assert source.database.place in repr(source)


def test_doctor_is_told_whether_the_store_is_there_and_can_be_written(source, kind):
    *folder, store = source.diagnose(online=True)
    assert (store.level, "there is no store yet" in store.text) == ("ok", True)
    assert len(folder) == (kind == "sqlite")
    put(source.database, {0: "1"})
    *_, store = source.diagnose(online=True)
    assert store == ("ok", f"{source.database.place}: 1 series", "")
    assert bool(list(source.diagnose(online=False))) is (kind == "sqlite")


def test_doctor_is_told_of_a_store_that_cannot_be_read(tmp_path):
    (tmp_path / "bars.db").write_text("no database, but long enough to be taken for one" * 10)
    made = StoreSource(StoreOptions(url=f"sqlite:///{tmp_path}/bars.db"))
    folder, store = made.diagnose(online=False)
    assert (folder.level, store.level) == ("ok", "error")
    assert "docs/store.md" in store.remedy
