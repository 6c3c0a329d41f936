"""The frames of a session's live sources, written down."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest

import wealthsources
from wealthsources import ConfigError
from wealthsources_replay import output
from wealthsources_replay.frames import BeganRecord, FrameRecord, StateRecord
from wealthsources_replay.reader import Recording
from wealthsources_replay.recorder import FramesOptions, FramesRecorder
from wealthsources_simulator import Market, MarketServer

from ...support.waiting import nothing_left_behind, wait_until
from .conftest import SYMBOLS, TOKEN


def read(folder):
    return [record for record in Recording(folder).frames() if not isinstance(record, BeganRecord)]


def recorder(live):
    return live.session.status().recorders["frames"]


def test_a_session_with_cuts_on_two_connections_is_read_again(recorded):
    live = recorded()
    for _ in range(3):
        live.play(7)
        live.cut()
    live.play(2)
    live.session.stop()
    records = read(live.folder / "live")
    connections = {(record.shard, record.epoch) for record in records}
    assert connections == {(shard, epoch) for shard in (0, 1) for epoch in (1, 2, 3, 4)}
    for connection in connections:
        mine = [record for record in records if (record.shard, record.epoch) == connection]
        states = [record.state for record in mine if isinstance(record, StateRecord)]
        assert states == ["connecting", "lost"]
        assert isinstance(mine[0], StateRecord)
        assert isinstance(mine[-1], StateRecord)
        assert mine[-1].reason
        assert [record.direction for record in mine if isinstance(record, FrameRecord)][:2] == ["out", "in"]
    came = Counter(r.data for r in records if isinstance(r, FrameRecord) and '"BAR"' in r.data)
    sent = Counter(played.text for played in live.server.market.messages_since(0))
    assert came == sent


def test_the_header_says_what_is_needed_to_play_it_again(recorded):
    live = recorded()
    live.session.stop()
    header = Recording(live.folder / "live").header
    assert (header.source, header.plugin, header.protocol) == ("live", "websocket", "wealthai")
    assert (header.symbols, header.timeframes) == (tuple(SYMBOLS), ("1h",))
    assert (header.options["clock"], header.options["bar_push"]) == ("feed", "forming")


def test_no_secret_is_in_the_folder(recorded):
    live = recorded()
    live.play(3)
    live.cut()
    live.session.stop()
    written = [gzip.decompress(path.read_bytes()) for path in live.folder.rglob("*.gz")]
    assert any(b"csrf_token" in each for each in written)
    assert TOKEN in str(live.server.received)
    for path in live.folder.rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()
    assert not any(TOKEN.encode() in each for each in written)


def test_the_status_counts_and_nothing_is_left_behind(recorded):
    with nothing_left_behind():
        live = recorded()
        live.play(3)
        wait_until(lambda: recorder(live).counters["records"] >= 10)
        assert (recorder(live).state, recorder(live).counters["missing"]) == ("ready", 0)
        live.session.stop()
        live.server.stop()
    assert live.source.frame_tap is None


def test_a_full_disk_pauses_it_and_stops_nothing_else(recorded, monkeypatch):
    live = recorded()
    full = [True]
    append = output.SegmentFile.append

    def fail(segment, members):
        if full[0]:
            raise OSError(28, "No space left on device")
        append(segment, members)

    monkeypatch.setattr(output.SegmentFile, "append", fail)
    live.play(4)
    wait_until(lambda: recorder(live).state == "paused")
    assert recorder(live).reason == "No space left on device"
    live.play(4)
    full[0] = False
    live.session.stop()
    came = [record for record in read(live.folder / "live") if isinstance(record, FrameRecord)]
    assert sum('"BAR"' in record.data for record in came) == 16


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"sources": ["liv"]}, "there is no source 'liv'; there are live, file"),
        ({"sources": ["file"]}, "'file' has no frames that could be recorded"),
    ],
    ids=["unknown", "no frames"],
)
def test_sources_that_cannot_be_recorded_are_errors_of_the_configuration(tmp_path, options, why):
    with session(tmp_path, recorder=options) as opened, pytest.raises(ConfigError) as caught:
        opened.start_live()
    assert f"recorder.frames: did not start: sources: {why}" in str(caught.value)


def test_where_no_source_has_frames_there_is_nothing_to_record(tmp_path):
    config = {"sources": [{"plugin": "context"}], "recorder": {"frames": {"folder": str(tmp_path)}}}
    with wealthsources.open(config) as opened, pytest.raises(ConfigError, match="no source has frames"):
        opened.start_live()


def session(tmp_path, *names, recorder=None):
    live = {"endpoint": "ws://127.0.0.1:1", "symbols": ["BTCUSDT"], "resolutions": ["1h"], "backoff_base": 60}
    sources = [{"plugin": "websocket", "name": name, "options": live} for name in names or ("live",)]
    archive = {"plugin": "file", "name": "file", "options": {"path": str(tmp_path / "{symbol}_{timeframe}.csv")}}
    folder = {"folder": str(tmp_path / "recordings")}
    return wealthsources.open(
        {"clock": "feed", "sources": [*sources, archive], "recorder": {"frames": folder | (recorder or {})}}
    )


def test_a_folder_for_each_source_which_two_cannot_share(tmp_path):
    with session(tmp_path, "a b", "../c") as opened:
        opened.start_live()
        assert sorted(path.name for path in (tmp_path / "recordings").iterdir()) == ["_._c", "a_b"]
    with session(tmp_path, "a/b", "a b") as opened, pytest.raises(ConfigError, match="would both be recorded to"):
        opened.start_live()


def test_one_that_cannot_be_recorded_leaves_nothing_of_the_others(tmp_path):
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "second").write_text("a file")
    with nothing_left_behind(), session(tmp_path, "first", "second") as opened:
        with pytest.raises(ConfigError, match="second cannot be recorded to"):
            opened.start_live()
        assert opened.source("first").frame_tap is None


CHILD = """
import sys, time
import wealthsources

url, folder, token = sys.argv[1:]
live = {"endpoint": url, "csrf_token": token, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
config = {
    "clock": "feed",
    "sources": [{"plugin": "websocket", "name": "live", "options": live}],
    "recorder": {"frames": {"folder": folder}},
}
with wealthsources.open(config) as session:
    session.start_live()
    time.sleep(600)
"""


def test_kill_9_loses_no_more_than_the_last_second(tmp_path):
    market = Market.made(["BTCUSDT"], updates=4, bars=2_000)
    with MarketServer(market, token=TOKEN, rate=100) as server:
        command = [sys.executable, "-c", CHILD, server.url, str(tmp_path), TOKEN]
        with subprocess.Popen(command) as child:
            wait_until(lambda: child.poll() is not None or server.acknowledged)
            wait_until(lambda: child.poll() is not None or market.steps_played > 1_000)
            sent = market.steps_played
            child.kill()
        assert child.returncode == -signal.SIGKILL
    frames = [record for record in read(tmp_path / "live") if isinstance(record, FrameRecord)]
    came = [json.loads(record.data) for record in frames if '"BAR"' in record.data]
    assert len(came) >= sent - 100 * 5 - 100
    assert all(before["open_time"] <= after["open_time"] for before, after in pairwise(came))


def test_doctor_is_told_whether_the_folder_can_be_written_to(tmp_path):
    made = FramesRecorder(FramesOptions(folder=tmp_path / "frames"))
    (line,) = made.diagnose(online=False)
    assert (line.level, line.text.startswith(f"{tmp_path / 'frames'} can be made and written to")) == ("ok", True)
    assert list(tmp_path.iterdir()) == []
