"""Peer: one client of a market server: what it subscribes to, and what of the market it is sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from wealthsources_simulator.bell import Bell
from wealthsources_simulator.connection import Gone
from wealthsources_simulator.conversing import POLICY_VIOLATION, Conversing, Host
from wealthsources_simulator.exchanges.base import Refused
from wealthsources_simulator.framing import BINARY, CLOSE, TEXT, close_payload
from wealthsources_simulator.market import Joined

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from wealthsources_simulator.bars import PlayedBar, Series
    from wealthsources_simulator.exchanges.base import Message, Reply
    from wealthsources_simulator.market import Played

_GOING_AWAY: Final = 1001

#: Played messages that are passed on before the client is listened to again.
_BATCH: Final = 100


class Server(Host, Protocol):
    """What a peer needs of its server."""

    @property
    def port(self) -> int: ...
    def count_acknowledged(self) -> None: ...
    def settled(self, peer: Peer) -> None: ...
    def begin(self) -> None: ...
    def passed_on(self) -> None: ...


class Peer(Conversing):
    """One connection. Its script calls the methods from the top: upgrade, subscription, frames, the end.

    server        the MarketServer
    connect       the message that subscribed, once read; `series` is what is subscribed to, sorted
    acknowledged  whether that was answered
    behaving      whether the server is a good one to this client, and `following` whether it passes on the market

    A method that waits raises Gone when the client leaves or the server stops; a script may let that pass.
    """

    server: Server

    def __init__(self, server: Server, sock: socket.socket, number: int) -> None:
        super().__init__(server, sock, number)
        self.connect: Any = None
        self.acknowledged = False
        self.following = False
        self._subscribed = False
        self._position: int | None = None
        self._passed_on = 0
        self._writing_since = 0.0
        self._bell: Bell | None = None
        #: Further subscriptions that were not obeyed yet.
        self._asked: list[Any] = []

    # The subscription.

    def subscribed(self) -> Message:
        """Upgrade if need be, and take the subscription without acknowledging it."""
        if not self.upgraded:
            self.upgrade()
        self._greet()
        if not self._subscribed:
            self._note_connect(self._subscription())
        return self.connect if isinstance(self.connect, dict) else {}

    def accept(self) -> Message:
        """Upgrade, take the subscription, whatever its token, and acknowledge it; no snapshot."""
        connect = self.subscribed()
        if not self.acknowledged:
            self._acknowledge(self.connect, Joined([], self.server.market.length))
        return connect

    def join(self) -> None:
        """Upgrade, check the token, acknowledge, send the snapshot: what of these has not been done yet."""
        if not self._subscribed:
            self.subscribed()
        while not self.acknowledged:
            self._check(self.connect)
            self._acknowledge(self.connect, self.server.market.join(self.exchange.series(self.connect)))
            if not self.acknowledged:  # all of it was refused, and the client may ask for something else
                self._note_connect(self._subscription())
        while self.exchange.adds and self.ready(0):
            self.obey(*self.take())

    # The good server.

    def behave(self, push: Callable[[Played], None] | None = None) -> NoReturn:
        """Be a good server from here on, until the client leaves. `push` sends a played message instead of `send`."""
        self.behaving = True
        if not self.upgraded:
            self.admit()
        self.join()
        self.server.settled(self)
        self.follow(push)
        raise Gone

    def follow(
        self,
        push: Callable[[Played], None] | None = None,
        until: Callable[[Played], object] | None = None,
    ) -> None:
        """Pass on what the market plays of the series subscribed to, since the acknowledgement, and answer the client.

        Returns after the first message for which `until` is true, else only by Gone.
        """
        with Bell() as self._bell:
            self.server.market.listen(self._bell.ring)
            self.following = True
            try:
                self._follow(self._bell, push or self.tell, until)
            finally:
                self.following = False
                self.server.market.forget(self._bell.ring)

    def pass_on(self, messages: int) -> None:
        """Follow the market for so many messages."""
        left = iter(range(messages - 1, -1, -1))
        if messages > 0:
            self.follow(until=lambda _: next(left) == 0)

    def obey(self, opcode: int, payload: bytes) -> None:
        """Do as a good server does with a frame that was taken.

        Another subscription adds to those before, or takes the place of the first, as it is with the exchange.
        """
        if opcode not in (TEXT, BINARY):
            self.answer(opcode, payload)
        elif (reply := self.reply_to(self.received[-1])) is not None:
            self.say(reply)
        elif self.exchange.subscribes(self.received[-1]):
            self._asked.append(self.received[-1])
            if not self.following:
                self._resubscribe()

    def stay(self) -> NoReturn:
        """Answer whatever is no subscription, and send no bars, until the client leaves.

        Where subscriptions add to each other, those that come after the first was acknowledged are acknowledged too.
        """
        while True:
            message = self.message()
            reply = self.reply_to(message)
            if reply is not None:
                self.say(reply)
            elif self.exchange.adds and self.acknowledged and self.exchange.subscribes(message):
                self._acknowledge(message, Joined([], self.position))

    def tell(self, played: Played) -> None:
        """Pass on one played message."""
        self.send(played.text)

    # What there is to send, right or wrong.

    def whole_bars(self, count: int) -> list[Message]:
        """The final messages of the newest `count` whole bars of the first series; follows until there are so many."""
        while len(finals := self.finals(self.subject)) < count:
            self.pass_on(1)
        return finals[-count:] if count else []

    def finals(self, *series: Series) -> list[Message]:
        """The final messages of all whole bars that were played so far, of these series, by default all subscribed to.

        So far is up to the acknowledgement, and what was passed on since.
        """
        return self.server.market.finals(series or self.series, self.position)

    def states(self, count: int) -> list[Message]:
        """So many forming states of the bar of `subject` that is in progress, or of the next one."""
        return self.server.market.states(self.subject, self.position, count)

    @property
    def subject(self) -> Series:
        """The series to misbehave with: the first that the client subscribed to and the market has."""
        known = self.server.market.series
        return next((key for key in self.series if key in known), known[0])

    def whole(self, count: int) -> list[tuple[Series, PlayedBar]]:
        """The newest `count` whole bars of the first series, as bars; follows until there are so many."""
        self.whole_bars(count)
        whole = self.server.market.whole([self.subject], self.position)
        return whole[-count:] if count else []

    def state(self) -> tuple[PlayedBar, bool]:
        """The newest state of `subject`, or its next bar's first, and whether it is final."""
        return self.server.market.state(self.subject, self.position)

    def bar(self, **changes: Any) -> Message:
        """The message of the newest state of `subject`, or of its next bar's first, with some fields changed."""
        return self.server.market.now(self.subject, self.position) | changes

    @property
    def position(self) -> int:
        """How many messages of the market's log were played before the acknowledgement, or passed on since."""
        return self.server.market.length if self._position is None else self._position

    # For the server, from any thread.

    def is_behind(self, position: int) -> bool:
        """Whether there is something before `position` that a good server still has to send to this client."""
        return self.behaving and self._position is not None and self._passed_on < position

    def seconds_stuck(self) -> float:
        """For how long the client has taken nothing of what is being written to it."""
        since = self._writing_since
        return time.monotonic() - since if since else 0.0

    def wake(self) -> None:
        """Have it look whether the server stops."""
        if self._bell is not None:
            self._bell.ring()

    # Inside.

    def write(self, data: bytes) -> None:
        self._writing_since = time.monotonic()
        super().write(data)
        self._writing_since = 0.0

    def _greet(self) -> None:
        """Say what the exchange says first; the client's URL may have subscribed to something."""
        reply = self.greet()
        if reply is not None and reply.series is not None:
            self._subscribed = True
            self._begin(reply, self.server.market.join(reply.added))

    def _subscription(self) -> object:
        """The next message that subscribes, or ought to; others before it are answered."""
        while True:
            message = self.message()
            reply = self.reply_to(message)
            if reply is None:
                return message
            self.say(reply)

    def _note_connect(self, message: object) -> None:
        self._subscribed = True
        self.connect = message
        self.series = tuple(sorted({*self.conversation.series, *self.exchange.series(message)}))

    def _check(self, message: object) -> None:
        """Tell a client that is not let in why, and close."""
        try:
            self.exchange.check(message, self.server.token)
        except Refused as refusal:
            self.behaving = False
            self.send(self.exchange.error(str(refusal)))
            self.say_goodbye(POLICY_VIOLATION, str(refusal))
            raise Gone from None

    def _acknowledge(self, message: object, joined: Joined) -> None:
        """Answer a subscription."""
        reply = self.exchange.subscribe(message, self.told_the_time(), self.server.market.series)
        if reply.series is None:
            self.say(reply)
        else:
            self._begin(reply, joined)

    def _begin(self, reply: Reply, joined: Joined) -> None:
        """Acknowledge what is subscribed to. The first time it is from here on that the market is followed."""
        if self._position is None:
            self._position = joined.position
            self.server.count_acknowledged()  # before it is sent: who has seen it finds it counted
        self.acknowledged = True
        self.series = self.conversation.series = reply.series or ()
        said: tuple[Message | str, ...] = tuple(reply.messages)
        self.send(*((*joined.snapshot, *said) if self.exchange.early else (*said, *joined.snapshot)))
        self.server.begin()

    def _resubscribe(self) -> None:
        """Obey a further subscription, once all that was played before has gone to the one before."""
        if not self._asked:
            return
        self._check(self._asked[0])
        wanted = self.exchange.series(self._asked[0])
        joined = self.server.market.join(wanted)
        while self.exchange.adds and not self.following and joined.position != self.position:
            for played in self._next_played():
                self.tell(played)
            joined = self.server.market.join(wanted)
        if joined.position == self.position or not self.following:
            self._acknowledge(self._note_asked(), joined)

    def _note_asked(self) -> object:
        """The oldest of further subscriptions; one that takes the place of the first is `connect` from now on."""
        message = self._asked.pop(0)
        if not self.exchange.adds:
            self._note_connect(message)
        return message

    def _follow(self, bell: Bell, push: Callable[[Played], None], until: Callable[[Played], object] | None) -> None:
        while True:
            for played in self._next_played():
                push(played)
                if until is not None and until(played):
                    return
            self._passed_on = self.position
            self.server.passed_on()
            self._resubscribe()
            if self.server.stopped.is_set():
                self._leave()
            if self.wait_for_client(0 if self._behind() or self._asked else None, bell.ear):
                self.obey(*self.take())
            bell.silence()

    def _next_played(self) -> Iterator[Played]:
        """What was played since, of its series, at most a batch of it."""
        for played in self.server.market.messages_since(self.position, _BATCH):
            self._position = self.position + 1
            if played.series in self.series:
                yield played

    def _behind(self) -> bool:
        return self.server.market.length > self.position

    def _leave(self) -> NoReturn:
        """The server stops."""
        if self.behaving:
            self.frame(CLOSE, close_payload(_GOING_AWAY))
        raise Gone
