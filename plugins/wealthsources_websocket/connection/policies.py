"""What a client takes from outside: how it dials, how often, how long it waits, and what time it is."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wealthsources_websocket.connection.budget import PROCESS_BUDGET, ConnectBudget
from wealthsources_websocket.connection.reconnect import Backoff
from wealthsources_websocket.transport.ask import ask
from wealthsources_websocket.transport.base import Ask, Dial
from wealthsources_websocket.transport.connect import connect

#: Seconds within which everything stops, in any state.
STOP_LIMIT: Final = 3.0


def seconds_asleep() -> float:
    """Seconds that this machine was asleep since it was started: in them the monotonic clock stands still (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic() if hasattr(time, "CLOCK_BOOTTIME") else 0.0


@dataclass(frozen=True)
class Policies:
    """How a client deals with the world; whoever wants another behaviour hands in another. Times are seconds.

    dial            opens a connection; ask: makes the request before it, where there is one
    budget          counts how often a host is connected to, by all who share it
    backoff         makes the delays of a client, from the shortest and the longest bound
    monotonic       the clock; wall: what time it is, in seconds since 1970
    asleep          how long the machine was asleep so far
    close_timeout   how long a goodbye waits for the other side's
    stop_limit      how long stopping may take
    snapshot        for so long after an acknowledgement bars may be of a snapshot, which tells nothing of how they come
    first_retry     a hole that was not filled is asked for again after so long, at first
    most_malformed  so many messages in a row that cannot be used, within `flood_time`, end a connection
    uniform         draws a number between two
    renew_at        between these shares of the time that a server grants a connection the next one is opened beside it
    patience        for so long a connection that is there waits until it has stated every bar that the old one forms
    silence         where all is silent another connection is tried at once, and after these seconds at least if that
                    brings nothing either; each time twice as many, up to the second number
    most_held       so many messages are kept of a connection that is not in use yet
    """

    dial: Dial = connect
    ask: Ask = ask
    budget: ConnectBudget = PROCESS_BUDGET
    backoff: Callable[[float, float], Backoff] = Backoff
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    asleep: Callable[[], float] = seconds_asleep
    close_timeout: float = 1.0
    stop_limit: float = STOP_LIMIT
    most_malformed: int = 1_000
    flood_time: float = 60.0
    snapshot: float = 1.0
    first_retry: float = 5.0
    uniform: Callable[[float, float], float] = random.uniform
    renew_at: tuple[float, float] = (0.90, 0.95)
    patience: float = 600.0
    silence: tuple[float, float] = (60.0, 3600.0)
    most_held: int = 10_000


DEFAULT_POLICIES: Final = Policies()
