"""The timeline of one series: states and positions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wealthsources_simulator.errors import SimulatorError

from .numbered import make_timeline, open_times


def test_each_bar_is_its_updates_and_then_its_final_values() -> None:
    timeline = make_timeline(bars=2, updates=4)
    volumes = [timeline.state(step).volume for step in range(timeline.steps)]
    assert volumes == ["20.00", "40.00", "60.00", "80.00", "100.00"] * 2


def test_without_updates_only_final_values_are_played() -> None:
    timeline = make_timeline(bars=3, updates=0)
    assert open_times([timeline.state(step) for step in range(timeline.steps)]) == [0, 1, 2]


def test_negative_updates_are_an_error() -> None:
    with pytest.raises(SimulatorError, match="updates is -1"):
        make_timeline(updates=-1)


def test_a_snapshot_holds_the_last_closed_bars_before_the_current_one() -> None:
    timeline = make_timeline(updates=4)
    assert open_times(timeline.closed(step=4 * 5 + 2, count=3)) == [1, 2, 3]


def test_a_snapshot_holds_bars_from_before_the_timeline() -> None:
    timeline = make_timeline(history=3)
    assert open_times(timeline.closed(step=5, count=3)) == [1, 2, 3]


def test_a_snapshot_holds_no_more_than_there_is() -> None:
    timeline = make_timeline(history=2)
    assert open_times(timeline.closed(step=5, count=100)) == [0, 1, 2]


def test_a_snapshot_of_none_is_empty() -> None:
    assert make_timeline(history=2).closed(step=25, count=0) == []


@pytest.mark.parametrize(
    ("position", "steps"), [("0", 0), ("3.0", 15), ("3.5", 17), ("3.19", 15), ("3.2", 16), ("3.89", 19), ("3.9", 20)]
)
def test_a_position_is_so_many_steps(position: str, steps: int) -> None:
    assert make_timeline(updates=4).steps_before(Decimal(position)) == steps


@pytest.mark.parametrize(("updates", "late"), [(1, 1), (4, 1), (4, 4), (3, 0), (0, 0)])
def test_final_values_can_come_after_so_many_steps_of_the_next_bar(updates, late):
    timeline = make_timeline(3, updates=updates, late=late)
    steps = [(open_times([timeline.bar(step)])[0], timeline.is_final(step)) for step in range(timeline.steps)]
    for bar in range(3):
        end = steps.index((bar, True))
        between = [number for number, _ in steps[:end] if number > bar]
        assert between == [bar + 1] * (late if bar < 2 else 0)
        assert [number for number, final in steps if final is False].count(bar) == updates
        assert timeline.whole(end) == bar
        assert timeline.whole(end + 1) == bar + 1
        assert timeline.state(end) == timeline.bars[bar]


@pytest.mark.parametrize("late", [-1, 5])
def test_a_flag_is_late_by_the_updates_of_a_bar_at_most(late):
    with pytest.raises(SimulatorError, match="a bar has 4 updates before its final values"):
        make_timeline(late=late)
