"""Bars in a real S3 server and in other file systems of fsspec's, through the source and the chain."""

from __future__ import annotations

import io
import logging
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

import wealthsources
from wealthsources import AllSourcesFailed, ConfigError, NotHere, SourceError
from wealthsources_file.options import FileOptions
from wealthsources_file.source import FileSource
from wealthsources_file.storage import Storage

from ...support.bars import at, places
from .column_files import table_of
from .files import ask, lines
from .s3 import KEY, S3, SECRET


def reading(path: str, storage: Any = None, **options: Any) -> FileSource:
    return FileSource(FileOptions.model_validate({"path": path, "storage": storage or {}, **options}))


def parquet(*hours: int, group: int = 10) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(table_of(*hours), file, row_group_size=group)
    return file.getvalue()


def test_text_in_a_bucket_is_read(s3: S3, bucket: str) -> None:
    s3.put(f"{bucket}/data/BTCUSDT/1h.csv", lines(*range(50)).encode())
    s3.put(f"{bucket}/data/ETHUSDT/1h.csv", lines(7).encode())
    source = reading(f"s3://{bucket}/data/{{symbol}}/{{timeframe}}.csv", s3.options)
    assert places(ask(source, count=3)) == [47, 48, 49]
    assert places(ask(source, "eth/usdt", count=3)) == [7]
    assert set(source.get_all_symbols()) == {"BTCUSDT", "ETHUSDT"}


def test_of_a_parquet_file_there_only_the_row_groups_are_fetched_that_are_wanted(
    s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = parquet(*range(40_000), group=1000)
    s3.put(f"{bucket}/BTCUSDT/1h.parquet", data)
    fetched = 0
    request = Storage.ask

    def counted(self: Storage, place: Any, what: str, /, **arguments: Any) -> Any:
        nonlocal fetched
        fetched += arguments["end"] - arguments["start"] if what == "cat_file" else 0
        return request(self, place, what, **arguments)

    monkeypatch.setattr(Storage, "ask", counted)
    source = reading(f"s3://{bucket}/{{symbol}}/{{timeframe}}.parquet", s3.options)
    assert places(ask(source, end=at(40_000), count=3)) == [39_997, 39_998, 39_999]
    assert 0 < fetched < len(data) / 3


def test_a_file_in_a_bucket_that_changes_is_noticed(s3: S3, bucket: str) -> None:
    for name, before, after in (
        ("1h.csv", lines(0).encode(), lines(0, 1).encode()),
        ("1h.parquet", parquet(0), parquet(0, 1)),
    ):
        s3.put(f"{bucket}/BTCUSDT/{name}", before)
        source = reading(f"s3://{bucket}/{{symbol}}/{{timeframe}}{Path(name).suffix}", s3.options)
        assert places(ask(source, count=1)) == [0]
        assert places(ask(source, count=1)) == [0]
        s3.put(f"{bucket}/BTCUSDT/{name}", after)
        assert places(ask(source, count=1)) == [1]
        assert source.status().counters["reads"] == 2


def test_files_of_months_in_a_bucket_are_one_series(s3: S3, bucket: str) -> None:
    s3.put(f"{bucket}/BTCUSDT-1h-2020-09.csv", lines(0, 1).encode())
    s3.put(f"{bucket}/BTCUSDT-1h-2020-10.csv", lines(500, 501).encode())
    source = reading(f"s3://{bucket}/{{symbol}}-{{timeframe}}-{{year}}-{{month}}.csv", s3.options)
    assert places(ask(source, count=3)) == [1, 500, 501]


def test_a_file_can_be_named_by_its_address(s3: S3, bucket: str) -> None:
    s3.put(f"{bucket}/prices.csv", lines(3).encode())
    files = [
        {"path": f"s3://{bucket}/prices.csv", "symbol": "BTCUSDT", "timeframe": "1h"},
        {"path": f"s3://{bucket}/none.csv", "symbol": "ETHUSDT", "timeframe": "1h"},
    ]
    source = FileSource(FileOptions.model_validate({"files": files, "storage": s3.options}))
    assert places(ask(source, count=1)) == [3]
    with pytest.raises(NotHere, match=rf"not listed: s3://{bucket}/none.csv: no such file"):
        ask(source, "ETHUSDT", count=1)


def test_a_bad_row_in_a_bucket_is_named_by_its_address(s3: S3, bucket: str) -> None:
    s3.put(f"{bucket}/BTCUSDT/1h.csv", (lines(0) + f"{at(1)},10,8,9,8,1\n").encode())
    with pytest.raises(SourceError, match=rf"^s3://{bucket}/BTCUSDT/1h.csv:3: high 8.0 is below low 9.0"):
        ask(reading(f"s3://{bucket}/{{symbol}}/{{timeframe}}.csv", s3.options), count=1)


@pytest.mark.parametrize("symbol", ["../secret", "..", "/etc", "BTCUSDT/../../secret", "*", ""])
def test_a_symbol_never_becomes_an_address(s3: S3, bucket: str, symbol: str) -> None:
    s3.put(f"{bucket}/secret/1h.csv", lines(0).encode())
    s3.put(f"{bucket}/data/BTCUSDT/1h.csv", lines(0).encode())
    with pytest.raises(NotHere):
        ask(reading(f"s3://{bucket}/data/{{symbol}}/{{timeframe}}.csv", s3.options), symbol, count=1)


def test_an_address_of_this_machine_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT").mkdir()
    (tmp_path / "BTCUSDT" / "1h.csv").write_text(lines(0, 1))
    assert places(ask(reading(f"file://{tmp_path}/{{symbol}}/{{timeframe}}.csv"), count=1)) == [1]


def test_other_file_systems_are_read(tmp_path: Path) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/archive/BTCUSDT/1h.csv", lines(0, 1).encode())
    fsspec.filesystem("memory").pipe("/archive/BTCUSDT/1m.parquet", parquet(0, 1))
    assert places(ask(reading("memory://archive/{symbol}/{timeframe}.csv"), count=1)) == [1]
    assert places(ask(reading("memory:///archive/{symbol}/{timeframe}.csv"), count=1)) == [1]


# What fails.


def test_a_bucket_that_denies_is_an_error_with_the_remedy(s3: S3, bucket: str) -> None:
    s3.put(f"{bucket}/BTCUSDT/1h.csv", lines(0).encode())
    source = reading(f"s3://{bucket}/{{symbol}}/{{timeframe}}.csv", s3.options)
    with s3.denying(), pytest.raises(SourceError, match=rf"^s3://{bucket}: access is denied; may these credentials"):
        ask(source, count=1)
    assert places(ask(source, count=1)) == [0]
    with s3.denying(), pytest.raises(SourceError, match=rf"^s3://{bucket}/BTCUSDT/1h.csv: access is denied"):
        ask(source, count=1)


def test_a_bucket_that_is_not_there_is_an_error(s3: S3) -> None:
    with pytest.raises(
        SourceError, match=r"^s3://nobody-has-it: is not there; is the bucket, or the folder, spelled right"
    ):
        ask(reading("s3://nobody-has-it/{symbol}/{timeframe}.csv", s3.options), count=1)


def test_a_silent_storage_costs_a_call_no_more_than_the_deadline(s3: S3, tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT").mkdir()
    (tmp_path / "BTCUSDT" / "1h.csv").write_text(lines(0, 1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = s3.options | {"endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        remote = {"path": "s3://bars/{symbol}/{timeframe}.csv", "storage": storage, "storage_timeout": 20}
        local = {"path": f"{tmp_path}/{{symbol}}/{{timeframe}}.csv"}
        sources = [
            {"plugin": "file", "name": name, "options": options} for name, options in (("far", remote), ("near", local))
        ]
        with wealthsources.open({"sources": sources, "source_deadline": 0.5, "on_stale": "mark"}) as session:
            begun = time.monotonic()
            bars = session.adapter(None, mode="live").get_history("BTCUSDT", 2, "1h")
            assert time.monotonic() - begun < 15
        assert places(bars) == [0, 1]
        assert [attempt.source for attempt in bars.failed] == ["far"]


def test_a_storage_that_is_silent_says_so(s3: S3) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = s3.options | {"endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        source = reading("s3://bars/{symbol}/{timeframe}.csv", storage, storage_timeout=0.5)
        with pytest.raises(SourceError, match=r"^s3://bars: the storage did not answer within 0.5 s"):
            ask(source, count=1)


def test_a_secret_is_shown_nowhere(s3: S3, bucket: str, caplog: pytest.LogCaptureFixture) -> None:
    config = {
        "sources": [
            {
                "plugin": "file",
                "name": "far",
                "options": {"path": f"s3://{bucket}/{{symbol}}/{{timeframe}}.csv", "storage": s3.options},
            }
        ],
        "source_deadline": 60,
    }
    with caplog.at_level(logging.DEBUG, "wealthsources"), wealthsources.open(config) as session:
        with s3.denying(), pytest.raises(AllSourcesFailed) as caught:
            session.adapter(None, mode="live").get_history("BTCUSDT", 2, "1h")
        shown = f"{caught.value} {session.status()} {session!r} {caplog.text}"
    options = FileOptions.model_validate(config["sources"][0]["options"])
    shown += f"{options!r} {options} {FileSource(options)!r} {options.model_dump()} {options.path!r}"
    assert f"s3://{bucket}: access is denied" in shown
    assert SECRET not in shown
    assert KEY not in shown


@pytest.mark.parametrize("storage", ["correct-horse", ["correct-horse"], {"key": {"x": "correct-horse"}, 5: "y"}])
def test_what_is_wrong_with_what_a_storage_is_told_shows_none_of_it(storage: Any) -> None:
    options = {"path": "memory://bars/{symbol}/{timeframe}.csv", "storage": storage}
    config = {"sources": [{"plugin": "file", "options": options}]}
    with pytest.raises(ConfigError) as caught, wealthsources.open(config):
        pass
    assert "correct-horse" not in str(caught.value)
    assert "storage" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nothing://x/{symbol}/{timeframe}.csv", "begins with nothing://, which fsspec does not know"),
        ("s3://{symbol}/{timeframe}.csv", r"begins with a placeholder; name the bucket: s3://bucket/\{symbol\}"),
        (
            "ftp://me:word@host/{symbol}/{timeframe}.csv",
            "should be as in ftp://bucket/folder; names, passwords and more",
        ),
        ("simplecache::s3://x/{symbol}/{timeframe}.csv", "should be as in"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(path: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        reading(path)


def test_a_file_system_that_is_not_installed_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    with pytest.raises(ValueError, match=r"needs a package that is not installed: .*pip install 'wealthsources\[s3\]'"):
        reading("s3://x/{symbol}/{timeframe}.csv")


def test_without_fsspec_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ValueError, match=r"needs fsspec: pip install 'wealthsources\[file\]'"):
        reading("s3://x/{symbol}/{timeframe}.csv")
