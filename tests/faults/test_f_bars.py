"""Section F of the table of faults: proper bars in the wrong number or order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wealthsources import Finality
from wealthsources_simulator import Market, WealthAI, forming_state

from .case import SERIES, VALUES, facts
from .histories import (
    FLAGS,
    POLICIES,
    Told,
    after,
    at,
    bars_of,
    exact,
    exact_of,
    final,
    has_said,
    number_of,
    other_close,
)

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
        has_said(case, said)
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
        has_said(case, said)
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
