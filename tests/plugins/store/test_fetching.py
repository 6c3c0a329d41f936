from __future__ import annotations

import pytest

from wealthsources import LOADING, Bars, Market, NotHere, Source, SourceError, SourceStatus, Timeframe
from wealthsources_store import fetching
from wealthsources_store.fetching import CHUNK, Fetcher, Run, missing, series_of
from wealthsources_store.reading import read
from wealthsources_store.writing import Batch, Written, write

from ...support.bars import HOUR, at, moving, ms, record
from .stock import FRAME, NOW, SYMBOL, closes, put


class Exchange(Source):
    """Has the hours of `places`, and remembers what it was asked."""

    def __init__(self, places):
        self.places = places
        self.asked: list[tuple[int, int]] = []
        self.errors: list[Exception] = []
        self.state = "ready"

    def get_history(self, request):
        first, last = (request.start - at(0)) // HOUR, (request.end - at(0)) // HOUR
        self.asked.append((first, last))
        if self.errors:
            raise self.errors.pop(0)
        found = [place for place in self.places if first <= place < last]
        if not found:
            raise NotHere("nothing of that time")
        return moving(*found).replace(symbol=request.symbol)

    def status(self):
        return SourceStatus(self.state)


class Fetching:
    """A fetcher whose chunks are ten bars long."""

    def __init__(self, database, source):
        self.database, self.source = database, source
        self.told: list[str] = []
        self.waited: list[float] = []
        self.fetcher = Fetcher(
            source, "exchange", database, lambda symbol: Market(), self.told.append, self.waited.append
        )

    def series(self, first=0, last=30, symbol=SYMBOL):
        return series_of(self.database, symbol, FRAME, at(first), at(last))

    def fetch(self, *span, **more):
        return list(self.fetcher.fetch(self.series(*span, **more)))

    def runs(self, *span):
        return [((run.start - at(0)) // HOUR, run.windows) for run in missing(self.database, self.series(*span))]


@pytest.fixture
def fetching_from(database, monkeypatch):
    monkeypatch.setattr(fetching, "CHUNK", 10)
    return lambda places=range(100): Fetching(database, Exchange(places))


def test_chunk_by_chunk_oldest_first(fetching_from):
    on = fetching_from()
    steps = on.fetch()
    assert sum(step.windows for step in steps) == 30
    assert Written(*map(sum, zip(*(step.written for step in steps), strict=True))) == Written(30, 0, 0)
    starts = [start for start, _ in on.source.asked]
    assert starts == sorted(starts)
    assert all(end - start <= 10 for start, end in on.source.asked)
    bars = read(on.database, SYMBOL, FRAME, end=NOW)
    assert len(bars) == 30
    assert {(bar.source, bar.closed) for bar in bars} == {("exchange", True)}


def test_who_begins_again_goes_on_where_it_stopped(fetching_from):
    on = fetching_from()
    on.source.errors = []
    steps = on.fetcher.fetch(on.series())
    next(steps), next(steps)
    steps.close()
    done = on.source.asked[-1][1]
    on.source.asked.clear()
    on.fetch()
    assert on.source.asked[0][0] == done
    on.source.asked.clear()
    assert all(step.asked == 0 for step in on.fetch())
    assert on.source.asked == []


def test_of_a_chunk_only_what_is_missing_is_asked_for(fetching_from):
    on = fetching_from()
    on.fetch()
    with on.database._engine.begin() as connection:
        from wealthsources_store.schema import bars

        connection.execute(bars.delete().where(bars.c.open_time.in_([at(12), at(13)])))
    assert on.runs() == [(12, 2)]
    on.source.asked.clear()
    on.fetch()
    assert on.source.asked == [(12, 14)]
    assert on.runs() == []


def test_windows_of_which_the_source_has_no_bar(fetching_from):
    on = fetching_from([*range(3), *range(20, 30)])
    steps = on.fetch()
    assert sum(step.empty for step in steps) == 17
    assert {step.why for step in steps} == {"", "nothing of that time"}
    assert on.runs() == [(3, 17)]


def test_bars_of_another_source_stay_as_they_are(fetching_from):
    on = fetching_from()
    put(on.database, {3: "11.5"}, at(4))
    steps = on.fetch(0, 10)
    assert sum(step.written.different for step in steps) == 1
    assert sum(step.written.new for step in steps) == 9


def test_a_source_that_asks_to_be_left_alone_is(fetching_from):
    on = fetching_from()
    on.source.errors = [SourceError("too many", retry_after=7.5)] * 3
    on.fetch(0, 4)
    assert on.waited == [7.5] * 3
    assert on.told[0] == "exchange is left alone for 7.5 s, as it asked: too many"
    on.source.errors = [SourceError("too many", retry_after=1)] * 20
    with pytest.raises(SourceError, match="10 times in a row"):
        on.fetch(40, 44)


def test_a_failure_ends_it_and_what_came_before_stays(fetching_from):
    on = fetching_from()
    on.fetch(0, 10)
    on.source.errors = [SourceError("no connection; is it up?")]
    with pytest.raises(SourceError, match="is it up"):
        on.fetch()
    on.source.errors = [ZeroDivisionError("by zero")]
    with pytest.raises(SourceError, match="exchange failed with ZeroDivisionError: by zero"):
        on.fetch()
    assert len(read(on.database, SYMBOL, FRAME, end=NOW)) >= 10


def test_a_source_that_cannot_tell_yet_what_it_has_has_failed(fetching_from):
    on = fetching_from([])
    on.source.state = LOADING
    with pytest.raises(SourceError, match="exchange: nothing of that time"):
        on.fetch()


@pytest.mark.parametrize(
    ("bars", "told"),
    [
        (lambda: closes({1: "50"}), "bad bar of BTCUSDT 1h at 2020-09-13 13:00 UTC: open 10.5 or close 50"),
        (lambda: Bars.from_records(SYMBOL, FRAME, [record(2), record(1)]), "not after the one before"),
        (lambda: Bars.empty(SYMBOL, "1m"), "bars of 1m instead of 1h"),
    ],
)
def test_an_answer_that_cannot_be_believed_is_not_stored(fetching_from, bars, told):
    on = fetching_from()
    on.source.get_history = lambda request: bars()
    with pytest.raises(SourceError, match=told):
        on.fetch()
    assert on.runs() == [(0, 30)]


def test_what_was_not_asked_for_or_is_forming_is_left_out(fetching_from):
    on = fetching_from()
    answer = Bars.of([*moving(*range(-3, 5)), *moving(5, closed=False), *moving(40)])
    on.source.get_history = lambda request: answer
    on.fetch(0, 8)
    assert on.runs(0, 8) == [(5, 3)]
    assert len(read(on.database, SYMBOL, FRAME, end=NOW)) == 5


def test_the_spelling_of_the_store_is_kept(fetching_from):
    on = fetching_from()
    on.fetch(0, 3)
    (bars,) = {series.stored_as for series in (on.series(symbol="btc/usdt"), on.series())}
    assert bars == SYMBOL
    on.fetch(3, 6, symbol="btc-usdt")
    assert len(read(on.database, SYMBOL, FRAME, end=NOW)) == 6
    assert series_of(on.database, "btcusdt", Timeframe("1d"), at(0), at(90)).stored_as == SYMBOL


def test_whole_windows_of_the_span(database):
    series = series_of(database, SYMBOL, Timeframe("1M"), ms(2024, 1, 2), ms(2024, 6, 20))
    assert (series.start, series.end, series.windows) == (ms(2024, 2, 1), ms(2024, 6, 1), 4)
    assert missing(database, series) == [Run(ms(2024, 2, 1), ms(2024, 6, 1), 4)]
    assert series_of(database, SYMBOL, FRAME, at(0) + 1, at(1) - 1).windows == 0
    assert missing(database, series_of(database, SYMBOL, FRAME, at(0) + 1, at(1) - 1)) == []
    assert CHUNK == 1000


def test_runs_of_missing_bars(database):
    write(database, [Batch(moving(2, 3, 7), None)], NOW)
    found = missing(database, series_of(database, SYMBOL, FRAME, at(0), at(9)))
    assert [((run.start - at(0)) // HOUR, run.windows) for run in found] == [(0, 2), (4, 3), (8, 1)]
