from __future__ import annotations

import threading

from wealthsources.runtime.told_once import ToldOnce

from ..support.forking import held_elsewhere, in_child


def test_a_thing_is_new_once():
    told = ToldOnce()
    assert [told.is_new("hole", "X", 1) for _ in range(3)] == [True, False, False]
    assert told.is_new("hole", "X", 2)
    assert told.is_new("old", "X", 1)


def test_of_very_many_all_are_forgotten():
    told = ToldOnce(most=3)
    assert all(told.is_new(number) for number in range(4))
    assert len(told._told) == 1
    assert told.is_new(0)


def test_of_many_threads_one_is_the_first():
    told, found = ToldOnce(), []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait(20)
        found.append(told.is_new("X"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(found) == [False] * 7 + [True]


def test_a_child_that_was_forked_while_another_thread_asked_does_not_wait_for_it():
    told = ToldOnce()
    told.is_new("X")
    with held_elsewhere(told._lock):
        assert in_child(lambda: (told.is_new("X"), told.is_new("Y"))) == (False, True)
