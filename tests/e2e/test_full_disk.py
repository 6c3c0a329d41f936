"""A live source is recorded on a real disk, which is full for a while: into a store, and frame by frame."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wealthsources
from wealthsources import AllSourcesFailed, Bars
from wealthsources_simulator import Market, MarketServer
from wealthsources_store import recorder as recorder_module
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import read

from ..support.disks import SmallDisk, small_disk
from ..support.waiting import wait_until
from .exchanges import stated, told

TOKEN = "tok-0123456789abcdef"
SERIES = ("BTCUSDT", "1h")
BARS = 120
FULL = "cannot grow: the disk is full; make room, then go on. Nothing that was stored is lost"


class Recorded:
    """A session that records a market, whose bars it is told of one after the other."""

    def __init__(self, session: wealthsources.Session, market: Market) -> None:
        self.session, self.market = session, market
        self.bars = market.timelines[SERIES].bars
        self.played = 0

    def play(self, bars: int) -> None:
        """So many bars more; the session has heard them."""
        self.market.play(bars)
        self.played += bars
        live: Any = self.session.source("live")
        newest = self.bars[self.played - 1].open_time
        wait_until(lambda: getattr(live.cache.get_latest_bar(*SERIES), "open_time", 0) == newest)

    @property
    def closed(self) -> list[Any]:
        """Those that are closed: the last one has no successor."""
        return [stated(bar) for bar in self.bars[: self.played - 1]]

    @property
    def recorder(self) -> wealthsources.SourceStatus:
        return self.session.status().recorders["store"]


def config(folder: Path, live: str, *more: dict[str, Any]) -> dict[str, Any]:
    options = {"endpoint": live, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    store = {"name": "bars", "plugin": "store", "options": {"url": f"sqlite:///{folder}/bars.db"}}
    sources = [{"name": "live", "plugin": "websocket", "options": options}, store, *more]
    return {"clock": "feed", "sources": sources, "recorder": {"store": {}}}


def answered(folder: Path) -> Bars:
    """What a session of another reader is answered out of the store."""
    store = {"plugin": "store", "options": {"url": f"sqlite:///{folder}/bars.db"}}
    with wealthsources.open({"on_stale": "mark", "sources": [store]}) as session:
        return session.adapter().get_history("BTCUSDT", BARS, "1h")


def stored(folder: Path, known_at: int | None = None) -> list[Any]:
    database = Database(StoreOptions(url=f"sqlite:///{folder}/bars.db"))
    with contextlib.closing(database):
        return told(read(database, SERIES[0], wealthsources.Timeframe("1h"), end=1 << 50, known_at=known_at))


def is_closed(folder: Path) -> bool:
    """Whether nobody has the store open: who closes it last takes the files beside it away.

    A connection that was at work when the session stopped is closed when Python takes it away.
    """
    gc.collect()
    return [path.name for path in folder.glob("bars.db*")] == ["bars.db"]


@pytest.fixture
def disk(tmp_path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
def recorded(disk, monkeypatch) -> Iterator[Recorded]:
    """It has stored nineteen bars."""
    monkeypatch.setattr(recorder_module, "_RETRY_EVERY", 0.1)
    market = Market.made(updates=1, bars=BARS)
    with (
        MarketServer(market, token=TOKEN) as server,
        wealthsources.open(config(disk.folder, server.url)) as session,
    ):
        session.start_live()
        wait_until(lambda: session.status().sources["live"].state == "connected")
        made = Recorded(session, market)
        made.play(20)
        wait_until(lambda: made.recorder.counters.get("new") == 19)
        yield made


def test_the_recorder_waits_and_says_so_and_nothing_else_stops(recorded, disk, caplog):
    disk.fill()
    recorded.play(30)
    wait_until(lambda: recorded.recorder.state == "paused")
    recorded.play(30)
    assert FULL in recorded.recorder.reason
    assert recorded.recorder.counters["waiting"] > 0
    assert len([line for line in caplog.messages if line.startswith("recording pauses") and FULL in line]) == 1
    assert recorded.session.status().sources["live"].state == "connected"
    bars = recorded.session.adapter().get_history("BTCUSDT", BARS, "1h")
    assert (told(bars), bars.behind) == (recorded.closed, 0)
    assert told(answered(disk.folder)) == recorded.closed[:19]


def test_when_there_is_room_it_goes_on_and_nothing_is_lost(recorded, disk, caplog):
    disk.fill()
    recorded.play(30)
    wait_until(lambda: recorded.recorder.state == "paused")
    recorded.play(30)
    disk.make_room()
    wait_until(lambda: recorded.recorder.state == "ready" and not recorded.recorder.counters["waiting"])
    assert "recording goes on" in caplog.messages
    recorded.play(10)
    recorded.session.stop()
    assert stored(disk.folder) == recorded.closed
    # What waited is known from when it came, not from when it was written.
    assert stored(disk.folder, known_at=recorded.bars[40].end) == recorded.closed[:41]
    assert not [line for line in caplog.messages if "not written" in line]


def test_what_finds_no_room_until_the_end_is_told(recorded, disk, caplog):
    disk.fill()
    recorded.play(30)
    wait_until(lambda: recorded.recorder.state == "paused")
    recorded.session.stop()
    waiting = recorded.recorder.counters["waiting"]
    (line,) = [line for line in caplog.messages if "not written" in line]
    assert line.startswith(f"the last {waiting} bars were not written: ")
    assert FULL in line
    disk.make_room()
    assert stored(disk.folder) == recorded.closed[: len(recorded.closed) - waiting]


def test_a_store_that_nobody_has_open_cannot_be_read_and_says_why(recorded, disk):
    recorded.session.stop()
    wait_until(lambda: is_closed(disk.folder))
    disk.fill()
    with pytest.raises(AllSourcesFailed, match="no room on the disk for the file -shm beside it"):
        answered(disk.folder)
    disk.make_room()
    assert told(answered(disk.folder)) == recorded.closed


def test_what_a_history_answers_is_answered_though_it_cannot_be_kept(recorded, disk, tmp_path, caplog):
    disk.fill()
    older = recorded.bars[:40]
    rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in older]
    (tmp_path / "BTCUSDT-1h.csv").write_text("\n".join(["open_time,open,high,low,close,volume", *rows]) + "\n")
    options = {"path": f"{tmp_path}/{{symbol}}-{{timeframe}}.csv"}
    archive = {"name": "archive", "plugin": "file", "keep": True, "options": options}
    sources = config(disk.folder, "ws://127.0.0.1:1/", archive)["sources"][1:]
    with wealthsources.open({"on_stale": "mark", "sources": sources}) as session:
        bars = session.adapter().get_history("BTCUSDT", BARS, "1h")
        assert told(bars) == [stated(bar) for bar in older]
        wait_until(lambda: any("bars of archive are not kept" in line and FULL in line for line in caplog.messages))
        assert FULL in session.status().sources["bars"].last_error
    assert told(answered(disk.folder)) == recorded.closed[:19]


def test_frames_wait_for_room_and_none_is_lost(disk):
    market = Market.made(updates=1, bars=BARS)
    with MarketServer(market, token=TOKEN) as server:
        said = config(disk.folder, server.url)
        frames = {"frames": {"folder": str(disk.folder / "recordings")}}
        with wealthsources.open({**said, "sources": said["sources"][:1], "recorder": frames}) as session:
            session.start_live()
            wait_until(lambda: session.status().sources["live"].state == "connected")
            made = Recorded(session, market)
            made.play(20)
            wait_until(lambda: session.status().recorders["frames"].counters["records"] >= 40)
            disk.fill()
            made.play(30)
            wait_until(lambda: session.status().recorders["frames"].state == "paused")
            assert "No space left on device" in session.status().recorders["frames"].reason
            made.play(30)
            assert told(session.adapter().get_history("BTCUSDT", BARS, "1h")) == made.closed
            disk.make_room()
            wait_until(lambda: session.status().recorders["frames"].state == "ready")
    replay = {"plugin": "replay", "options": {"recording": f"{disk.folder}/recordings/live", "speed": "step"}}
    with wealthsources.open({"clock": "feed", "on_stale": "mark", "sources": [replay]}) as session:
        session.start_live()
        source: Any = session.source("replay")
        while not source.is_over:
            source.step()
        assert told(session.adapter().get_history("BTCUSDT", BARS, "1h")) == made.closed
        assert source.status().counters["missing"] == 0
