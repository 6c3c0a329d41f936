"""One connection from its upgrade to its loss: greeting, subscription, acknowledgement, then reading.

Three clocks watch it, all monotonic: our own heartbeat must be answered; something must come once in a while, or at
least when it is asked for; and the source watches each stream.
"""

from __future__ import annotations

import contextlib
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wealthsources_websocket.connection.heartbeat import LONG_PAUSE, Heartbeat, Uptime
from wealthsources_websocket.connection.pace import Pace
from wealthsources_websocket.connection.subscription import Subscription
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Authenticated,
    BarMessage,
    Greeting,
    Ignored,
    Malformed,
    ReconnectSoon,
    Refused,
    Reply,
    ServerError,
)
from wealthsources_websocket.text import sample_of
from wealthsources_websocket.transport.base import BINARY, CLOSE, PING, PONG, TEXT

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from wealthsources import Shard
    from wealthsources_websocket.connection.credential import Credential
    from wealthsources_websocket.connection.flood import FloodWatch
    from wealthsources_websocket.connection.handler import Handler, Log
    from wealthsources_websocket.connection.policies import Policies
    from wealthsources_websocket.connection.reconnect import ConnectPlan
    from wealthsources_websocket.errors import FailureKind
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import Protocol, ProtocolEvent, Series
    from wealthsources_websocket.transport.base import Connection, Frame

_CHECK_EVERY: Final = 0.2
_MESSAGES: Final = (TEXT, BINARY)
_MOST_EARLY: Final = 1_000
_AT_ONCE: Final = {"at_once": True}  # said whatever has been said just now
_OF_LEAVING: Final = re.compile(r"unsub", re.IGNORECASE)
_LIKE_A_BEAT: Final = re.compile(r"ping|heart|keep.?alive", re.IGNORECASE)


@dataclass(frozen=True)
class Setting:
    """What all conversations of a client have in common. `stop` and `resubscribe` are set by other threads.

    plan        is told how well the connection does; None: of one that is not in use yet, nobody is
    leaves_off  asked several times a second, with the time: whether another thread, or another connection, goes on
    """

    options: WebSocketOptions
    protocol: Protocol
    handler: Handler
    policies: Policies
    log: Log
    plan: ConnectPlan | None
    flood: FloodWatch
    stop: threading.Event
    resubscribe: threading.Event
    leaves_off: Callable[[Uptime, float], bool]


class Conversation:
    """What is said on one connection."""

    def __init__(self, setting: Setting, shard: Shard, connection: Connection, credential: Credential) -> None:
        self._options = setting.options
        self._protocol = setting.protocol
        self._handler = setting.handler
        self._setting = setting
        self._monotonic = setting.policies.monotonic
        self._shard = shard
        self._connection = connection
        self._credential = credential
        self._redact = credential.redact
        self._pace = Pace(self._protocol.limits, self._monotonic())
        self._subscription = Subscription(self._protocol, credential.text, self._spell, self._match, self._pace)
        options = setting.options
        self._heartbeat = Heartbeat(self._protocol, options.ping_interval, options.pong_timeout, self._pace)
        self._up: Uptime | None = None

    def change_to(self, setting: Setting, shard: Shard) -> None:
        """From now on it is of this shard. Only while nobody reads."""
        self._setting, self._handler, self._shard = setting, setting.handler, shard

    def _spell(self, series: Series) -> Series:
        return self._shard.spelled(series)

    def _match(self, symbol: str, timeframe: str) -> Series | None:
        return self._shard.match(symbol, timeframe)

    # until it is acknowledged ----------------------------------------------------------------------------------

    def subscribe(self, deadline: float) -> list[BarMessage | Malformed]:
        """Subscribe and wait until the server acknowledges. Returns, in their order, what came before that.

        Raises ConnectionLost, at the latest when it is `deadline`, monotonic.
        """
        self.open()
        early: list[BarMessage | Malformed] = []
        try:
            self._await_acknowledgement(deadline, early)
        except ConnectionLost:
            for event in early:  # of a connection that never was one
                self._shard.counters["early_dropped"] += isinstance(event, BarMessage)
            raise
        return early

    def open(self) -> None:
        """Say what is said first: nothing, to a server that greets."""
        if not self._protocol.greets:
            self._introduce()

    def join(self) -> None:
        """Take it for acknowledged, in all its series: it began before anybody listened."""
        self._ask()
        self._subscription.assume()

    @property
    def is_acknowledged(self) -> bool:
        """Whether any series is."""
        return self._subscription.is_acknowledged

    def _introduce(self) -> None:
        text = self._protocol.authentication(self._credential.text, self._credential.secret)
        if text is None:
            self._ask()
        else:
            self._pace.spend()
            self._connection.send_text(text)

    def _ask(self) -> None:
        shard = self._shard
        self._setting.resubscribe.clear()
        self._subscription.ask(shard.series)
        shard.refused = {series: reason for series, reason in shard.refused.items() if series in shard.series}
        self._send_due(self._monotonic())

    def _ask_for_others(self, now: float) -> None:
        """Other series are wanted by now. Where texts add to one another, those that stay are left alone."""
        if not self._protocol.adds:
            self._ask()
            self._handler.on_resubscribed(self._shard)
            return
        shard = self._shard
        self._setting.resubscribe.clear()
        self._subscription.change(shard.series)
        shard.refused = {series: reason for series, reason in shard.refused.items() if series in shard.series}
        self._send_due(now)

    def _ask_again(self, now: float) -> None:
        count = self._subscription.ask_again(now, self._options.connect_timeout)
        if count:
            self._setting.log.warning("%d series were not answered for; they are asked for once more", count)
            self._shard.counters["asked_again"] += count

    def _send_due(self, now: float) -> None:
        for text in self._subscription.due(now):
            self._connection.send_text(text, self._options.connect_timeout)  # with thousands of symbols it is long

    def _await_acknowledgement(self, deadline: float, early: list[BarMessage | Malformed]) -> None:
        while (now := self._monotonic()) < deadline:
            if self._setting.stop.is_set():
                self._say_goodbye()
            if self.is_acknowledged:
                return
            self._send_due(now)
            frame = self._connection.receive()
            if frame is not None:
                self.take_early(frame, early)
        raise ConnectionLost("ack_timeout", f"no {self._protocol.acknowledgement} came within connect_timeout")

    def take_early(self, frame: Frame, early: list[BarMessage | Malformed]) -> None:
        """A frame came before it is acknowledged; what is to be told later goes into `early`. Raises ConnectionLost."""
        if frame.opcode in _MESSAGES:
            read = self._protocol.read if frame.opcode == TEXT else self._read_binary
            for event in read(frame.data):
                self._hear_early(event, early)
        elif frame.opcode == PING:
            self._pong(frame.data)
        elif frame.opcode == CLOSE:
            raise self._closed(frame.data)

    def _read_binary(self, data: bytes) -> Sequence[ProtocolEvent]:
        """What a binary frame means: nothing, of a server that speaks in texts."""
        events = self._protocol.read_binary(data, self._options.max_message)
        if events is not None:
            return events
        self._hear_unknown("binary frame", self._monotonic())
        self._shard.counters["binary_frames"] += 1
        if self._up is not None and data.lstrip()[:1] in (b"{", b"["):  # a message all the same, though it is not read
            self._handler.on_malformed(self._shard, Malformed("binary", "a binary message"))
        return ()

    def _pong(self, data: bytes) -> None:
        self._pace.spend_control()
        self._connection.pong(data)

    def _hear_early(self, event: ProtocolEvent, early: list[BarMessage | Malformed]) -> None:
        """Note what came before the acknowledgement, or that it came."""
        word = self._protocol.acknowledgement
        if isinstance(event, BarMessage):
            if len(early) < _MOST_EARLY:
                early.append(event)
            else:
                self._shard.counters["early_dropped"] += 1
                early[-1] = Malformed(
                    "early", f"more than {_MOST_EARLY} bars before {word} (a fixed limit)"
                )  # of any series
        elif isinstance(event, Acknowledged):
            self._acknowledge(event)
        elif isinstance(event, Greeting):
            self._introduce()
        elif isinstance(event, Authenticated):
            self._ask()
        elif isinstance(event, ServerError):
            raise self._turned_down(event)
        else:
            self._hear(event, self._monotonic())
            if isinstance(event, Malformed):  # the handler hears of it when the bars before it are taken
                full = len(early) >= _MOST_EARLY  # then a bar of any series gives way
                early[_MOST_EARLY - 1 :] = [
                    Malformed("early", f"more than {_MOST_EARLY} messages before {word} (a fixed limit)")
                    if full
                    else event
                ]

    def _turned_down(self, error: ServerError) -> ConnectionLost:
        """The server says that something is wrong instead of acknowledging."""
        self._shard.counters[f"server_errors.{error.kind or 'other'}"] += 1
        named = f"the server does not accept {self._protocol.credential_name}: {error.message}"
        said = named if error.kind == "auth" else error.message
        return ConnectionLost("refused_by_server", said, kind=error.kind, retry_after=error.rest)

    # while it is up --------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read until `leaves_off` says so; it can be called again then. Raises ConnectionLost."""
        receive, monotonic = self._connection.receive, self._monotonic
        up = self._up = self._up or self._begin(monotonic())
        now = next_check = up.looked_at
        longest_pause = max(LONG_PAUSE, self._options.pong_timeout)
        while True:
            before = now
            frame = receive()
            now = monotonic()
            if now - before > longest_pause:
                raise ConnectionLost("suspended", f"this process stood still for {now - before:.0f} s")
            if frame is None:
                next_check = now
            else:
                self._take(frame, now, up)
            if now >= next_check:
                next_check = now + _CHECK_EVERY
                if self._check(up, now):
                    up.looked_at = now
                    return

    def take(self, frame: Frame, now: float) -> None:
        """What `read` does with each frame, for one that came at `now`, monotonic. Raises ConnectionLost."""
        up = self._up = self._up or self._begin(now)
        self._take(frame, now, up)

    def _take(self, frame: Frame, now: float, up: Uptime) -> None:
        up.last_frame = now
        if frame.opcode not in _MESSAGES:
            self._control(frame.opcode, frame.data)
            return
        shard, flood, on_bar = self._shard, self._setting.flood, self._handler.on_bar
        for event in self._protocol.read(frame.data) if frame.opcode == TEXT else self._read_binary(frame.data):
            if type(event) is not BarMessage:
                self._hear(event, now, up)
            elif wanted := on_bar(shard, event, now):
                up.last_bar = shard.last_data = now
                flood.in_a_row = 0
            elif wanted is None:
                flood.malformed(now)

    def _begin(self, now: float) -> Uptime:
        lifetime, policies = self._protocol.limits.lifetime, self._setting.policies
        self._heartbeat.begin(now)
        renew_after = None if lifetime is None else lifetime * policies.uniform(*policies.renew_at)
        return Uptime(now, self._options, policies.asleep, lifetime, renew_after)

    def _check(self, up: Uptime, now: float) -> bool:
        """What is looked at every now and then while a connection is up. Returns whether to leave off."""
        if self._setting.stop.is_set():
            self._say_goodbye()
        up.check_awake()
        if up.check_idle(now):
            self._heartbeat.ask(self._connection)
        self._heartbeat.check(self._connection, now)
        up.check_age(now)
        if self._setting.resubscribe.is_set():
            self._ask_for_others(now)
        else:
            self._ask_again(now)
            self._send_due(now)
        self._judge(up, now)
        self._shard.last_sign = up.last_frame
        self._handler.on_turn(self._shard, now)
        return self._setting.leaves_off(up, now)

    def _judge(self, up: Uptime, now: float) -> None:
        """Tell the plan how well this connection does."""
        options, plan = self._options, self._setting.plan
        if plan is None:
            return
        if up.last_sign > up.started:
            plan.accepted()
            if not up.proven and now - up.started >= options.reset_after:
                up.proven = True
                plan.proven()
        if not up.rested and now - up.started >= options.primary_after:
            up.rested = True
            plan.rested()

    def _say_goodbye(self) -> None:
        self._connection.close(timeout=self._setting.policies.close_timeout)
        raise ConnectionLost("stopped")

    # what comes that is no bar ---------------------------------------------------------------------------------

    def _control(self, opcode: int, data: bytes) -> None:
        if opcode == PONG:
            if not self._heartbeat.ponged(data):
                self._shard.counters["stray_pongs"] += 1
        elif opcode == PING:
            self._pong(data)
        elif opcode == CLOSE:
            raise self._closed(data)

    def _closed(self, data: bytes) -> ConnectionLost:
        code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
        with contextlib.suppress(ConnectionLost):
            self._connection.close(code if len(data) >= 2 else 1000, timeout=0)
        words = sample_of(data[2:100].decode("utf-8", "replace"))
        kind: FailureKind = self._options.close_codes.get(code) or self._protocol.close_kinds.get(code, "")
        if kind == "auth" and not self._protocol.credential_name:
            kind = ""  # there is nothing that it could mean
        return ConnectionLost(f"closed_{code}", words, kind=kind)

    def _hear(self, event: ProtocolEvent, now: float, up: Uptime | None = None) -> None:
        """Act on what is no bar. `up` once the connection is up."""
        counters = self._shard.counters
        if isinstance(event, Malformed):
            if up is not None:
                self._handler.on_malformed(self._shard, event)
            self._hear_malformed(event, now)
        elif isinstance(event, ServerError):
            self._shard.last_error = self._redact(event.message)
            self._shard.unused.said = self._shard.shown(event.message)
            self._setting.log.warning("the server says: %s", self._shard.last_error)
            counters[f"server_errors.{event.kind or 'other'}"] += 1
        elif isinstance(event, Reply):
            self._pace.spend()
            self._connection.send_text(event.text)
            if up is not None and not self._protocol.pushes_quiet_minutes:
                up.heard(now)
        elif isinstance(event, Alive):
            self._hear_alive(event, now, up)
        elif isinstance(event, Acknowledged):
            expected = self._subscription.times_asked == 1 and self._subscription.pending
            if not self._acknowledge(event) or not expected:
                counters["repeated_acks"] += 1
        elif isinstance(event, Refused):
            self._hear_refused(event)
        elif isinstance(event, ReconnectSoon):
            self._hear_reconnect(self._redact(event.reason), up)
        elif isinstance(event, Ignored):
            self._hear_ignored(event, now)

    def _hear_reconnect(self, reason: str, up: Uptime | None) -> None:
        if up is None:
            raise ConnectionLost("reconnect_asked", reason)
        if up.asked is None:
            self._setting.log.info("the server wants us on another connection: %s", reason)
            up.asked = reason

    def _hear_ignored(self, event: Ignored, now: float) -> None:
        """A kind of message that is not known: counted by name, and the first of each is told."""
        shard, words = self._shard, self._shard.shown(event.words)
        if self._subscription.has_left and _OF_LEAVING.search(f"{event.kind} {event.words}"):
            shard.counters["unsubscribed"] += 1
            return
        if words:
            shard.unused.said = words
        kind = self._hear_unknown(event.kind, now, words)
        shard.counters[f"ignored.{kind}"] += 1
        shard.counters["ignored_messages"] += 1

    def _hear_unknown(self, kind: str, now: float, words: str = "") -> str:
        """Returns the name under which it counts, for there may be too many."""
        name, is_first = self._shard.unused.add_kind(self._shard.shown(kind), now)
        if is_first:
            self._tell_first(name, f"{name!r} came, which {self._protocol.name} does not know", words)
        return name

    def _tell_first(self, kind: str, text: str, words: str = "") -> None:
        beat = ", so if it is a heartbeat that wants an answer, none is given" if _LIKE_A_BEAT.search(kind) else ""
        colon = ": " if words else ""
        self._setting.log.warning("%s; it is ignored%s%s%s", text, beat, colon, words, extra=_AT_ONCE)

    def _hear_malformed(self, event: Malformed, now: float) -> None:
        counters, why = self._shard.counters, self._redact(event.why)
        if not event.may_be_bar:
            name, is_first = self._shard.unused.add_kind(self._shard.shown(event.why), now)
            if is_first:
                self._tell_first(name, f"{event.what}: {why}")
        else:
            self._setting.log.warning(f"{event.what}: %s", why)
        counters[event.what] += 1  # last: what is counted has been told
        self._setting.flood.malformed(now)

    def _hear_alive(self, event: Alive, now: float, up: Uptime | None) -> None:
        self._shard.counters["heartbeats"] += 1
        if event.answer:
            self._heartbeat.answered()
        if up is not None and not self._protocol.pushes_quiet_minutes:
            up.heard(now)

    def _acknowledge(self, event: Acknowledged) -> bool:
        """Note an acknowledgement. Returns whether it is one of what was asked for."""
        acknowledged = self._subscription.acknowledge(event)
        for series in acknowledged:
            self._shard.refused.pop(series, None)
        return bool(acknowledged)

    def _hear_nameless_refusal(self, error: ServerError) -> None:
        """Of what, it does not say. While nothing is acknowledged it is all that was asked for."""
        if self._up is None and not self._subscription.is_acknowledged:
            raise self._turned_down(error)
        self._hear(error, self._monotonic())

    def _hear_refused(self, event: Refused) -> None:
        """Some series are refused; when all are, the connection is of no use."""
        shard, reason = self._shard, self._redact(event.reason)
        refused = self._subscription.refuse(event)
        for series in refused or ():
            if shard.refused.get(series) != reason:
                self._setting.log.warning("%s %s is refused: %s", *series, reason, extra={"about": series})
            shard.refused[series] = reason
            shard.counters["refused_series"] += 1
        if refused is None:
            self._hear_nameless_refusal(ServerError(event.reason, "subscription"))
        elif self._subscription.hopeless:
            raise ConnectionLost("refused_by_server", event.reason, kind="subscription")
