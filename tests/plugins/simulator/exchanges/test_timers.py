"""What an exchange does by the clock, without a clock."""

from __future__ import annotations

import pytest

from wealthsources_simulator.exchanges.base import Conversation
from wealthsources_simulator.exchanges.rules import Rules
from wealthsources_simulator.exchanges.timers import Timers


def test_without_rules_nothing_is_ever_due():
    timers = Timers(Rules(), Conversation(), 1.0, 100.0)
    assert timers.next() is None
    assert timers.due(1e9) == []


def test_a_heartbeat_comes_again_and_again_and_a_ping_beside_it():
    timers = Timers(Rules(ping_every=20), Conversation(beat_every=5), 1.0, 100.0)
    assert timers.next() == 105.0
    assert timers.due(104.9) == []
    assert timers.due(105.0) == ["beat"]
    assert timers.next() == 110.0
    assert timers.due(120.0) == ["beat", "ping"]
    assert timers.next() == 125.0


def test_one_for_idle_connections_waits_for_silence():
    timers = Timers(Rules(idle_beats=True), Conversation(beat_every=1), 1.0, 0.0)
    timers.sent(0.9)
    assert timers.due(1.5) == []
    assert timers.due(1.9) == ["beat"]


@pytest.mark.parametrize("rules", [Rules(subscribe_within=5), Rules(speak_within=5), Rules(move_within=5)])
def test_who_does_nothing_is_cut_in_the_time_of_the_exchange(rules):
    timers = Timers(rules, Conversation(), 0.1, 0.0)
    assert timers.due(0.4) == []
    assert timers.due(0.5) == ["cut"]


def test_who_answers_no_ping_is_cut_and_the_oldest_counts():
    timers = Timers(Rules(ping_every=20, pong_within=30), Conversation(), 1.0, 0.0)
    assert timers.due(20.0) == ["ping"]
    timers.answered()
    assert timers.due(40.0) == timers.due(60.0) == ["ping"]
    assert timers.due(69.0) == []
    assert timers.due(70.0) == ["cut"]


def test_what_counts_as_doing_something_differs():
    def due(rules: Rules, **changes: object) -> list[str]:
        said = Conversation()
        timers = Timers(rules, said, 1.0, 0.0)
        if "heard" in changes:
            timers.heard(3.0)
        if "sent" in changes:
            timers.sent(3.0)
        said.series = (("BTC", "1m"),) if "series" in changes else ()
        said.authenticated = "authenticated" in changes
        return list(timers.due(6.0))

    assert due(Rules(subscribe_within=5), heard=1, sent=1) == ["cut"]
    assert due(Rules(subscribe_within=5), series=1) == []
    assert due(Rules(authenticate_within=5), series=1) == ["cut"]
    assert due(Rules(authenticate_within=5), authenticated=1) == []
    assert due(Rules(speak_within=5), sent=1) == ["cut"]
    assert due(Rules(speak_within=5), heard=1) == []
    assert due(Rules(move_within=5), sent=1) == due(Rules(move_within=5), heard=1) == []
