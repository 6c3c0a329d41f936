from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Bars, Timeframe
from wealthsources_store import reading
from wealthsources_store.reading import BarState, StoredSeries, read, recorded, revisions, series, series_names
from wealthsources_store.writing import Batch, note_recorded, write

from ...support.bars import HOUR, at, ms, record
from .stock import FRAME, NOW, SYMBOL, closes, got, put


@pytest.fixture
def ten(database):
    """Hours 0 to 9, of which 4 and 5 were corrected."""
    put(database, {place: str(place) for place in range(10)}, at(20))
    put(database, {4: "40", 5: "50"}, at(30))
    put(database, {5: "55"}, at(40))
    return database


def test_the_newest_state_of_each_bar_oldest_first(ten):
    closes = [0, 1, 2, 3, 40, 55, 6, 7, 8, 9]
    assert list(got(ten).items()) == [(place, str(close)) for place, close in enumerate(closes)]
    assert [bar.revision for bar in read(ten, SYMBOL, FRAME, end=NOW)] == [0, 0, 0, 0, 1, 2, 0, 0, 0, 0]


@pytest.mark.parametrize("count", [1, 3, 5, 6, 9, 10, 11])
def test_a_count_is_of_bars_and_not_of_their_states(ten, count):
    assert list(got(ten, count=count)) == list(range(10))[-count:]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_states_that_fall_on_two_pages(ten, page, monkeypatch):
    monkeypatch.setattr(reading, "_PAGE", page)
    assert len(got(ten)) == 10
    assert got(ten, known_at=at(30)) == {**{place: str(place) for place in range(10)}, 4: "40", 5: "50"}
    assert list(got(ten, count=7)) == [3, 4, 5, 6, 7, 8, 9]


def test_a_span(ten):
    assert list(got(ten, start=at(2), end=at(5))) == [2, 3, 4]
    assert list(got(ten, start=at(2) + 1, end=at(5) - 1)) == [3]
    assert list(got(ten, start=at(2), end=at(5), count=2)) == [3, 4]
    assert got(ten, start=at(5), end=at(5)) == {}
    assert got(ten, end=at(0)) == {}


def test_times_may_be_numbers_of_numpy_and_absurd_ones(ten):
    two, five = np.int64(at(2)), np.int64(at(5))
    assert list(got(ten, start=two, end=five, known_at=np.int64(NOW))) == [2, 3, 4]
    assert len(revisions(ten, SYMBOL, FRAME, start=two, end=np.int64(NOW))) == 5
    assert len(got(ten, start=-(10**30), end=10**30)) == 10
    note_recorded(ten, [(SYMBOL, FRAME)], two, five)
    assert recorded(ten, SYMBOL, FRAME) == [(at(2), at(5))]
    put(ten, {20: "1"}, np.int64(at(21)))
    write(ten, [Batch(closes({21: "1"}), np.int64(at(22)), np.int64(3))], np.int64(NOW))
    put(ten, {20: "2", 21: "2"}, now=np.int64(NOW))
    last = revisions(ten, SYMBOL, FRAME, start=at(20), end=NOW)
    assert [(state.known_at, state.epoch) for state in last] == [(at(21), 0), (NOW, 0), (at(22), 3), (NOW, 0)]


def test_what_is_not_there(ten):
    assert len(read(ten, "btcusdt", FRAME, end=NOW)) == 0
    assert len(read(ten, SYMBOL, Timeframe("1m"), end=NOW)) == 0


def test_what_was_known_then(ten):
    plain = {place: str(place) for place in range(10)}
    assert got(ten, known_at=at(20) - 1) == {}
    assert got(ten, known_at=at(20)) == plain
    assert got(ten, known_at=at(30)) == {**plain, 4: "40", 5: "50"}
    assert got(ten, known_at=at(40) - 1, count=5) == {5: "50", 6: "6", 7: "7", 8: "8", 9: "9"}
    assert got(ten, known_at=at(40)) == got(ten)


def test_a_first_state_that_came_a_moment_late_counts_as_known_at_its_end(database):
    put(database, {0: "1"}, at(1) + 400)
    put(database, {1: "2"}, at(2) + 6000)
    put(database, {0: "1.5"}, at(1) + 450)
    assert got(database, known_at=at(1)) == {}
    assert got(database, known_at=at(1), late_after=5000) == {0: "1"}
    assert got(database, known_at=at(1) + 449, late_after=5000) == {0: "1"}
    assert got(database, known_at=at(1) + 450, late_after=5000) == {0: "1.5"}
    assert got(database, known_at=at(2), late_after=5000) == {0: "1.5"}
    assert got(database, known_at=at(2) + 6000, late_after=5000) == {0: "1.5", 1: "2"}


def test_a_first_state_that_came_early_is_not_known_before_its_end(database):
    put(database, {0: "1"}, at(1) - 300)
    put(database, {0: "2"}, at(1) - 200)
    assert got(database, known_at=at(1) - 1, late_after=5000) == {}
    assert got(database, known_at=at(1) - 1) == {}
    assert got(database, known_at=at(1)) == {0: "2"}


def test_months_end_by_the_calendar(database):
    frame = Timeframe("1M")
    rows = [record(0, open_time=ms(2024, month, 1)) for month in (1, 2, 3)]
    write(database, [Batch(Bars.from_records(SYMBOL, frame, rows), None)], NOW)

    def months(end: int, **more: int) -> list[int]:
        return read(database, SYMBOL, frame, end=end, **more).open_times.tolist()

    assert months(ms(2024, 3, 1)) == [ms(2024, 1, 1), ms(2024, 2, 1)]
    assert months(ms(2024, 3, 1) - 1) == [ms(2024, 1, 1)]
    assert months(ms(2030, 1, 1), known_at=ms(2024, 2, 1)) == [ms(2024, 1, 1)]


def test_what_changed_after_it_was_closed(ten):
    found = revisions(ten, SYMBOL, FRAME, start=at(0), end=NOW)
    told = [(state.bar.open_time, state.bar.exact("close"), state.bar.revision, state.known_at) for state in found]
    four = [(at(4), "4", 0, at(20)), (at(4), "40", 1, at(30))]
    five = [(at(5), "5", 0, at(20)), (at(5), "50", 1, at(30)), (at(5), "55", 2, at(40))]
    assert told == [*four, *five]
    assert all(isinstance(state, BarState) for state in found)
    assert len(revisions(ten, SYMBOL, FRAME, start=at(5), end=at(6))) == 3
    assert revisions(ten, SYMBOL, FRAME, start=at(6), end=NOW) == []


def test_the_series_there_are(ten):
    write(ten, [Batch(Bars.from_records("AAA", "1m", [record(3)]), None)], NOW)
    minute = Timeframe("1m")
    assert series(ten) == [
        StoredSeries("AAA", minute, 1, at(3), at(3)),
        StoredSeries(SYMBOL, FRAME, 10, at(0), at(9)),
    ]
    assert series_names(ten) == [("AAA", minute), (SYMBOL, FRAME)]


def test_a_reader_in_the_middle_of_a_long_answer_is_not_disturbed_by_who_writes(url, opened, monkeypatch):
    reader, writer = opened(url), opened(url)
    put(writer, dict.fromkeys(range(10), "1"))
    monkeypatch.setattr(reading, "_PAGE", 4)
    plain = reading._first_of_each

    def meanwhile(*arguments):
        put(writer, dict.fromkeys(range(10), "2"), now=NOW + HOUR)
        return plain(*arguments)

    monkeypatch.setattr(reading, "_first_of_each", meanwhile)
    assert set(got(reader).values()) == {"1"}


@pytest.mark.parametrize("page", [1, 3, 100])
def test_all_states_or_the_newest_ones_oldest_first(ten, page, monkeypatch):
    monkeypatch.setattr(reading, "_PAGE", page)
    span = {"start": at(3), "end": at(7)}
    states = [row for page in reading.pages(ten, SYMBOL, FRAME, **span, newest=False) for row in page.states]
    assert [((row.open_time - at(0)) // HOUR, row.close) for row in states] == [
        *[(3, 3.0), (4, 4.0), (4, 40.0), (5, 5.0), (5, 50.0), (5, 55.0), (6, 6.0)]
    ]
    pages = [*reading.pages(ten, SYMBOL, FRAME, **span, newest=True)]
    newest = [row for page in pages for row in page.states]
    assert [row.close for row in newest] == [3.0, 40.0, 55.0, 6.0]
    assert {page.forms[row.form].source for page in pages for row in page.states} == {"live"}


def test_when_bars_open_each_once(ten):
    assert reading.open_times(ten, SYMBOL, FRAME, start=at(3), end=at(7)).tolist() == [at(n) for n in range(3, 7)]
    assert reading.open_times(ten, "DOGE", FRAME, start=at(3), end=at(7)).tolist() == []
