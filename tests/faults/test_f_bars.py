"""Section F of the table of faults, the first half: proper bars in the wrong number, order or time."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from wealthsources import AllSourcesFailed, Bars, Finality, Hole, NotHere
from wealthsources_simulator import Gone, Market, MarketServer, WealthAI, forming_state

from ..support.live_source import use_policies
from .conftest import SERIES, TOKEN, facts
from .histories import (
    VALUES,
    Told,
    a_turn,
    after,
    at,
    backfills,
    bars_of,
    exact,
    final,
    hole,
    knows,
    market_from,
    number_of,
    once,
    opener,
    other_close,
    packed,
    picked,
    says,
    skipping,
    stranger,
    truth_without,
)

FLAGS = pytest.mark.parametrize("flag", [None, "is_closed"], ids=["no flag", "closed flag"])
POLICIES = pytest.mark.parametrize("corrections", ["accept", "reject"])


@pytest.fixture
def chain(case, distribution):
    """Opens a session of any sources: `chain("live", stranger(…), "archive")`."""
    return opener(case, distribution)


# F1


@pytest.mark.parametrize("played", [1, 12], ids=["the first bar", "after others"])
def test_f1_fifty_updates_of_one_forming_bar(case, played):
    """Sends 50 updates of one forming bar → it is one bar with the latest values, each update is a revision, and it is
    never told or shown as closed."""
    case.serve(after(played, "many-updates:50"))
    case.open()
    case.connected()
    told = Told(case)
    case.market.play_steps(played)
    number, updates = divmod(played - 1, case.market.steps_per_bar)
    case.until(lambda: len(case.held()) == number + 1 and case.held()[-1].revision == updates + 50)
    case.counted("bars.new")
    assert case.counter("bars.new") == number + 1
    bar = case.held()[-1]
    latest = forming_state(bars_of(case.market)[number], 49, 50)
    assert exact(bar) == {name: getattr(latest, name) for name in VALUES}
    assert (bar.closed, bar.finality) == (False, None)
    case.until(lambda: told.number == played + 50 + number)  # each message is one, and each closing
    assert not any(bar.closed for bar in told.bars(at(case, number)))
    assert at(case, number) not in case.answer().open_times
    shown = case.answer(count=1, include_now=True)[-1]
    assert (shown.open_time, shown.closed, exact(shown)) == (at(case, number), False, exact(bar))


# F2


def test_f2_the_next_open_time_closes_the_bar_before(case):
    """Sends the next open time → the bar before it is closed by its successor, and told as closed exactly once."""
    case.serve()
    case.open()
    case.connected()
    told = Told(case)
    case.play(1)
    case.until(lambda: told.bars() and exact(told.bars()[-1])["volume"] == final(case, 0)["volume"])
    assert [bar.closed for bar in case.held()] == [False]  # all of it has come, and nothing says so
    assert len(case.answer()) == 0
    case.market.play_steps(1)
    case.until(lambda: told.closings() == {at(case, 0): 1})
    assert [(bar.closed, bar.finality) for bar in case.held()] == [(True, Finality.SUCCESSOR), (False, None)]
    case.counted("bars.new", 2)
    case.play(20)
    case.until(lambda: len(told.closings()) == 21)
    closed = [bar for bar in told.bars() if bar.closed]
    assert facts(closed) == facts(case.market.closed(SERIES))  # each once, in their order, with its last values
    assert {bar.finality for bar in closed} == {Finality.SUCCESSOR}


# F3


def newer(message):
    return message | {"close": other_close(message), "volume": str(Decimal(message["volume"]) + 1)}


def older(message):
    start = message["open"]
    return message | {"high": start, "low": start, "close": start, "volume": "0.001"}


def without_flag(message):
    return {name: value for name, value in message.items() if name != "is_closed"}


AFTER_CLOSE = {
    "older without a flag": (lambda message: without_flag(older(message)), "older"),
    "older and flagged as open": (lambda message: older(message) | {"is_closed": False}, "older"),
    "newer without a flag": (lambda message: without_flag(newer(message)), "correction"),
    "newer and flagged as open": (lambda message: newer(message) | {"is_closed": False}, "correction"),
    "flagged as closed once more": (lambda message: older(message) | {"is_closed": True}, "correction"),
}


@POLICIES
@pytest.mark.parametrize(("change", "kind"), AFTER_CLOSE.values(), ids=AFTER_CLOSE)
def test_f3_an_update_after_the_closed_flag(case, corrections, change, kind):
    """Flags a bar as closed and then updates it → an older state is dropped, anything else is a correction: accepted
    with one revision and one event more, or rejected, by policy; the bar never becomes forming again."""
    case.market = Market.made(exchange=WealthAI("is_closed"))
    said = change(final(case, 1))
    case.serve(after(10, lambda peer: peer.send(said)))
    case.open(corrections=corrections)
    case.connected()
    told = Told(case)
    case.play(2)
    accepted = kind == "correction" and corrections == "accept"
    if accepted:
        says(case, said)
    case.counted("bars.rejected" if kind == "correction" and not accepted else f"bars.{kind}")
    bar = case.held()[1]
    assert (bar.closed, bar.finality, bar.revision) == (True, Finality.FLAG, 4 + accepted)
    assert exact(bar) == exact_of(final(case, 1))
    case.play(1)
    case.until(lambda: len(told.closings()) == 3)
    assert told.closings() == {at(case, 0): 1, at(case, 1): 1 + accepted, at(case, 2): 1}
    states = [bar.closed for bar in told.bars(at(case, 1))]
    assert states == sorted(states)
    assert states[-1]


def exact_of(message):
    return {name: message[name] for name in VALUES}


@POLICIES
@pytest.mark.parametrize("kind", ["older", "newer"])
def test_f3_an_update_that_the_server_takes_back(case, corrections, kind):
    """Flags a bar as closed, updates it, and for a newer update says the truth again → the truth is what stays,
    accepting corrections or rejecting them."""
    case.serve(f"update-after-close:{kind}", market=Market.made(exchange=WealthAI("is_closed")))
    case.open(corrections=corrections)
    case.connected()
    case.play(1)
    counter, times = {"older": ("older", 1), "newer": ("correction", 2)}[kind]
    if (kind, corrections) == ("newer", "reject"):
        counter, times = "rejected", 1
    case.counted(f"bars.{counter}", times)
    bar = case.held()[0]
    assert (bar.closed, bar.finality, exact(bar)) == (True, Finality.FLAG, exact_of(final(case, 0)))


# F4


@FLAGS
def test_f4_every_message_three_times(case, flag):
    """Sends every message three times → no event and no revision for what is no news."""
    case.serve("duplicates:3", market=Market.made(exchange=WealthAI(flag)))
    case.open()
    case.connected()
    told = Told(case)
    case.play(3.4)
    case.counted("bars.repeat", 2 * 17)
    assert case.counter("bars.repeat") == 2 * 17
    wanted = 17 if flag else 17 + 3  # a successor says two things: its own beginning and an end
    case.until(lambda: told.number == wanted)
    assert [bar.revision for bar in case.held()] == [4, 4, 4, 1]
    assert told.closings() == {at(case, place): 1 for place in range(3)}
    case.play(1)
    case.until(lambda: len(told.closings()) == 4)
    case.until(lambda: told.number >= wanted + 5 + (not flag))
    assert told.number == wanted + 5 + (not flag)


@FLAGS
def test_f4_what_was_known_comes_again_after_a_reconnect(case, flag):
    """Is cut between two bars and sends its newest bars again on the next connection → no event and no revision; the
    bar that was newest is closed once, by what follows on the new connection, and there is no hole."""
    case.serve(lambda peer: (peer.join(), peer.pass_on(15)), market=Market.made(exchange=WealthAI(flag), snapshot=5))
    case.open()
    case.connected()
    told = Told(case)
    case.play(3)
    case.counted("lost.cut")
    before = list(case.held())
    wanted = 15 if flag else 15 + 2
    case.until(lambda: told.number == wanted)
    case.counted("bars.repeat", 3)
    assert list(case.held()) == before
    assert told.number == wanted
    case.play(0.4)
    case.until(lambda: len(told.closings()) == 3)
    assert told.closings() == {at(case, place): 1 for place in range(3)}
    assert case.held()[2].finality is (Finality.FLAG if flag else Finality.SUCCESSOR)
    assert (case.counter("holes"), case.counter("bars.repeat")) == (0, 3)


@FLAGS
def test_f4_all_bars_come_again_amid_another(case, flag):
    """Sends all its bars again in the middle of another → no event, no revision, and order and forming bar stay."""
    case.serve(after(17, lambda peer: peer.send(*peer.finals())), market=Market.made(exchange=WealthAI(flag)))
    case.open()
    case.connected()
    told = Told(case)
    case.play(3.4)
    case.counted("bars.repeat", 3)
    assert [bar.revision for bar in case.held()] == [4, 4, 4, 1]
    assert [bar.closed for bar in case.held()] == [True, True, True, False]
    case.until(lambda: told.number == (17 if flag else 17 + 3))
    assert told.closings() == {at(case, place): 1 for place in range(3)}


# F5


LATE = {
    "with another close": (lambda message: message | {"close": other_close(message)}, "correction"),
    "in an older state": (older, "older"),
}


@POLICIES
@pytest.mark.parametrize(("change", "kind"), LATE.values(), ids=LATE)
def test_f5_the_bar_before_the_newest_comes_again(case, corrections, change, kind):
    """Sends the bar before the newest once more, with other values → the newest is as it was, the other is corrected
    or that is rejected, by policy, an older state of it is dropped; the order stays."""
    said = change(final(case, 1))
    case.serve(after(12, lambda peer: peer.send(said)))
    case.open(corrections=corrections)
    case.connected()
    told = Told(case)
    case.play(2.4)
    accepted = kind == "correction" and corrections == "accept"
    if accepted:
        says(case, said)
    case.counted("bars.rejected" if kind == "correction" and not accepted else f"bars.{kind}")
    _, before, newest = case.held()
    assert (before.closed, before.finality, before.revision) == (True, Finality.SUCCESSOR, 4 + accepted)
    assert exact(before) == exact_of(final(case, 1))
    state = forming_state(bars_of(case.market)[2], 1, 4)
    assert (newest.open_time, newest.closed, newest.revision) == (at(case, 2), False, 1)
    assert exact(newest) == {name: getattr(state, name) for name in VALUES}
    case.until(lambda: told.number == 12 + 2 + accepted)
    case.play(1)
    case.until(lambda: told.closings()[at(case, 2)] == 1)
    assert told.closings() == {at(case, 0): 1, at(case, 1): 1 + accepted, at(case, 2): 1}


@POLICIES
def test_f5_the_bar_before_the_newest_is_corrected_and_that_is_taken_back(case, corrections):
    """Sends the bar before the newest with another close, then as it was → two corrections, or a rejected one and a
    repeat; the newest is as it was."""
    case.serve("older-after-newer")
    case.open(corrections=corrections)
    case.connected()
    case.play(2)
    if corrections == "accept":
        case.counted("bars.correction", 2)
    else:
        case.counted("bars.rejected")
        case.counted("bars.repeat", 2)
    before, newest = case.held()
    assert (before.closed, before.revision) == (True, 6 if corrections == "accept" else 4)
    assert (newest.closed, newest.revision, exact(newest)) == (False, 4, exact_of(final(case, 1)))


def test_f5_a_bar_that_comes_late(case):
    """Sends a bar for the first time after the newest → it takes its place, is closed by what had come, and is no
    longer missing; the newest is as it was."""
    late = final(case, 1)

    def script(peer):
        def push(played):
            if number_of(case, played) != 1:
                peer.send(played.text)
            if played.step == 10:
                peer.send(late)

        peer.behave(push)

    case.serve(script)
    case.open(archive=False)
    case.connected()
    told = Told(case)
    case.play(2.4)
    case.counted("holes")
    case.until(lambda: len(case.held()) == 3)
    assert [(bar.open_time, bar.closed) for bar in case.held()] == [
        (at(case, 0), True),
        (at(case, 1), True),
        (at(case, 2), False),
    ]
    assert exact(case.held()[1]) == exact_of(late)
    assert case.held()[1].finality is Finality.SUCCESSOR
    case.play(1)
    case.until(lambda: told.closings() == {at(case, place): 1 for place in range(3)})
    assert (case.status.streams[0].state, case.status.streams[0].holes) == ("live", 0)
    assert case.answer().holes == ()


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
    chain("live", stranger(once(gate, knows(case))))
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


def cut_after(messages):
    """Pass on so many messages, then cut the connection and refuse new ones, until the test opens the port again."""

    def script(peer):
        peer.join()
        peer.pass_on(messages)
        peer.server.close_port()

    return script


def away(case, bars) -> None:
    """Bar 2 has been interrupted by a cut; so many bars later the server lets in again, and plays the next message."""
    case.counted("lost.cut")
    case.play(bars)
    case.server.open_port()
    case.connected(2)
    case.market.play_steps(1)


def opens(case, bars) -> list[int]:
    """The numbers of these bars."""
    first = at(case, 0)
    return [(bar.open_time - first) // 3_600_000 for bar in bars]


@pytest.mark.parametrize(
    ("bars", "capacity"), [(1, 1000), (5, 1000), (19, 20)], ids=["1 bar", "5 bars", "one fewer than fit"]
)
def test_f7_a_disconnect_that_is_resumed_amid_a_bar(case, chain, bars, capacity):
    """Is cut amid a bar and comes back some bars later, amid one → the hole is told and listed until the next source
    has filled it; the bar that the cut interrupted belongs to it, the one that it comes back in does not."""
    case.serve(cut_after(12), market=Market.made())
    gate = threading.Event()
    chain("live", stranger(once(gate, knows(case))), capacity=capacity)
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
    chain("live", stranger(once(gate, knows(case))), capacity=capacity)
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
    chain("live", stranger(once(gate, knows(case))), partial_first=True)
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
    chain("live", stranger(once(gate, knows(case))))
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
    first = 0.9
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
    case.live._streams[SERIES].retry_at = 0.001  # enough of waiting: as if the third pause were over
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


# F9

MINUTE = 60_000
MINUTES = ("BTCUSDT", "1m")


def minutes_from(minutes: float, **options) -> Market:
    """Bars of a minute, from so many minutes before (or after) now on, by this machine's clock."""
    now = time.time_ns() // 1_000_000
    return market_from((now // MINUTE + minutes) * MINUTE, "1m", **options)


def open_minutes(case, **options) -> None:
    """A session of the system's clock, and of nobody but the live source."""
    case.open(archive=False, clock="system", resolutions=["1m"], **options)


def test_f9_a_bar_from_the_future(case):
    """Sends a bar that opens an hour from now → it is refused and counted, how far the server's clock is ahead is
    reported, and the bar in progress is neither closed nor lost by it."""
    case.serve(after(12, "future-bar:1"), market=minutes_from(-40))
    open_minutes(case)
    case.connected()
    told = Told(case)
    case.play(2.4)
    case.counted("from_the_future")
    assert 3500 < case.status.clock_offset <= 3600
    assert case.session.status().sources["live"].clock_offset == case.status.clock_offset
    case.until(lambda: told.number == 12 + 2)
    assert [bar.closed for bar in case.held(MINUTES)] == [True, True, False]
    now = case.session.clock.now()
    assert {bar.open_time <= now for bar in told.bars()} == {True}
    assert case.counter("holes") == 0
    case.play(1)
    case.until(lambda: len(told.closings()) == 3)
    assert case.counter("from_the_future") == 1


def test_f9_a_server_whose_clock_is_an_hour_ahead(case):
    """Sends all its bars an hour too early → none is taken, the offset of an hour is reported, and strategies are told
    that there is nothing; the next server is judged by its own bars."""
    ahead, sound = minutes_from(60), minutes_from(-40)
    server = MarketServer(ahead, [cut_after(17)], token=TOKEN)
    case.servers.append(server)
    server.start()
    good = case.serve(market=sound)
    open_minutes(case, endpoint=server.url, fallbacks=[good.url])
    case.connected()
    ahead.play(3.3)
    case.counted("from_the_future", 16)
    assert 3600 < case.status.clock_offset <= 3600 + 3 * 60
    assert len(case.held(MINUTES)) == 0
    with pytest.raises(AllSourcesFailed, match="live: not here"):
        case.answer(MINUTES)
    ahead.play(0.2)
    case.counted("lost.cut")
    case.connected(2)
    assert case.status.clock_offset is None
    case.play(2)
    case.until(lambda: len(case.closed(MINUTES)) == 1)
    assert case.counter("from_the_future") == 17
    assert case.status.clock_offset < -30 * 60  # "at least": its bars prove no more


@pytest.mark.parametrize(
    ("flag", "seconds", "refused"),
    [(None, 4, False), (None, 60, True), ("is_closed", 4, False), ("is_closed", 60, True)],
    ids=["opens in 4 s", "opens in a minute", "closed, ends in 4 s", "closed, ends in a minute"],
)
def test_f9_how_far_a_bar_may_be_ahead(case, monkeypatch, flag, seconds, refused):
    """Sends a bar that opens, or one that it calls closed and that ends, a little or too far ahead → up to 5 s are
    granted, more is refused."""
    case.serve(market=Market.made(exchange=WealthAI(flag), updates=0, snapshot=48))
    last = final(case, 2)
    proof = last["close_time" if flag else "open_time"]
    wall = [proof / 1000 - seconds]
    use_policies(monkeypatch, wall=lambda: wall[0])
    case.open(archive=False, clock="system")
    case.connected()
    case.play(3)
    if refused:
        case.counted("from_the_future")
        assert opens(case, case.held()) == [0, 1]
        assert seconds - 5 < case.status.clock_offset <= seconds
    else:
        case.counted("bars.new", 3)
        assert opens(case, case.held()) == [0, 1, 2]
        assert case.counter("from_the_future") == 0
        assert seconds - 5 < case.status.clock_offset <= seconds
    wall[0] = proof / 1000 + 86_400
    case.server.peers[0].cut()  # who connects anew finds that it is later, and is sent it all
    case.connected(2)
