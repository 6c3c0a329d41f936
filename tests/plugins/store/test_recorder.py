"""Closed bars of live sources, written into a store with the time each came to be known."""

from __future__ import annotations

import logging
import pathlib
import threading
from collections import Counter

import pytest

import wealthsources
from wealthsources import Bars, Capabilities, ClockError, ConfigError, Event, Hole, NotHere, Source, SourceStatus
from wealthsources.resolve.query import Policy
from wealthsources.testing import ListSource
from wealthsources_simulator import Market, MarketServer
from wealthsources_store import recorder as module
from wealthsources_store.errors import StoreError
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import read, recorded, revisions
from wealthsources_store.recorder import RecorderOptions, StoreRecorder
from wealthsources_store.source import StoreSource

from ...support.bars import at, record
from ...support.waiting import wait_until
from .stock import FRAME, SYMBOL, closes

TOKEN = "tok-0123456789abcdef"


class Clock:
    name = "system"

    def __init__(self) -> None:
        self.time: int | None = at(100)

    def now(self):
        if self.time is None:
            raise ClockError("no time yet")
        return self.time


class Live(ListSource):
    """A live source that has these bars, and one stream of each symbol."""

    def __init__(self, *series: Bars, symbols=(SYMBOL,)) -> None:
        super().__init__(*series, capabilities=Capabilities(live=True, blocking=False, symbols=symbols))

    def status(self):
        streams = [wealthsources.StreamStatus(symbol, "1h", "live") for symbol in self.capabilities.symbols]
        return SourceStatus(streams=tuple(streams))


class Host:
    """What a recorder is given, and ways to have events come."""

    def __init__(self, **sources: Source | None) -> None:
        self.clock, self.logger, self.sources = Clock(), logging.getLogger("wealthsources.recorder.store"), sources
        self.events_lost = 0
        self.sinks: list = []

    def subscribe(self, sink, *, forming=True):
        self.sinks.append(sink)
        return self.sinks.clear

    def drain(self, timeout):
        return True

    def emit(self, event):
        for sink in tuple(self.sinks):
            sink(event)

    def bar(self, place, close="1", known=None, source="live", epoch=1, **more):
        (bar,) = closes({place: close}, source, **more)
        at_ = at(place + 1) if known is None else known
        self.emit(Event("bar", source, bar.symbol, bar.timeframe, bar, known_at=at_, epoch=epoch))


@pytest.fixture
def store(tmp_path):
    made = StoreSource(StoreOptions(url=f"sqlite:///{tmp_path}/bars.db"))
    yield made
    made.stop()


@pytest.fixture
def recording(store):
    """Begins to record what these sources bring; without any, one live source that holds nothing."""
    made: list[StoreRecorder] = []

    def begin(*, began=None, **sources):
        host = Host(**(sources or {"live": Live()}), bars=store)
        host.clock.time = began or host.clock.time
        made.append(StoreRecorder(RecorderOptions()))
        made[-1].start(host)
        return made[-1], host

    yield begin
    for each in made:
        each.stop()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "_RETRY_EVERY", 0.05)
    monkeypatch.setattr(module, "_FLUSH_EVERY", 0.02)


def held(store, **asked):
    bars = read(store.database, SYMBOL, FRAME, **{"end": at(1000), **asked})
    return {(bar.open_time - at(0)) // 3_600_000: bar.exact("close") for bar in bars}


def test_closed_bars_are_written_with_the_time_they_came_to_be_known(recording, store):
    recorder, host = recording()
    host.bar(0, "1.50", at(1) + 30)
    host.bar(1, "2", at(2) + 70, epoch=2)
    recorder.stop()
    assert held(store) == {0: "1.50", 1: "2"}
    assert held(store, known_at=at(2)) == {0: "1.50"}
    assert held(store, known_at=at(2) + 70) == {0: "1.50", 1: "2"}
    assert recorder.status().counters == {"new": 2, "waiting": 0}


def test_what_is_forming_is_not_written(recording, store):
    recorder, host = recording()
    host.bar(0, closed=False)
    host.bar(1)
    recorder.stop()
    assert held(store) == {1: "1"}


def test_a_correction_is_the_next_state_of_its_bar(recording, store):
    recorder, host = recording()
    host.bar(0, "1", at(1))
    host.bar(1, "2", at(2))
    host.bar(0, "1.1", at(2) + 5)
    host.bar(0, "1.2", at(2) + 6)
    recorder.stop()
    found = revisions(store.database, SYMBOL, FRAME, start=at(0), end=at(9))
    assert [(state.bar.exact("close"), state.known_at) for state in found] == [
        ("1", at(1)),
        ("1.1", at(2) + 5),
        ("1.2", at(2) + 6),
    ]


def test_what_a_hole_was_filled_with_is_read_from_the_source(recording, store):
    recorder, host = recording(live=Live(closes({0: "1", 1: "7", 2: "8", 3: "4"})))
    host.bar(0, "1")
    host.bar(3, "4")
    host.emit(Event("filled", "live", SYMBOL, FRAME, hole=Hole(at(1), at(3), 2), known_at=at(6)))
    recorder.stop()
    assert held(store) == {0: "1", 1: "7", 2: "8", 3: "4"}
    assert held(store, known_at=at(5)) == {0: "1", 3: "4"}


def test_what_was_recorded_already_is_not_changed_by_reading_the_rest_of_a_hole(recording, store):
    recorder, host = recording(live=Live(closes({1: "7", 2: "8"})))
    host.bar(1, "6.9", at(2))
    host.emit(Event("filled", "live", SYMBOL, FRAME, hole=Hole(at(1), at(3), 2), known_at=at(6)))
    recorder.stop()
    assert held(store) == {1: "6.9", 2: "8"}
    assert recorder.status().counters["different"] == 1


def test_of_a_symbol_that_two_sources_list_the_first_is_recorded(recording, store):
    recorder, host = recording(first=Live(), second=Live(symbols=(SYMBOL, "ETHUSDT")))
    host.bar(0, "1", source="first")
    host.bar(0, "9", source="second")
    host.bar(1, "9", source="second")
    (eth,) = Bars.from_records("ETHUSDT", "1h", [record(0, closed=True)])
    host.emit(Event("bar", "second", "ETHUSDT", FRAME, eth, known_at=at(1)))
    recorder.stop()
    assert held(store) == {0: "1"}
    assert len(read(store.database, "ETHUSDT", FRAME, end=at(9))) == 1


def test_when_it_was_at_work_is_noted(recording, store):
    recorder, host = recording()
    host.bar(0)
    host.clock.time = at(103)
    recorder.stop()
    assert recorded(store.database, SYMBOL, FRAME) == [(at(100), at(103))]


def test_what_is_fetched_later_was_not_known_to_who_listened(recording, store):
    recorder, host = recording()
    host.bar(100, known=at(101))
    host.clock.time = at(110)
    recorder.stop()
    store.keep(closes({98: "1", 101: "2"}, source="archive"), at(200))
    assert held(store, known_at=at(150)) == {98: "1", 100: "1"}
    assert held(store) == {98: "1", 100: "1", 101: "2"}


def test_before_the_clock_has_a_time_nothing_is_wrong(recording, store, quick):
    recorder, host = recording()
    host.clock.time = None
    host.emit(Event("state", "live", state="connecting"))
    host.bar(0, known=None)
    wait_until(lambda: recorder.status().counters.get("new"))
    assert recorder.status().state == "ready"


def test_while_the_store_cannot_be_written_bars_wait_and_then_go_on(recording, store, quick, caplog, tmp_path):
    recorder, host = recording()
    host.bar(0)
    wait_until(lambda: held_or_none(store) == {0: "1"})
    path = tmp_path / "bars.db"
    store.database.close()
    hidden = path.rename(tmp_path / "hidden")
    path.mkdir()
    host.bar(1)
    wait_until(lambda: recorder.status().state == "paused")
    host.bar(2)
    assert recorder.status().counters["waiting"] == 2
    assert "bars.db" in recorder.status().reason
    path.rmdir()
    hidden.rename(path)
    wait_until(lambda: recorder.status().state == "ready")
    recorder.stop()
    assert held(store) == {0: "1", 1: "1", 2: "1"}
    pauses = [line for line in caplog.messages if line.startswith("recording pauses")]
    assert len(pauses) == 1
    assert "recording goes on" in caplog.messages


def test_at_the_end_it_lets_go_of_the_store(recording, store, tmp_path):
    recorder, host = recording()
    host.bar(0)
    recorder.stop()
    wait_until(lambda: [path.name for path in tmp_path.glob("bars.db*")] == ["bars.db"])
    assert held(store) == {0: "1"}


def test_while_the_store_cannot_be_written_it_does_not_go_on_though_nothing_waits(
    recording, store, quick, monkeypatch, caplog
):
    recorder, host = recording()
    host.bar(0)
    wait_until(lambda: held_or_none(store) == {0: "1"})
    real, failed = module.note_recorded, []

    def fail(*_):
        failed.append(1)
        raise StoreError("the disk is full")

    monkeypatch.setattr(module, "note_recorded", fail)
    monkeypatch.setattr(module, "_NOTE_EVERY", 0.0)
    wait_until(lambda: recorder.status().state == "paused")
    monkeypatch.setattr(module, "_NOTE_EVERY", 1e9)
    tried = len(failed)
    wait_until(lambda: len(failed) > tried + 2)
    assert recorder.status().state == "paused"
    assert "recording goes on" not in caplog.messages
    monkeypatch.setattr(module, "note_recorded", real)
    wait_until(lambda: recorder.status().state == "ready")


def held_or_none(store):
    try:
        return held(store)
    except wealthsources.SourceError:
        return None


def test_what_found_no_room_meanwhile_is_read_from_the_source_as_far_as_it_has_it(recording, store, quick, monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 2)
    gate, real = threading.Event(), module.write
    monkeypatch.setattr(module, "write", lambda *said: gate.wait(20) and real(*said))
    recorder, host = recording(live=Live(closes(dict.fromkeys(range(5), "1"))))
    for place in range(5):
        host.bar(place)
    gate.set()
    wait_until(lambda: held_or_none(store) == dict.fromkeys(range(5), "1"))
    assert recorder.status().counters["not_taken"] == 3


def test_events_that_were_lost_before_it_are_made_up_for(recording, store, quick):
    _, host = recording(live=Live(closes({100: "1", 101: "2", 102: "3"})))
    host.clock.time = at(103)
    host.bar(100)
    host.events_lost = 2
    wait_until(lambda: held_or_none(store) == {100: "1", 101: "2", 102: "3"})


def test_what_was_lost_is_made_up_for_from_the_bar_on_that_was_forming_when_it_began(recording, store, monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 0)
    recorder, host = recording(began=at(100) + 60_000, live=Live(closes({99: "9", 100: "1", 101: "2", 102: "3"})))
    host.clock.time = at(103)
    host.events_lost = 2
    host.bar(102, "3")
    recorder.stop()
    assert held(store) == {100: "1", 101: "2", 102: "3"}


def test_a_correction_that_found_no_room_is_made_up_for(recording, store, quick, monkeypatch):
    _, host = recording(live=Live(closes({0: "1.5"})))
    host.bar(0, "1")
    wait_until(lambda: held_or_none(store) == {0: "1"})
    monkeypatch.setattr(module, "_MOST_WAITING", 0)
    host.bar(0, "1.5", at(2))
    wait_until(lambda: held(store) == {0: "1.5"})
    assert held(store, known_at=at(100) - 1) == {0: "1"}
    assert held(store, known_at=at(100)) == {0: "1.5"}


def test_what_finds_no_room_while_something_is_made_up_for_is_not_forgotten(recording, store, quick, monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 0)
    recorder, host = recording(live=Live(closes({1: "1", 2: "2"})))
    real, calls = module.write, []

    def write(*said):
        calls.append(said)
        done = real(*said)
        if len(calls) == 1:
            host.bar(1, "1")
        return done

    monkeypatch.setattr(module, "write", write)
    host.bar(2, "2")
    wait_until(lambda: held_or_none(store) == {1: "1", 2: "2"})
    assert recorder.status().counters["new"] == 2


def test_what_another_process_fetches_is_older_than_the_last_note():
    assert Policy().late_after > (module._NOTE_EVERY + module._FLUSH_EVERY) * 1000


def test_a_source_that_has_nothing_any_more_is_no_trouble(recording, store):
    class Empty(Live):
        def get_history(self, request):
            raise NotHere("gone")

    recorder, host = recording(live=Empty())
    host.emit(Event("filled", "live", SYMBOL, FRAME, hole=Hole(at(1), at(3), 2), known_at=at(6)))
    host.bar(5)
    recorder.stop()
    assert held(store) == {5: "1"}


def test_bars_of_a_series_go_into_one_batch_as_long_as_each_opens_later():
    host, parts = Host(), []
    host.sinks.append(lambda event: parts.append(module._Seen(event.bar, event.known_at, event.epoch)))
    for place, epoch in ((0, 1), (1, 1), (1, 1), (2, 1), (3, 2)):
        host.bar(place, epoch=epoch)
    batches = list(module._parts(parts))
    assert [[(seen.bar.open_time - at(0)) // 3_600_000 for seen in batch] for batch in batches] == [[0, 1], [1, 2], [3]]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "no source has a store; list one, as in `- plugin: store`"),
        ({"source": "bars"}, "no source named 'bars' has a store; list one, as in `- plugin: store`"),
    ],
)
def test_without_a_store_it_does_not_start(options, why):
    with pytest.raises(ConfigError) as caught:
        StoreRecorder(RecorderOptions(**options)).start(Host(live=Live()))
    assert str(caught.value) == why


def test_the_store_can_be_named(store, tmp_path):
    other = StoreSource(StoreOptions(url=f"sqlite:///{tmp_path}/other.db"))
    recorder, host = StoreRecorder(RecorderOptions(source="other")), Host(live=Live(), bars=store, other=other)
    recorder.start(host)
    host.bar(0)
    recorder.stop()
    assert held(other) == {0: "1"}
    assert not (tmp_path / "bars.db").exists()


def test_a_session_that_is_recorded_is_in_the_store_to_the_last_digit_and_useful_after_a_restart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("data").mkdir()
    market = Market.made(updates=2, bars=40)
    with MarketServer(market, token=TOKEN) as server:
        options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": [SYMBOL], "resolutions": ["1h"]}
        chain = [{"name": "live", "plugin": "websocket", "options": options}, {"name": "bars", "plugin": "store"}]
        config = {"clock": "feed", "sources": chain, "recorder": {"store": {}}}
        with wealthsources.open(config) as session:
            session.start_live()
            wait_until(lambda: session.status().sources["live"].state == "connected")
            market.play_steps(3 * 10)
            wait_until(lambda: session.status().sources["live"].streams[0].bars >= 10)
            live = session.adapter().get_history(SYMBOL, 9)
        with wealthsources.open(config) as session:
            store = session.sources["bars"]
            again = read(store.database, SYMBOL, FRAME, end=live[-1].end, count=9)
    fields = wealthsources.FIELDS
    assert [[bar.exact(field) for field in fields] for bar in again] == [
        [bar.exact(field) for field in fields] for bar in live
    ]
    assert Counter(bar.source for bar in again) == {"live": 9}
    assert {bar.finality for bar in again} == {bar.finality for bar in live}
