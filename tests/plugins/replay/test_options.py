from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from wealthsources_replay.options import ReplayOptions, read_time

from .records import T0

ISO = "2027-01-15T08:00:00"


def read(**options):
    return ReplayOptions.model_validate({"recording": "data/live", **options}, context={"folder": Path("/etc/x")})


def test_by_default_all_of_it_as_fast_as_it_was():
    options = read()
    assert (options.recording, options.speed, options.start, options.end) == (Path("/etc/x/data/live"), 1.0, None, None)


@pytest.mark.parametrize("speed", ["max", "step", 60, 0.5, "60"])
def test_speeds(speed):
    assert str(read(speed=speed).speed) in (str(speed), f"{speed}.0")


@pytest.mark.parametrize("speed", ["fast", 0, -1, float("nan"), float("inf"), "1e9", None, True])
def test_what_is_no_speed(speed):
    with pytest.raises(ValidationError):
        read(speed=speed)


@pytest.mark.parametrize(
    "time",
    [
        T0,
        str(T0),
        ISO,
        "2027-01-15 08:00",
        f"{ISO}Z",
        "2027-01-15T10:00:00+02:00",
        dt.datetime(2027, 1, 15, 8),  # noqa: DTZ001 - as YAML makes it
        dt.datetime(2027, 1, 15, 8, tzinfo=dt.UTC),
    ],
    ids=str,
)
def test_times_are_utc_unless_they_say_otherwise(time):
    assert read_time(time) == T0
    assert read(**{"from": time}).start == T0


def test_a_date_is_its_beginning():
    assert read_time("2027-01-15") == read_time(dt.date(2027, 1, 15)) == T0 - 8 * 3_600_000


@pytest.mark.parametrize("time", ["yesterday", 1_800_000_000, "1800000000", "", None, True])
def test_what_is_no_time(time):
    with pytest.raises(ValidationError):
        ReplayOptions.model_validate({"recording": "x", "from": [time]})
    if time is not None:
        with pytest.raises(ValidationError):
            read(to=time)


def test_from_is_before_to():
    with pytest.raises(ValidationError, match="from must be before to"):
        read(**{"from": T0, "to": T0})
    with pytest.raises(ValidationError):
        read(until=T0)


BARS = {"bars": "archive", "symbols": ["BTCUSDT"], "timeframes": ["1h", "1d"], "from": T0}


def test_bars_of_another_source():
    options = ReplayOptions.model_validate(BARS)
    assert (options.bars, options.symbols, options.timeframes) == ("archive", ("BTCUSDT",), ("1h", "1d"))
    assert options.recording is None


def test_lists_may_be_written_with_commas_and_each_counts_once():
    options = ReplayOptions.model_validate({**BARS, "symbols": "A, B,A,", "timeframes": "1m,1m"})
    assert (options.symbols, options.timeframes) == (("A", "B"), ("1m",))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"recording": "x"}, "either recording, a folder, or bars"),
        ({"bars": None}, "either recording, a folder, or bars"),
        ({"symbols": []}, "bars needs symbols, timeframes and from"),
        ({"timeframes": ""}, "bars needs symbols, timeframes and from"),
        ({"from": None}, "bars needs symbols, timeframes and from"),
        ({"bars": None, "recording": "x"}, "symbols and timeframes go with bars"),
        ({"timeframes": ["5x"]}, "'5x' is not a timeframe; known"),
        ({"symbols": [""]}, "at least 1 character"),
    ],
)
def test_what_does_not_go_together(changes, why):
    with pytest.raises(ValidationError, match=why):
        ReplayOptions.model_validate(BARS | changes)
