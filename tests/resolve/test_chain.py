"""Whom a chain asks for what is missing, in which order, and what becomes of it."""

from __future__ import annotations

import dataclasses
import functools
import threading

import numpy as np
import pytest

from wealthsources import (
    AllSourcesFailed,
    Bars,
    Capabilities,
    Hole,
    NotHere,
    SeriesBuffer,
    Source,
    SourceError,
    Timeframe,
)
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.circuit_breaker import CircuitBreaker
from wealthsources.resolve.known_empty import KnownEmpty
from wealthsources.resolve.query import Query
from wealthsources.testing import ListSource

from ..support.bars import at, hourly, places

FRAME = Timeframe("1h")


class Live(Source):
    """A live source over a real SeriesBuffer, without a connection."""

    capabilities = Capabilities(live=True, blocking=False)

    def __init__(self, *closed: int, forming: int | None = None) -> None:
        self.buffer = SeriesBuffer("BTCUSDT", "1h", 100)
        for place in closed:
            self.buffer.put(at(place), at(place + 1), (20.0,) * 5, closed=True)
        if forming is not None:
            self.buffer.put(at(forming), at(forming + 1), (21.0,) * 5)

    def get_history(self, request):
        epoch = 1 if request.include_forming else None
        bars = self.buffer.snapshot(request.end, request.start, request.count, forming_epoch=epoch)
        if not len(bars):
            raise NotHere("holds nothing of that time")
        return bars


class Broken(Source):
    capabilities = Capabilities(blocking=False)

    def __init__(self, error: BaseException | None = None, answer: object = None) -> None:
        self.error, self.answer = error, answer

    def get_history(self, request):
        if self.error is not None:
            raise self.error
        return self.answer


def chain(*sources: Source) -> SourceChain:
    return SourceChain([ChainLink(f"s{place}", source) for place, source in enumerate(sources)])


def query(now: int = 10, count: int | None = 3, **changes) -> Query:
    return dataclasses.replace(Query("BTCUSDT", FRAME, at(now), count), **changes)


def names(bars: Bars) -> list[str]:
    return [bar.source for bar in bars]


def outcomes(resolution) -> list[str]:
    return [attempt.outcome for attempt in resolution.attempts]


def guarded(source: Source, failures: int = 2) -> SourceChain:
    """A chain of one source that may block, behind its breaker."""
    source.capabilities = dataclasses.replace(source.capabilities, blocking=True)
    return SourceChain([ChainLink("s0", source)], breakers={"s0": CircuitBreaker("s0", failures)})


def reasons(chain: SourceChain, number: int, **changes) -> list[str]:
    """What comes of the only source in so many requests."""
    found = []
    for _ in range(number):
        try:
            attempts = chain.resolve(query(**changes)).attempts
        except AllSourcesFailed as failure:
            attempts = failure.attempts
        found.append(f"{attempts[0].outcome}: {attempts[0].reason}")
    return found


@pytest.mark.parametrize(
    "source", [Broken(OSError("no disk")), Broken(answer=None), Broken(answer=hourly(9, symbol="ETHUSDT"))]
)
def test_after_so_many_failures_in_a_row_a_source_behind_a_breaker_is_not_asked(source):
    first, second, third = reasons(guarded(source), 3)
    assert first == second
    assert first.startswith("failed: ")
    assert third.startswith("failed: not asked: failed 2 times in a row, the last: ")


@pytest.mark.parametrize("source", [Broken(NotHere("empty")), Broken(answer=hourly()), ListSource(hourly(9))])
def test_a_source_that_answers_is_never_behind_a_closed_door(source):
    assert len(set(reasons(guarded(source), 5))) == 1


def test_bars_that_are_not_closed_yet_are_an_answer_to_the_breaker():
    found = reasons(guarded(Broken(answer=hourly(10))), 4)
    assert set(found) == {"not_here: none of its 1 bars is closed by then"}


def test_a_source_that_does_not_take_part_says_nothing_to_its_breaker():
    source = Broken(OSError("no disk"))
    chain = guarded(source)
    reasons(chain, 1)
    source.capabilities = dataclasses.replace(source.capabilities, symbols=("ETHUSDT",))
    assert set(reasons(chain, 3)) == {"skipped: does not know BTCUSDT"}
    source.capabilities = dataclasses.replace(source.capabilities, symbols=None)
    assert reasons(chain, 2)[-1].startswith("failed: not asked: failed 2 times")


def test_a_source_that_never_blocks_needs_no_breaker():
    chain = guarded(source := Broken(OSError("no disk")))
    source.capabilities = Capabilities(blocking=False)
    assert reasons(chain, 4) == ["failed: OSError: no disk"] * 4


def test_one_source_with_everything_is_enough_and_the_next_is_not_asked():
    later = ListSource(hourly(7, 8, 9))
    resolution = chain(ListSource(hourly(5, 6, 7, 8, 9)), later).resolve(query())
    assert places(resolution.bars) == [7, 8, 9]
    assert outcomes(resolution) == ["bars", "not_asked"]
    assert later.requests == []


def test_the_earlier_source_beats_the_later():
    resolution = chain(ListSource(hourly(8, 9)), ListSource(hourly(6, 7, 8, 9, price=99.0))).resolve(query(count=4))
    assert names(resolution.bars) == ["s1", "s1", "s0", "s0"]
    assert resolution.bars[-1].close == 10.0


def test_a_newer_bar_in_a_later_source_is_found():
    resolution = chain(ListSource(hourly(5, 6)), ListSource(hourly(4, 5, 6, 7, 8, 9))).resolve(query())
    assert places(resolution.bars) == [7, 8, 9]


def test_a_hole_is_filled_by_the_next_source_which_is_asked_for_no_more():
    filler = ListSource(hourly(*range(10)))
    resolution = chain(ListSource(hourly(5, 6, 9)), filler).resolve(query(count=5))
    assert places(resolution.bars) == [5, 6, 7, 8, 9]
    assert names(resolution.bars) == ["s0", "s0", "s1", "s1", "s0"]
    request = filler.requests[0]
    # two bars are missing in front as well, so the span has no start, and five bars of it are enough
    assert (request.start, request.end, request.count) == (None, at(10), 5)


def test_only_the_hole_is_asked_for_when_the_count_is_complete():
    filler = ListSource(hourly(*range(10)))
    chain(ListSource(hourly(5, 6, 9)), filler).resolve(query(count=3))
    assert (filler.requests[0].start, filler.requests[0].end) == (at(6), at(10))


def test_only_the_head_is_asked_for_when_the_rest_is_there():
    older = ListSource(hourly(*range(10)))
    chain(ListSource(hourly(8, 9)), older).resolve(query(count=5))
    assert (older.requests[0].start, older.requests[0].end, older.requests[0].count) == (None, at(9), 4)


def test_each_source_is_asked_once():
    sources = [ListSource(hourly(place)) for place in (9, 7, 5, 3)]
    resolution = chain(*sources).resolve(query(count=4))
    asked = [[request for request in source.requests if request.timeframe is FRAME] for source in sources]
    assert [len(requests) for requests in asked] == [1, 1, 1, 1]
    assert places(resolution.bars) == [3, 5, 7, 9]


def test_a_hole_that_nobody_fills_is_listed():
    resolution = chain(ListSource(hourly(5, 6, 9))).resolve(query())
    assert resolution.bars.holes == (Hole(at(7), at(9), 2),)


def test_missing_newest_bars_are_counted():
    resolution = chain(ListSource(hourly(5, 6))).resolve(query())
    assert resolution.bars.behind == 3
    assert resolution.bars.holes == ()


def test_no_bar_that_ends_after_now_is_returned_whatever_a_source_holds():
    class Future(ListSource):
        def get_history(self, request):
            return hourly(*range(20))

    resolution = chain(Future()).resolve(query(now=10))
    assert places(resolution.bars) == [7, 8, 9]


def test_a_bar_that_ends_exactly_now_is_visible_and_one_ms_earlier_it_is_not():
    source = ListSource(hourly(*range(20)))
    assert places(chain(source).resolve(query(now=10)).bars)[-1] == 9
    assert places(chain(source).resolve(query(now=10, end=at(10) - 1)).bars)[-1] == 8


def test_a_range_takes_whole_bars_from_start_to_end():
    source = ListSource(hourly(*range(20)))
    assert places(chain(source).resolve(query(count=None, start=at(3), end=at(6))).bars) == [3, 4, 5]
    assert places(chain(source).resolve(query(count=None, start=at(3) + 1, end=at(6) + 5)).bars) == [4, 5]


def test_a_range_in_which_no_bar_fits_is_empty_and_nobody_is_asked():
    source = ListSource(hourly(*range(20)))
    resolution = chain(source).resolve(query(count=None, start=at(3) + 1, end=at(4) + 1))
    assert len(resolution.bars) == 0
    assert source.requests == []


def test_fewer_bars_than_count_are_no_error():
    assert places(chain(ListSource(hourly(8, 9))).resolve(query(count=100)).bars) == [8, 9]


def test_a_forming_bar_is_never_in_the_default_answer():
    live = Live(8, 9, forming=10)
    assert places(chain(live).resolve(query()).bars) == [8, 9]


def test_with_include_now_the_forming_bar_follows_and_counts():
    live = Live(7, 8, 9, forming=10)
    bars = chain(live).resolve(query(include_now=True)).bars
    assert places(bars) == [8, 9, 10]
    assert [bar.closed for bar in bars] == [True, True, False]


def test_a_forming_bar_that_opens_after_now_is_not_shown():
    live = Live(7, 8, 9, forming=11)
    assert places(chain(live).resolve(query(include_now=True)).bars) == [7, 8, 9]


def test_a_forming_bar_older_than_the_newest_closed_one_is_not_shown():
    live = Live(5, 6, forming=7)
    bars = chain(live, ListSource(hourly(7, 8, 9))).resolve(query(include_now=True)).bars
    assert places(bars) == [7, 8, 9]
    assert all(bar.closed for bar in bars)


def test_a_forming_bar_has_no_place_in_a_question_about_the_past():
    live = Live(5, 6, 7, forming=10)
    assert places(chain(live).resolve(query(include_now=True, end=at(8))).bars) == [5, 6, 7]


def test_a_live_source_takes_no_part_in_a_backtest():
    live = Live(8, 9)
    resolution = chain(live, ListSource(hourly(7, 8))).resolve(query(live=False))
    assert places(resolution.bars) == [7, 8]
    assert resolution.attempts[0].outcome == "skipped"
    assert "backtest" in resolution.attempts[0].reason


def test_a_source_that_serves_another_timeframe_or_symbol_is_skipped_not_failed():
    minutes = ListSource(capabilities=Capabilities(blocking=False, timeframes=("1m",)))
    others = ListSource(capabilities=Capabilities(blocking=False, symbols=("ETHUSDT",)))
    resolution = chain(minutes, others, ListSource(hourly(8, 9))).resolve(query())
    assert outcomes(resolution) == ["skipped", "skipped", "bars"]
    assert {request.timeframe.name for request in minutes.requests} == {"1m"}, "of which hours can be made"
    assert others.requests == []


def test_a_source_is_asked_in_its_own_spelling_and_the_answer_has_the_callers():
    source = ListSource(
        hourly(8, 9, symbol="BTC-USDT"), capabilities=Capabilities(blocking=False, symbols=("BTC-USDT", "ETH-USDT"))
    )
    bars = chain(source).resolve(query(symbol="btcusdt")).bars
    assert source.requests[0].symbol == "BTC-USDT"
    assert (bars.symbol, bars[0].symbol) == ("btcusdt", "btcusdt")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Broken(RuntimeError("boom")), "RuntimeError: boom"),
        (Broken(SourceError("disk is full")), "disk is full"),
        (Broken(answer=None), "returned NoneType, not Bars"),
        (Broken(answer=[1, 2]), "returned list, not Bars"),
        (Broken(answer=hourly(8, symbol="ETHUSDT")), "returned ETHUSDT 1h when asked for BTCUSDT 1h"),
        (Broken(answer=hourly(9, 8)), "open_time is not after the one before"),
        (Broken(answer=hourly(8, price=np.nan)), "not a finite number"),
        (Broken(answer=Bars.from_columns("BTCUSDT", "1h", [at(8) + 1], [1], [1], [1], [1], [1])), "not on the 1h grid"),
    ],
)
def test_whatever_a_source_does_the_chain_goes_on(broken, reason):
    resolution = chain(broken, ListSource(hourly(7, 8, 9))).resolve(query())
    assert places(resolution.bars) == [7, 8, 9]
    assert resolution.attempts[0].outcome == "failed"
    assert reason in resolution.attempts[0].reason
    assert [attempt.source for attempt in resolution.bars.failed] == ["s0"]


def test_when_nothing_answers_the_error_lists_every_source_with_its_reason():
    sources = chain(Broken(SourceError("disk is full")), ListSource(), Live())
    with pytest.raises(AllSourcesFailed) as caught:
        sources.resolve(query(symbol="BTCUSDT"))
    text = str(caught.value)
    assert "3 bars of BTCUSDT 1h" in text
    for part in ("s0: failed", "disk is full", "s1: not here", "has no such series", "s2: not here"):
        assert part in text


def test_an_empty_answer_of_an_ordinary_source_says_nothing():
    with pytest.raises(AllSourcesFailed):
        chain(Broken(answer=hourly())).resolve(query(now=1000, end=at(10)))


def authoritative(*wanted: int) -> ListSource:
    capabilities = Capabilities(blocking=False, authoritative=True)
    return ListSource(hourly(*wanted), capabilities=capabilities)


def test_what_an_exchange_leaves_out_between_two_bars_never_existed():
    later = ListSource(hourly(7))
    resolution = chain(ListSource(hourly(5, 9)), authoritative(5, 6, 8, 9), later).resolve(query(count=4))
    assert places(resolution.bars) == [5, 6, 8, 9]
    # 7 lies between 6 and 8, which it returned; only then is it known
    assert resolution.bars.holes == ()
    assert later.requests == []


def test_an_exchange_proves_nothing_beyond_the_bars_it_returned():
    resolution = chain(ListSource(hourly(5, 9)), authoritative(6)).resolve(query(count=3))
    assert resolution.bars.holes == (Hole(at(7), at(9), 2),)


def test_an_exchanges_empty_answer_is_believed_only_about_the_past():
    class Empty(Source):
        capabilities = Capabilities(blocking=False, authoritative=True)

        def get_history(self, request):
            return Bars.empty(request.symbol, request.timeframe)

    assert len(chain(Empty()).resolve(query(now=1000, count=None, start=at(3), end=at(6))).bars) == 0
    with pytest.raises(AllSourcesFailed):
        chain(Empty()).resolve(query(now=6, count=None, start=at(3), end=at(6)))


def test_under_the_system_clock_a_bar_that_has_just_ended_is_pending():
    now = at(10) + 2_000
    silent = ListSource(hourly(*range(10)))
    resolution = chain(Live(6, 7, 8), silent).resolve(Query("BTCUSDT", FRAME, now, 3, late_after=5_000))
    assert places(resolution.bars) == [6, 7, 8]
    assert resolution.bars.behind == 0
    assert not [request for request in silent.requests if request.timeframe is FRAME]


def test_a_pending_bar_is_looked_for_in_sources_that_state_what_is_closed():
    now = at(10) + 2_000
    stating = ListSource(hourly(8, 9, closed=True), capabilities=Capabilities(blocking=False, states_closed=True))
    resolution = chain(Live(6, 7, 8), stating).resolve(Query("BTCUSDT", FRAME, now, 3, late_after=5_000))
    assert places(resolution.bars) == [7, 8, 9]


def test_a_bar_that_says_nothing_counts_as_closed_only_when_it_is_settled():
    stating = ListSource(hourly(8, 9), capabilities=Capabilities(blocking=False, states_closed=True))
    early = Query("BTCUSDT", FRAME, at(10) + 4_999, 3, late_after=5_000)
    late = dataclasses.replace(early, now=at(10) + 5_000)
    assert places(chain(stating).resolve(early).bars) == [8]
    assert places(chain(stating).resolve(late).bars) == [8, 9]


def test_in_a_backtest_nothing_is_pending():
    resolution = chain(ListSource(hourly(8))).resolve(query(now=10, live=False))
    assert resolution.bars.behind == 1


def test_a_bar_stated_as_forming_is_not_closed_by_any_clock():
    source = ListSource(hourly(7, 8, closed=False))
    with pytest.raises(AllSourcesFailed, match="none of its 2 bars is closed"):
        chain(source).resolve(query(now=100, end=at(10)))


def test_exact_text_follows_its_bar_through_a_merge():
    def texts(place: int, text: str) -> Bars:
        record = {"open_time": at(place), "open": "1", "high": "1", "low": "1", "close": "1", "volume": text}
        return Bars.from_records("BTCUSDT", "1h", [record])

    long = "0.12345678901234567890"
    bars = chain(ListSource(texts(9, long)), ListSource(texts(8, ".5"))).resolve(query(count=2)).bars
    assert [bar.exact("volume") for bar in bars] == [".5", long]


def test_a_dead_source_with_old_bars_does_not_make_the_next_read_years():
    filler = ListSource(hourly(*range(5000, 10000)))
    resolution = chain(ListSource(hourly(1, 2, 3)), filler).resolve(query(now=10000))
    assert filler.requests[0].count == 3
    assert places(resolution.bars) == [9997, 9998, 9999]


def test_the_text_of_a_bar_that_was_replaced_does_not_stay_with_its_successor():
    buffer = SeriesBuffer("BTCUSDT", "1h", 10)
    kept = sum(63 << 6 * place for place in range(5))
    buffer.put(at(7), 0, (1.0,) * 5, closed=True)
    buffer.put(at(8), 0, (0.5,) * 5, decimals=kept, texts=(".5",) * 5, epoch=1)
    buffer.put(at(9), 0, (1.0,) * 5, closed=True, epoch=2)

    class Cut(Live):
        def __init__(self):
            self.buffer = buffer

    bars = chain(Cut(), ListSource(hourly(8, price=64050.25))).resolve(query()).bars
    assert places(bars) == [7, 8, 9]
    assert bars[1].exact("close") == "64050.25"


def test_a_trusted_answer_of_another_series_is_garbage_too():
    class Other(Source):
        capabilities = Capabilities(blocking=False)

        def get_history(self, request):
            return SeriesBuffer("ETHUSDT", "1m", 10).snapshot(request.end)

    resolution = chain(Other(), ListSource(hourly(7, 8, 9))).resolve(query())
    assert "returned ETHUSDT 1m when asked for BTCUSDT 1h" in resolution.attempts[0].reason


def test_a_trusted_answer_that_begins_too_early_is_cut():
    class Early(Live):
        def get_history(self, request):
            return self.buffer.snapshot(request.end)

    bars = chain(Early(*range(10))).resolve(query(count=None, start=at(7))).bars
    assert places(bars) == [7, 8, 9]


def test_an_exchange_whose_answer_is_cut_by_the_clock_has_not_said_that_there_is_nothing():
    class Newest(Source):
        capabilities = Capabilities(blocking=False, authoritative=True)

        def get_history(self, request):
            return hourly(100, 101)

    with pytest.raises(AllSourcesFailed, match="none of its 2 bars is closed by then"):
        chain(Newest()).resolve(query(now=100, end=at(10)))
    resolution = chain(ListSource(hourly(4, 5)), Newest()).resolve(query(now=100, count=2, end=at(10)))
    assert resolution.bars.behind == 4


def test_a_bar_that_an_exchange_says_is_not_closed_has_existed():
    times, ones = [at(7), at(8), at(9)], [1.0] * 3
    bars = Bars.from_columns("BTCUSDT", "1h", times, ones, ones, ones, ones, ones, closed=np.array([True, False, True]))

    class Unsure(Source):
        capabilities = Capabilities(blocking=False, authoritative=True)

        def get_history(self, request):
            return bars

    assert chain(Unsure()).resolve(query()).bars.holes == (Hole(at(8), at(9), 1),)


def test_a_source_whose_very_capabilities_fail_is_one_failed_attempt():
    class Unable(Source):
        @property
        def capabilities(self):
            raise RuntimeError("set changed size during iteration")

        def get_history(self, request):
            raise NotHere("never asked")

    for sources in (chain, functools.partial(remembering, KnownEmpty())):
        resolution = sources(Unable(), ListSource(hourly(7, 8, 9))).resolve(query())
        assert resolution.attempts[0].outcome == "failed"
        assert places(resolution.bars) == [7, 8, 9]


def test_an_exception_that_cannot_be_printed_is_named():
    class Unprintable(Exception):
        def __str__(self):
            raise ValueError("no")

    resolution = chain(Broken(Unprintable()), ListSource(hourly(7, 8, 9))).resolve(query())
    assert resolution.attempts[0].reason == "Unprintable"


def test_what_a_source_says_is_one_line_that_steers_no_terminal():
    resolution = chain(Broken(NotHere("a\nb\x1b[31m")), ListSource(hourly(7, 8, 9))).resolve(query())
    assert resolution.attempts[0].reason == "a b\ufffd[31m"


def test_a_forming_bar_alone_is_behind_by_all_that_was_asked_for():
    assert chain(Live(forming=10)).resolve(query(count=5, include_now=True)).bars.behind == 4
    assert chain(Live(forming=10)).resolve(query(count=None, start=at(3), include_now=True)).bars.behind == 7


# what is remembered of windows that never had a bar, and what two sources say differently


def remembering(known_empty: KnownEmpty, *sources: Source) -> SourceChain:
    return SourceChain(
        [ChainLink(f"s{place}", source) for place, source in enumerate(sources)], known_empty=known_empty
    )


def test_a_window_that_never_had_a_bar_is_not_asked_for_again():
    exchange, known_empty = authoritative(6, 7, 9), KnownEmpty()
    walk = remembering(known_empty, ListSource(hourly(6, 7, 9)), exchange)
    first, again = walk.resolve(query(count=3)), walk.resolve(query(count=3))
    assert places(first.bars) == places(again.bars) == [6, 7, 9]
    assert (first.bars.holes, again.bars.holes) == ((), ())
    assert (outcomes(first), outcomes(again)) == (["bars", "bars"], ["bars", "not_asked"])


def test_after_an_hour_it_is_asked_for_again():
    now = [0.0]
    walk = remembering(KnownEmpty(lambda: now[0]), ListSource(hourly(6, 7, 9)), authoritative(6, 7, 9))
    walk.resolve(query(count=3))
    now[0] = 3_601.0
    assert outcomes(walk.resolve(query(count=3))) == ["bars", "bars"]


def test_what_a_later_source_knows_hides_no_bar_of_an_earlier_one():
    known_empty = KnownEmpty()
    sources = ListSource(hourly(0, 1, 3, 4)), ListSource(hourly(2)), authoritative(-2, -1, 0, 1, 3, 4, 5)
    walk = remembering(known_empty, *sources)
    assert places(walk.resolve(query(5, 4)).bars) == [1, 2, 3, 4]
    walk.resolve(query(5, 8))
    resolution = walk.resolve(query(5, 4))
    assert places(resolution.bars) == [1, 2, 3, 4]
    assert outcomes(resolution) == ["bars", "bars", "not_asked"]


def test_a_bar_of_the_future_proves_nothing_about_what_is_before_it():
    class Careless(Source):
        capabilities = Capabilities(blocking=False, authoritative=True)

        def get_history(self, request):
            return hourly(0, 1, 2, 9)

    resolution = chain(Careless(), ListSource(hourly(3, 4))).resolve(query(6, 5))
    assert places(resolution.bars) == [0, 1, 2, 3, 4]


def test_bars_that_two_sources_have_with_other_values_are_counted_and_the_earlier_one_wins():
    resolution = chain(ListSource(hourly(5, 6, 9)), ListSource(hourly(4, 5, 6, 7, 8, 9, price=11.0))).resolve(
        query(count=6)
    )
    assert resolution.bars.values[:, 3].tolist() == [11.0, 10.0, 10.0, 11.0, 11.0, 10.0]
    assert [attempt.differs for attempt in resolution.attempts] == [0, 3]
    assert resolution.differs == 3
    assert "3 of its bars differ" in resolution.attempts[1].line()


# what a chain may do without ------------------------------------------------------------------------------------


def test_a_link_without_a_source_is_skipped_for_the_reason_it_has():
    links = [ChainLink("context", None, "no context is bound"), ChainLink("archive", ListSource(hourly(7, 8, 9)))]
    first, _ = SourceChain(links).resolve(query()).attempts
    assert (first.source, first.outcome, first.reason) == ("context", "skipped", "no context is bound")


def test_a_chain_without_a_source_has_no_answer():
    with pytest.raises(AllSourcesFailed, match="the chain has no source"):
        SourceChain([]).resolve(query())


def test_a_source_is_asked_by_whoever_the_chain_was_given():
    asked = []

    def call(name, source, request):
        asked.append((name, request.end))
        return source.get_history(request)

    archive = ListSource(hourly(7, 8, 9), capabilities=Capabilities(blocking=True))
    chain = SourceChain([ChainLink("archive", archive)], call)
    assert places(chain.resolve(query()).bars) == [7, 8, 9]
    assert asked == [("archive", at(10))]


@pytest.mark.parametrize("bars", [hourly(7, 8, 9), None])
def test_a_source_that_has_it_in_memory_is_asked_without_a_worker(bars):
    source, called = ListSource(hourly(7, 8, 9), capabilities=Capabilities(blocking=True)), []
    source.get_at_once = lambda request: bars
    chain = SourceChain([ChainLink("s", source)], lambda *asked: called.append(asked) or hourly(7, 8, 9))
    assert places(chain.resolve(query()).bars) == [7, 8, 9]
    assert bool(called) == (bars is None)


def test_a_note_of_a_source_is_the_reason_of_its_attempt():
    class Noting(ListSource):
        def get_history(self, request):
            return super().get_history(request).noted("cut to 1000 rows")

    assert chain(Noting(hourly(7, 8, 9))).resolve(query()).attempts[0].reason == "cut to 1000 rows"


def test_in_a_backtest_no_breaker_is_used():
    chain = guarded(Broken(OSError("no disk")))
    assert reasons(chain, 4, live=False) == ["failed: OSError: no disk"] * 4


def test_a_source_that_cannot_even_say_whether_it_blocks_is_not_asked_again_for_finer_bars():
    class Unable(Source):
        asked = 0

        @property
        def capabilities(self):
            Unable.asked += 1
            raise RuntimeError("no")

        def get_history(self, request):
            raise NotHere("never asked")

    resolution = chain(Unable(), ListSource(hourly(9))).resolve(query())
    assert [(attempt.source, attempt.outcome) for attempt in resolution.attempts][:2] == [
        ("s0", "failed"),
        ("s1", "bars"),
    ]
    assert [attempt.source for attempt in resolution.bars.failed] == ["s0"]


def test_all_that_was_in_vain_is_told_where_there_is_no_bar_at_all():
    class Picky(Source):
        def get_history(self, request):
            if request.timeframe.name != "1h":
                raise OSError(f"no folder for {request.timeframe}")
            raise NotHere("no such file")

    with pytest.raises(AllSourcesFailed) as caught:
        chain(Picky()).resolve(query())
    assert [(attempt.asked, attempt.outcome, attempt.bars) for attempt in caught.value.attempts] == [
        ("s0", "not_here", 0),
        ("s0 (30m)", "failed", 0),
    ]


def test_where_no_whole_bar_can_be_yet_only_who_may_have_the_forming_one_is_asked():
    begun = dataclasses.replace(query(), count=None, start=at(10), now=at(10) + 60_000)
    live = Live(8, 9, forming=10)
    assert places(chain(live).resolve(dataclasses.replace(begun, include_now=True)).bars) == [10]
    assert chain(live).resolve(begun).attempts == ()


@pytest.mark.parametrize(
    ("capabilities", "served"),
    [({}, True), ({"timeframes": ("1m",)}, False), ({"symbols": ("ETHUSDT",)}, False), ({"live": True}, False)],
)
def test_a_timeframe_is_served_if_a_source_takes_part_in_it(capabilities, served):
    source = ListSource(capabilities=Capabilities(blocking=False, **capabilities))
    assert chain(source).is_served(query(live=False), FRAME) is served
    assert SourceChain([ChainLink("context", None)]).is_served(query(), FRAME) is False


@pytest.mark.parametrize("outcome", [None, NotHere("no such file"), OSError("no disk")])
def test_an_attempt_says_how_long_it_took_whatever_came_of_it(outcome):
    def before(request):
        threading.Event().wait(0.02)
        if outcome is not None:
            raise outcome

    sources = ListSource(hourly(7, 8, 9), before=before), ListSource(hourly(7, 8, 9))
    (attempt, *_) = chain(*sources).resolve(query()).attempts
    assert 0.02 <= attempt.elapsed < 5


# how stale its streams are --------------------------------------------------------------------------------------


class Stream(Source):
    """A source whose one stream has been stale for so many seconds, or cannot tell."""

    def __init__(self, age: float | Exception, *, live: bool = True) -> None:
        self.capabilities = Capabilities(live=live, blocking=False)
        self.age = age

    def get_history(self, request):
        raise NotHere("silent")

    def stale_for(self, symbol=None, timeframe=None):
        if isinstance(self.age, Exception):
            raise self.age
        return self.age if symbol in (None, "BTCUSDT") else None


def test_a_series_is_as_stale_as_the_freshest_stream_of_it_or_else_of_all():
    streams = chain(Stream(6.0), ListSource(), Stream(3.0), Stream(1.0, live=False))
    assert streams.stale_for("BTCUSDT", FRAME) == streams.stale_for("ETHUSDT", FRAME) == 3.0
    assert SourceChain([ChainLink("context", None), ChainLink("archive", ListSource())]).stale_for("X", FRAME) is None


def test_a_source_that_cannot_tell_how_stale_it_is_is_taken_as_stale_for_ever(caplog):
    assert chain(Stream(6.0), Stream(LookupError("no"))).stale_for("BTCUSDT", FRAME) == float("inf")
    assert "a live source cannot tell whether it is stale; it is taken as such" in caplog.text
