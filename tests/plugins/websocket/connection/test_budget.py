"""The budget of connections to a host, which all clients of a process share."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.connection.budget import ConnectBudget

from ....support.forking import held_elsewhere, in_child

# the budget ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60), st.floats(0, 1e9))
def test_never_more_than_so_many_attempts_in_any_minute(per_minute, pauses, start):
    budget, now, granted = ConnectBudget(), start, []
    for pause in pauses:
        now += pause
        if budget.wait("host", now, per_minute) <= 0:
            granted.append(now)
    for early, late in zip(granted, granted[per_minute:], strict=False):
        assert late - early >= 60 * (1 - 1e-9)


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=60))
def test_an_attempt_waits_no_longer_than_it_must(per_minute, pauses):
    budget, now, granted = ConnectBudget(), 1000.0, []
    for pause in pauses:
        now += pause
        wait = budget.wait("host", now, per_minute)
        recent = [time for time in granted if time > now - 60]
        assert (wait > 0) == (len(recent) >= per_minute)
        if wait > 0:
            assert wait == pytest.approx(recent[-per_minute] + 60 - now)
            now += wait + 1e-6
            assert budget.wait("host", now, per_minute) == 0.0
        granted.append(now)


def test_asking_while_the_budget_is_spent_costs_nothing():
    budget = ConnectBudget()
    assert budget.wait("host", 0.0, 1) == 0.0
    assert [budget.wait("host", now, 1) for now in (10.0, 20.0, 59.0)] == [50.0, 40.0, 1.0]
    assert budget.wait("host", 60.0, 1) == 0.0


def test_no_attempt_goes_uncounted_where_a_float_rounds_the_wait_to_nothing():
    early, late = 510.91294503929254, 570.9129450392925  # early > late - 60, and yet early + 60 == late
    budget = ConnectBudget()
    budget.wait("host", early, 1)
    assert [budget.wait("host", late, 1) <= 0 for _ in range(3)] == [True, False, False]


def test_each_host_has_a_budget_of_its_own():
    budget = ConnectBudget()
    assert budget.wait("a", 0.0, 1) == 0.0
    assert budget.wait("b", 0.0, 1) == 0.0
    assert budget.wait("a", 0.0, 1) == 60.0


def test_all_clients_of_a_host_share_one_budget_whatever_each_of_them_allows():
    budget = ConnectBudget()
    for now in range(4):
        assert budget.wait("host", float(now), 20) == 0.0
    assert budget.wait("host", 4.0, 2) == pytest.approx(58.0)  # until fewer than two of the four are left
    assert budget.wait("host", 4.0, 20) == 0.0


class Slow(int):
    """A limit that is slow to compare with, so that another thread gets its turn between a look and a deed."""

    def __le__(self, other: int) -> bool:
        time.sleep(1e-4)
        return int(self) <= other


def test_threads_together_get_no_more_than_the_budget():
    budget, granted, start = ConnectBudget(), [], threading.Barrier(8)

    def ask() -> None:
        start.wait()
        granted.append(sum(budget.wait("host", 1.0, Slow(20)) == 0.0 for _ in range(10)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 20


def test_a_forked_child_has_a_budget_of_its_own_but_a_host_that_asked_for_a_rest_has_it():
    budget = ConnectBudget()
    for now in range(3):
        budget.wait("host", float(now), 3)
    budget.block("other", 50.0)
    with held_elsewhere(budget._lock):
        waits = in_child(lambda: (budget.wait("host", 3.0, 3), budget.wait("other", 3.0, 3)))
    assert waits == (0.0, 47.0)
    assert budget.wait("host", 3.0, 3) == 57.0
