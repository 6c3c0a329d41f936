"""FaultServer: a listener that hands each connection to the next entry of a script, on a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.faults.end import Gone
from wealthsources_simulator.faults.library import fault
from wealthsources_simulator.faults.peer import Peer
from wealthsources_simulator.faults.registry import Fault

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self

    from wealthsources_simulator.faults.market import Market

Entry = Fault | str | Callable[[Peer], object] | None

_STOP_LIMIT: Final = 2.0
_BACKLOG: Final = 128
_ACCEPT_SLICE: Final = 0.2


class FaultServer:
    """A market server on `url` that follows a script: entry n for connection n, and after the last it behaves well.

    An entry is a Fault, its text ("half-frame:5"), a function of the Peer, or None to behave well. When it returns,
    the connection is cut. With `tls` it speaks wss. With a `token` only that one is let in.

    accepted      TCP connections; refused ones are never seen
    acknowledged  connections whose subscription was acknowledged
    received      all messages of all clients
    failures      what scripts raised beside Gone and OSError; a test asserts that it is empty
    peers         all connections, in the order of their numbers
    """

    def __init__(
        self,
        market: Market,
        script: Iterable[Entry] = (),
        *,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> None:
        self.market = market
        self.token = token
        self.tls = tls
        self.seed = seed
        self.accepted = 0
        self.acknowledged = 0
        self.received: list[Any] = []
        self.failures: list[Exception] = []
        self.peers: list[Peer] = []
        self.stopped = threading.Event()
        self._host = host
        self._address: Any = (host, port)
        self._family = family
        self._lock = threading.RLock()
        self._script: deque[Callable[[Peer], object]] = deque()
        self._unsettled = 0
        self._misbehaving: set[Peer] = set()
        self._listener: socket.socket | None = None
        self._placeholder: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._threads: list[threading.Thread] = []
        self.then(*script)

    # The script.

    def then(self, *more: Entry) -> None:
        """Append to the script; if all of it was handed out, the next connection meets the first of these."""
        entries = [_read_entry(entry) for entry in more]
        with self._lock:
            self._script += entries
            self._unsettled += len(entries)

    @property
    def script_done(self) -> bool:
        """Whether every entry has met a connection, and has ended or behaves well by now."""
        with self._lock:
            return self._unsettled == 0

    def settled(self, peer: Peer) -> None:
        """For a Peer: its misbehaviour is over."""
        with self._lock:
            if peer in self._misbehaving:
                self._misbehaving.remove(peer)
                self._unsettled -= 1

    def count_acknowledged(self) -> None:
        """For a Peer: it said CONNECTED for the first time."""
        with self._lock:
            self.acknowledged += 1

    # Life.

    @property
    def url(self) -> str:
        """Where it listens: `ws://127.0.0.1:PORT/market_data`, or `wss://…` with TLS."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'wss' if self.tls else 'ws'}://{host}:{self.port}/market_data"

    @property
    def port(self) -> int:
        """The port it listens on; once started it stays the same."""
        return int(self._address[1])

    def start(self) -> None:
        """Listen. Raises SimulatorError if the port cannot be had. A server starts once."""
        self.open_port()

    def stop(self) -> None:
        """Close the port and all connections, within 2 s. May be called again, from any thread."""
        deadline = time.monotonic() + _STOP_LIMIT
        with self._lock:
            self.stopped.set()
            peers, threads, self._threads = list(self.peers), self._threads, []
        self.close_port()
        with self._lock:
            placeholder, self._placeholder = self._placeholder, None
        if placeholder is not None:
            placeholder.close()
        for peer in peers:
            peer.cut()
        for thread in threads:
            if thread is threading.current_thread():
                continue
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self.failures.append(SimulatorError(f"the script of {thread.name} did not end when the server stopped"))

    def close_port(self) -> None:
        """Refuse connections from now on; those that are open stay. Nobody else can take the port meanwhile."""
        with self._lock:
            listener, self._listener = self._listener, None
            acceptor, self._acceptor = self._acceptor, None
        if listener is None or acceptor is None:
            return
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept() on Linux; elsewhere its timeout does
        acceptor.join()
        listener.close()
        if not self.stopped.is_set():
            self._placeholder = self._bind()  # bound, but not listening

    def open_port(self) -> None:
        """Listen (again). Raises SimulatorError if the port cannot be had."""
        with self._lock:
            if self._listener is not None or self.stopped.is_set():
                return
            listener, self._placeholder = self._placeholder or self._bind(), None
            listener.listen(_BACKLOG)
            listener.settimeout(_ACCEPT_SLICE)
            self._address = listener.getsockname()
            self._listener = listener
            self._acceptor = threading.Thread(target=self._accept, args=(listener,), name="fault server", daemon=True)
            self._acceptor.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def play(self, rate: float) -> None:
        """Play the whole market at so many bars a second (0: at once), from the first acknowledgement on.

        Returns when all is played or the server stops.
        """
        per_bar = self.market.steps_per_bar
        while not self.acknowledged:
            if self.stopped.wait(0.02):
                return
        start, steps = time.monotonic(), 0
        while not self.market.finished:
            steps += 1
            due = start + steps / (rate * per_bar) if rate else 0.0
            if self.stopped.wait(max(0.0, due - time.monotonic())):
                return
            self.market.play_steps(1)

    def _bind(self) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(self._address)
        except (OSError, OverflowError) as error:
            sock.close()
            host, port = self._address[:2]
            reason = getattr(error, "strerror", None) or error
            raise SimulatorError(f"cannot listen on {host}, port {port}: {reason}; 0 is for a free port") from error
        return sock

    def _accept(self, listener: socket.socket) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._admit(sock)

    def _admit(self, sock: socket.socket) -> None:
        sock.settimeout(None)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            if self.stopped.is_set():
                sock.close()
                return
            self.accepted += 1
            peer = Peer(self, sock, self.accepted)
            entry: Callable[[Peer], object] = Peer.behave
            if self._script:
                entry = self._script.popleft()
                self._misbehaving.add(peer)
            name = f"connection {peer.number}"
            thread = threading.Thread(target=self._serve, args=(peer, entry), name=name, daemon=True)
            self.peers.append(peer)
            self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
            thread.start()

    def _serve(self, peer: Peer, entry: Callable[[Peer], object]) -> None:
        try:
            if not (isinstance(entry, Fault) and entry.layer in ("tcp", "tls")):
                peer.secure()
            entry(peer)
        except (Gone, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - a fault of the script, for the test to see
            self.failures.append(error)
        finally:
            self.settled(peer)
            peer.hang_up()


def _read_entry(entry: Entry) -> Callable[[Peer], object]:
    if entry is None:
        return Peer.behave
    return fault(entry) if isinstance(entry, str) else entry
