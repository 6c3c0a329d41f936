"""A recording, played again: the same bars at each of its moments."""

from __future__ import annotations

import dataclasses
import hashlib
import time

import pytest

import wealthsources
from wealthsources import ConfigError, HistoryRequest, NotHere, RequestError, Timeframe
from wealthsources_replay.header import SegmentHeader, write_header
from wealthsources_replay.members import pack

from ...support.bars import at
from ...support.waiting import nothing_left_behind, wait_until
from .conftest import SYMBOLS
from .records import ACK, BINANCE, T0, kline, write

FRAME = Timeframe("1h")


def open_replay(folder, speed="step", clock="feed", **options):
    said = {"recording": str(folder), "speed": speed, **options}
    return wealthsources.open({"clock": clock, "sources": [{"plugin": "replay", "options": said}]})


def held(source, symbol, *, forming=True):
    """Everything that the source answers, as bytes; empty for nothing."""
    try:
        bars = source.get_history(HistoryRequest(symbol, FRAME, at(10_000), include_forming=forming))
    except NotHere:
        return b""
    return bars.rows.tobytes()


def digest(source):
    return hashlib.sha256(b"|".join(held(source, symbol) for symbol in SYMBOLS)).hexdigest()


def _let_the_ms_pass(until):
    """What follows is recorded at a later wall time."""
    wait_until(lambda: time.time_ns() // 1_000_000 > until)


@pytest.fixture
def recording(recorded):
    """A session with cuts on two connections; what it held in the end, and after each part: (wall ms, bytes)."""
    live = recorded()
    moments = []
    for steps in (7, 11, 5):
        live.play(steps)
        moments.append((time.time_ns() // 1_000_000 + 1, [held(live.source, symbol) for symbol in SYMBOLS]))
        _let_the_ms_pass(moments[-1][0])
        live.cut()
    live.play(4)
    moments.append((time.time_ns() // 1_000_000 + 1, [held(live.source, symbol) for symbol in SYMBOLS]))
    _let_the_ms_pass(moments[-1][0])
    live.session.stop()
    return live.folder / "live", moments


def test_at_each_moment_it_answers_what_was_answered_then(recording):
    folder, moments = recording
    with open_replay(folder) as session:
        session.start_live()
        source = session.source("replay")
        for until, then in moments:
            source.step(until)
            assert [held(source, symbol) for symbol in SYMBOLS] == then
        assert any(then[-1])


def test_two_runs_give_the_same_bytes_at_every_step(recording):
    runs = []
    for _ in range(2):
        with open_replay(recording[0]) as session:
            session.start_live()
            source, run = session.source("replay"), []
            while not source.is_over:
                events = source.step()
                run.append((digest(source), [(each.kind, each.symbol, each.known_at) for each in events]))
            runs.append(run)
    assert runs[0] == runs[1]
    assert len(runs[0]) > 50


def play(folder, **options):
    """All of it, by steps: the closed bars that were told of, as (minute, close)."""
    with open_replay(folder, **options) as session:
        session.start_live()
        source, told = session.source("replay"), []
        while not source.is_over:
            told += source.step()
    bars = [each.bar for each in told if each.bar is not None]
    return [((bar.open_time - T0) // 60_000, bar.exact("close")) for bar in bars], source


def test_a_bar_that_was_forming_when_frames_are_missing_stays_so(tmp_path):
    texts = [ACK, kline(0), kline(1, closed=True), kline(2), kline(3, closed=True), kline(4, closed=True)]
    write(tmp_path / "whole", *texts)
    assert [minute for minute, _ in play(tmp_path / "whole")[0]] == [1, 0, 3, 2, 4]
    write(tmp_path / "lacking", *texts, missing=4)
    told, source = play(tmp_path / "lacking")
    assert [minute for minute, _ in told] == [1, 0, 3, 4]
    status = source.status()
    assert (status.counters["missing"], status.counters["replayed"]) == (1, 9)
    assert "2027-01-15 08:00:04 UTC: here 3 records are missing: a test" in status.reason


def test_from_and_to_bound_what_is_played(tmp_path):
    write(tmp_path, ACK, *(kline(minute, closed=True) for minute in range(6)))
    told, _ = play(tmp_path, **{"from": T0 + 3_000, "to": "2027-01-15T08:00:05"})
    assert told == [(2, "2"), (3, "2")]


def test_a_step_to_a_time_plays_what_is_before_and_lets_it_be_that_time(tmp_path):
    write(tmp_path, ACK, kline(0, closed=True), kline(1, closed=True), kline(2))
    with open_replay(tmp_path) as session:
        session.start_live()
        source = session.source("replay")
        assert [each.kind for each in source.step(T0 + 1_500)] == ["state", "state", "bar"]
        assert source.now_ms == T0 + 1_500
        assert source.stale_for("BTCUSDT", Timeframe("1m")) == 0.0
        assert source.step(T0 + 1_600) == []
        assert len(source.step(T0 + 600_000)) == 2
        assert (source.is_over, source.next_due > 0, source.status().state) == (True, True, "disconnected")
        assert source.step() == []


@pytest.mark.parametrize("speed", ["max", 1_000])
def test_by_itself_it_plays_to_the_end(tmp_path, speed):
    write(tmp_path, ACK, *(kline(minute, closed=True) for minute in range(300)))
    with nothing_left_behind(), open_replay(tmp_path, speed) as session:
        events = []
        session.subscribe(events.append)
        source = session.source("replay")
        wait_until(lambda: source.is_over)
        adapter = session.adapter()
        assert len(adapter.get_history("BTCUSDT", 300, "1m")) == 300
        assert session.status().now == T0 + 300 * 60_000
        wait_until(lambda: sum(each.kind == "bar" for each in events) == 300)
        with pytest.raises(RequestError, match="speed: step"):
            source.step()


def test_at_its_own_speed_it_takes_its_time_and_can_be_ended_at_any(tmp_path):
    write(tmp_path, ACK, *(kline(minute, closed=True) for minute in range(300)))
    with open_replay(tmp_path, 4) as session:
        session.start_live()
        source, began = session.source("replay"), time.monotonic()
        wait_until(lambda: source.played >= 6)
        assert 0.7 < time.monotonic() - began < 30
        wait_until(lambda: source.now_ms % 1_000 > 300, what="time between two records")
        assert not source.is_over
    assert time.monotonic() - began < 60
    assert source.played < 300


def test_what_fails_while_it_plays_ends_it_and_is_told(tmp_path, caplog):
    write(tmp_path, ACK, kline(0))
    with open_replay(tmp_path, "max") as session:
        source = session.source("replay")
        source._player.play = lambda: 1 / 0
        session.start_live()
        wait_until(lambda: source.status().state == "disconnected")
    assert "the replay failed after 0 records" in caplog.text


def test_a_session_with_a_clock_of_its_own_is_an_error(tmp_path):
    write(tmp_path, ACK)
    with open_replay(tmp_path, clock="system") as session, pytest.raises(ConfigError, match="say `clock: feed`"):
        session.start_live()


def of(**changes):
    return dataclasses.replace(BINANCE, **changes)


def newer(folder):
    folder.mkdir()
    line = write_header(SegmentHeader(BINANCE, "run", T0, 0)).replace(b'"recording": 1', b'"recording": 9')
    (folder / "000001-20270115T080000Z.jsonl.gz").write_bytes(pack(line, 0, T0, T0))


def only_a_header(folder):
    folder.mkdir()
    line = write_header(SegmentHeader(BINANCE, "run", T0, 0))
    (folder / "000001-20270115T080000Z.jsonl.gz").write_bytes(pack(line, 0, T0, T0))


def two_runs(folder):
    write(folder, ACK)
    write(folder, ACK, header=of(symbols=("ETHUSDT",)))


@pytest.mark.parametrize(
    ("make", "options", "why"),
    [
        (lambda folder: None, {}, "there is no folder"),
        (lambda folder: write(folder, ACK), {"from": T0 + 60_000}, "has nothing from 2027-01-15 08:01"),
        (lambda folder: write(folder, ACK, header=of(plugin="zbus")), {}, "no plugin that is installed reads"),
        (lambda folder: write(folder, ACK, header=of(protocol="gone")), {}, "'gone', which was recorded"),
        (newer, {}, "upgrade wealthsources"),
        (two_runs, {}, "08:00 UTC on it is of other series or options"),
        (only_a_header, {}, "holds no record that can be read"),
    ],
    ids=["absent", "span", "plugin", "protocol", "format", "runs", "empty"],
)
def test_what_cannot_be_played_is_an_error_at_the_start(tmp_path, make, options, why):
    make(tmp_path / "x")
    with pytest.raises(ConfigError) as caught:
        open_replay(tmp_path / "x", **options).start()
    assert why in str(caught.value)
    assert "sources[0]" in str(caught.value)


def test_of_a_session_by_the_systems_time_the_time_passes_as_it_did_then(tmp_path):
    by_the_system = dataclasses.replace(BINANCE, options={"clock": "system"})
    write(tmp_path / "live", ACK, kline(-1, closed=True), header=by_the_system)
    with open_replay(tmp_path / "live") as session:
        session.start_live()
        source, seen = session.source("replay"), []
        while not source.is_over:
            source.step()
            seen.append(session.clock.now() - T0)
        source.step(T0 + 90_000)
        assert (source.recorded_clock, seen, session.clock.now()) == ("system", [0, 1_000], T0 + 90_000)


def test_of_a_session_by_its_feed_the_bars_alone_say_what_time_it_is(tmp_path):
    write(tmp_path / "live", ACK, kline(0, closed=True))
    with open_replay(tmp_path / "live") as session:
        session.start_live()
        source = session.source("replay")
        source.step(T0 + 90_000)
        assert (source.recorded_clock, session.clock.now()) == ("feed", T0 + 60_000)


def test_it_says_when_the_next_record_comes_and_what_is_played(tmp_path):
    write(tmp_path / "live", ACK, kline(0), kline(1))
    with open_replay(tmp_path / "live", **{"from": T0 + 500}) as session:
        session.start_live()
        source = session.source("replay")
        assert source.span == (T0 + 500, T0 + 2_000)
        source.step(T0 + 1_500)
        assert source.next_ms == T0 + 2_000
        source.step()
        assert source.next_ms is None
