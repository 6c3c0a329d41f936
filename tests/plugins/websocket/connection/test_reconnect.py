"""Reconnecting as policy: delays, addresses, and what comes next."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.reconnect import Backoff, ConnectPlan, Endpoints
from wealthsources_websocket.errors import ConnectionLost

SECONDS = st.floats(0.001, 86_400)


def highest(low: float, high: float) -> float:
    return high


# delays --------------------------------------------------------------------------------------------------------


@given(SECONDS, SECONDS, st.integers(1, 80))
def test_a_delay_is_never_negative_nor_above_the_cap(base, cap, failures):
    backoff = Backoff(base, cap)
    assert all(0 <= backoff.next() <= cap for _ in range(failures))


@given(SECONDS, SECONDS, st.integers(1, 80))
def test_the_bound_doubles_from_the_base_to_the_cap(base, cap, failures):
    backoff = Backoff(base, cap, highest)
    assert [backoff.next() for _ in range(failures)] == [min(cap, base * 2 ** min(n, 32)) for n in range(failures)]


def test_after_any_number_of_failures_the_bound_is_the_cap():
    backoff = Backoff(0.5, 60, highest)
    assert max(backoff.next() for _ in range(5000)) == backoff.next() == 60


def test_the_jitter_is_full():
    asked = []
    backoff = Backoff(0.5, 60, lambda low, high: asked.append((low, high)) or low)
    assert [backoff.next(), backoff.next()] == [0, 0]
    assert asked == [(0, 0.5), (0, 1.0)]


def test_two_clients_that_fail_together_do_not_come_back_together():
    first, second = Backoff(0.5, 60), Backoff(0.5, 60)
    assert [first.next() for _ in range(10)] != [second.next() for _ in range(10)]


def test_delays_fill_the_whole_span():
    backoff = Backoff(60, 60)
    delays = [backoff.next() for _ in range(300)]
    assert min(delays) < 10
    assert max(delays) > 50


def test_a_connection_that_has_proved_itself_begins_at_the_base_again():
    backoff = Backoff(0.5, 60, highest)
    for _ in range(9):
        backoff.next()
    backoff.reset()
    assert [backoff.next(), backoff.next()] == [0.5, 1.0]


# addresses -----------------------------------------------------------------------------------------------------

URLS = st.integers(1, 6).map(lambda count: tuple(f"wss://{number}.example/" for number in range(count)))


@given(URLS, st.integers(0, 30))
def test_each_failure_goes_on_to_the_next_address_and_around(urls, failures):
    endpoints = Endpoints(urls)
    tried = []
    for _ in range(failures):
        tried.append(endpoints.current)
        endpoints.failed()
    assert tried == [urls[number % len(urls)] for number in range(failures)]


@given(URLS)
def test_each_address_is_tried_once_without_a_delay_and_then_none_is(urls):
    endpoints = Endpoints(urls)
    at_once = [endpoints.failed() for _ in range(3 * len(urls))]
    assert at_once == [True] * (len(urls) - 1) + [False] * (2 * len(urls) + 1)


@given(URLS, st.integers(0, 12))
def test_what_worked_is_stayed_with_and_grants_a_quick_round(urls, failures):
    endpoints = Endpoints(urls)
    for _ in range(failures):
        endpoints.failed()
    worked = endpoints.current
    endpoints.worked()
    assert endpoints.current == worked
    assert [endpoints.failed() for _ in urls] == [True] * (len(urls) - 1) + [False]


def test_an_address_that_works_is_stayed_with_while_the_first_one_is_known_to_fail():
    endpoints = Endpoints(("first", "second"))
    for _ in range(3):
        endpoints.failed()
    assert endpoints.current == "second"
    endpoints.worked()
    endpoints.failed()
    assert endpoints.current == "second"


def test_after_a_long_rest_the_first_address_is_next():
    endpoints = Endpoints(("first", "second", "third"))
    endpoints.failed()
    endpoints.worked()
    endpoints.rested()
    endpoints.failed()
    assert endpoints.current == "first"


# the plan ------------------------------------------------------------------------------------------------------


def plan(*urls: str, per_minute: int = 20, budget: ConnectBudget | None = None) -> ConnectPlan:
    return ConnectPlan(
        urls or ("wss://a.example/",), Backoff(0.5, 60.0, highest), budget or ConnectBudget(), per_minute
    )


def test_a_credential_is_tried_twice_before_it_counts_as_refused():
    it = plan()
    delays = [(it.lost(ConnectionLost("bad_status", kind="auth"), float(now)), it.refused) for now in range(3)]
    assert delays == [(0.5, False), (60.0, True), (60.0, True)]
    it.accepted()
    assert not it.refused


def test_refusals_count_together_though_another_address_fails_in_another_way_between_them():
    it = plan("wss://a.example/", "wss://b.example/")
    it.lost(ConnectionLost("bad_status", kind="auth"), 0.0)
    it.lost(ConnectionLost("refused"), 0.0)
    it.lost(ConnectionLost("bad_status", kind="auth"), 0.0)
    assert it.refused


def test_bars_or_another_credential_begin_the_count_of_refusals_anew():
    it = plan()
    it.lost(ConnectionLost("bad_status", kind="auth"), 0.0)
    it.accepted()
    it.lost(ConnectionLost("bad_status", kind="auth"), 0.0)
    assert not it.refused


def test_a_host_that_asks_for_a_rest_gets_it_with_all_its_addresses():
    it = plan("wss://a.example:1/", "wss://a.example:2/")
    it.lost(ConnectionLost("bad_status", kind="rate", retry_after=90.0), 1000.0)
    assert it.attempt(1001.0) == pytest.approx(89.0)
    assert it.attempt(1090.0) == 0.0


def test_while_one_host_rests_the_address_on_another_is_used():
    it = plan("wss://a.example/", "wss://b.example/")
    it.lost(ConnectionLost("refused"), 0.0)
    it.lost(ConnectionLost("bad_status", kind="rate", retry_after=90.0), 0.0)  # that was b
    assert it.attempt(1.0) == 0.0
    assert it.current == "wss://a.example/"


def test_a_rest_has_a_limit_and_without_a_number_it_is_the_longest_delay():
    it = plan()
    it.lost(ConnectionLost("bad_status", kind="rate", retry_after=1e9), 0.0)
    assert it.attempt(1.0) == pytest.approx(3599.0)
    it = plan()
    it.lost(ConnectionLost("bad_status", kind="rate"), 0.0)
    assert it.attempt(1.0) == pytest.approx(59.0)


def test_what_the_server_calls_final_is_tried_again_but_slowly():
    assert plan("wss://a.example/", "wss://b.example/").lost(ConnectionLost("closed_4003", kind="fatal"), 0.0) == 60.0


# beside a connection in use ------------------------------------------------------------------------------------


def plan_of(*urls: str) -> ConnectPlan:
    return ConnectPlan(urls, Backoff(1.0, 8.0, highest), ConnectBudget(), 100)


def test_what_fails_beside_the_connection_in_use_moves_on_and_that_one_stays_what_is_proven():
    plan = plan_of("ws://a/", "ws://b/")
    plan.use("ws://a/")
    plan.lost(ConnectionLost("refused"), 0.0, beside=True)
    assert plan.current == "ws://b/"  # the next one that is tried beside it
    plan.proven()
    assert plan.current == "ws://a/"


def test_a_connection_in_use_that_is_lost_counts_against_its_own_address():
    plan = plan_of("ws://a/", "ws://b/", "ws://c/")
    plan.use("ws://a/")
    plan.lost(ConnectionLost("refused"), 0.0, beside=True)  # a
    plan.lost(ConnectionLost("refused"), 0.0, beside=True)  # b
    plan.use("ws://b/")
    plan.lost(ConnectionLost("refused"), 0.0, beside=True)  # b once more
    plan.lost(ConnectionLost("cut"), 0.0)  # b, though another address was up next
    assert plan.current == "ws://c/"
    plan.lost(ConnectionLost("refused"), 0.0)
    assert plan.current == "ws://a/"


def test_the_pause_before_a_connection_that_is_not_proven_is_followed_grows_like_any_delay():
    plan = plan_of("ws://a/")
    assert [plan.pause() for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    plan.proven()
    assert plan.pause() == 1.0


def test_where_nothing_comes_the_next_address_is_tried_beside_it():
    plan = plan_of("ws://a/", "ws://b/")
    plan.use("ws://a/")
    plan.elsewhere()
    assert plan.current == "ws://b/"
