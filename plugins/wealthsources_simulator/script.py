"""Script: what each connection meets, in the order in which they come."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.faults.library import fault
from wealthsources_simulator.faults.registry import Fault
from wealthsources_simulator.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A fault, its text ("half-frame:5"), a function of the Peer, or None to behave well.
Entry = Fault | str | Callable[[Peer], object] | None


class Script:
    """Entry n is for connection n; after the last the server behaves well. For any number of threads.

    `protocol` is the exchange's name: some faults are made of one server's messages.
    """

    def __init__(self, entries: Iterable[Entry], protocol: str) -> None:
        self._protocol = protocol
        self._lock = threading.Lock()
        self._entries: deque[Callable[[Peer], object]] = deque()
        self._unsettled = 0
        self._misbehaving: set[Peer] = set()
        self.append(entries)

    def append(self, entries: Iterable[Entry]) -> None:
        """Go on with these. Raises SimulatorError for a name that no fault has, or no fault of this exchange."""
        plays = [_read_entry(entry, self._protocol) for entry in entries]
        with self._lock:
            self._entries += plays
            self._unsettled += len(plays)

    def entry_for(self, peer: Peer) -> Callable[[Peer], object]:
        """What this connection meets."""
        with self._lock:
            if not self._entries:
                return Peer.behave
            self._misbehaving.add(peer)
            return self._entries.popleft()

    @property
    def comes_before_requests(self) -> bool:
        """Whether the next connection meets a fault of TLS, which is over before anything can be asked for."""
        with self._lock:
            entry = self._entries[0] if self._entries else None
            return isinstance(entry, Fault) and entry.layer == "tls"

    def settle(self, peer: Peer) -> None:
        """The misbehaviour of a connection is over."""
        with self._lock:
            if peer in self._misbehaving:
                self._misbehaving.remove(peer)
                self._unsettled -= 1

    @property
    def done(self) -> bool:
        """Whether every entry has met a connection, and has ended or behaves well by now."""
        with self._lock:
            return self._unsettled == 0


def _read_entry(entry: Entry, protocol: str) -> Callable[[Peer], object]:
    if entry is None:
        return Peer.behave
    read = fault(entry) if isinstance(entry, str) else entry
    if isinstance(read, Fault) and read.protocol not in (None, protocol):
        raise SimulatorError(f"fault {read.name!r} is made of {read.protocol}'s messages; not for {protocol!r}")
    return read
