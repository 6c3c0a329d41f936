"""What is kept of the files that were read, and when a file is read again."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from wealthsources import Market, NotHere, SourceError
from wealthsources_file import cache as cache_module
from wealthsources_file.cache import FileCache

from ...support.bars import at, places
from ...support.forking import held_elsewhere, in_child
from ...support.markets import HEADER
from .files import HOURS, ask, lines, source_of, write


def test_a_file_that_does_not_change_is_read_once(folder: Path) -> None:
    source = source_of(folder)
    for _ in range(5):
        ask(source, count=1)
    assert source.status().counters == {
        "files": 1,
        "cached_files": 1,
        "cached_bars": 50,
        "bad_rows": 0,
        "reads": 1,
    }


def test_a_file_without_rows_is_read_once(folder: Path) -> None:
    source = source_of(folder)
    write(folder / "BTCUSDT" / "1h.csv", lines())
    for _ in range(2):
        with pytest.raises(NotHere):
            ask(source, count=1)
    assert source.status().counters["reads"] == 1


def test_a_file_that_grows_is_read_again(folder: Path) -> None:
    source = source_of(folder)
    ask(source, count=1)
    with (folder / "BTCUSDT" / "1h.csv").open("a") as file:
        file.write(lines(50).splitlines()[1] + "\n")
    assert places(ask(source, count=1)) == [50]
    assert source.status().counters["cached_bars"] == 51


def test_a_file_that_was_only_touched_is_judged_anew(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0), written=at(1) - 1)
    source = source_of(folder)
    assert ask(source, count=1)[-1].closed is False
    os.utime(path, ns=(at(1) * 1_000_000,) * 2)
    assert ask(source, count=1)[-1].closed is True


def test_a_file_that_was_replaced_is_read_again(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0), written=at(9))
    source = source_of(folder)
    ask(source, count=1)
    write(folder / "new.csv", lines(1), written=at(9)).replace(path)
    assert places(ask(source, count=1)) == [1]


def test_what_was_used_least_recently_gives_way(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.csv", lines(*range(10))) for name in "abc"]
    cache = FileCache(most_bars=25)
    for path in (paths[0], paths[1], paths[0], paths[2], paths[0]):
        cache.table(path, HOURS)
    assert cache.counters() == {"cached_files": 2, "cached_bars": 20, "bad_rows": 0, "reads": 3}
    cache.table(paths[1], HOURS)
    assert cache.counters()["reads"] == 4


def test_as_many_bars_as_there_is_room_for_are_kept(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.csv", lines(*range(10))) for name in "ab"]
    cache = FileCache(most_bars=20)
    for path in paths:
        cache.table(path, HOURS)
    assert cache.counters() == {"cached_files": 2, "cached_bars": 20, "bad_rows": 0, "reads": 2}


def test_a_file_that_is_larger_than_the_cache_is_kept_alone(tmp_path: Path) -> None:
    small, large = write(tmp_path / "a.csv", lines(0)), write(tmp_path / "b.csv", lines(*range(10)))
    cache = FileCache(most_bars=5)
    for path in (small, large, large):
        cache.table(path, HOURS)
    assert cache.counters() == {"cached_files": 1, "cached_bars": 10, "bad_rows": 0, "reads": 2}


def test_a_bar_whose_text_is_kept_takes_the_room_of_ten(tmp_path: Path) -> None:
    texts = HEADER + "\n" + "".join(f"{at(place)},1,1,1,1,1e0\n" for place in range(10))
    kept, plain = write(tmp_path / "a.csv", texts), write(tmp_path / "b.csv", lines(0))
    for room, files in ((101, 2), (100, 1)):
        cache = FileCache(most_bars=room)
        cache.table(kept, HOURS)
        cache.table(plain, HOURS)
        assert cache.counters()["cached_files"] == files


def test_what_is_a_bar_on_another_market_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", lines(0) + f"{at(1)},-2,-1,-3,-2,5\n")
    cache = FileCache()
    assert len(cache.table(path, HOURS).bars) == 1
    assert cache.counters()["bad_rows"] == 1
    spread = dataclasses.replace(HOURS, market=Market(prices="any"))
    assert len(cache.table(path, spread).bars) == 2
    assert cache.counters()["bad_rows"] == 0


def test_threads_that_ask_at_once_read_a_file_once(folder: Path) -> None:
    source = source_of(folder)
    barrier = threading.Barrier(8)
    answers: list[list[int]] = []

    def work() -> None:
        barrier.wait(10)
        answers.append(places(ask(source, count=2)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == [[48, 49]] * 8
    assert source.status().counters["reads"] == 1


def test_nobody_waits_beyond_the_deadline_for_another_thread_to_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(folder)
    begun, go_on = threading.Event(), threading.Event()
    read_file = cache_module.read_file

    def slowly(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return read_file(*arguments)

    monkeypatch.setattr(cache_module, "read_file", slowly)
    reader = threading.Thread(target=lambda: ask(source, count=1))
    reader.start()
    assert begun.wait(10)
    with pytest.raises(SourceError, match="is still being read"):
        ask(source, count=1, deadline=time.monotonic() + 0.01)
    go_on.set()
    reader.join(10)
    assert places(ask(source, count=1, deadline=time.monotonic())) == [49]


def test_in_a_forked_child_what_is_held_is_not_read_again(folder: Path) -> None:
    source = source_of(folder)
    ask(source, count=1)
    with held_elsewhere(source._cache._lock):
        bars, counters = in_child(lambda: (places(ask(source, count=2)), source.status().counters))
    assert (bars, counters["reads"]) == ([48, 49], 1)


def test_a_file_that_a_thread_of_the_parent_was_reading_is_read_in_the_child(folder: Path, monkeypatch) -> None:
    source, reading, end = source_of(folder), threading.Event(), threading.Event()
    read_file = cache_module.read_file

    def slowly(*arguments: Any) -> Any:
        reading.set()
        assert end.wait(20)
        return read_file(*arguments)

    monkeypatch.setattr(cache_module, "read_file", slowly)
    thread = threading.Thread(target=ask, args=(source,), kwargs={"count": 1})
    thread.start()
    assert reading.wait(10)

    def read() -> list[int]:
        monkeypatch.undo()
        return places(ask(source, count=1))

    assert in_child(read) == [49]
    end.set()
    thread.join(10)


def test_the_bars_that_are_held_are_counted_anew_in_a_child(folder: Path) -> None:
    source = source_of(folder)
    ask(source, count=1)
    source._cache._bars = 7  # as if a thread was about to count them
    assert in_child(lambda: source.status().counters["cached_bars"]) == 50


def test_what_was_compared_a_moment_ago_is_told_without_a_look_at_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = folder / "BTCUSDT" / "1h.csv", FileCache()
    assert cache.fresh_table(path, HOURS) is None
    monkeypatch.setattr(cache_module, "FRESH", 60.0)
    table = cache.table(path, HOURS)
    path.unlink()
    assert cache.fresh_table(path, HOURS) is table
    assert cache.fresh_table(path, dataclasses.replace(HOURS, last_row="drop")) is None
    monkeypatch.setattr(cache_module, "FRESH", 0.0)
    assert cache.fresh_table(path, HOURS) is None


def test_a_file_that_was_seen_to_change_is_not_told_without_a_look(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = folder / "BTCUSDT" / "1h.csv", FileCache()
    monkeypatch.setattr(cache_module, "FRESH", 60.0)
    cache.table(path, HOURS)
    write(path, "nothing")
    with pytest.raises(SourceError):
        cache.table(path, HOURS)
    assert cache.fresh_table(path, HOURS) is None
