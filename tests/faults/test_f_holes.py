"""Section F of the table of faults: bars that are missing, and what fills their place."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import pytest

from wealthsources import Bars, Finality, Hole, NotHere
from wealthsources_simulator import Gone, Market, WealthAI

from ..support.live_source import use_policies
from .case import SERIES, facts
from .histories import (
    FLAGS,
    Told,
    a_turn,
    at,
    backfills,
    bars_of,
    cut_after,
    hole,
    knows,
    number_of,
    once_open,
    opens,
    packed,
    picked,
    skipping,
    stranger,
    truth_without,
)

# F6


@pytest.fixture
def soon(monkeypatch):
    """What is missing is asked for again at the next turn, a second later at most."""
    use_policies(monkeypatch, first_retry=0.05)


def stream(case):
    return case.status.streams[0]


def listed(case, *holes) -> None:
    """Status and answers list these holes, and the answer is the truth but for them."""
    assert (stream(case).state, stream(case).holes) == ("hole", len(holes))
    answer = case.answer()
    assert answer.holes == holes
    assert facts(answer) == truth_without(case, *holes)


@pytest.mark.parametrize(("count", "flag"), [(1, None), (5, None), (5, "is_closed")], ids=["1", "5", "5 flagged"])
def test_f6_bars_that_are_skipped_while_connected(case, chain, soon, count, flag):
    """Skips bars while connected → the hole is told, and listed in status and answers until the next source has filled
    it, which is asked once for it and for nothing else."""
    case.serve(f"skip-bars:{count}", market=Market.made(exchange=WealthAI(flag)))
    gate = threading.Event()
    chain("live", stranger(once_open(gate, knows(case))))
    case.connected()
    told = Told(case)
    lost = hole(case, 1, 1 + count)
    case.play(1 + count)
    case.market.play_steps(1)
    case.counted("holes")
    case.play(2)
    case.until(lambda: len(case.closed()) == 3)
    listed(case, lost)
    a_turn(case)  # the time to ask again has come, but the first answer has not
    case.play(1)
    case.until(lambda: len(case.closed()) == 4)
    listed(case, lost)
    gate.set()
    case.counted("backfilled", count)
    assert case.counter("backfilled") == count
    case.until(lambda: stream(case).state == "live")
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert [bar.source for bar in answer] == ["live"] + ["history"] * count + ["live"] * 3
    assert {bar.finality for bar in answer if bar.source == "history"} == {Finality.HISTORY}
    a_turn(case)
    case.until(lambda: [event.hole for event in told.of("filled")] == [lost])
    assert [event.hole for event in told.of("hole")] == [lost]
    (request,) = backfills(case)
    # With the bars beside it, so that a history may prove that there was none; the one after it may not be over yet.
    assert request.start == at(case, 0)
    assert request.end in (at(case, 1 + count), at(case, 2 + count))
    assert case.counter("holes") == 1
    explained = case.session.adapter().explain("BTCUSDT", start=at(case, 0), on_stale="mark")
    assert [attempt.outcome for attempt in explained.attempts] == ["bars", "not_asked"]


# F7


def away(case, bars) -> None:
    """Bar 2 has been interrupted by a cut; so many bars later the server lets in again, and plays the next message."""
    case.counted("lost.cut")
    case.play(bars)
    case.server.open_port()
    case.connected(2)
    case.market.play_steps(1)


@pytest.mark.parametrize(
    ("bars", "capacity"), [(1, 1000), (5, 1000), (19, 20)], ids=["1 bar", "5 bars", "one fewer than fit"]
)
def test_f7_a_disconnect_that_is_resumed_amid_a_bar(case, chain, bars, capacity):
    """Is cut amid a bar and comes back some bars later, amid one → the hole is told and listed until the next source
    has filled it; the bar that the cut interrupted belongs to it, the one that it comes back in does not."""
    case.serve(cut_after(12), market=Market.made())
    gate = threading.Event()
    chain("live", stranger(once_open(gate, knows(case))), capacity=capacity)
    case.connected()
    told = Told(case)
    case.play(2.4)
    away(case, bars)
    lost = hole(case, 2, 2 + bars)
    case.counted("holes")
    assert opens(case, case.held()) == [0, 1, 2, 2 + bars]
    assert [bar.closed for bar in case.held()] == [True, True, False, False]
    case.play(1)
    case.until(lambda: told.closings()[at(case, 2 + bars)])
    assert opens(case, case.closed()) == [0, 1, 2 + bars]
    assert case.held()[3].finality is Finality.SUCCESSOR
    listed(case, lost)
    gate.set()
    case.counted("backfilled", min(bars, capacity - 2))  # the oldest gave way to two newer ones
    case.until(lambda: [event.hole for event in told.of("filled")] == [lost])
    assert [event.hole for event in told.of("hole")] == [lost]
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert [bar.source for bar in answer][-bars - 1 :] == ["history"] * bars + ["live"]
    assert (case.counter("stream_resets"), case.counter("holes"), len(backfills(case))) == (0, 1, 1)


@pytest.mark.parametrize(("bars", "capacity"), [(2000, 1000), (20, 20)], ids=["2000 bars", "as many as fit"])
def test_f7_a_disconnect_over_all_that_fits(case, chain, bars, capacity):
    """Is cut, and comes back after more bars than are kept → the stream begins anew, instead of a cache with a hole;
    the bars that fit are filled in, and older ones come from the next source."""
    case.serve(cut_after(12), market=Market.made(bars=bars + 10))
    gate = threading.Event()
    chain("live", stranger(once_open(gate, knows(case))), capacity=capacity)
    case.connected()
    told = Told(case)
    case.play(2.4)
    away(case, bars)
    case.counted("stream_resets")
    assert opens(case, case.held()) == [2 + bars]
    case.play(1)
    case.until(lambda: told.closings()[at(case, 2 + bars)])
    assert opens(case, case.closed()) == [2 + bars]
    assert (stream(case).state, stream(case).holes) == ("live", 0)
    assert [event.hole for event in told.of("hole")] == [hole(case, 2, 2 + bars)]
    gate.set()
    case.until(lambda: len(case.held()) == capacity)
    assert opens(case, case.held()) == list(range(bars + 4 - capacity, bars + 4))
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert case.counter("stream_resets") == 1


@pytest.mark.parametrize(
    ("bars", "snapshot", "missing"),
    [(0, 0, 0), (1, 2, 0), (3, 2, 1)],
    ids=["it is going on", "in its snapshot", "not any more in its snapshot"],
)
def test_f7_the_interrupted_bar_is_sent_again(case, chain, bars, snapshot, missing):
    """Comes back and sends the bar that the cut interrupted itself, or no longer → only in the latter case is it
    missing; until then it is shown neither as closed nor as forming."""
    case.serve(cut_after(12), market=Market.made(snapshot=snapshot))
    chain("live", "archive")
    case.connected()
    told = Told(case)
    case.play(2.4)
    case.counted("lost.cut")
    case.until(lambda: case.live.status().state == "reconnecting")
    assert opens(case, case.answer(count=5, include_now=True)) == [0, 1]
    away(case, bars)
    case.until(lambda: opens(case, case.held())[-1:] == [2 + bars])
    case.counted("holes", missing)
    assert case.counter("holes") == missing
    case.play(1)
    case.until(lambda: told.closings()[at(case, 2 + bars)] == 1)
    if missing:
        case.until(lambda: [event.hole for event in told.of("filled")] == [hole(case, 2, 3)])
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert [bar.source for bar in answer][2] == ("archive" if missing else "live")
    assert set(told.closings().values()) == {1}


def counts_from_the_subscription(*, cut=False):
    """A server whose first bar of a connection holds only what happened since; once it has passed on 12 messages it
    is cut and refuses connections, if so told."""

    def script(peer):
        first = []

        def push(played):
            message = json.loads(played.text)
            first.append(message)
            if message["open_time"] == first[0]["open_time"]:
                price = message["close"]
                message |= {"open": price, "high": price, "low": price, "volume": "0.001"}
            peer.send(message)
            if cut and len(first) == 12:
                peer.server.close_port()
                raise Gone

        peer.behave(push)

    return script


@FLAGS
def test_f7_the_first_bar_after_a_reconnect_is_doubted_only_if_so_told(case, chain, flag):
    """Counts a bar from the subscription, and the options say so (`partial_first`) → the first bar of each connection
    is missing too, until the next source has it; elsewhere (see above) it counts."""
    case.serve(
        counts_from_the_subscription(cut=True),
        counts_from_the_subscription(),
        market=Market.made(exchange=WealthAI(flag)),
    )
    gate = threading.Event()
    chain("live", stranger(once_open(gate, knows(case))), partial_first=True)
    case.connected()
    told = Told(case)
    case.play(2.4)
    away(case, 3)
    case.play(2)
    case.until(lambda: told.closings()[at(case, 6)])
    lost = hole(case, 2, 6)
    assert opens(case, case.closed()) == [1, 6]
    assert case.answer().holes == (lost,)
    assert facts(case.answer()) == truth_without(case, hole(case, 0, 1), lost)
    gate.set()
    case.counted("backfilled", 4)
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert set(facts([bar for bar in told.bars() if bar.closed])) <= set(facts(case.market.closed(SERIES)))


# F8


def holed(case, chain, *sources, flag=None, **options) -> Told:
    """A stream that has left out bars 1 and 2, and has just begun with bar 3."""
    case.serve("skip-bars:2", market=Market.made(exchange=WealthAI(flag)))
    chain("live", *sources, **options)
    case.connected()
    told = Told(case)
    case.play(3)
    case.market.play_steps(1)
    case.counted("holes")
    return told


def goes_on(case, told) -> None:
    """The stream goes on, and closes bar 3."""
    case.play(1)
    case.until(lambda: told.closings()[at(case, 3)])


def filled(case, *sources) -> None:
    """The answer is the whole truth, from these sources."""
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    assert [bar.source for bar in answer] == list(sources)


def test_f8_a_backfill_that_comes_late(case, chain, soon):
    """The next source answers only when the stream has gone on, with another hole → its bars are merged by their
    times; the other hole is asked for after that, once."""
    case.serve(skipping(lambda played: number_of(case, played) in (1, 2, 5)), market=Market.made())
    gate = threading.Event()
    chain("live", stranger(once_open(gate, knows(case))))
    case.connected()
    case.play(7.4)
    case.counted("holes", 2)
    case.until(lambda: len(case.closed()) == 4)
    listed(case, hole(case, 1, 3), hole(case, 5, 6))
    case.until(lambda: len(backfills(case)) >= 1)
    assert len(backfills(case)) == 1
    gate.set()
    case.counted("backfilled", 3)
    case.until(lambda: stream(case).state == "live")
    filled(case, "live", "history", "history", "live", "live", "history", "live")
    assert case.counter("backfilled") == 3
    a_turn(case)
    assert len(backfills(case)) == 2


def test_f8_a_backfill_that_overlaps_what_is_there(case, chain):
    """The next source answers with more than was asked for, even with the future → its bars fill the hole, and
    nothing else is taken of them."""
    told = holed(case, chain, stranger(lambda request: packed(list(bars_of(case.market)), request)))
    case.counted("backfilled", 2)
    goes_on(case, told)
    case.until(lambda: stream(case).state == "live")
    filled(case, "live", "history", "history", "live")
    assert (case.counter("backfilled"), case.counter("disagreements")) == (2, 0)
    assert opens(case, case.held()) == [0, 1, 2, 3, 4]


@FLAGS
def test_f8_a_backfill_that_disagrees_with_the_stream(case, chain, flag):
    """The next source has other values for a bar that the stream closed, by flag or successor → the stream's stay,
    and the disagreement is counted; the hole is filled."""

    def disagreeing(request):
        bars = [bar if bar.open_time in missing else replace(bar, volume="7.7") for bar in bars_of(case.market)]
        return picked(bars, request)

    case.market = Market.made(exchange=WealthAI(flag))
    missing = (at(case, 1), at(case, 2))
    told = holed(case, chain, stranger(disagreeing), flag=flag)
    case.counted("disagreements")
    case.counted("backfilled", 2)
    goes_on(case, told)
    assert (case.counter("disagreements"), case.counter("backfilled")) == (1, 2)  # the bar before the hole
    filled(case, "live", "history", "history", "live")
    assert [bar.finality for bar in case.answer()] == [
        Finality.FLAG if flag else Finality.SUCCESSOR,
        Finality.HISTORY,
        Finality.HISTORY,
        Finality.FLAG if flag else Finality.SUCCESSOR,
    ]
    assert {bar.volume for bar in told.bars()} & {7.7} == set()


def nothing(request):
    return Bars.empty(request.symbol, request.timeframe)


def not_here(request):
    raise NotHere("has nothing of that")


def fails(request):
    raise OSError("no disk")


@pytest.mark.parametrize("answer", [nothing, not_here, fails], ids=["empty", "not here", "fails"])
def test_f8_a_backfill_that_brings_nothing(case, chain, soon, answer):
    """The next source answers with nothing, has nothing, or fails → the hole stays, listed in status and answers, and
    is asked for again until there is something."""
    told = holed(case, chain, stranger(answer))
    goes_on(case, told)
    listed(case, hole(case, 1, 3))
    case.until(lambda: len(backfills(case)) >= 2)
    listed(case, hole(case, 1, 3))
    assert (case.counter("backfilled"), case.counter("verified_empty"), told.of("filled")) == (0, 0, [])
    case.session.source("history").answer = knows(case)
    case.counted("backfilled", 2)
    case.until(lambda: stream(case).state == "live")
    filled(case, "live", "history", "history", "live")


def test_f8_failing_backfills_are_paced(case, chain, monkeypatch):
    """The next source fails time after time, while the bar after the hole is forming → it is asked again and again,
    each pause twice as long as the one before."""
    first = 0.6
    use_policies(monkeypatch, first_retry=first)
    moments = []

    def failing(request):
        own = request.timeframe.name == SERIES[1]  # and not finer bars, of which these could be made
        if own and threading.current_thread().name.startswith("wealthsources-backfill"):
            moments.append(time.monotonic())
        raise OSError("no disk")

    holed(case, chain, stranger(failing))
    case.until(lambda: len(moments) == 3)
    case.session.source("history").answer = knows(case)
    assert moments[1] - moments[0] >= first
    assert moments[2] - moments[1] >= 2 * first
    case.counted("backfilled", 2)


def quiet_market(**options) -> Market:
    """A market in which nothing was traded in its hours number 2 and 3: there never were such bars."""
    bars = bars_of(Market.made())
    return Market({SERIES: (*bars[:2], *bars[4:])}, **options)


def quiet_hours(case):
    return Hole(at(case, 1) + 3_600_000, at(case, 2), 2)


@FLAGS
def test_f8_bars_that_never_were(case, chain, soon, flag):
    """Leaves out bars that never were, and an exchange's own history has those on both sides of them → they are
    verified as empty, no hole any more in status and answers, and not asked for again."""
    case.serve(market=quiet_market(exchange=WealthAI(flag)))
    chain("live", stranger(knows(case), authoritative=True))
    case.connected()
    told = Told(case)
    case.play(3.4)
    case.counted("verified_empty", 2)
    assert case.counter("verified_empty") == 2
    case.until(lambda: [event.hole for event in told.of("filled")] == [quiet_hours(case)])
    assert (stream(case).state, stream(case).holes, stream(case).verified_empty) == ("live", 0, 1)
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
    asked = len(backfills(case))
    a_turn(case)
    assert len(backfills(case)) == asked
    assert case.counter("backfilled") == 0


@pytest.mark.parametrize(
    ("authoritative", "knowing"),
    [(False, 9), (True, 2), (True, 0)],
    ids=["no exchange's own", "only older bars", "no bar at all"],
)
def test_f8_what_proves_that_bars_never_were_and_what_does_not(case, chain, soon, authoritative, knowing):
    """Leaves out bars, and a history that is not the exchange's own leaves them out as well, or the exchange's own ends
    before them or is empty → that proves nothing: the hole stays listed and is asked for again."""
    case.serve(market=quiet_market())
    known = bars_of(case.market)[:knowing]
    chain("live", stranger(knows(case, lambda bar: bar in known), authoritative=authoritative))
    case.connected()
    case.play(3)
    case.market.play_steps(1)
    case.counted("holes")
    case.until(lambda: len(case.closed()) == 3)
    for _ in range(2):
        listed_quiet(case)
        a_turn(case)
    case.until(lambda: len(backfills(case)) >= 2)
    assert (case.counter("verified_empty"), stream(case).verified_empty) == (0, 0)


def listed_quiet(case) -> None:
    assert (stream(case).state, stream(case).holes) == ("hole", 1)
    answer = case.answer()
    assert answer.holes == (quiet_hours(case),)
    assert facts(answer) == facts(case.market.closed(SERIES))


def test_f8_an_empty_answer_counts_once_the_span_has_been_over_for_an_hour(case, chain):
    """Leaves out bars, and the exchange's own history has none for that span → as long as the span ended less than an
    hour ago the answer lists the hole, after that it is taken for empty."""
    case.serve(market=quiet_market())
    chain("live", stranger(nothing, authoritative=True))
    case.connected()
    case.play(3)
    case.market.play_steps(1)
    case.counted("holes")
    case.until(lambda: len(case.closed()) == 3)
    listed_quiet(case)  # what it was asked for ends now
    case.play(3)
    case.until(lambda: len(case.closed()) == 6)
    answer = case.answer()
    assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
