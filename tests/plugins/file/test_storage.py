"""Files of this machine and of a real S3 server: what there is, in which state, and what is said when it fails."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wealthsources import SourceError
from wealthsources_file.storage import (
    ChangedError,
    Place,
    RemotePath,
    Storage,
    changed_at,
    exists,
    is_remote,
    lister,
    opened,
    read_unmixed,
    stamp_of,
    with_storage,
)

from ...support.forking import in_child
from .s3 import S3, SECRET


@pytest.fixture(scope="module")
def storage(s3: S3) -> Storage:
    return Storage("s3", s3.options)


@pytest.fixture
def base(storage: Storage, bucket: str) -> RemotePath:
    return RemotePath(storage, bucket)


def read(place: Place, **how: Any) -> bytes:
    with opened(place, **how) as (_, file):
        return file.read()


def memory(key: str = "") -> RemotePath:
    """A folder in a file system of fsspec's that has nothing in it yet."""
    return RemotePath(Storage("memory", {}), key or f"/{uuid.uuid4()}")


# Which files there are.


def names(listed: Callable[[Place], list[Any]], folder: Place) -> dict[str, str]:
    return {
        entry.name: "file" if entry.is_file() else "folder"
        for entry in listed(folder)
        if entry.is_file() or entry.is_dir()
    }


def test_a_folder_of_this_machine_is_listed(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT").mkdir()
    (tmp_path / "BTCUSDT" / "1h.csv").touch()
    assert names(lister(tmp_path), tmp_path) == {"BTCUSDT": "folder"}
    assert names(lister(tmp_path), tmp_path / "BTCUSDT") == {"1h.csv": "file"}


def test_the_folders_of_a_bucket_are_listed(s3: S3, base: RemotePath) -> None:
    for path in ("BTCUSDT/1h.csv", "BTCUSDT/1m.csv", "ETHUSDT/1h.csv", "README"):
        s3.put(f"{base.key}/{path}", b"x")
    listed = lister(base)
    assert names(listed, base) == {"BTCUSDT": "folder", "ETHUSDT": "folder", "README": "file"}
    assert names(listed, base / "BTCUSDT") == {"1h.csv": "file", "1m.csv": "file"}
    assert names(listed, base / "nothing") == {}


def test_a_folder_within_a_bucket_is_listed(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/data/BTCUSDT/1h.csv", b"x")
    s3.put(f"{base.key}/database/x.csv", b"x")
    assert names(lister(base / "data"), base / "data") == {"BTCUSDT": "folder"}


def test_whether_a_file_is_there(s3: S3, base: RemotePath, tmp_path: Path) -> None:
    s3.put(f"{base.key}/a/1h.csv", b"x")
    assert [exists(base / "a" / "1h.csv"), exists(base / "a"), exists(base / "b")] == [True, False, False]
    (tmp_path / "1h.csv").touch()
    assert [exists(tmp_path / "1h.csv"), exists(tmp_path), exists(tmp_path / "b")] == [True, False, False]


def test_no_time_of_change_tells_what_a_remote_folder_has(base: RemotePath, tmp_path: Path) -> None:
    assert changed_at(base) is None
    assert changed_at(tmp_path) is None  # it is too new
    os.utime(tmp_path, (5, 5))
    assert changed_at(tmp_path) == 5_000_000_000


# What a file holds, and its state.


def test_a_remote_file_is_read(s3: S3, base: RemotePath) -> None:
    data = bytes(range(256)) * 100
    s3.put(f"{base.key}/x.bin", data)
    assert read(base / "x.bin") == read(base / "x.bin", whole=True) == data


def test_of_a_remote_file_the_bytes_are_fetched_that_are_asked_for(s3: S3, base: RemotePath, monkeypatch: Any) -> None:
    s3.put(f"{base.key}/x.bin", bytes(range(100)))
    asked: list[dict[str, Any]] = []
    ask = Storage.ask
    monkeypatch.setattr(Storage, "ask", lambda *which, **how: asked.append(how) or ask(*which, **how))  # type: ignore[func-returns-value]
    with opened(base / "x.bin") as (_, file):
        file.seek(-10, os.SEEK_END)
        assert file.read(4) == bytes(range(90, 94))
        assert file.tell() == 94
        file.seek(1, os.SEEK_CUR)
        assert file.read(50) == bytes(range(95, 100))
        assert file.read(1) == b""
    assert [(how["start"], how["end"]) for how in asked if how] == [(90, 94), (95, 100)]


def test_an_object_that_is_written_again_has_another_state(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/x.csv", b"one")
    before = stamp_of(base / "x.csv")
    assert stamp_of(base / "x.csv") == before
    assert before.size == 3
    assert abs(before.written_ns / 1e9 - time.time()) < 100
    s3.put(f"{base.key}/x.csv", b"two")
    assert stamp_of(base / "x.csv") != before


def test_a_file_system_without_etags_tells_states_apart_by_time(base: RemotePath) -> None:
    place = memory() / "x.csv"
    place.storage.ask(place, "pipe_file", value=b"one")
    before = stamp_of(place)
    place.storage.ask(place, "pipe_file", value=b"two")
    assert before.written_ns > 0
    assert stamp_of(place) != before
    assert read(place) == b"two"


def test_a_folder_is_no_file(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/a/x.csv", b"one")
    with pytest.raises(SourceError, match=rf"s3://{base.key}/a: cannot be read: Is a directory"):
        stamp_of(base / "a")


def test_an_object_that_changes_while_it_is_read_is_noticed(s3: S3, base: RemotePath) -> None:
    place = base / "x.csv"
    s3.put(f"{base.key}/x.csv", b"one")
    with pytest.raises(ChangedError), opened(place) as (_, file):  # noqa: PT012 - it is noticed at the end
        s3.put(f"{base.key}/x.csv", b"two")
        file.read()


def test_so_it_is_when_it_seems_broken_for_that(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/x.csv", b"one")
    with pytest.raises(ChangedError), opened(base / "x.csv"):  # noqa: PT012
        s3.put(f"{base.key}/x.csv", b"2")
        raise ValueError("no whole file")


@pytest.mark.parametrize("data", [b"o", None], ids=["shorter", "gone"])
def test_so_it_is_when_it_is_shorter_or_gone(s3: S3, base: RemotePath, data: bytes | None) -> None:
    s3.put(f"{base.key}/x.csv", b"one")
    with pytest.raises(ChangedError), opened(base / "x.csv") as (_, file):  # noqa: PT012
        if data is None:
            s3.delete(f"{base.key}/x.csv")
        else:
            s3.put(f"{base.key}/x.csv", data)
        file.read()


def test_what_is_wrong_with_a_file_that_stays_is_told(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/x.csv", b"one")
    with pytest.raises(ValueError, match="no whole file"), opened(base / "x.csv"):
        raise ValueError("no whole file")


def test_what_changed_is_read_again_and_refused_if_it_changes_again(tmp_path: Path) -> None:
    states = [ChangedError(), None, ChangedError(), ChangedError()]

    def once() -> str:
        if state := states.pop(0):
            raise state
        return "whole"

    assert read_unmixed(tmp_path, once) == "whole"
    with pytest.raises(SourceError, match="was changed while it was read, twice; write it beside, then move it"):
        read_unmixed(tmp_path, once)


# What fails.


def test_a_storage_that_denies_is_told_with_the_remedy(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/x.csv", b"one")
    with s3.denying():
        with pytest.raises(
            SourceError, match=rf"^s3://{base.key}: access is denied; may these credentials \(storage:\)"
        ):
            lister(base)
        with pytest.raises(SourceError, match=rf"^s3://{base.key}/x.csv: access is denied"):
            stamp_of(base / "x.csv")
        with pytest.raises(SourceError, match="access is denied"):
            exists(base / "x.csv")
    assert read(base / "x.csv") == b"one"


def test_a_bucket_that_is_not_there_is_told(storage: Storage) -> None:
    with pytest.raises(SourceError, match="s3://nobody-has-this: is not there; is the bucket, or the folder, spelled"):
        lister(RemotePath(storage, "nobody-has-this"))


def test_a_file_that_is_not_there_is_told(base: RemotePath) -> None:
    with pytest.raises(SourceError, match=rf"^s3://{base.key}/x.csv: has vanished since its folder was listed"):
        stamp_of(base / "x.csv")


def test_a_server_that_says_nothing_is_given_up(s3: S3) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        storage = Storage("s3", s3.options | {"endpoint_url": address}, timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(SourceError, match=r"^s3://bars: the storage did not answer within 0.5 s; is it up, and is"):
            lister(RemotePath(storage, "bars"))
    assert time.monotonic() - begun < 5


def test_a_server_that_is_not_there_is_told(s3: S3, closed_port: int) -> None:
    storage = Storage("s3", s3.options | {"endpoint_url": f"http://127.0.0.1:{closed_port}"}, timeout=0.5)
    with pytest.raises(SourceError, match=r"^s3://bars: "):
        lister(RemotePath(storage, "bars"))


def test_what_a_storage_says_never_shows_a_secret() -> None:
    storage = Storage("memory", {"secret": SECRET, "client": {"token": ["ey-token-of-somebody"]}})
    place = RemotePath(storage, "/x")
    storage._system().info = lambda _: (_ for _ in ()).throw(RuntimeError(f"bad {SECRET} ey-token-of-somebody\n!"))
    with pytest.raises(SourceError) as caught:
        stamp_of(place)
    assert str(caught.value) == "memory:///x: cannot be read: bad *** *** !"
    assert caught.value.__cause__ is None
    assert SECRET not in repr(storage) + repr(place)


def test_an_address_is_no_secret_unless_it_has_one(s3: S3) -> None:
    def said(address: str) -> str:
        storage = Storage("memory", {"endpoint_url": address})
        storage._system().info = lambda _: (_ for _ in ()).throw(OSError(f"no way to {address}"))
        with pytest.raises(SourceError) as caught:
            stamp_of(RemotePath(storage, "/x"))
        return str(caught.value)

    assert "http://127.0.0.1:9" in said("http://127.0.0.1:9")
    assert "me:pass" not in said("http://me:password@127.0.0.1:9")


def test_places_that_are_told_the_same_share_their_connections(tmp_path: Path) -> None:
    here, one, two = with_storage([tmp_path, memory("/a"), memory("/b")], {"secret": SECRET}, 5.0)
    assert (here, str(one), str(two)) == (tmp_path, "memory:///a", "memory:///b")
    assert isinstance(one, RemotePath)
    assert isinstance(two, RemotePath)
    assert one.storage is two.storage


def test_a_forked_child_has_connections_of_its_own(s3: S3, base: RemotePath) -> None:
    s3.put(f"{base.key}/x.csv", b"one")
    assert read(base / "x.csv") == b"one"
    assert in_child(lambda: read(base / "x.csv").decode()) == "one"


# Paths.


def test_a_remote_path_is_shown_as_its_address(storage: Storage) -> None:
    place = RemotePath(storage, "bars") / "BTCUSDT" / "1h.csv.gz"
    assert (str(place), place.name, place.suffix) == ("s3://bars/BTCUSDT/1h.csv.gz", "1h.csv.gz", ".gz")
    assert is_remote(place)
    assert not is_remote(Path("x"))
