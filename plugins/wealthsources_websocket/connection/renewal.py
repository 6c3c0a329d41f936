"""Renewal: a connection that is made beside the one in use, to take its place."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from wealthsources import Shard
from wealthsources_websocket.connection.conversation import Conversation, Setting
from wealthsources_websocket.connection.flood import FloodWatch
from wealthsources_websocket.connection.held_back import HeldBack
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import BarMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wealthsources_websocket.connection.credential import Credential
    from wealthsources_websocket.connection.heartbeat import Uptime
    from wealthsources_websocket.protocols.base import Malformed, Series
    from wealthsources_websocket.transport.base import Connection

_THREAD: Final = "wealthsources-websocket-next"
_JOIN: Final = 2.0  # a reader looks up several times a second; only one that is writing may take longer


class Candidate(Shard):
    """What is known of a connection that is not in use yet; written on the thread of its renewal."""

    def __init__(self, shard: Shard, endpoint: str, redact: Callable[[str], str]) -> None:
        super().__init__(shard.number, shard.series, shard.spell, endpoint)
        self.refused = dict(shard.refused)
        self._redact = redact

    def shown(self, text: str) -> str:
        """A text of the server's, fit to be shown: without the token, short, one line."""
        return super().shown(self._redact(text))

    def give_to(self, shard: Shard) -> None:
        """That is in use from now on, and has all that was noted here."""
        shard.counters.update(self.counters)
        shard.unused.add(self.unused)
        shard.endpoint, shard.refused = self.endpoint, self.refused
        shard.last_error = self.last_error or shard.last_error


class Renewal:
    """Dials, subscribes and reads on a thread of its own, until it is to hand over, is dropped, or fails.

    reason           why there is to be another connection, as it is counted
    url              where it goes
    shard            what is known of it; held: what came on it
    settled          set when it is acknowledged, or has failed
    acknowledged_at  monotonic; None: not yet
    lost             why it failed; None: it may come yet, or is there
    """

    def __init__(
        self,
        setting: Setting,
        shard: Candidate,
        reason: str,
        url: str,
        credential: Credential,
        dial: Callable[[str, threading.Event], Connection],
    ) -> None:
        """`dial` opens a connection to an address, unless the event is set. `setting` is that of the one in use."""
        self.reason = reason
        self.url = url
        self.shard = shard
        policies, options = setting.policies, setting.options
        self.held = HeldBack(setting.log, policies.most_held, partial_first=options.partial_first)
        self.settled = threading.Event()
        self.acknowledged_at: float | None = None
        self.lost: ConnectionLost | None = None
        self.connection: Connection | None = None
        self.conversation: Conversation | None = None
        self._stop = threading.Event()
        self._releasing = threading.Event()
        self._released = False
        self._deadline = policies.monotonic() + options.connect_timeout
        self._setting = replace(
            setting,
            handler=self.held,
            policies=replace(policies, close_timeout=0.0),
            plan=None,
            flood=FloodWatch(policies.most_malformed, policies.flood_time),
            stop=self._stop,
            resubscribe=threading.Event(),
            leaves_off=self._leaves_off,
        )
        self._credential = credential
        self._dial = dial
        name = f"{_THREAD}-{shard.number}" if shard.number else _THREAD
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def series(self) -> tuple[Series, ...]:
        """What it asks for."""
        return self.shard.series

    @property
    def is_there(self) -> bool:
        """Whether it is acknowledged, and lives."""
        return self.acknowledged_at is not None and self.lost is None

    def start(self) -> None:
        """Begin, without waiting for it."""
        self._thread.start()

    def release(self) -> Conversation | None:
        """Have its thread leave off reading, so that the one that calls can go on. None: it is lost instead."""
        self._releasing.set()
        self._thread.join(_JOIN)
        if self._thread.is_alive():
            self.lost = ConnectionLost("stuck", f"its reader did not leave off within {_JOIN:.0f} s")
            self.drop(0.0)
        return self.conversation if self._released and self.lost is None else None

    def ask_to_stop(self) -> None:
        """Have its thread end soon, without waiting for it."""
        self._stop.set()

    def drop(self, seconds: float) -> None:
        """Let go of it, from any thread, and wait so many seconds at most for its thread to end."""
        self._stop.set()
        if self._thread is threading.current_thread():
            return
        self._thread.join(seconds / 2)
        if self.connection is not None:
            self.connection.abort()
        self._thread.join(seconds / 2)
        if self.connection is not None and not self._thread.is_alive():
            self.connection.drop()

    def _leaves_off(self, up: Uptime, _now: float) -> bool:
        if up.asked is not None:
            raise ConnectionLost("reconnect_asked", up.asked)
        return self._releasing.is_set()

    # its thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._converse()
            self._released = True
        except ConnectionLost as lost:
            self._let_go(lost)
        except Exception as error:  # a fault of ours costs this connection, and not the one in use
            self._setting.log.exception("the reader of the next connection failed")
            self._let_go(ConnectionLost("internal", type(error).__name__))
        if self._released and self._stop.is_set():  # nobody waits for it any more
            self._let_go(ConnectionLost("stopped"))
        self.settled.set()

    def _converse(self) -> None:
        connection = self._dial(self.url, self._stop)
        conversation = self.converse_on(connection)
        if self._stop.is_set():
            raise ConnectionLost("stopped")
        self.acknowledged(conversation, conversation.subscribe(self._deadline))
        conversation.read()

    def converse_on(self, connection: Connection) -> Conversation:
        """What is to be said on that connection."""
        self.connection = connection
        return Conversation(self._setting, self.shard, connection, self._credential)

    def acknowledged(self, conversation: Conversation, early: Iterable[BarMessage | Malformed]) -> None:
        """It is, and this came before."""
        now = self._setting.policies.monotonic()
        for event in early:
            if isinstance(event, BarMessage):
                self.held.on_bar(self.shard, event, now)
            else:
                self.held.on_malformed(self.shard, event)
        self.conversation, self.acknowledged_at = conversation, now
        self.settled.set()

    def _let_go(self, lost: ConnectionLost) -> None:
        connection = self.connection
        if connection is not None:
            if lost.close_code is not None:
                connection.close(lost.close_code, timeout=0)
            connection.drop()
        self.lost = self.lost or lost
