"""MarketServer: a market on a real socket. Every connection has a thread of its own, and meets what a script says."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from wealthsources_simulator.connection import Gone
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.catalogue import make_exchange
from wealthsources_simulator.exchanges.wealthai import WealthAI
from wealthsources_simulator.faults.registry import Fault
from wealthsources_simulator.listener import Listener
from wealthsources_simulator.market import Market
from wealthsources_simulator.peer import Peer
from wealthsources_simulator.player import Outage, Player
from wealthsources_simulator.script import Script

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.exchanges.base import Exchange
    from wealthsources_simulator.script import Entry

_STOP_LIMIT: Final = 2.0

#: Seconds that the clients are given to take the server's goodbye when it stops.
_GOODBYE_LIMIT: Final = 0.5

#: Seconds after which nobody waits any more for those who follow the market.
_KEEP_UP_LIMIT: Final = 60.0

#: Seconds that a client may take nothing of what it is sent while it joins.
_JOINING_PATIENCE: Final = 5.0
_SLICE: Final = 0.05


class MarketServer:
    """Plays a market to its clients and follows a script: entry n for connection n; after the last it behaves well.

    An entry is a Fault, its text ("half-frame:5"), a function of the Peer, or None to behave well. When it returns,
    the connection is cut. With `tls` it speaks wss. With a `token` only that one is let in. `rate` and `outage` are
    those of a Player; without a rate nothing is played but what `play_bars`, or the market's own `play`, is told.
    Its methods may be called from any thread.

    accepted      TCP connections; those of a closed port are never seen
    acknowledged  connections whose subscription was acknowledged
    refused       connections that were answered HTTP 503, in an outage or by `refuse`
    received      all messages of all clients
    failures      what scripts raised beside Gone and OSError; a test asserts that it is empty
    peers         all connections, in the order of their numbers
    """

    def __init__(
        self,
        market: Market,
        script: Iterable[Entry] = (),
        *,
        rate: float | None = None,
        outage: Outage | None = None,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
    ) -> None:
        self.market = market
        self.token = token
        self.tls = tls
        self.seed = seed
        self.accepted = 0
        self.acknowledged = 0
        self.refused = 0
        self.received: list[Any] = []
        self.failures: list[Exception] = []
        self.peers: list[Peer] = []
        self.stopped = threading.Event()
        self.listener = Listener(host, port, self._admit)
        self._host = host
        self._started = False
        self._refusing = False
        self._lock = threading.RLock()
        self._script = Script(script, market.exchange.name)
        self._player = Player(market, self, rate=rate, outage=outage)
        #: The connections that have not ended. Who wants to know that they moved on waits for `_moved`.
        self._open: set[Peer] = set()
        self._entries: dict[Peer, Callable[[Peer], object]] = {}
        self._threads: list[threading.Thread] = []
        self._moved = threading.Condition()

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        script: Iterable[Entry] = (),
        *,
        symbol: str,
        timeframe: str,
        rate: float = 20,
        updates: int = 4,
        snapshot: int = 0,
        closed_flag: str | None = None,
        protocol: str = WealthAI.name,
        market: str | None = None,
        drop_at: str | float | None = None,
        drop_for: float = 0,
        skip: int = 0,
        limit: int | None = None,
        manual: bool = False,
        **options: Any,
    ) -> Self:
        """A server that plays a file; the options are those of `wealthsources simulate`, or of a MarketServer.

        `manual=True` plays nothing by itself: `play_bars` and `play_steps` do. Raises SimulatorError.
        """
        played = {"exchange": _exchange(protocol, market, closed_flag), "updates": updates, "snapshot": snapshot}
        bars = Market.from_csv(path, symbol, timeframe, skip=skip, limit=limit, **played)
        outage = _outage(bars, drop_at, drop_for)
        return cls(bars, script, rate=None if manual else rate, outage=outage, **options)

    # The script.

    def then(self, *more: Entry) -> None:
        """Append to the script; if all of it was handed out, the next connection meets the first of these."""
        self._script.append(more)

    @property
    def script_done(self) -> bool:
        """Whether every entry has met a connection, and has ended or behaves well by now."""
        return self._script.done

    # Life.

    @property
    def url(self) -> str:
        """Where a client begins: `ws://127.0.0.1:PORT/market_data`, `wss://…` with TLS; by HTTP if it asks first."""
        exchange = self.market.exchange
        if exchange.asks_first:
            return self.origin.replace("ws", "http", 1) + exchange.asks_first
        return self.origin + exchange.path

    @property
    def origin(self) -> str:
        """Scheme, host and port of what is upgraded."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'wss' if self.tls else 'ws'}://{host}:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on; once started it stays the same."""
        return self.listener.port

    def start(self) -> None:
        """Listen. Raises SimulatorError if the port cannot be had. A server starts once."""
        self.open_port()
        self._started = True
        self._player.start()

    def stop(self) -> None:
        """Say goodbye to the clients, and close all, within 2 s. May be called again, from any thread."""
        deadline = time.monotonic() + _STOP_LIMIT
        self.stopped.set()
        self.listener.end()
        self._say_goodbye()
        self.cut()
        self._player.end(max(0.0, deadline - time.monotonic()))
        with self._lock:
            threads, self._threads = self._threads, []
        for thread in threads:
            if thread is threading.current_thread():
                continue
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self.failures.append(SimulatorError(f"the script of {thread.name} did not end when the server stopped"))

    def wait_stopped(self) -> None:
        """Return when the server has stopped."""
        self.stopped.wait()

    def close_port(self) -> None:
        """Refuse connections from now on; those that are open stay. Nobody else can take the port meanwhile."""
        self.listener.close()

    def open_port(self) -> None:
        """Listen (again). Raises SimulatorError if the port cannot be had."""
        self.listener.open()

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

    # Playing.

    @property
    def bars(self) -> tuple[PlayedBar, ...]:
        """The bars that are played, of the first series, with the file's own text."""
        return self.market.timelines[self.market.series[0]].bars

    @property
    def position(self) -> int:
        """How many whole bars were played."""
        return self.market.steps_played // self.market.steps_per_bar

    def wait_finished(self, timeout: float | None = None) -> bool:
        """Wait until the last step was played; False if that took longer than `timeout` seconds."""
        return self._player.finished.wait(timeout)

    def play_bars(self, bars: float) -> None:
        """Play on by so many bars; the part after the point counts as in `--drop-at`: 2.5 is two and a half bars."""
        self.play_steps(self.market.steps_before(bars))

    def play_steps(self, steps: int) -> None:
        """Play on by so many messages; a bar has `updates` + 1. Returns when they were sent to all who follow."""
        if not self._started:
            raise SimulatorError("the server was not started")
        self._player.play(steps)

    def cut(self) -> None:
        """End all connections at once, without a Close frame. Whoever comes back is let in, unless `refuse`."""
        for peer in self._peers():
            peer.cut()

    def refuse(self, refusing: bool = True) -> None:
        """Answer HTTP 503 to whoever wants in, or let them in again. Open connections stay."""
        self._refusing = refusing

    @property
    def out_of_service(self) -> bool:
        """Whether it lets nobody in."""
        return self._refusing or self._player.out_of_service

    # For the Player.

    def keep_up(self, patience: float) -> None:
        """Wait until all who follow were sent what was played; cut those who take nothing for so many seconds."""
        position, deadline = self.market.length, time.monotonic() + _KEEP_UP_LIMIT
        with self._moved:
            while any(peer.is_behind(position) for peer in self._peers()) and time.monotonic() < deadline:
                self.cut_stuck(patience)
                self._moved.wait(_SLICE)

    def cut_stuck(self, patience: float) -> None:
        """Cut those who took nothing of what they are sent for so many seconds; who joins may take a little longer."""
        for peer in self._peers():
            limit = patience if peer.following else _JOINING_PATIENCE
            if peer.behaving and peer.seconds_stuck() > limit:
                peer.cut()

    # For a Peer.

    def settled(self, peer: Peer) -> None:
        """Its misbehaviour is over."""
        self._script.settle(peer)

    def count_acknowledged(self) -> None:
        """Its subscription is acknowledged for the first time."""
        with self._lock:
            self.acknowledged += 1

    def count_refused(self) -> None:
        """It is answered HTTP 503."""
        with self._lock:
            self.refused += 1

    def begin(self) -> None:
        """Its subscription was answered: from the first on the market is played."""
        self._player.begin()

    def passed_on(self) -> None:
        """It sent what was played."""
        with self._moved:
            self._moved.notify_all()

    # Inside.

    def _peers(self) -> list[Peer]:
        with self._lock:
            return list(self._open)

    def _say_goodbye(self) -> None:
        """Have those who follow the market, or are about to, close properly, and wait a moment for them."""
        deadline = time.monotonic() + _GOODBYE_LIMIT
        with self._moved:
            while (left := self._served()) and time.monotonic() < deadline:
                for peer in left:
                    peer.wake()
                self._moved.wait(_SLICE)

    def _served(self) -> list[Peer]:
        return [peer for peer in self._peers() if peer.behaving and peer.acknowledged]

    def _admit(self, sock: socket.socket) -> None:
        sock.settimeout(None)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            if self.stopped.is_set():
                sock.close()
                return
            peer = Peer(self, sock, self.accepted + 1)
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self._open.add(peer)
            self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
            if not self.market.exchange.asks_first:
                self._enter(peer, thread)
            thread.start()

    def _enter(self, peer: Peer, thread: threading.Thread) -> None:
        """Count a connection; from now on it has a number, and an entry of the script."""
        with self._lock:
            self.accepted += 1
            peer.renumber(self.accepted)
            thread.name = f"connection {peer.number}"
            self._entries[peer] = self._script.entry_for(peer)
            self.peers.append(peer)

    def _answered_http(self, peer: Peer) -> bool:
        """Whether it only asked something before it connects. Where clients do that, others are counted after it."""
        if not self.market.exchange.asks_first:
            return False
        if not self._script.comes_before_requests:
            peer.secure()
            if peer.answer_http():
                return True
        self._enter(peer, threading.current_thread())
        return False

    def _serve(self, peer: Peer) -> None:
        try:
            if self._answered_http(peer):
                return
            entry = self._entries.pop(peer)
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
            with self._lock:
                self._open.discard(peer)
            self.passed_on()


def _exchange(protocol: str, market: str | None, closed_flag: str | None) -> Exchange:
    if closed_flag is None:
        return make_exchange(protocol, market)
    if protocol != WealthAI.name or market is not None:
        raise SimulatorError(f"closed-flag is for {WealthAI.name}; an exchange has its own, or none")
    return WealthAI(closed_flag)


def _outage(market: Market, drop_at: str | float | None, drop_for: float) -> Outage | None:
    if drop_at is not None:
        return Outage.at(market.timelines[market.series[0]], drop_at, drop_for)
    if drop_for:
        raise SimulatorError("drop-for needs drop-at")
    return None
