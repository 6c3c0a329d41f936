"""ReplayedClient: a shard whose connections were recorded. They are read by the code that reads live ones.

Nothing is dialled, nothing is sent, and no clock ends anything: what became of a connection, its recording says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wealthsources_websocket.connection.client import Client
from wealthsources_websocket.connection.conversation import Conversation
from wealthsources_websocket.connection.renewal import Candidate, Renewal
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import BINARY, TEXT, Frame

if TYPE_CHECKING:
    from wealthsources_websocket.protocols.base import BarMessage, Malformed

_ENDPOINT: Final = "a recording"
_BEGUN_ANEW: Final = "the recording says nothing of its end"


class ReplayedClient(Client):
    """Hears what was said on its connections. All on one thread; `start` is not for it."""

    def __init__(self, *arguments: Any) -> None:
        """As of a Client, whose clocks tell when the present frame came."""
        super().__init__(*arguments)
        self.endpoint = _ENDPOINT
        self._in_use: ReplayedConnection | None = None
        self._beside: ReplayedConnection | None = None
        self._reason = ""  # why the last one in use was lost

    def begin(self, *, joined: bool = False) -> ReplayedConnection:
        """Another connection is there: the one in use, or beside it, to take its place when that ends.

        `joined`: what was said on it so far is not known, so it is taken for acknowledged.
        """
        self._settle()
        if self._in_use is not None and self._in_use.is_acknowledged and not joined:
            if self._beside is not None:
                self._beside.ended(_BEGUN_ANEW)
            renewal = self._new_renewal()
            self._beside = ReplayedConnection(self, renewal.converse_on(_Nobody()), renewal)
            self._beside.open()
            return self._beside
        for connection in (self._beside, self._in_use):
            if connection is not None:
                connection.ended(_BEGUN_ANEW)
        self._say_connecting(_ENDPOINT)
        conversation = Conversation(self._setting, self, _Nobody(), self._credential)
        connection = self._in_use = ReplayedConnection(self, conversation)
        connection.open(joined=joined)
        return connection

    def turn(self, now: float) -> None:
        """Time has come on to `now`, monotonic."""
        self._settle()
        if self._in_use is not None and self._in_use.is_acknowledged:
            # Pings and pongs are not recorded. A connection that gives no sign of life is ended, so one lives that is
            # not ended in the recording.
            self.last_sign = now
            self._handler.on_turn(self, now)

    def finish(self, reason: str) -> None:
        """All connections are over, and none follows."""
        self._in_use = self._beside = None
        self._set_state("disconnected", reason)

    # of its connections ----------------------------------------------------------------------------------------

    def hear(self, connection: ReplayedConnection, frame: Frame) -> None:
        """A frame came on it."""
        if self._in_use is None:
            self._settle()
        conversation = connection.conversation
        if connection.is_acknowledged:
            conversation.take(frame, self._monotonic())
            return
        conversation.take_early(frame, connection.early)
        if conversation.is_acknowledged:
            self.acknowledge(connection)

    def acknowledge(self, connection: ReplayedConnection) -> None:
        """It is acknowledged."""
        connection.is_acknowledged = True
        early, renewal = connection.early, connection.renewal
        if renewal is not None:
            renewal.acknowledged(connection.conversation, early)
            self._settle()
        else:
            self._begin_epoch(self._monotonic(), "")
            self._pass_on((event, self.acknowledged_at) for event in early)

    def lose(self, connection: ReplayedConnection, reason: str) -> None:
        """It is over."""
        if connection is self._beside:
            self._beside = None
            self.counters["renewals_failed"] += 1
        elif connection is self._in_use:
            self._in_use = None
            self.last_error = f"{self.endpoint}: {reason}"
            self._reason = reason.partition(":")[0]
            if self._beside is None or not self._beside.is_acknowledged:
                self._go_down()

    def _settle(self) -> None:
        """Have the connection beside the one in use take its place, if that is over.

        Not at once when it ends: had it been given up in the same moment, it never took over.
        """
        connection = self._beside
        if self._in_use is None and connection is not None and connection.is_acknowledged and connection.renewal:
            self._beside, self._in_use = None, connection
            self._take_over(connection.renewal, connection.conversation, self._reason)

    def _go_down(self) -> None:
        self.counters[f"lost.{self._reason}"] += 1
        if self.state == "connected":
            self.reconnects_by_reason[self._reason] += 1
        self._set_state("reconnecting" if self.epoch else "error", self.last_error)

    def _new_renewal(self) -> Renewal:
        candidate = Candidate(self, _ENDPOINT, self._credential.redact)
        url, dial = self._plan.current, lambda *_: _Nobody()
        return Renewal(self._setting, candidate, "recorded", url, self._credential, dial)


class ReplayedConnection:
    """Is told what was said on one connection, in its order. `early` came before it is acknowledged."""

    def __init__(self, client: ReplayedClient, conversation: Conversation, renewal: Renewal | None = None) -> None:
        self.conversation = conversation
        self.renewal = renewal
        self.early: list[BarMessage | Malformed] = []
        self.is_acknowledged = False
        self._client = client
        self._is_over = False

    def open(self, *, joined: bool = False) -> None:
        """Subscribe, as far as the server lets us begin."""
        (self.conversation.join if joined else self.conversation.open)()
        if self.conversation.is_acknowledged:
            self._client.acknowledge(self)

    def frame(self, data: str | bytes, *, incoming: bool) -> None:
        """A whole message came; what was sent is of no account."""
        if self._is_over or not incoming:
            return
        frame = Frame(TEXT, data.encode(errors="surrogatepass")) if isinstance(data, str) else Frame(BINARY, data)
        try:
            self._client.hear(self, frame)
        except ConnectionLost as lost:
            self.ended(str(lost))

    def ended(self, reason: str) -> None:
        """The connection is over."""
        if not self._is_over:
            self._is_over = True
            self._client.lose(self, reason)


class _Nobody:
    """The other side of a recorded connection: what is sent goes nowhere, and what came is not asked for here."""

    def receive(self) -> None:
        """Nothing."""

    def send_text(self, text: str, timeout: float = 0.0) -> None:
        """Nobody hears it."""

    def ping(self, payload: bytes) -> None:
        """Nobody hears it."""

    def pong(self, payload: bytes) -> None:
        """Nobody hears it."""

    def close(self, code: int = 1000, timeout: float = 0.0) -> None:
        """There is nothing to close."""

    def drop(self) -> None:
        """There is nothing to let go of."""

    def abort(self) -> None:
        """Nobody waits."""
