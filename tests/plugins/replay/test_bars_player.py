"""Bars that are played: each comes at its end, and nothing is known of it before."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Event, HistoryRequest, NotHere, SourceError
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing import ListSource
from wealthsources.testing.fakes import LoneHost
from wealthsources_replay import bars_in_order
from wealthsources_replay.bars_player import BarsPlayer, BarsTime
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.options import ReplayOptions

from ...support.bars import FRAME, HOUR, at, hourly, places, record


class Host(LoneHost):
    """A host with one other source, which keeps the events that it is told."""

    listening = True

    def __init__(self, *series: Bars) -> None:
        super().__init__(FeedClock())
        self.source = ListSource(*series)
        self.events: list[Event] = []
        self.failure: Exception | None = None

    def history(self, source: str, request: HistoryRequest) -> Bars:
        assert source == "archive"
        if self.failure is not None:
            raise self.failure
        return self.source.get_history(request)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


def begun(*series: Bars, symbols=("BTCUSDT",), **options) -> tuple[BarsPlayer, Host]:
    said = {"bars": "archive", "symbols": symbols, "timeframes": ["1h"], "from": at(0), "speed": "step", **options}
    player, host = BarsPlayer(ReplayOptions.model_validate(said)), Host(*series)
    player.begin(host)
    return player, host


def held(player, symbol="BTCUSDT") -> list[int]:
    try:
        return places(player.source.get_history(HistoryRequest(symbol, FRAME, at(10_000))))
    except NotHere:
        return []


def test_each_bar_comes_at_its_end_and_none_is_known_before():
    player, host = begun(hourly(0, 1, 2))
    assert (held(player), player.time.wall_ms) == ([], at(0))
    for hour in range(3):
        assert (player.next_wall_ms, player.next_due) == (at(hour + 1), at(hour + 1) / 1000)
        assert player.play()
        assert (held(player), player.played) == (list(range(hour + 1)), hour + 1)
        assert player.time.wall_ms == host.clock.now() == at(hour + 1)
        assert host.told("bar")[-1].known_at == at(hour + 1)
    assert player.is_over
    assert (player.next_wall_ms, player.play()) == (None, False)


def test_a_bar_keeps_its_digits_and_is_closed():
    bars = Bars.from_records("BTCUSDT", "1h", [record(0, close="11.10", volume="3.0E+0", close_time=at(1) - 1)])
    player, host = begun(bars)
    player.play()
    bar = host.told("bar")[0].bar
    assert [bar.exact(field) for field in ("open", "close", "volume")] == ["10.50", "11.10", "3.0E+0"]
    assert (bar.closed, bar.finality, bar.close_time, bar.source) == (True, "flag", at(1) - 1, "yours")


def test_a_hole_stays_a_hole_and_is_told():
    player, host = begun(hourly(0, 1, 4))
    while not player.is_over:
        player.play()
    (event,) = host.told("hole")
    assert (event.hole.start, event.hole.end, event.hole.count) == (at(2), at(4), 2)
    assert held(player) == [0, 1, 4]
    assert player.source.status().counters["holes"] == 1


def test_while_another_series_goes_on_one_that_brings_nothing_is_stale():
    player, _ = begun(hourly(0, 9), hourly(*range(10), symbol="ETHUSDT"), symbols=["BTCUSDT", "ETHUSDT"])
    states = []
    while not player.is_over:
        player.play()
        states.append({stream.symbol: stream.state for stream in player.source.status().streams})
    assert [state["BTCUSDT"] for state in states[:2]] == ["live", "live"]
    assert states[-4] == {"BTCUSDT": "stale", "ETHUSDT": "live"}


def test_time_may_pass_between_bars():
    player, _ = begun(hourly(0, 9))
    player.pass_by(60)
    assert player.time.wall_ms == at(0) + 60_000
    player.play()
    player.pass_by(4 * 3600)
    (stream,) = player.source.status().streams
    assert (player.time.wall_ms, stream.state) == (at(5), "stale")


def test_at_the_end_nobody_vouches_for_anything():
    player, host = begun(hourly(0, 1))
    player.play()
    assert player.source.status().state == "connected"
    over = []
    host.emit = lambda event: (over.append(player.is_over), host.events.append(event))
    player.play()
    assert set(over) == {False}  # who sees that it is over has been told of everything
    status = player.source.status()
    assert (status.state, status.last_error) == ("disconnected", "all bars were played")
    assert [event.state for event in host.told("state")] == ["connected", "disconnected"]


def test_where_no_bar_is_it_does_not_begin():
    with pytest.raises(
        RecordingError, match=r"archive has no bar of BTCUSDT \(1h\) from 2020-09-13 12:00 to .* right\?"
    ):
        begun(hourly(-3))


def test_a_bar_that_is_not_over_is_not_played(monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: (at(2) + 4_999) * 1_000_000)
    player, _ = begun(hourly(0, 1, 2))
    assert player.span == (at(0), at(2) - 1)
    player.play()
    assert player.is_over


def test_a_span_ends_where_it_is_said():
    player, _ = begun(hourly(*range(9)), to=at(3))
    assert player.span == (at(0), at(3))
    while not player.is_over:
        player.play()
    assert held(player) == [0, 1, 2]


def test_when_the_source_fails_what_came_was_told_and_the_failure_is_raised_once(monkeypatch):
    monkeypatch.setattr(bars_in_order, "_AT_ONCE", 2)
    player, host = begun(hourly(*range(9)))
    host.failure = SourceError("no disk")
    assert player.play()
    assert player.play()
    assert (len(host.told("bar")), player.is_over) == (2, False)
    assert player.next_wall_ms == player.time.wall_ms
    with pytest.raises(SourceError, match="no disk"):
        player.play()
    assert (player.is_over, player.play()) == (True, False)
    assert player.source.status().last_error == "the replay failed: no disk"


def test_the_clocks_are_one():
    time = BarsTime()
    time.wall_ms = HOUR
    time.pass_by(0.25)
    assert time.monotonic() == time.wall() == 3600.25
