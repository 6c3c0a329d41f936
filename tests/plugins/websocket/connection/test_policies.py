"""What a client takes from outside."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest

from wealthsources_websocket.connection.budget import PROCESS_BUDGET
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES, STOP_LIMIT, Policies, seconds_asleep
from wealthsources_websocket.connection.reconnect import Backoff
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.connect import connect

from ....support.waiting import wait_until


def test_unless_another_is_handed_in_all_clients_of_a_process_share_one_budget():
    assert Policies().budget is Policies().budget is DEFAULT_POLICIES.budget is PROCESS_BUDGET


def test_unless_another_is_handed_in_a_client_dials_real_addresses_by_real_clocks():
    policies = Policies()
    assert (policies.dial, policies.backoff) == (connect, Backoff)
    assert (policies.monotonic, policies.wall) == (time.monotonic, time.time)


def test_policies_stay_as_they_are():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT_POLICIES.stop_limit = 60.0


def test_stopping_takes_three_seconds_at_most_and_a_goodbye_less():
    assert DEFAULT_POLICIES.stop_limit == STOP_LIMIT == 3.0
    assert 0 < DEFAULT_POLICIES.close_timeout < STOP_LIMIT


def test_the_time_asleep_is_what_one_clock_goes_on_and_the_other_does_not(monkeypatch):
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", {7: 500.0}.get)
    monkeypatch.setattr(time, "monotonic", lambda: 380.0)
    assert seconds_asleep() == 120.0


def test_where_there_is_no_such_clock_nobody_is_ever_asleep(monkeypatch):
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert seconds_asleep() == 0.0


def test_a_client_dials_as_it_is_told(policies, make_client):
    dialled = []

    def refuse(*arguments):
        dialled.append(arguments)
        raise ConnectionLost("refused", "nobody there")

    policies["dial"] = refuse
    client, seen = make_client("ws://127.0.0.1:1/data", connect_timeout=7.0, max_message=5000)
    client.start()
    wait_until(lambda: client.counters["lost.refused"] >= 2)
    url, timeout, stop, max_message, tls, proxy = dialled[0]
    assert (url, timeout, max_message, tls, proxy) == ("ws://127.0.0.1:1/data", 7.0, 5000, None, None)
    assert not stop.is_set()
    client.stop()
    assert stop.is_set()
    assert "nobody there" in client.last_error
    assert seen.states[:2] == ["connecting", "error"]


def test_a_client_waits_as_its_backoff_says(policies, make_client):
    made = []

    class Chosen(Backoff):
        def __init__(self, base: float, cap: float) -> None:
            made.append((base, cap))
            super().__init__(base, cap, random.uniform)

    policies["backoff"] = Chosen
    make_client("ws://127.0.0.1:1/", backoff_base=0.5, backoff_cap=9.0)
    assert made == [(0.5, 9.0)]


def test_a_client_goes_by_the_clock_that_it_is_given(policies, make_client):
    policies["monotonic"] = lambda: 4711.0
    client, _ = make_client("ws://127.0.0.1:1/")
    assert client.since == 4711.0
