"""Times that are written out, as the standard library reads them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources_file.iso import NO_OFFSET, Written, read_iso

HOUR = 3_600_000
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - of clocks anywhere


def read(*texts: str, whole: bool = True) -> Written:
    data = "".join(texts).encode()
    ends = np.cumsum([len(text.encode()) for text in texts])
    starts = np.append(0, ends[:-1])
    return read_iso(np.frombuffer(data, np.uint8), starts, ends, whole=whole)


def ms(moment: dt.datetime) -> int:
    return (moment.replace(tzinfo=None) - EPOCH) // dt.timedelta(milliseconds=1)


zones = st.none() | st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
moments = st.datetimes(timezones=zones)
units = st.sampled_from(["minutes", "seconds", "milliseconds"])


@given(st.lists(st.tuples(moments, st.sampled_from(" T"), units), min_size=1, max_size=20))
def test_all_at_once_equal_one_by_one(written: list[tuple[dt.datetime, str, str]]) -> None:
    texts = [moment.isoformat(separator, unit) for moment, separator, unit in written]
    found = read(*texts)
    expected = [dt.datetime.fromisoformat(text) for text in texts]
    assert found.times.tolist() == [ms(moment) for moment in expected]
    offsets = [
        NO_OFFSET if (ahead := m.utcoffset()) is None else ahead // dt.timedelta(milliseconds=1) for m in expected
    ]
    assert (found.offsets.tolist(), found.lost) == (offsets, [])


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2024-01-31", NO_OFFSET),
        ("2024-01-31 00:00", NO_OFFSET),
        ("2024-01-31T00:00:00Z", 0),
        ("2024-01-31 00:00:00.000000000", NO_OFFSET),
        ("2024-01-31 00:00:00-05:00", -5 * HOUR),
        ("2024-01-31 00:00:00+0530", 5 * HOUR + HOUR // 2),
        ("2024-01-31 00:00:00 +08", 8 * HOUR),
    ],
)
def test_ways_to_write_a_time(text: str, offset: int) -> None:
    found = read(text)
    assert (found.times.tolist(), found.offsets.tolist(), found.lost) == ([1_706_659_200_000], [offset], [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-1-31",
        "2024-02-30",
        "2024-13-01",
        "2024-00-01",
        "2024-01-00",
        "2024-01-31 24:00:00",
        "2024-01-31 23:60",
        "2024-01-31 23:59:60",
        "2024-01-31 23:59:59.0001",
        "2024-01-31 00:00:00+24:00",
        "31/01/2024",
        "2024-01-31 00:00:00 UTC",
        "\u0662\u0660\u0662\u0664-01-31",
    ],
)
def test_what_is_no_such_time_is_lost_and_nothing_beside_it(text: str) -> None:
    found = read("2024-01-31", text, "2024-02-29")
    assert (found.lost, found.times.tolist()) == ([1], [1_706_659_200_000, 0, 1_709_164_800_000])


def test_what_is_smaller_than_a_ms_may_be_cut_off() -> None:
    found = read("2024-01-31 00:00:00.001999", whole=False)
    assert (found.times.tolist(), found.lost) == ([1_706_659_200_001], [])
