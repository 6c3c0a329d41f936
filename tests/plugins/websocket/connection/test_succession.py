"""When a connection is followed by another, and when that takes over: by itself, with a clock that is moved by hand."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from wealthsources import Shard
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.heartbeat import Uptime
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.connection.reconnect import Backoff, ConnectPlan
from wealthsources_websocket.connection.succession import Succession
from wealthsources_websocket.errors import ConnectionLost

from ..conftest import Seen

BTC, ETH = ("BTCUSDT", "1m"), ("ETHUSDT", "1m")
URLS = ("ws://a/", "ws://b/")
BAR = {BTC: [(60_000, 5.0)]}


class Next:
    """A renewal that does what a test says."""

    def __init__(self, reason: str, url: str, shard: Shard) -> None:
        self.reason = reason
        self.url = url
        self.series = shard.series
        self.shard = Shard(shard.number, shard.series, endpoint=url)
        self.held = self
        self.lost: ConnectionLost | None = None
        self.acknowledged_at: float | None = None
        self.stated = False
        self.dropped = self.stopped = False

    @property
    def is_there(self) -> bool:
        return self.acknowledged_at is not None and self.lost is None

    def lacks(self, forming) -> bool:
        return bool(forming) and not self.stated

    def drop(self, seconds: float) -> None:
        self.dropped = True

    def ask_to_stop(self) -> None:
        self.stopped = True


class Stage:
    """A connection that is up since 0, and what is made beside it."""

    def __init__(
        self, *, may_be_quiet: bool = False, alone: bool = False, per_minute: int = 100, urls=URLS, **policies
    ) -> None:
        self.shard = Shard(0, [BTC, ETH])
        self.shard.endpoint = urls[0]
        self.seen = Seen()
        self.now = 0.0
        self.plan = ConnectPlan(urls, Backoff(1.0, 8.0, lambda low, high: high), ConnectBudget(), per_minute)
        self.plan.use(urls[0])
        self.made: list[Next] = []
        self.fails: ConnectionLost | None = None
        chosen = Policies(budget=ConnectBudget(), **policies)
        log = logging.getLogger("test")
        self.succession = Succession(
            self.shard, self.seen, self.plan, chosen, log, self.begin, may_be_quiet=may_be_quiet, alone=alone
        )
        self.connect()

    def begin(self, reason: str) -> Next:
        if self.fails is not None:
            raise self.fails
        self.made.append(Next(reason, self.plan.current, self.shard))
        return self.made[-1]

    def connect(self, lifetime: float | None = None, renew_after: float | None = None, *, proven: bool = True) -> None:
        options = SimpleNamespace(data_idle=60.0, pong_timeout=10.0)
        self.up = Uptime(self.now, options, lambda: 0.0, lifetime, renew_after)
        self.up.proven = proven

    def look(self, later: float = 0.0) -> bool:
        self.now += later
        return self.succession.look(self.up, self.now)

    def acknowledge(self) -> Next:
        """The latest one is there, and nothing is to be waited for."""
        self.made[-1].acknowledged_at = self.now
        return self.made[-1]

    def take_over(self) -> None:
        """What a client does if `look` says so."""
        self.acknowledge()
        assert self.look()
        self.succession.took_over(self.made[-1], self.now)
        self.connect()

    @property
    def reasons(self) -> list[str]:
        return [each.reason for each in self.made]


@pytest.fixture
def stage():
    return Stage()


# when one is begun ---------------------------------------------------------------------------------------------


def test_a_connection_that_does_well_is_not_followed(stage):
    for _ in range(100):
        assert not stage.look(60.0)
    assert stage.made == []


def test_a_server_that_wants_us_elsewhere_has_its_way_at_once(stage):
    stage.up.asked = "a restart"
    assert not stage.look()
    assert not stage.look(1.0)
    assert stage.reasons == ["reconnect_asked"]


def test_where_a_server_takes_one_connection_at_a_time_the_old_one_goes_first():
    stage = Stage(alone=True)
    stage.up.asked = "a restart"
    with pytest.raises(ConnectionLost, match="reconnect_asked: this server takes one connection at a time"):
        stage.look()
    assert stage.made == []


def test_a_connection_is_followed_when_its_time_is_nearly_over(stage):
    stage.connect(100.0, 93.0)
    stage.look(92.0)
    assert stage.made == []
    stage.look(1.0)
    assert stage.reasons == ["lifetime"]


def test_silence_of_all_streams_is_answered_at_once(stage):
    stage.look(1000.0)
    assert stage.made == []
    stage.seen.silent = True
    stage.look(1.0)
    assert stage.reasons == ["silent"]


def test_where_no_quiet_minutes_are_pushed_silence_tells_nothing():
    stage = Stage(may_be_quiet=True)
    stage.seen.silent = True
    stage.look(1000.0)
    assert stage.made == []


def test_a_server_that_sends_us_away_from_each_connection_at_once_is_not_stormed(stage):
    moments = []
    for _ in range(5):
        stage.connect(proven=False)
        stage.up.asked = "a restart"
        began, before = stage.now, len(stage.made)
        while len(stage.made) == before:
            stage.look(0.25)
        moments.append(stage.now - began)
        stage.take_over()
    assert moments == [0.75, 1.25, 2.25, 4.25, 4.25]  # half of 1, 2, 4, 8, 8: there are two addresses


def test_the_budget_of_the_host_is_kept_to():
    stage = Stage(per_minute=1, urls=("ws://a/",))
    stage.plan.attempt(0.0)  # that of the connection in use
    stage.up.asked = "a restart"
    stage.look(1.0)
    stage.look(1.0)
    assert (stage.made, stage.shard.counters["budget_waits"]) == ([], 1)
    stage.look(60.0)
    assert stage.reasons == ["reconnect_asked"]


# silence after silence -----------------------------------------------------------------------------------------


def pauses(stage: Stage, count: int) -> list[float]:
    """How long it takes until the next one is begun, one after the other, all of them silent."""
    waits = []
    for _ in range(count):
        stage.take_over()
        before, began = len(stage.made), stage.now
        while len(stage.made) == before:
            stage.look(10.0)
        waits.append(stage.now - began)
    return waits


def test_silent_renewals_are_spaced(stage):
    stage.seen.silent = True
    stage.look(1000.0)
    assert pauses(stage, 8) == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]
    assert set(stage.reasons) == {"silent"}


def test_a_wanted_bar_ends_the_pauses(stage):
    stage.seen.silent = True
    stage.look(1000.0)
    pauses(stage, 3)
    stage.take_over()
    stage.up.last_bar = stage.now + 5.0
    stage.look(10.0)
    assert len(stage.made) == 5  # at once
    assert pauses(stage, 2) == [60.0, 120.0]


def test_a_snapshot_does_not_end_the_pauses(stage):
    stage.seen.silent = True
    stage.look(1000.0)
    pauses(stage, 3)
    stage.take_over()
    stage.up.last_bar = stage.now + 0.5
    stage.look(10.0)
    assert len(stage.made) == 4


def test_after_one_that_was_silent_too_the_next_address_is_tried(stage):
    stage.seen.silent = True
    stage.look(1000.0)
    assert stage.made[-1].url == "ws://a/"
    pauses(stage, 1)
    assert stage.made[-1].url == "ws://b/"


# when it takes over --------------------------------------------------------------------------------------------


def test_it_takes_over_when_it_is_acknowledged_and_nothing_is_vouched_for(stage):
    stage.up.asked = "a restart"
    assert not stage.look()
    assert not stage.look(1.0)
    stage.acknowledge()
    assert stage.look(1.0)


def test_it_takes_over_when_it_has_stated_what_is_vouched_for(stage):
    stage.seen.forming = BAR
    stage.up.asked = "a restart"
    stage.look()
    renewal = stage.acknowledge()
    assert not stage.look(100.0)
    renewal.stated = True
    assert stage.look()


def test_patience_ends(stage):
    stage.seen.forming = BAR
    stage.up.asked = "a restart"
    stage.look()
    stage.acknowledge()
    assert not stage.look(599.0)
    assert stage.look(1.0)


# when it fails -------------------------------------------------------------------------------------------------


def test_one_that_fails_is_told_and_another_is_begun_after_the_delay(stage, caplog):
    stage.up.asked = "a restart"
    stage.look()
    stage.made[0].shard.counters["early_dropped"] = 2
    stage.made[0].lost = ConnectionLost("refused", "nobody there")
    assert not stage.look()
    assert "the next connection failed, this one goes on: ws://a/: refused: nobody there" in caplog.text
    assert stage.shard.last_error == "ws://a/: refused: nobody there"
    assert (stage.shard.counters["renewals_failed"], stage.shard.counters["early_dropped"]) == (1, 2)
    assert stage.plan.current == "ws://b/"
    stage.look()  # in the first round the next address at once
    stage.made[1].lost = ConnectionLost("refused", "nobody there")
    stage.look()
    stage.look(0.4)
    assert len(stage.made) == 2
    stage.look(0.2)
    assert len(stage.made) == 3


def test_a_token_that_cannot_be_read_is_a_failure_like_any_other(stage):
    stage.fails = ConnectionLost("token", "csrf_token is empty")
    stage.up.asked = "a restart"
    assert not stage.look()
    assert (stage.shard.counters["renewals_failed"], stage.succession.renewal) == (1, None)
    stage.fails = None
    stage.look(10.0)
    assert len(stage.made) == 1


def test_one_that_asks_for_what_is_not_subscribed_any_more_is_begun_again(stage):
    stage.up.asked = "a restart"
    stage.look()
    stage.acknowledge()
    stage.shard.take_series([BTC])
    assert not stage.look()
    assert stage.made[0].dropped
    assert [each.series for each in stage.made] == [(BTC, ETH), (BTC,)]


# when the connection in use is lost ----------------------------------------------------------------------------


def test_one_that_is_there_stands_by_and_one_that_is_still_made_is_kept(stage):
    stage.up.asked = "a restart"
    stage.look()
    assert stage.succession.stands_by(ConnectionLost("cut")) is None
    assert stage.succession.renewal is stage.made[0]
    renewal = stage.acknowledge()
    assert stage.succession.stands_by(ConnectionLost("cut")) is renewal
    renewal.lost = ConnectionLost("cut")
    assert stage.succession.stands_by(ConnectionLost("cut")) is None


@pytest.mark.parametrize("reason", ["suspended", "stopped"])
def test_where_the_whole_process_stood_still_or_stops_none_stands_by(stage, reason):
    stage.up.asked = "a restart"
    stage.look()
    renewal = stage.acknowledge()
    assert stage.succession.stands_by(ConnectionLost(reason)) is None
    assert renewal.dropped
    assert stage.succession.renewal is None


def test_it_can_be_stopped_dropped_and_forgotten_at_any_time(stage):
    for act in (stage.succession.ask_to_stop, stage.succession.drop, stage.succession.forget):
        act()
    stage.up.asked = "a restart"
    stage.look()
    stage.succession.ask_to_stop()
    assert stage.made[0].stopped
    stage.succession.forget()
    assert (stage.succession.renewal, stage.made[0].dropped) == (None, False)
