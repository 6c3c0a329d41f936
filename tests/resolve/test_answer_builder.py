"""An answer as it grows: what is held, what that leaves to ask, and what may be added."""

from __future__ import annotations

import dataclasses

import pytest

from wealthsources import Attempt, Bars, HistoryRequest, Hole, NotHere, Timeframe
from wealthsources.model.errors import InvalidAnswer
from wealthsources.resolve.answer_builder import Added, AnswerBuilder
from wealthsources.resolve.known_empty import KnownEmpty
from wealthsources.resolve.overlap import LabelShift, Seam

from ..support.bars import at, hourly, moving, places
from .builders import (
    EXCHANGE,
    FRAME,
    LIVE,
    PLAIN,
    add,
    asked,
    build,
    closed,
    forming,
    query,
    ranged,
    source,
    together,
)

# nothing in hand -----------------------------------------------------------------------------------------------


def test_at_first_nothing_is_in_hand_and_all_is_lacking():
    builder = build()
    assert (builder.is_empty, builder.lacks_all, builder.complete, builder.differs) == (True, True, False, 0)


def test_the_first_source_is_asked_for_all_that_was_asked():
    request = build().request_to(PLAIN, "btc-usdt")
    assert request == HistoryRequest("btc-usdt", FRAME, at(10), None, 3, include_forming=False, live=True, now=at(10))
    assert asked(AnswerBuilder(ranged(at(3), at(6)))) == (3, 6, None)
    assert not AnswerBuilder(query(live=False)).request_to(PLAIN, "X").live


@pytest.mark.parametrize(
    ("start", "end", "possible"),
    [(at(3), at(4), True), (at(3), at(4) - 1, False), (at(3) + 1, at(4) + 1, False), (at(3) + 1, at(5), True)],
)
def test_a_range_is_possible_if_a_whole_bar_fits(start, end, possible):
    builder = AnswerBuilder(ranged(start, end))
    assert builder.missing.is_possible is possible
    assert builder.lacks_all is possible


def test_a_count_is_always_possible():
    assert build().missing.is_possible


# taking an answer ----------------------------------------------------------------------------------------------


def test_what_is_added_is_counted_and_under_the_name_of_its_source():
    builder = build()
    assert add(builder, closed(7, 9)) == Added("bars", 2, "")
    assert add(builder, closed(6, 7, 8, price=11.0), "cloud") == Added("bars", 1, "", Seam(differs=1))
    assert [(place, bar.source) for place, bar in zip(places(builder.bars), builder.bars, strict=True)] == [
        (7, "archive"),
        (8, "cloud"),
        (9, "archive"),
    ]
    assert builder.differs == 1


def test_it_is_complete_when_the_count_is_there_and_none_is_missing():
    builder = build()
    add(builder, closed(7, 9))
    assert not builder.complete
    add(builder, closed(8))
    assert builder.complete
    assert asked(builder) is None


@pytest.mark.parametrize(("held", "complete"), [((3, 4, 5), True), ((4, 5), False), ((3, 4), False), ((3, 5), False)])
def test_a_range_is_complete_when_every_window_has_its_bar(held, complete):
    builder = AnswerBuilder(ranged(at(3), at(6)))
    add(builder, closed(*held))
    assert builder.complete is complete


def test_an_answer_that_cannot_be_used_is_invalid_and_changes_nothing():
    builder = build()
    with pytest.raises(InvalidAnswer, match="a bad bar"):
        add(builder, closed(9, 8))
    assert builder.is_empty


@pytest.mark.parametrize(
    ("bars", "why"),
    [
        (Bars.empty("BTCUSDT", "1h"), "^returned no bars$"),
        (closed(10, 11), "^none of its 2 bars is closed by then$"),
        (forming(9), "^none of its 1 bars is closed by then$"),
    ],
)
def test_an_answer_of_which_nothing_may_be_seen_is_none(bars, why):
    builder = build()
    with pytest.raises(NotHere, match=why):
        add(builder, bars)
    assert builder.is_empty


def test_a_bar_that_may_still_be_on_its_way_is_not_taken_unless_it_is_stated_as_closed():
    builder = AnswerBuilder(query(now=10, late_after=5_000))
    add(builder, hourly(7, 8, 9))
    assert places(builder.bars) == [7, 8]
    add(builder, closed(9), of=LIVE)
    assert places(builder.bars) == [7, 8, 9]


# what is asked next --------------------------------------------------------------------------------------------


def test_of_what_is_missing_the_span_from_the_oldest_to_the_newest_is_asked_for():
    builder = AnswerBuilder(ranged(at(0), at(10)))
    add(builder, closed(1, 2, 5, 6))
    assert asked(builder) == (0, 10, None)
    add(builder, closed(0))
    assert asked(builder) == (2, 10, None)
    add(builder, closed(7, 8, 9))
    assert asked(builder) == (2, 6, None)


def test_of_a_count_no_more_are_asked_for_than_can_be_of_use():
    builder = build(5)
    add(builder, closed(6, 7))
    assert asked(builder) == (None, 10, 5)
    add(builder, closed(8, 9))
    assert asked(builder) == (None, 7, 2)


def test_where_the_count_is_there_only_the_holes_are_asked_for_and_a_bar_on_either_side():
    builder = build(3)
    add(builder, closed(5, 6, 9))
    assert asked(builder) == asked(builder, EXCHANGE) == (6, 10, 3)


@pytest.mark.parametrize(
    ("there", "held"),
    [((5, 6, 9), (True, True)), ((8, 9), (False, True)), ((6, 7, 8), (True, False)), ((), (False, False))],
)
def test_it_is_said_of_which_windows_a_bar_is_in_hand(there, held):
    builder = build(3)
    if there:
        add(builder, closed(*there))
    assert builder.request_to(PLAIN, "X").held == held


def test_an_exchange_is_asked_for_nothing_before_the_oldest_bar_nor_after_now():
    builder = AnswerBuilder(ranged(at(3), at(10)))
    add(builder, closed(4, 5, 6, 7))
    assert asked(builder, EXCHANGE) == (3, 10, None)


def test_only_whoever_states_what_is_closed_is_asked_for_a_bar_that_has_just_ended():
    builder = AnswerBuilder(query(now=10, late_after=5_000))
    assert asked(builder, PLAIN) == (None, 9, 3)
    assert asked(builder, LIVE) == (None, 10, 3)
    add(builder, closed(6, 7, 8), of=LIVE)
    assert asked(builder, PLAIN) is None
    assert asked(builder, source(states_closed=True)) == (8, 10, 3)


def test_a_range_that_is_over_is_asked_for_to_its_very_end():
    builder = AnswerBuilder(ranged(at(3), at(6) + 5, late_after=5_000))
    assert builder.request_to(PLAIN, "BTCUSDT").end == at(6) + 5


def test_a_range_of_which_nothing_is_due_yet_asks_nobody_who_cannot_tell():
    builder = AnswerBuilder(ranged(at(9), late_after=5_000))
    assert asked(builder, PLAIN) is None
    assert asked(builder, LIVE) == (9, 10, None)


# the forming bar -----------------------------------------------------------------------------------------------


def test_a_live_source_is_asked_for_the_forming_bar_too():
    builder = build(include_now=True)
    assert builder.request_to(LIVE, "X").include_forming
    assert not builder.request_to(PLAIN, "X").include_forming
    assert not build().request_to(LIVE, "X").include_forming


def test_where_closed_bars_are_there_a_live_source_is_asked_for_the_forming_one_alone():
    builder = build(include_now=True)
    add(builder, closed(7, 8, 9))
    assert not builder.complete
    assert asked(builder, PLAIN) is None
    request = builder.request_to(LIVE, "X")
    assert (request.start, request.end, request.include_forming) == (at(9), at(10), True)


@pytest.mark.parametrize("changes", [{"live": False}, {"end": at(9)}])
def test_in_a_backtest_and_of_the_past_no_forming_bar_is_wanted(changes):
    builder = build(include_now=True, **changes)
    assert not builder.request_to(LIVE, "X").include_forming


def test_the_forming_bar_follows_the_closed_ones_and_is_one_of_the_count():
    builder = build(include_now=True)
    assert add(builder, together(closed(7, 8, 9), forming(10)), "live", LIVE).bars == 3
    assert builder.complete
    answer = builder.build()
    assert (places(answer), [bar.closed for bar in answer]) == ([8, 9, 10], [True, True, False])
    assert {bar.source for bar in answer} == {"live"}


def test_a_forming_bar_alone_is_something():
    builder = build(include_now=True)
    add(builder, forming(10), "live", LIVE)
    assert (builder.is_empty, builder.lacks_all) == (False, False)
    assert places(builder.build()) == [10]


@pytest.mark.parametrize("place", [11, 20])
def test_a_forming_bar_that_opens_after_now_is_not_taken(place):
    builder = build(include_now=True)
    with pytest.raises(NotHere):
        add(builder, forming(place), "live", LIVE)


def test_a_forming_bar_that_is_older_than_the_newest_closed_one_is_not_shown():
    builder = build(include_now=True)
    add(builder, together(closed(5, 6), forming(7)), "live", LIVE)
    add(builder, closed(7, 8, 9))
    assert places(builder.build()) == [7, 8, 9]
    assert builder.request_to(LIVE, "X").include_forming, "another one may have the right one"


def test_somebody_has_to_vouch_before_a_forming_bar_is_made():
    builder = build(include_now=True)
    assert (builder.lacks_voucher, builder.may_form) == (True, False)
    builder.vouch(by=0.0)
    assert (builder.lacks_voucher, builder.may_form) == (False, True)


def test_in_a_backtest_nobody_has_to_vouch():
    assert build(include_now=True, live=False).may_form
    assert not build(live=False).may_form
    assert not build().lacks_voucher


def test_a_forming_bar_that_is_there_vouches_for_itself():
    builder = build(include_now=True)
    add(builder, forming(10), "live", LIVE)
    assert builder.may_form


# finer bars ----------------------------------------------------------------------------------------------------


def test_it_wants_finer_bars_while_anything_is_missing():
    builder = build()
    assert builder.wants_finer
    add(builder, closed(7, 8, 9))
    assert not builder.wants_finer
    assert not AnswerBuilder(ranged(at(3) + 1, at(4))).wants_finer
    assert build(include_now=True, live=False).wants_finer


def test_it_is_full_when_as_many_are_there_as_were_counted_on():
    builder = build(2)
    assert (builder.lacks_head, builder.is_full) == (True, False)
    add(builder, closed(8, 9))
    assert (builder.lacks_head, builder.is_full) == (False, True)
    ranges = AnswerBuilder(ranged(at(3)))
    assert (ranges.lacks_head, ranges.is_full) == (False, False)


def test_a_forming_bar_counts_among_them():
    builder = build(2, include_now=True)
    add(builder, together(closed(9), forming(10)), "live", LIVE)
    assert (builder.lacks_head, builder.is_full) == (False, True)


# bars that were made -------------------------------------------------------------------------------------------


def made(*wanted: int, forming_at: int | None = None) -> Bars:
    bars = closed(*wanted, price=50.0)
    if forming_at is not None:
        bars = together(bars, forming(forming_at, 50.0))
    return bars.replace(sources=("archive 1m",), trusted=True)


def test_bars_that_were_made_are_added_where_none_is():
    builder = build(4)
    add(builder, closed(7, 9))
    builder.add_aggregated(made(6, 7, 8, 9), 0, 2)
    assert [(bar.close, bar.source) for bar in builder.bars] == [
        (50.0, "archive 1m"),
        (10.0, "archive"),
        (50.0, "archive 1m"),
        (10.0, "archive"),
    ]
    assert (builder.differs, builder.complete) == (2, True)


@pytest.mark.parametrize(
    ("asked", "taken"),
    [(query(9), [7, 8, 9]), (ranged(at(8)), [8, 9]), (ranged(at(8) + 1), [9]), (query(9, end=at(9) - 1), [7])],
)
def test_none_is_taken_that_is_not_of_the_span(asked, taken):
    builder = AnswerBuilder(asked)
    builder.add_aggregated(made(7, 8, 9, 10), 0, 0)
    assert places(builder.bars) == taken


def test_a_forming_bar_that_was_made_is_taken_in_a_backtest_and_after_a_voucher():
    builder = build(include_now=True, live=False)
    builder.add_aggregated(made(8, 9, forming_at=10), 0, 0)
    assert [bar.closed for bar in builder.build()] == [True, True, False]


@pytest.mark.parametrize(("changes", "behind"), [({}, 0), ({"include_now": True}, 1)])
def test_it_is_not_taken_where_none_is_wanted_or_its_newest_parts_are_missing(changes, behind):
    builder = build(live=False, **changes)
    builder.add_aggregated(made(8, 9, forming_at=10), behind, 0)
    assert [bar.closed for bar in builder.build()] == [True, True]


@pytest.mark.parametrize(("start", "taken"), [(at(10), True), (at(10) + 1, False)])
def test_it_is_not_taken_if_it_opened_before_the_range(start, taken):
    builder = AnswerBuilder(ranged(start, include_now=True, live=False))
    builder.add_aggregated(made(8, 9, forming_at=10), 0, 0)
    assert (builder.forming is not None) is taken


def test_where_none_could_be_made_nothing_changes():
    builder = build()
    builder.add_aggregated(Bars.empty("BTCUSDT", "1h"), 0, 0)
    assert builder.is_empty


# what never existed --------------------------------------------------------------------------------------------


def test_what_an_exchange_leaves_out_between_two_bars_is_no_hole():
    builder = build(4)
    add(builder, closed(5, 6, 8, 9), of=EXCHANGE)
    assert builder.complete
    assert builder.build().holes == ()


def test_another_source_proves_nothing_by_what_it_leaves_out():
    builder = build(4)
    add(builder, closed(5, 6, 8, 9))
    assert not builder.complete
    assert builder.build().holes == (Hole(at(7), at(8), 1),)


def test_a_bar_in_hand_is_not_disproved():
    builder = build(4)
    add(builder, closed(7))
    add(builder, closed(5, 6, 8, 9), of=EXCHANGE)
    assert places(builder.bars) == [6, 7, 8, 9]


def test_what_was_learned_is_remembered_for_the_next_answer():
    known_empty = KnownEmpty()
    first = AnswerBuilder(query(4), known_empty)
    first.add(closed(5, 6, 8, 9), "exchange", first.request_to(EXCHANGE, "BTCUSDT"), EXCHANGE)
    second = AnswerBuilder(query(4), known_empty)
    second.missing.empty.recall("another")
    second.missing.empty.recall("exchange")
    second.add(closed(5, 6, 8, 9), "archive", second.request_to(PLAIN, "BTCUSDT"), PLAIN)
    assert second.complete


def test_without_a_memory_nothing_is_recalled():
    builder = build()
    builder.missing.empty.recall("exchange")
    assert builder.lacks_all


@pytest.mark.parametrize(("end", "believed"), [(at(9) - 1, True), (at(9), False), (at(10), False)])
def test_an_exchange_that_has_nothing_is_believed_once_that_is_over_for_an_hour(end, believed):
    builder = AnswerBuilder(ranged(at(3), end))
    assert add(builder, Bars.empty("BTCUSDT", "1h"), of=EXCHANGE) == Added("bars", 0, "")
    assert builder.lacks_all is not believed


def test_an_exchange_that_has_nothing_of_a_count_never_had_any():
    builder = build(3, end=at(5))
    add(builder, Bars.empty("BTCUSDT", "1h"), of=EXCHANGE)
    assert not builder.lacks_all


# the answer ----------------------------------------------------------------------------------------------------


def test_bars_of_which_there_is_nothing_to_say_are_handed_on_as_they_are():
    builder = build()
    bars = closed(7, 8, 9).replace(sources=("live",), trusted=True, unbroken=True)
    add(builder, bars, "live", LIVE)
    assert builder.build() is builder.bars is bars


def test_the_answer_tells_holes_what_is_behind_and_who_failed():
    builder = build(3)
    add(builder, closed(3, 4, 7))
    failed, skipped = Attempt("cloud", "failed", reason="no disk"), Attempt("context", "skipped")
    answer = builder.build([failed, skipped])
    assert places(answer) == [3, 4, 7]
    assert answer.holes == (Hole(at(5), at(7), 2),)
    assert (answer.behind, answer.failed, answer.trusted, answer.unbroken) == (2, (failed,), True, False)


def test_a_bar_that_may_still_be_on_its_way_is_not_behind():
    builder = AnswerBuilder(query(3, late_after=5_000))
    add(builder, closed(7, 8))
    assert builder.build().behind == 0
    late = AnswerBuilder(dataclasses.replace(query(3, late_after=5_000), now=at(10) + 5_000))
    add(late, closed(7, 8))
    assert late.build().behind == 1


def test_an_answer_about_the_past_is_behind_its_own_end():
    builder = build(3, end=at(6))
    add(builder, closed(2, 3))
    assert builder.build().behind == 2


@pytest.mark.parametrize(("asked", "behind"), [(query(5, include_now=True), 4), (ranged(at(3), include_now=True), 7)])
def test_a_forming_bar_alone_is_behind_by_all_that_is_over(asked, behind):
    builder = AnswerBuilder(asked)
    add(builder, forming(10), "live", LIVE)
    assert builder.build().behind == behind


def test_an_answer_without_a_bar_is_not_behind():
    assert AnswerBuilder(ranged(at(3) + 1, at(4))).build().behind == 0


def test_a_hole_before_the_oldest_bar_that_is_shown_is_not_told():
    builder = build(3, include_now=True)
    add(builder, together(closed(3, 8, 9), forming(10)), "live", LIVE)
    answer = builder.build()
    assert (places(answer), answer.holes) == ([8, 9, 10], ())


def test_with_a_forming_bar_the_answer_is_not_called_unbroken():
    builder = build(include_now=True)
    add(builder, together(closed(7, 8, 9), forming(10)), "live", LIVE)
    assert not builder.build().unbroken


def test_a_note_of_the_source_is_none_of_the_whole_answer():
    builder = build()
    add(builder, closed(7, 8, 9).replace(note="as read"))
    assert builder.build().note == ""


# a series of our own -------------------------------------------------------------------------------------------


def series(*wanted: int, then: int | None = None) -> Bars:
    """Bars as a series of ours has them: closed, none missing, made by our own code; `then` one that is forming."""
    bars = closed(*wanted) if then is None else together(closed(*wanted), forming(then)) if wanted else forming(then)
    return bars.replace(trusted=True, unbroken=True, sources=("live",))


def test_a_series_of_our_own_is_handed_on_as_it_is():
    builder, answer = build(), series(7, 8, 9)
    add(builder, answer, "live", LIVE)
    assert builder.bars is answer
    assert builder.forming is None


def test_its_forming_bar_is_taken_apart_from_it():
    builder = build(include_now=True)
    add(builder, series(8, 9, then=10), "live", LIVE)
    assert (places(builder.bars), places(builder.forming), builder.bars.trusted) == ([8, 9], [10], True)


def test_a_series_with_a_forming_bar_alone_has_no_closed_one():
    builder = build(include_now=True)
    add(builder, series(then=10), "live", LIVE)
    assert (len(builder.bars), places(builder.forming)) == (0, [10])


def test_a_forming_bar_that_nobody_asked_for_is_not_taken_for_closed():
    builder = build(now=11)
    add(builder, series(8, 9, then=10), "live", LIVE)
    assert places(builder.bars) == [8, 9]


@pytest.mark.parametrize("said", [{"trusted": False}, {"unbroken": False}])
def test_of_any_other_answer_every_bar_is_looked_at(said):
    builder, answer = build(), series(7, 8, 9).replace(**said)
    add(builder, answer, "live", LIVE)
    assert builder.bars is not answer
    assert places(builder.bars) == [7, 8, 9]


@pytest.mark.parametrize("other", [{"symbol": "ETHUSDT"}, {"timeframe": Timeframe("1m")}])
def test_a_series_of_our_own_that_is_another_one_is_no_answer(other):
    builder = build()
    with pytest.raises(InvalidAnswer, match="when asked for BTCUSDT 1h"):
        add(builder, series(7, 8, 9).replace(**other), "live", LIVE)
    assert builder.is_empty


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (ranged(at(5), at(8)), [5, 6, 7]),
        (ranged(at(6), at(8)), [6, 7]),
        (ranged(at(5) + 1, at(8)), [6, 7]),
        (ranged(at(5), at(7)), [5, 6]),
        (ranged(at(5), at(8) - 1), [5, 6]),
        (query(9, end=at(8)), [5, 6, 7]),
        (query(9, end=at(7)), [5, 6]),
    ],
)
def test_of_a_series_of_our_own_no_more_is_taken_than_was_asked_for(asked, taken):
    builder = AnswerBuilder(asked)
    add(builder, series(5, 6, 7), "live", LIVE)
    assert places(builder.bars) == taken


@pytest.mark.parametrize(("end", "wanted"), [(None, True), (at(10), True), (at(11), True), (at(10) - 1, False)])
def test_a_forming_bar_is_wanted_in_a_question_that_reaches_up_to_now(end, wanted):
    assert build(include_now=True, end=end).request_to(LIVE, "X").include_forming is wanted


@pytest.mark.parametrize("of", [PLAIN, EXCHANGE])
def test_nobody_is_asked_for_more_than_one_bar_on_either_side(of):
    builder = build(6)
    add(builder, closed(3, 4, 6, 7, 8, 9))
    assert asked(builder, of) == (4, 7, 6)


def test_an_answer_that_has_only_what_is_in_hand_is_of_no_use():
    builder = build()
    add(builder, closed(7, 8))
    assert add(builder, closed(8)) == Added("not_here", 0, "has none of the bars that are missing")


def test_what_the_source_says_of_it_is_said_too():
    builder = build()
    add(builder, closed(7, 8))
    reason = "has none of the bars that are missing; one row was skipped"
    assert add(builder, closed(8).noted("one row was skipped")).reason == reason


def test_that_of_an_exchange_tells_what_never_was():
    builder = build()
    add(builder, closed(7, 9))
    assert add(builder, closed(7, 9), of=EXCHANGE).outcome == "bars"


def test_a_forming_bar_is_of_use():
    builder = build(include_now=True)
    add(builder, closed(7, 8, 9))
    assert add(builder, together(closed(9), forming(10)), "live", LIVE).outcome == "bars"


def test_bars_of_another_label_are_not_taken_nor_is_the_forming_one_that_came_with_them():
    builder = build(5, include_now=True)
    add(builder, moving(5, 6, 7, 8))
    with pytest.raises(LabelShift):
        add(builder, together(moving(8, 9, by=1), forming(10)), "live", LIVE)
    assert (places(builder.bars), builder.forming, builder.differs) == ([5, 6, 7, 8], None, 1)


def test_a_bar_of_which_whoever_states_what_is_closed_says_nothing_may_still_change():
    builder, stating = AnswerBuilder(query(late_after=5_000)), source(states_closed=True)
    add(builder, hourly(7, 8, 9), of=stating)
    assert places(builder.bars) == [7, 8]
