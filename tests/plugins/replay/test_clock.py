from __future__ import annotations

from wealthsources_replay.clock import ClockWatch
from wealthsources_replay.frames import ClockRecord

from .records import T0, frame


def test_a_clock_that_ran_back_is_noticed_once_before_the_next_record():
    watch = ClockWatch()
    first, second, third = frame(0), frame(100, wall_ms=T0 - 5_000), frame(200, wall_ms=T0 - 4_900)
    noticed = ClockRecord(second.wall_ms, second.monotonic_ns, 5_100)
    assert list(watch.watch([first])) == [first]
    assert list(watch.watch([second, third])) == [noticed, second, third]


def test_it_is_noticed_too_where_the_wall_time_goes_on_behind_a_quiet_time():
    first, second = frame(0), frame(30_000, wall_ms=T0 + 10_000)
    assert [each.back_ms for each in ClockWatch().watch([first, second]) if isinstance(each, ClockRecord)] == [20_000]


def test_threads_that_stood_still_and_clocks_that_ran_on_are_not_told():
    records = [frame(0), frame(10, wall_ms=T0 - 500), frame(11), frame(12, wall_ms=T0 + 9_000_000)]
    assert list(ClockWatch().watch(records)) == records
