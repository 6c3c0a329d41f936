"""What the tests of rows D and E share: a server that sends one odd thing, and what must come of it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wealthsources_simulator import Peer, fault

from ..support.waiting import wait_until
from .case import SERIES, VALUES, Case, Message, facts

if TYPE_CHECKING:
    from wealthsources_simulator import Played


Script = Callable[[Peer], object]


# what a server does --------------------------------------------------------------------------------------------------


def once(send: Script) -> Script:
    """Send this after the snapshot; before and after it the server behaves well."""

    def script(peer: Peer) -> None:
        peer.join()
        send(peer)
        peer.behave()

    return script


def on_go(entry: str | Script, go: threading.Event) -> Script:
    """The same, not before `go`. Where it is refused while it still sends, what the client said to that is read."""
    play = fault(entry) if isinstance(entry, str) else entry

    def script(peer: Peer) -> None:
        peer.join()
        wait_for(peer, go)
        try:
            play(peer)
        except OSError:
            peer.deaf()

    return script


def wait_for(peer: Peer, go: threading.Event) -> None:
    """Do nothing until `go`, or until the server stops."""
    while not go.is_set():
        peer.wait(0.003)


def spoiled(spoil: Callable[[Peer, Message], object]) -> Script:
    """Have `spoil(peer, message)` send the last message of the third bar; all else is as it should be."""
    finals: list[Played] = []

    def script(peer: Peer) -> None:
        def push(played: Played) -> None:
            finals.extend([played] if played.final else [])
            if played.final and len(finals) == 3:
                spoil(peer, json.loads(played.text))
            else:
                peer.send(played.text)

        peer.behave(push)

    return script


# what must come of it ------------------------------------------------------------------------------------------------


def delivered(case: Case, entry: str | Script, **options: Any) -> None:
    """The bar that was sent in an odd way is there, with every digit, and the connection stays."""
    case.play(3)
    case.serve(entry)
    case.open(**options)
    case.counted("bars.new", 3)
    wanted = case.server.peers[0].bar()
    case.until(lambda: len(case.held()) == 3)
    newest = case.held()[-1]
    assert (newest.open_time, *map(newest.exact, VALUES)) == (wanted["open_time"], *map(wanted.get, VALUES))
    stayed(case)


def stayed(case: Case) -> None:
    """The first connection is still the one."""
    assert (case.status.epoch, case.status.state) == (1, "connected"), "the connection did not stay"
    assert case.counter("attempts") == 1, "there was more than one attempt"


@contextlib.contextmanager
def only_the_truth(case: Case) -> Iterator[None]:
    """No closed bar that anybody is told of meanwhile is anything but what the server closed."""
    told: list[Any] = []
    assert case.session is not None
    case.session.subscribe(lambda event: told.append(event.bar) if event.bar and event.bar.closed else None)
    yield
    wait_until(lambda: told, what="a closed bar")
    assert set(facts(told)) <= set(facts(case.market.closed(SERIES))), (
        "a bar was told as closed that the server never closed so"
    )


def told_by(case: Case, entry: str | Script, counter: str, source: str) -> None:
    """A bar whose last message was spoiled comes from `source`, is never told as it was before, and nothing else is.

    `entry` is such a server, and `counter` what it moves.
    """
    case.serve(entry)
    case.open()
    case.connected()
    with only_the_truth(case):
        case.play(3)
        case.counted(counter)
        assert len(case.answer()) == 2  # nothing says yet that the third bar is over
        case.play(0.5)
        case.until(lambda: len(case.held()) == 4)
        case.until(lambda: answers_the_truth(case))
    assert [bar.source for bar in case.answer()] == ["live", "live", source]
    stayed(case)


def answers_the_truth(case: Case) -> bool:
    """Whether the answer is all that the server closed; what is there of it must always be true."""
    answer, truth = facts(case.answer()), facts(case.market.closed(SERIES))
    assert set(answer) <= set(truth), "the answer holds a bar that the server never closed so"
    return answer == truth
