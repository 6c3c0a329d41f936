"""Each source of a chain asked by itself, and compared with the others."""

from __future__ import annotations

import threading

import pytest

import wealthsources
from wealthsources import (
    AllSourcesFailed,
    Bars,
    Capabilities,
    Hole,
    NotHere,
    RequestError,
    Source,
    SourceError,
    Timeframe,
)
from wealthsources.runtime.auditing import AuditReport, audit
from wealthsources.testing import ListSource

from ..support.bars import FRAME, HOUR, at, hourly, moving

PLUGIN = """
import pydantic
from wealthsources import Source, hookimpl

class Options(pydantic.BaseModel, extra="forbid"):
    name: str

HELD = {}

class Held(Source):
    def __new__(cls, options): return HELD[options.name]
    def get_history(self, request): raise NotImplementedError

@hookimpl
def wealthsources_register(register): register("zheld", Held, Options)
"""


@pytest.fixture
def look(distribution):
    """look({name: source}): the report of a chain of these; `settings` are of the deployment."""
    distribution(entry_points="zheld = zheld_module", zheld_module=PLUGIN)

    def look(sources: dict[str, Source], first: int = 0, last: int = 100, **settings) -> AuditReport:
        import zheld_module

        zheld_module.HELD.update(sources)
        chain = [{"plugin": "zheld", "name": name, "options": {"name": name}} for name in sources]
        with wealthsources.open({"sources": [*chain, {"plugin": "context"}], **settings}) as session:
            return audit(session.adapter(), "BTCUSDT", FRAME, at(first), at(last))

    return look


def told(report: AuditReport) -> list[tuple[str, str, int, int]]:
    """Each finding as its kind, its source, and from which hour to before which."""
    return [
        (each.kind, each.source, (each.start - at(0)) // HOUR, (each.end - at(0)) // HOUR) for each in report.findings
    ]


def breaking(*windows: int, text: str = "file:{}", kind: type = SourceError) -> ListSource:
    """A source of hours 0 to 99 that refuses each request that touches one of these windows, which it has not."""
    bars = moving(*(place for place in range(100) if place not in windows))

    def refuse(request) -> None:
        touched = [window for window in windows if request.start <= at(window) < request.end]
        if touched:
            raise kind(text.format(touched[0]))

    return ListSource(bars, before=refuse)


# nothing wrong -------------------------------------------------------------------------------------------------------


def test_nothing_is_found_in_bars_that_are_right(look):
    report = look({"one": ListSource(moving(*range(100))), "two": ListSource(moving(*range(50, 100)))})
    assert report.findings == ()
    assert [(each.name, each.outcome, len(each.bars)) for each in report.sources] == [
        ("one", "bars", 100),
        ("two", "bars", 50),
        ("context", "skipped", 0),
    ]
    assert (report.start, report.end) == (at(0), at(100))


def test_a_source_that_begins_later_or_ends_earlier_than_the_span_lacks_nothing(look):
    assert look({"one": ListSource(moving(*range(20, 40)))}).findings == ()


def test_a_long_span_is_asked_for_piece_by_piece(look):
    source = ListSource(moving(*range(12_000)))
    report = look({"one": source}, 0, 12_000)
    assert len(report.sources[0].bars) == 12_000
    assert [(request.start, request.end) for request in source.requests] == [
        (at(0), at(5_001)),
        (at(5_000), at(10_001)),
        (at(10_000), at(12_000)),
    ]


def test_it_is_asked_in_its_own_spelling_and_only_if_it_takes_part(look):
    bars = moving(*range(100)).named("BTC-USDT", "")
    known = ListSource(bars, capabilities=Capabilities(blocking=False, symbols=("BTC-USDT",)))
    other = ListSource(moving(0), capabilities=Capabilities(blocking=False, timeframes=("1m",)))
    report = look({"one": known, "two": other})
    assert report.findings == ()
    assert report.sources[0].bars.symbol == "BTCUSDT"
    assert (report.sources[1].outcome, report.sources[1].reason) == ("skipped", "serves no 1h; it has 1m")
    assert other.requests == []


def test_bars_that_are_not_closed_are_not_looked_at(look):
    bars = Bars.of([*moving(*range(9)), *moving(9, closed=False)])
    assert len(look({"one": ListSource(bars)}).sources[0].bars) == 9


# each fault ----------------------------------------------------------------------------------------------------------


def test_a_hole_that_no_source_fills_is_the_chains(look):
    gone = set(range(30, 40))
    sources = {name: ListSource(moving(*(set(range(100)) - gone))) for name in ("one", "two")}
    report = look(sources)
    assert told(report) == [("hole", "chain", 30, 40)]
    assert (report.findings[0].text, report.findings[0].bars) == ("10 missing", 10)


def test_a_hole_that_another_source_fills_is_its_own(look):
    report = look({"one": ListSource(moving(*range(20), *range(25, 60))), "two": ListSource(moving(*range(100)))})
    assert told(report) == [("hole", "one", 20, 25)]
    assert report.findings[0].text == "5 missing, of which others have 5"


def test_a_hole_between_two_sources_is_found(look):
    report = look({"one": ListSource(moving(*range(60, 100))), "two": ListSource(moving(*range(50)))})
    assert told(report) == [("hole", "chain", 50, 60)]


def test_what_an_exchange_itself_leaves_out_is_no_hole(look):
    sure = Capabilities(blocking=False, authoritative=True)
    bars = moving(*range(20), *range(25, 100))
    assert look({"one": ListSource(bars, capabilities=sure), "two": ListSource(bars)}).findings == ()


def test_a_quiet_window_is_no_hole_unless_the_source_says_that_it_lost_something(look):
    bars = moving(*range(20), *range(25, 100))
    assert look({"one": ListSource(bars)}, continuous=False).findings == ()

    class Lossy(ListSource):
        def get_history(self, request):
            return super().get_history(request).replace(holes=(Hole(at(20), at(25), 5),))

    assert told(look({"one": Lossy(bars)}, continuous=False)) == [("hole", "chain", 20, 25)]


def test_rows_that_are_no_bars_are_each_found(look):
    bars = moving(*range(9))
    rows = bars.rows[[0, 1, 2, 2, 3, 5, 4, 6, 7, 8]].copy()
    rows[4, 3] = 1.0  # a high
    bad = bars.take(rows)

    class Careless(ListSource):
        def get_history(self, request):
            return bad

    report = look({"one": Careless(bars)}, 0, 9)
    assert told(report) == [
        ("duplicate", "one", 2, 3),
        ("bad_values", "one", 3, 4),
        ("out_of_order", "one", 4, 5),
        ("hole", "chain", 3, 4),
    ]
    assert len(report.sources[0].bars) == 8


@pytest.mark.parametrize("windows", [(0,), (50,), (99,), (49, 50, 51), (3, 50, 80, 81, 97)])
def test_each_window_that_a_source_refuses_is_found_and_all_others_are_read(look, windows):
    report = look({"one": breaking(*windows), "two": ListSource(moving(*range(100)))})
    failed = [each for each in report.findings if each.kind == "failed"]
    assert [(each.text, each.start, each.end) for each in failed] == [
        (f"file:{window}", at(window), at(window + 1)) for window in windows
    ]
    assert len(report.sources[0].bars) == 100 - len(windows)


def test_what_is_said_of_windows_that_lie_apart_is_told_of_each_even_in_the_same_words(look):
    report = look({"one": breaking(3, 50, 51, text="a bad row"), "two": ListSource(moving(*range(100)))})
    failed = [each for each in told(report) if each[0] == "failed"]
    assert failed == [("failed", "one", 3, 4), ("failed", "one", 50, 52)]


def test_what_is_wrong_between_two_bars_is_found(look):
    def refuse(request) -> None:
        if request.start <= at(41) and request.end >= at(43):
            raise SourceError("file:7: is there again")

    report = look({"one": ListSource(moving(*range(100)), before=refuse)})
    assert told(report) == [("failed", "one", 41, 43)]
    assert len(report.sources[0].bars) == 100


def test_what_a_source_notes_is_found_where_it_is(look):
    class Noting(ListSource):
        def get_history(self, request):
            notes = [str(window) for window in (7, 60) if request.start <= at(window) < request.end]
            return super().get_history(request).noted(", ".join(notes))

    report = look({"one": Noting(moving(*range(100)))})
    assert told(report) == [("note", "one", 7, 8), ("note", "one", 60, 61)]
    assert [each.text for each in report.findings] == ["7", "60"]


def test_a_source_that_fails_whatever_it_is_asked_is_told_once_and_then_left_alone(look):
    def refuse(_request) -> None:
        raise SourceError("no permission")

    source = ListSource(moving(0), before=refuse)
    report = look({"one": source, "two": ListSource(moving(*range(60_000)))}, 0, 60_000)
    assert [each.text for each in report.findings] == [
        "no permission",
        "was left alone, so what it has of the rest is not known",
    ]
    assert told(report)[0] == ("failed", "one", 0, 25_001)
    assert report.sources[0].outcome == "failed"
    assert len(source.requests) == 5 * 5  # a piece, its halves and its ends


def test_a_source_that_wants_to_be_left_alone_is(look):
    def refuse(_request) -> None:
        raise SourceError("too many requests", retry_after=30)

    source = ListSource(moving(0), before=refuse)
    report = look({"one": source, "two": ListSource(moving(*range(20_000)))}, 0, 20_000)
    assert [each.text.partition(";")[0] for each in report.findings] == [
        "too many requests",
        "was left alone, so what it has of the rest is not known",
    ]
    assert len(source.requests) == 1


def test_whatever_a_source_does_is_a_finding(look):
    def explode(_request) -> None:
        raise ZeroDivisionError("by zero")

    class Odd(Source):
        capabilities = Capabilities(blocking=False)

        def get_history(self, request):
            return ["no", "bars"]

    class Broken(Odd):
        @property
        def capabilities(self):
            raise LookupError("no such thing")

    class BrokenView(Odd):
        def for_context(self, context):
            return Broken()

    class Other(Source):
        capabilities = Capabilities(blocking=False)

        def get_history(self, request):
            return hourly(1, symbol="ETHUSDT")

    exploding = ListSource(moving(0), before=explode)
    bad = {"one": exploding, "two": Odd(), "three": BrokenView(), "four": Other()}
    report = look({**bad, "five": ListSource(moving(*range(100)))})
    assert [(each.source, each.text) for each in report.findings] == [
        ("one", "ZeroDivisionError: by zero"),
        ("two", "returned list, not Bars"),
        ("three", "LookupError: no such thing"),
        ("four", "returned ETHUSDT 1h when asked for BTCUSDT 1h"),
    ]


def test_a_source_that_does_not_answer_in_time_is_one(look):
    release = threading.Event()

    class Hanging(Source):
        def get_history(self, request):
            release.wait(20)
            raise NotHere("late")

    report = look({"one": Hanging(), "two": ListSource(moving(*range(100)))}, source_deadline=0.1)
    release.set()
    assert told(report)[0][:2] == ("failed", "one")
    assert report.findings[0].text == "gave no answer within 0.1 s (source_deadline)"


def test_a_source_that_needs_its_time_once_is_asked_again(look):
    asked, asked_again = threading.Event(), threading.Event()

    class Slow(ListSource):
        def get_history(self, request):
            if asked.is_set():
                asked_again.set()
            asked.set()
            asked_again.wait(20)
            return super().get_history(request)

    slow = Slow(moving(*range(100)), capabilities=Capabilities(blocking=True))
    report = look({"one": slow}, source_deadline=0.5)
    assert report.findings == ()
    assert len(report.sources[0].bars) == 100


def test_disagreements_are_told_against_the_first_source_that_has_the_bar(look):
    other = moving(*range(100)).rows.copy()
    other[5, 5] += 0.5
    sources = {"one": ListSource(moving(*range(100))), "two": ListSource(moving(0).take(other))}
    report = look({**sources, "three": ListSource(moving(0).take(other))})
    assert told(report) == [("disagreement", "two", 5, 6), ("disagreement", "three", 5, 6)]
    assert [each.text for each in report.findings] == ["close 116.5 for 116.0 (+0.431 %) of one"] * 2


def test_a_source_that_stamps_ends_is_named_and_not_compared_with(look):
    sources = {"one": ListSource(moving(*range(60))), "late": ListSource(moving(*range(1, 90), by=1))}
    report = look({**sources, "two": ListSource(moving(*range(100)))})
    assert told(report) == [("label_shift", "late", 1, 60)]


def test_of_many_disagreements_the_rest_is_counted(look):
    sources = {"one": ListSource(hourly(*range(3_000))), "two": ListSource(hourly(*range(3_000), volume=2.0))}
    report = look(sources, 0, 3_000)
    assert len(report.findings) == 1_001
    assert sum(each.number for each in report.findings) == 3_000


def test_who_is_late_shows_beside_any_source_that_is_not(look):
    sources = {"live": ListSource(moving(99)), "late": ListSource(moving(*range(1, 100), by=1))}
    report = look({**sources, "good": ListSource(moving(*range(100))), "again": ListSource(moving(*range(100)))})
    assert told(report) == [("disagreement", "late", 99, 100), ("label_shift", "good", 1, 100)]
    assert report.findings[1].stamped == "late"


# nothing at all ------------------------------------------------------------------------------------------------------


def test_without_any_bar_and_anything_wrong_there_is_an_error_that_says_why(look):
    with pytest.raises(AllSourcesFailed, match=r"(?s)one: not here - has nothing of that time.*context: skipped"):
        look({"one": ListSource(moving(200))})


def test_a_span_that_has_not_begun_is_refused(look):
    with pytest.raises(RequestError, match="lies beyond now"):
        look({"one": ListSource(moving(0))}, 1_000_000, 1_000_001)


def test_months_are_looked_at_too(distribution):
    times = [wealthsources.Timeframe("1M").open_time(slot) for slot in (600, 601, 603)]
    bars = Bars.from_columns("BTCUSDT", "1M", times, *[[1.0] * 3] * 5)
    distribution(entry_points="zheld = zheld_module", zheld_module=PLUGIN)
    import zheld_module

    zheld_module.HELD["one"] = ListSource(bars)
    with wealthsources.open({"sources": [{"plugin": "zheld", "options": {"name": "one"}}]}) as session:
        report = audit(session.adapter(), "BTCUSDT", Timeframe("1M"), times[0], None)
    assert [(each.kind, each.bars) for each in report.findings] == [("hole", 1)]
