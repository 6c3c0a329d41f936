"""The bell: wakes who waits for a socket, and nobody else."""

from __future__ import annotations

import select

from wealthsources_simulator.bell import Bell


def rings(bell: Bell) -> bool:
    return bool(select.select([bell.ear], [], [], 0)[0])


def test_it_rings_until_it_is_silenced():
    with Bell() as bell:
        assert not rings(bell)
        bell.ring()
        bell.ring()
        assert rings(bell)
        bell.silence()
        assert not rings(bell)


def test_it_may_be_rung_for_ever_without_anybody_who_hears():
    with Bell() as bell:
        for _ in range(10_000):
            bell.ring()
        bell.silence()
        assert not rings(bell)


def test_after_the_end_a_ring_is_nothing():
    with Bell() as bell:
        pass
    bell.ring()
