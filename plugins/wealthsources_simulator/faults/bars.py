"""Rows F: proper bars in the wrong number, order or time. Where it says once, the server behaves well after it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from wealthsources import Timeframe
from wealthsources_simulator.faults.registry import misbehaves, misbehaves_once

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar, Series
    from wealthsources_simulator.exchanges.base import Message
    from wealthsources_simulator.market import Played
    from wealthsources_simulator.peer import Peer

_HOUR: Final = 3_600_000


@misbehaves_once("many-updates", "F1", "bars", default=50)
def _many_updates(peer: Peer, count: int) -> None:
    """Sends so many updates of the bar in progress, or of the next one."""
    peer.send(*peer.states(count))


@misbehaves_once("update-after-close", "F3", "bars", default="older", choices=("older", "newer"))
def _update_after_close(peer: Peer, kind: str) -> None:
    """Closes the newest whole bar by a flag, then sends it without: an older state, or a newer and then the truth."""
    ((_, bar),) = peer.whole(1)
    truth = _flagged(peer, bar)
    if kind == "older":
        peer.send(truth, _unflagged(peer, replace(bar, high=bar.open, low=bar.open, close=bar.open, volume="0.000")))
    else:
        peer.send(truth, _unflagged(peer, replace(bar, close=bar.low)), truth)


def _flagged(peer: Peer, bar: PlayedBar) -> Message:
    """A closed bar that says so, also where the exchange has no word for that."""
    message = peer.exchange.bar(peer.subject, bar, True)
    return message if peer.exchange.closed_flag else message | {"is_closed": True}


def _unflagged(peer: Peer, bar: PlayedBar) -> Message:
    """A bar that says that it is not closed, or nothing of it."""
    message = peer.exchange.bar(peer.subject, bar, False)
    message.pop(peer.exchange.closed_flag or "", None)
    return message


@misbehaves("duplicates", "F4", "bars", default=2)
def _duplicates(peer: Peer, times: int) -> None:
    """Sends every message so many times, beginning with the newest whole bar, if there is one."""
    peer.join()
    for bar in peer.finals()[-1:]:
        peer.send(*[bar] * times)

    def push(played: Played) -> None:
        for _ in range(times):
            peer.tell(played)

    peer.behave(push)


@misbehaves_once("older-after-newer", "F5", "bars")
def _older_after_newer(peer: Peer) -> None:
    """Sends the newest whole bar, then the one before with another close, then that one as it was."""
    (series, older), (_, newer) = peer.whole(2)
    other = replace(older, close=older.low if older.close != older.low else older.high)
    peer.send(*(peer.exchange.bar(series, bar, True) for bar in (newer, other, older)))


@misbehaves("skip-bars", "F6", "bars", default=1)
def _skip_bars(peer: Peer, count: int) -> None:
    """Leaves out so many bars of each series, after the first one, and else behaves well."""
    seen: dict[Series, list[int]] = {}

    def push(played: Played) -> None:
        bars = seen.setdefault(played.series, [])
        if played.bar.open_time not in bars[-1:]:
            bars.append(played.bar.open_time)
        if not 1 < len(bars) <= 1 + count:
            peer.tell(played)

    peer.behave(push)


@misbehaves("cut-mid-bar", "F7", "bars", default=1)
def _cut_mid_bar(peer: Peer, bars: int) -> None:
    """Cuts the connection (FIN) at the first update of a bar, after so many whole ones."""
    whole = 0

    def in_the_middle(played: Played) -> bool:
        nonlocal whole
        whole += played.final
        return whole >= bars and not played.final

    peer.join()
    peer.follow(until=in_the_middle)


@misbehaves_once("future-bar", "F9", "bars", default=1)
def _future_bar(peer: Peer, hours: int) -> None:
    """Sends a bar that opens so many hours after now, by this machine's clock."""
    timeframe = Timeframe(peer.subject[1])
    open_time = timeframe.floor(int(time.time() * 1000) + hours * _HOUR)
    bar, closed = peer.state()
    bar = replace(bar, open_time=open_time, end=timeframe.end(open_time))
    peer.send(peer.exchange.bar(peer.subject, bar, closed))


@misbehaves_once("burst", "F11", "bars")
def _burst(peer: Peer) -> None:
    """Sends every whole bar that was played before, in order, as fast as it can."""
    peer.send(*peer.finals())


@misbehaves_once("shuffled", "F11", "bars")
def _shuffled(peer: Peer) -> None:
    """Sends every whole bar that was played before, in a seeded random order."""
    bars = peer.finals()
    peer.rng.shuffle(bars)
    peer.send(*bars)


@misbehaves_once("reversed", "F11", "bars")
def _reversed(peer: Peer) -> None:
    """Sends every whole bar that was played before, the newest first."""
    peer.send(*reversed(peer.finals()))


@misbehaves_once("unasked-symbols", "F12", "bars", default=5000)
def _unasked_symbols(peer: Peer, count: int) -> None:
    """Sends a bar of each of so many symbols that nobody asked for."""
    timeframe, state = peer.subject[1], peer.state()
    for number in range(count):
        peer.send(peer.exchange.bar((f"NOBODYASKED{number}", timeframe), *state))
