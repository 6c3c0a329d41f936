from __future__ import annotations

import decimal
import itertools
import random
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bar, Bars, Finality, Hole, RequestError, Timeframe
from wealthsources.model.rows import AS_NUMBER, FIELDS, KEPT_ASIDE, source_codes
from wealthsources.model.validity import first_fault
from wealthsources.resolve.aggregate import aggregate

from ..support.bars import ms

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FRAMES = [Timeframe(name) for name in Timeframe.known()]


#: A Monday and the first of a month.
T0 = ms(2024, 1, 1)


def record(open_time: int, volume: object = "1", closed: bool | None = True, **prices: object) -> dict:
    bar = {"open_time": open_time, "open": "10", "high": "10", "low": "10", "close": "10"}
    return {**bar, "volume": volume, "closed": closed, **prices}


def halves(*records: dict) -> Bars:
    """Half hours from T0: two make an hour."""
    rows = [{**each, "open_time": T0 + place * 30 * MINUTE} for place, each in enumerate(records)]
    return Bars.from_records("X", "30m", rows)


def half_hours(*places: int, **changes: object) -> Bars:
    """Closed half hours, by their number from T0."""
    return Bars.from_records("X", "30m", [record(T0 + place * 30 * MINUTE, **changes) for place in places])


def hourly(bars: Bars, **options: bool) -> Bars:
    return aggregate(bars, Timeframe("1h"), **options)


def hours(bars: Bars) -> list[int]:
    return [(int(time) - T0) // HOUR for time in bars.open_times]


def from_sources(bars: Bars, *names: str) -> Bars:
    """The bars with these sources, in turn."""
    rows = np.array(bars.rows)
    sources = tuple(dict.fromkeys(names))
    source_codes(rows)[:] = [sources.index(name) for name in names]
    return Bars(bars.symbol, bars.timeframe, rows, sources, bars.texts)


# which timeframes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coarser", FRAMES, ids=str)
@pytest.mark.parametrize("finer", FRAMES, ids=str)
def test_a_timeframe_divides_another_if_every_window_of_that_one_begins_and_ends_with_one_of_its_own(finer, coarser):
    opens = coarser.open_times(np.arange(-400, 400))
    aligned = all(finer.opens_at(int(time)) for time in opens)
    assert finer.divides(coarser) == (aligned and finer.milliseconds < coarser.milliseconds)


@pytest.mark.parametrize(
    ("timeframe", "finer"),
    [
        ("1m", ""),
        ("5m", "1m"),
        ("1h", "30m 15m 5m 3m 1m"),
        ("8h", "4h 2h 1h 30m 15m 5m 3m 1m"),
        ("1w", "1d 12h 8h 6h 4h 2h 1h 30m 15m 5m 3m 1m"),
        ("1M", "1d 12h 8h 6h 4h 2h 1h 30m 15m 5m 3m 1m"),
    ],
)
def test_finer_timeframes_come_coarsest_first(timeframe, finer):
    assert [each.name for each in Timeframe(timeframe).finer()] == finer.split()


@pytest.mark.parametrize(("finer", "coarser"), [("3m", "5m"), ("1h", "1h"), ("1h", "30m"), ("1w", "1M"), ("3d", "1w")])
def test_a_timeframe_that_does_not_divide_is_an_error_that_names_both(finer, coarser):
    with pytest.raises(RequestError, match=f"{coarser} bars cannot be made of {finer} bars"):
        aggregate(Bars.empty("X", finer), Timeframe(coarser))


# closed bars ---------------------------------------------------------------------------------------------------


def test_a_bar_is_the_first_open_the_highest_the_lowest_the_last_close_and_the_sum():
    made = hourly(
        halves(
            record(0, open="10.5", high="12.0", low="9.50", close="11", volume="3"),
            record(0, open="11.1", high="11.9", low="9.4", close="10.25", volume="4.5"),
        )
    )
    assert [made[0].exact(field) for field in FIELDS] == ["10.5", "12.0", "9.4", "10.25", "7.5"]
    assert made.values.tolist() == [[10.5, 12.0, 9.4, 10.25, 7.5]]
    assert (made.symbol, made.timeframe, made[0].open_time) == ("X", Timeframe("1h"), T0)


def test_an_aggregated_bar_is_closed_by_history_ends_with_its_window_and_has_no_revision():
    rows = np.array(half_hours(0, 1).rows)
    rows.view(np.uint16)[:, 29] = 7  # revisions of the finer bars
    bar = hourly(Bars("X", Timeframe("30m"), rows))[0]
    assert (bar.closed, bar.finality, bar.close_time, bar.revision) == (True, Finality.HISTORY, T0 + HOUR, 0)


def test_weeks_open_on_monday():
    days = [record(T0 + place * DAY) for place in range(-3, 9)]
    made = aggregate(Bars.from_records("X", "1d", days), Timeframe("1w"))
    assert made.open_times.tolist() == [T0]


@pytest.mark.parametrize(("year", "month", "length"), [(2023, 2, 28), (2024, 2, 29), (2024, 4, 30), (2024, 1, 31)])
def test_a_month_is_as_long_as_the_calendar_says(year, month, length):
    first = ms(year, month, 1)
    days = Bars.from_records("X", "1d", [record(first + place * DAY) for place in range(length)])
    made = aggregate(days, Timeframe("1M"))
    assert made.open_times.tolist() == [first]
    assert made[0].close_time == first + length * DAY
    assert made[0].exact("volume") == str(length)
    assert not len(aggregate(days[:-1], Timeframe("1M")))
    assert not len(aggregate(days[1:], Timeframe("1M")))


@pytest.mark.parametrize("bars", [Bars.empty("X", "30m"), half_hours(0), half_hours(1, 2)])
def test_without_a_whole_bucket_there_is_no_bar(bars):
    made = hourly(bars)
    assert len(made) == 0
    assert (made.symbol, made.timeframe, made.holes, made.unbroken) == ("X", Timeframe("1h"), (), True)


# holes ---------------------------------------------------------------------------------------------------------


def test_a_bucket_with_something_missing_gives_no_bar_but_a_hole():
    made = hourly(half_hours(0, 1, 3, 4, 5))
    assert hours(made) == [0, 2]
    assert made.holes == (Hole(T0 + HOUR, T0 + 2 * HOUR, 1),)
    assert not made.unbroken


def test_missing_buckets_in_a_row_are_one_hole():
    made = hourly(half_hours(0, 1, 2, 9, 10, 11, 12, 13))
    assert hours(made) == [0, 5, 6]
    assert made.holes == (Hole(T0 + HOUR, T0 + 5 * HOUR, 4),)


def test_what_is_missing_before_the_first_and_after_the_last_bar_is_no_hole():
    made = hourly(half_hours(1, 2, 3, 4, 5, 6))
    assert hours(made) == [1, 2]
    assert made.holes == ()
    assert made.unbroken


@pytest.mark.parametrize("closed", [None, False])
def test_a_finer_bar_that_is_not_closed_counts_as_missing(closed):
    made = hourly(halves(record(0), record(0), record(0), record(0, closed=closed), record(0), record(0)))
    assert hours(made) == [0, 2]
    assert made.holes == (Hole(T0 + HOUR, T0 + 2 * HOUR, 1),)


# texts of prices -----------------------------------------------------------------------------------------------


def test_of_equal_highs_and_lows_the_first_in_time_gives_the_text():
    first = record(0, high="12.0", low="9")
    made = hourly(halves(first, record(0, high="12.00", low="9.0"), record(0, high="12.00", low="9.0"), first))
    assert [bar.exact("high") for bar in made] == ["12.0", "12.00"]
    assert [bar.exact("low") for bar in made] == ["9", "9.0"]


def test_a_price_keeps_the_text_that_was_kept_aside():
    first = record(0, open="10.1234567890123456789", high="0012", low=".5")
    last = record(0, high="11", low="9", close="1e1")
    made = hourly(halves(record(0), record(0), first, last))
    assert [made[1].exact(field) for field in FIELDS] == ["10.1234567890123456789", "0012", ".5", "1e1", "2"]
    assert made[1].texts == ("10.1234567890123456789", "0012", ".5", "1e1", None)
    assert made[0].texts is None


def test_texts_with_more_digits_than_a_float_still_tell_which_is_higher():
    low, high = "12.00000000000000000001", "12.00000000000000000002"
    made = hourly(halves(record(0, high=low, low=high), record(0, high=high, low=low)))
    assert (made[0].exact("high"), made[0].exact("low")) == (high, low)


def test_a_price_that_came_as_a_number_stays_one():
    made = hourly(halves(record(0, high=12.5), record(0, high="12.50")))
    assert made[0].exact("high") == "12.5"
    assert made[0].decimals >> 6 & 63 == AS_NUMBER


# volumes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "total", "code"),
    [
        (("0.1", "0.2"), "0.3", 1),
        (("1.50", "2.5"), "4.00", 2),
        (("0", "0.000"), "0.000", 3),
        (("0.00000000000001", "3"), "3.00000000000001", 14),
        (("400000000000000", "499999999999999"), "899999999999999", 0),
        (("600000000000000", "600000000000000"), "1200000000000000", KEPT_ASIDE),
        (("999999999999998", "1"), "999999999999999", 0),
        (("999999999999999", "1"), "1000000000000000", KEPT_ASIDE),
        (("9007199254740993", "0"), "9007199254740993", KEPT_ASIDE),
        (("12345678901.1", "0.0000001"), "12345678901.1000001", KEPT_ASIDE),
        (("0.123456789012345678", "1"), "1.123456789012345678", KEPT_ASIDE),
        ((".5", "1e-7"), "0.5000001", 7),
        (("007", "5."), "12", 0),
        (("1e3", "2e3"), "3000", 0),
    ],
)
def test_a_volume_is_the_decimal_sum_with_as_many_decimals_as_the_most_precise_part(parts, total, code):
    one, other = parts
    for order in ((one, other), (other, one)):
        bar = hourly(halves(*(record(0, volume) for volume in order)))[0]
        assert bar.exact("volume") == total
        assert bar.volume == float(total)
        assert bar.decimals >> 24 & 63 == code


@pytest.mark.parametrize(
    ("parts", "total"),
    [
        ((0.1, 0.2), "0.3"),
        ((0.9009004917506, 0.1132059646531), "1.0141064564037"),
        ((0.46906904778216, 0.24657283261983), "0.71564188040199"),
        (("0.10", 0.2), "0.3"),
        ((".1", 0.2), "0.3"),
        ((12345678901.1, 0.0000001), "12345678901.1"),
        ((1e15, 1.5), "1000000000000001.5"),
        ((0.1234567890123456, 1), "1.1234567890123457"),
        (("0.123456789012345678", 1), "1.1234567890123457"),
    ],
)
def test_with_a_part_that_came_as_a_number_the_sum_is_a_number(parts, total):
    bar = hourly(halves(*(record(0, volume) for volume in parts)))[0]
    assert bar.exact("volume") == total
    assert bar.decimals >> 24 & 63 == AS_NUMBER
    assert bar.texts is None


def test_every_bucket_has_the_decimals_of_its_own_parts():
    made = hourly(halves(*(record(0, volume) for volume in ("1", "2", ".1", ".2", 0.1, 0.2, "0.10", "0.2"))))
    assert [bar.exact("volume") for bar in made] == ["3", "0.3", "0.3", "0.30"]
    assert [bar.decimals >> 24 & 63 for bar in made] == [0, 1, AS_NUMBER, 2]


def test_decimals_that_do_not_fit_the_number_cannot_mislead_the_sum():
    columns = [T0, T0 + 30 * MINUTE], *(np.ones(2) for _ in range(4)), np.array([0.15, 0.26])
    made = hourly(Bars.from_columns("X", "30m", *columns, closed=True, decimals=1 << 24))
    assert made[0].exact("volume") == "0.4"  # "0.1", as f"{0.15:.1f}" is, and "0.3"


def test_the_callers_decimal_context_changes_no_sum():
    with decimal.localcontext(prec=3, Emax=5, traps=[decimal.Inexact, decimal.Rounded]):
        made = hourly(halves(record(0, "12345678901234567.5"), record(0, "1e-7")))
    assert made[0].exact("volume") == "12345678901234567.5000001"


@pytest.mark.parametrize("parts", [("1e20", "1e-30"), ("1", "1e-999"), ("1e289", "1e-30"), ("1e289", "0.1")])
def test_a_sum_that_is_too_long_to_be_read_again_counts_as_a_number(parts):
    made = hourly(halves(*(record(0, volume) for volume in parts)))
    assert made[0].volume == float(parts[0])
    assert made[0].decimals >> 24 & 63 == AS_NUMBER
    assert made[0].texts is None


def test_numbers_of_many_digits_are_added_without_an_error_in_between():
    parts = (1e16, 1.0000000000000002, 1.0000000000000002, 0)  # added one by one, 1e16 would stay as it is
    bars = Bars.from_records("X", "15m", [record(T0 + place * 15 * MINUTE, each) for place, each in enumerate(parts)])
    assert hourly(bars)[0].volume == 1e16 + 2


@pytest.mark.parametrize("volume", ["1e308", 1e308, "1e295"])
def test_a_bucket_whose_volume_is_beyond_all_measure_gives_no_bar(volume):
    made = hourly(halves(*(record(0, each) for each in ("1", "1", volume, volume, "1", "1"))))
    assert hours(made) == [0, 2]
    assert made.holes[0].count == 1


def test_a_forming_bar_whose_volume_is_beyond_all_measure_is_left_out():
    made = hourly(halves(record(0), record(0), record(0, "1e301")), forming=True)
    assert [bar.closed for bar in made] == [True]
    assert made.unbroken


# sources -------------------------------------------------------------------------------------------------------


def test_a_source_is_named_with_the_finer_timeframe_and_several_in_order_of_time():
    names = ("archive", "archive", "live", "archive", "archive", "live", "live", "live")
    made = hourly(from_sources(half_hours(*range(8)), *names))
    assert [bar.source for bar in made] == ["archive 30m", "live+archive 30m", "archive+live 30m", "live 30m"]


def test_bars_without_a_source_are_from_their_timeframe():
    assert hourly(half_hours(0, 1))[0].source == "30m"


def test_more_names_than_a_row_can_tell_apart_are_several():
    pairs = [(f"s{one}", f"s{other}") for one in range(20) for other in range(20)]
    made = hourly(from_sources(half_hours(*range(800)), *(name for pair in pairs for name in pair)))
    assert len(made.sources) == 256
    wanted = [f"{one}+{other} 30m" if one != other else f"{one} 30m" for one, other in pairs]
    assert all(bar.source in (name, "several 30m") for bar, name in zip(made, wanted, strict=True))
    assert sum(bar.source == "several 30m" for bar in made) == 400 - 255


# the forming bar -----------------------------------------------------------------------------------------------


def quarters(*places: int, closed: bool | None = True, then: tuple[int, bool | None] | None = None) -> Bars:
    """Closed quarters of an hour by their number from T0, whose volume is that number; `then` one that may not be."""
    records = [record(T0 + place * 15 * MINUTE, str(place)) for place in places]
    if then is not None:
        records.append(record(T0 + then[0] * 15 * MINUTE, "100", then[1]))
    return Bars.from_records("X", "15m", records)


def test_the_forming_bar_is_what_was_seen_of_its_window_so_far():
    made = hourly(quarters(0, 1, 2, 3, 4, 5), forming=True)
    assert hours(made) == [0, 1]
    assert [bar.closed for bar in made] == [True, False]
    last = made[-1]
    assert (last.exact("volume"), last.finality, last.close_time, last.revision) == ("9", None, T0 + 2 * HOUR, 0)
    assert last.source == "15m"
    assert not made.unbroken


def test_there_is_no_forming_bar_unless_asked_for():
    assert hours(hourly(quarters(0, 1, 2, 3, 4, 5))) == [0]


def test_a_whole_window_leaves_nothing_to_form():
    made = hourly(quarters(0, 1, 2, 3), forming=True)
    assert [bar.closed for bar in made] == [True]
    assert made.unbroken


@pytest.mark.parametrize("places", [(0, 1, 2, 3, 5), (0, 1, 2, 3, 4, 6), (0, 1, 2, 3, 7)])
def test_a_window_that_is_not_unbroken_from_its_beginning_has_no_forming_bar(places):
    assert [bar.closed for bar in hourly(quarters(*places), forming=True)] == [True]


def test_a_window_that_a_later_finer_bar_has_ended_is_not_forming():
    assert not len(hourly(quarters(0, 1, 2, then=(4, None)), forming=True))
    assert hours(hourly(quarters(0, 1, 2, then=(4, False)), forming=True)) == [1], "the next one is"


def test_a_finer_bar_of_which_nobody_says_anything_is_no_part_of_the_forming_bar():
    made = hourly(quarters(0, 1, then=(2, None)), forming=True)
    assert [(bar.closed, bar.exact("volume")) for bar in made] == [(False, "1")]
    assert not len(hourly(quarters(then=(0, None)), forming=True))


def test_the_finer_bar_that_is_forming_is_the_last_part_of_the_forming_bar():
    made = hourly(quarters(0, 1, then=(2, False)), forming=True)
    parts = quarters(0, 1, then=(2, False))
    assert [(bar.closed, bar.close) for bar in made] == [(False, parts[-1].close)]
    assert made[0].volume == sum(bar.volume for bar in parts)
    assert [bar.closed for bar in hourly(quarters(then=(0, False)), forming=True)] == [False]


def test_a_window_whose_last_finer_bar_is_forming_is_not_closed():
    assert [bar.closed for bar in hourly(quarters(0, 1, 2, then=(3, False)), forming=True)] == [False]
    assert not len(hourly(quarters(0, 1, 2, then=(3, False))))


def test_a_finer_bar_that_is_not_closed_shows_that_closed_ones_before_it_are_missing():
    assert not len(hourly(quarters(0, 1, then=(3, False)), forming=True))


def test_missing_windows_before_the_forming_bar_are_a_hole():
    made = hourly(quarters(0, 1, 2, 3, 5, 6, 7, 8, 9), forming=True)
    assert hours(made) == [0, 2]
    assert made.holes == (Hole(T0 + HOUR, T0 + 2 * HOUR, 1),)


def test_a_forming_bar_alone_is_an_answer():
    made = hourly(quarters(0), forming=True)
    assert [bar.closed for bar in made] == [False]
    assert made.holes == ()


# what is said of the whole -------------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("places", [(0, 1), (0,)])
def test_the_result_is_trusted_only_if_the_input_is(trusted, places):
    bars = half_hours(*places)
    assert hourly(Bars("X", bars.timeframe, bars.rows, trusted=trusted)).trusted is trusted


# properties ----------------------------------------------------------------------------------------------------

#: Other ways to write the same number, or one that differs from it by less than a float can tell.
_ODD = (lambda text: f"{text}{'0' * 16}", lambda text: f"{text}{'0' * 15}1", lambda text: f"0{text}")


@st.composite
def series(draw, frame: str = "1m", most: int = 400, numbers: bool | None = None, states: bool = False) -> Bars:
    """Bars with holes, few prices (so that equal ones are frequent) and texts of every kind, or short numbers."""
    step = Timeframe(frame).fixed
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    count = draw(st.integers(0, most))
    begin = T0 + draw(st.integers(-90, 90)) * step
    missing = draw(st.sets(st.integers(0, most), max_size=4))
    numeric = draw(st.booleans()) if numbers is None else numbers
    not_closed = draw(st.dictionaries(st.integers(0, most), st.sampled_from([None, False]), max_size=3 * states))

    def written(hundredths: int) -> object:
        text = f"{hundredths // 100}.{hundredths % 100:02d}"
        if numeric:
            return float(text)
        if chance.random() < 0.1:
            return chance.choice(_ODD)(text)
        return text + "0" * chance.randrange(3)

    def one(place: int) -> dict:
        low, middle, other, high = sorted(chance.choices(range(1000, 1008), k=4))
        prices = {"open": written(middle), "high": written(high), "low": written(low), "close": written(other)}
        volume = written(chance.randrange(100_000))
        return record(begin + place * step, volume, not_closed.get(place, True), **prices)

    made = Bars.from_records("X", frame, [one(place) for place in range(count) if place not in missing])
    return from_sources(made, *(chance.choice(("live", "archive")) for _ in range(len(made))))


def by_hand(bars: list[Bar]) -> tuple[Decimal | str, ...]:
    """The exact values of some bars together, by a plain loop."""
    high = max(bars, key=lambda bar: Decimal(bar.exact("high")))  # the first of equal ones
    low = min(bars, key=lambda bar: Decimal(bar.exact("low")))
    volume = sum((Decimal(bar.exact("volume")) for bar in bars), Decimal(0))
    return bars[0].exact("open"), high.exact("high"), low.exact("low"), bars[-1].exact("close"), volume


def exact(bar: Bar) -> tuple[Decimal | str, ...]:
    return *(bar.exact(field) for field in FIELDS[:4]), Decimal(bar.exact("volume"))


def buckets(bars: Bars, frame: Timeframe) -> dict[int, list[Bar]]:
    """The closed bars of every window that has any, by its open time."""
    found: dict[int, list[Bar]] = {}
    for bar in bars:
        if bar.closed:
            found.setdefault(frame.floor(bar.open_time), []).append(bar)
    return found


@given(series(states=True), st.sampled_from(["3m", "5m", "15m", "1h"]))
def test_bars_are_those_that_a_plain_loop_over_decimals_makes(bars, name):
    frame = Timeframe(name)
    windows = frame.fixed // MINUTE
    wanted = {time: by_hand(part) for time, part in buckets(bars, frame).items() if len(part) == windows}
    made = aggregate(bars, frame)
    assert {bar.open_time: exact(bar) for bar in made} == wanted
    assert all(getattr(bar, field) == float(bar.exact(field)) for bar in made for field in FIELDS)
    assert first_fault(made) is None
    missing = [earlier.end for earlier, later in itertools.pairwise(made) if earlier.end != later.open_time]
    assert [hole.start for hole in made.holes] == missing


@given(series())
def test_the_way_over_an_intermediate_timeframe_leads_to_the_same_bars(bars):
    directly = hourly(bars)
    in_steps = hourly(aggregate(bars, Timeframe("5m")))
    assert np.array_equal(directly.values, in_steps.values)
    assert [exact(bar) for bar in directly] == [exact(bar) for bar in in_steps]
    assert [bar.decimals for bar in directly] == [bar.decimals for bar in in_steps]
    assert directly.texts == in_steps.texts
    assert np.array_equal(directly.open_times, in_steps.open_times)
    assert directly.holes == in_steps.holes
    assert directly.unbroken == in_steps.unbroken


_RULES = {
    "15m": {"rule": "15min", "origin": "epoch"},
    "4h": {"rule": "240min", "origin": "epoch"},
    "3d": {"rule": "4320min", "origin": "epoch"},
    "1w": {"rule": "W-MON", "closed": "left"},
    "1M": {"rule": "MS"},
}


@pytest.mark.parametrize(
    ("finer", "coarser"),
    [("1m", "15m"), ("1h", "4h"), ("12h", "3d"), ("1d", "1w"), ("1d", "1M"), ("8h", "1M")],
)
@given(seed=st.integers(0, 1 << 32), begin=st.integers(-20_000, 20_000), gaps=st.integers(0, 5))
def test_whole_windows_are_those_of_pandas(finer, coarser, seed, begin, gaps):
    chance = np.random.default_rng(seed)
    fine, frame = Timeframe(finer), Timeframe(coarser)
    times = fine.floor(T0) + (begin + np.delete(np.arange(400), chance.integers(0, 400, gaps))) * fine.fixed
    prices = np.sort(chance.integers(1, 50, (len(times), 4)), axis=1) / 4
    low, opened, closed, high = prices.T
    volumes = chance.integers(0, 1000, len(times))
    bars = Bars.from_columns("X", fine, times, opened, high, low, closed, volumes, closed=True)
    made = aggregate(bars, frame)

    groups = bars.to_frame().resample(label="left", **_RULES[coarser])
    kinds = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    theirs = groups.agg(kinds)
    opens = theirs.index.as_unit("ms").asi8
    whole = groups["open"].count().to_numpy() == (frame.ends(opens) - opens) // fine.fixed
    wanted = theirs[whole]
    pd.testing.assert_frame_equal(
        made.to_frame().rename_axis(None), wanted.rename_axis(None), check_freq=False, check_exact=True
    )


@given(series(most=50, states=True), st.sampled_from(["3m", "5m", "15m"]))
def test_bar_by_bar_leads_to_the_same_closed_bars_and_what_remains_is_forming(bars, name):
    frame = Timeframe(name)
    windows = frame.fixed // MINUTE
    whole = list(aggregate(bars, frame))
    for count in range(len(bars) + 1):
        so_far = bars[:count]
        closed = aggregate(so_far, frame)
        with_forming = aggregate(so_far, frame, forming=True)
        assert list(closed) == whole[: len(closed)]
        assert list(with_forming[: len(closed)]) == list(closed)
        forming = with_forming[len(closed) :]
        if not count or len(parts := buckets(so_far, frame).get(frame.floor(so_far[-1].open_time), [])) == windows:
            assert not len(forming)
            continue
        if so_far[-1].closed is False:
            parts = [*parts, so_far[-1]]
        # From the window's first bar on, none missing, and none beyond the last but one of which nobody says anything.
        seen = {bar.open_time for bar in parts} | {so_far[-1].open_time}
        first = frame.floor(so_far[-1].open_time)
        unbroken = seen == set(range(first, so_far[-1].open_time + 1, MINUTE)) and bool(parts)
        assert [(bar.open_time, bar.closed, exact(bar)) for bar in forming] == (
            [(first, False, by_hand(parts))] if unbroken else []
        )


@given(series(), series(), st.integers(0, 400))
def test_nothing_beyond_a_cut_changes_a_bar_that_ended_by_then(bars, others, place):
    frame = Timeframe("15m")
    cut = T0 + place * MINUTE
    before = bars.take(bars.rows[bars.ends <= cut])
    later = others.take(others.rows[others.ends > cut])
    texts = {time: kept for time, kept in bars.texts.items() if time + MINUTE <= cut}
    texts |= {time: kept for time, kept in others.texts.items() if time + MINUTE > cut}
    changed = Bars("X", bars.timeframe, np.concatenate([before.rows, later.rows]), bars.sources, texts)
    # The names may be the same under other codes.
    changed = from_sources(changed, *(bar.source for bar in before), *(bar.source for bar in later))

    def ended(made: Bars) -> list[Bar]:
        return list(made.take(made.rows[made.ends <= cut]))

    assert ended(aggregate(changed, frame)) == ended(aggregate(bars, frame)) == ended(aggregate(before, frame))


@pytest.mark.parametrize("code", [3, AS_NUMBER])
def test_plain_values_are_added_without_a_look_at_each_text(monkeypatch, code):
    times = T0 + np.arange(10_000) * MINUTE
    values = np.round(np.random.default_rng(1).random(10_000) * 1000, 3)
    codes = sum(code << 6 * place for place in range(5))
    bars = Bars.from_columns("X", "1m", times, *[values] * 5, closed=True, decimals=codes)
    monkeypatch.delattr("wealthsources.resolve.aggregate.exact_text")
    made = hourly(bars)
    assert Decimal(made[7].exact("volume")) == sum(Decimal(bar.exact("volume")) for bar in bars[420:480])
