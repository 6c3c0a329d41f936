"""Random chains of random sources, compared with a plain reference that knows the truth."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import event, given, settings, strategies as st

from wealthsources import Timeframe
from wealthsources.model.rows import FORMING
from wealthsources.resolve.query import Query

from ..models.chain import LATE, SLOTS, History, Live, World, cases, check_answer, columns, histories, resolve, worlds
from ..support.laws import tries


@settings(max_examples=tries(200))
@given(cases())
def test_every_answer_is_what_the_reference_says(case):
    world, sources, query = case
    bars = resolve(sources, query)
    event("nothing" if bars is None else f"holes: {bool(bars.holes)}")
    check_answer(world, sources, query, bars)


@st.composite
def lives(draw):
    world = draw(worlds())
    others = [draw(histories(world, world.open_time(SLOTS + 9))) for _ in range(draw(st.integers(0, 2)))]
    for other in others:
        other.mood = "fine"
    steps = draw(st.lists(st.sampled_from(["ok"] * 6 + ["cut", "heal", "skip"]), min_size=8, max_size=2 * SLOTS))
    position = draw(st.integers(0, len(others)))
    return world, others, position, steps, draw(st.integers(1, 8)), draw(st.sampled_from([0, LATE]))


@settings(max_examples=tries(100))
@given(lives())
def test_the_newest_bar_never_goes_back_in_time(case):
    world, others, position, steps, count, late_after = case
    live = Live(world)
    sources = [*others[:position], live, *others[position:]]
    newest = -1
    for number, step in enumerate(steps):
        place, final = divmod(number, 2)
        if step == "cut":
            live.cut()
        elif step == "heal":
            live.heal()
        if step != "skip" or final:
            live.push(place, bool(final))
        now = world.open_time(place) + (LATE + 1) * (1 + final)
        query = Query("BTCUSDT", world.frame, now, count, include_now=False, late_after=late_after)
        bars = resolve(sources, query)
        check_answer(world, sources, query, bars)
        if bars is not None and len(bars):
            assert world.place(int(bars.open_times[-1])) >= newest
            newest = world.place(int(bars.open_times[-1]))
        else:
            assert newest == -1, "an answer was there and is gone"


@settings(max_examples=tries(50))
@given(cases())
def test_the_answer_at_a_time_does_not_depend_on_what_comes_later(case):
    world, sources, query = case
    query = dataclasses.replace(query, live=False, include_now=False, late_after=0)
    full = resolve(sources, query)
    cut = [
        dataclasses.replace(source, held=[place for place in source.held if world.end(place) <= query.now])
        if isinstance(source, History)
        else source
        for source in sources
    ]
    seen_then = resolve(cut, query)
    assert (full is None) == (seen_then is None)
    if full is not None and seen_then is not None:
        assert list(full) == list(seen_then)


def test_the_model_would_see_a_forming_bar_passed_off_as_closed():
    """The reference is of use only if it fails on the worst mistake."""
    world = World(Timeframe("1h"), set())
    live = Live(world)
    live.push(0, final=True)
    live.push(1, final=True)
    live.push(2, final=False)
    query = Query("BTCUSDT", world.frame, world.open_time(5), 3)
    bars = live.buffer.all()
    assert FORMING in bars.states
    wrong = columns(world, [0, 1, 2], True)
    with pytest.raises(AssertionError):
        check_answer(world, [live], query, wrong)
