"""Succession: when a connection is to be followed by another that is made beside it, and when that takes over.

What we choose ourselves costs no bar: the old connection is used until the new one has stated what the old one knows.
We choose when the server's time for a connection is nearly over (lifetime), when it says that it wants us on another
(reconnect_asked), and when all streams are stale though the connection lives (silent).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources_websocket.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wealthsources import Shard
    from wealthsources_websocket.connection.handler import Handler, Log
    from wealthsources_websocket.connection.heartbeat import Uptime
    from wealthsources_websocket.connection.policies import Policies
    from wealthsources_websocket.connection.reconnect import ConnectPlan
    from wealthsources_websocket.connection.renewal import Renewal
    from wealthsources_websocket.protocols.base import Series

_LOOK_EVERY: Final = 1.0  # seconds; it looks at every stream of the shard
_DROP: Final = 1.0
#: After these nobody knows how the new connection is: the whole process stood still, or is to stop.
_ALL_ARE_LOST: Final = ("suspended", "stopped")


class Succession:
    """Of one client, and on its thread, but for `ask_to_stop`, `drop` and `forget`. Times are monotonic seconds."""

    def __init__(
        self,
        shard: Shard,
        handler: Handler,
        plan: ConnectPlan,
        policies: Policies,
        log: Log,
        begin: Callable[[str], Renewal],
        *,
        may_be_quiet: bool,
        alone: bool = False,
    ) -> None:
        """`begin` starts a renewal for a reason, at the present address of the plan, or raises ConnectionLost.

        `may_be_quiet`: bars without a trade are not pushed, so silence tells nothing. `alone`: a connection beside
        another costs one of them, so the old one is given up first.
        """
        self.renewal: Renewal | None = None
        self._shard = shard
        self._handler = handler
        self._plan = plan
        self._policies = policies
        self._log = log
        self._begin_one = begin
        self._may_be_quiet = may_be_quiet
        self._alone = alone
        self._judged: Uptime | None = None  # the connection whose successor was thought of last
        # The bars that the connection in use vouched for at the last look.
        self._known: Mapping[Series, Sequence[tuple[int, float]]] | None = None
        self._not_before = 0.0
        self._next_look = 0.0
        self._silences = 0  # in a row, after which the next connection brought nothing either
        self._next_silence = 0.0

    # while a connection is up ----------------------------------------------------------------------------------

    def look(self, up: Uptime, now: float) -> bool:
        """Begin what is due. Returns whether the next connection is to take over.

        Raises ConnectionLost where it cannot be made beside this one.
        """
        if up.last_bar > up.started + self._policies.snapshot:  # a snapshot may come of a dead market too
            self._silences, self._next_silence = 0, 0.0
        renewal = self.renewal
        if renewal is not None and renewal.series != self._shard.series:
            self.drop()  # something else is subscribed to by now
            renewal = None
        if renewal is None:
            self._begin_if_due(up, now)
            return False
        if renewal.lost is not None:
            self.note_failure(renewal.lost, now)
            return False
        if renewal.acknowledged_at is None:
            return False
        patient = now - renewal.acknowledged_at < self._policies.patience
        return not patient or self._has_caught_up(renewal, now)

    def _has_caught_up(self, renewal: Renewal, now: float) -> bool:
        """Whether the next connection has stated what the one in use knows, or knew when that was looked at before.

        Between messages that come all the time there may be no moment at which both know the same; but what the one in
        use was told since then, the other one is told as well.
        """
        before, self._known = self._known, self._handler.forming_bars(self._shard, now)
        if not renewal.held.lacks(self._known):
            return True
        return before is not None and not renewal.held.lacks(before)

    def _begin_if_due(self, up: Uptime, now: float) -> None:
        reason = "reconnect_asked" if up.asked is not None else "lifetime" if up.is_old(now) else None
        if reason is not None and up is not self._judged:
            # A server that sends us away from each connection at once is not to be stormed.
            self._judged, self._not_before = up, now + (0.0 if up.proven else self._plan.pause())
        if now < self._not_before or not (reason := reason or self._silence(now)):
            return
        if self._alone:
            raise ConnectionLost(reason, "this server takes one connection at a time, so the old one goes first")
        if reason == "silent" and self._silences > 0:
            self._plan.elsewhere()
        wait = self._plan.attempt(now)
        if wait > 0:
            self._not_before = now + wait
            self._shard.counters["budget_waits"] += 1
            return
        self._known = None
        try:
            self.renewal = self._begin_one(reason)
        except ConnectionLost as lost:
            self.note_failure(lost, now)

    def _silence(self, now: float) -> str | None:
        if self._may_be_quiet or now < self._next_silence or now < self._next_look:
            return None
        self._next_look = now + _LOOK_EVERY
        return "silent" if self._handler.is_silent(self._shard, now) else None

    def note_failure(self, lost: ConnectionLost, now: float) -> None:
        """There is no next connection yet; the old one goes on."""
        shard, renewal, self.renewal = self._shard, self.renewal, None
        delay = self._plan.lost(lost, now, beside=True)
        self._not_before = now + delay
        shard.last_error = f"{renewal.shard.endpoint if renewal else shard.endpoint}: {shard.shown(str(lost))}"
        self._log.warning("the next connection failed, this one goes on: %s; next in %.1f s", shard.last_error, delay)
        if renewal is not None:
            shard.counters.update(renewal.shard.counters)
        shard.counters["renewals_failed"] += 1

    # when one has taken over, or is lost -----------------------------------------------------------------------

    def stands_by(self, lost: ConnectionLost) -> Renewal | None:
        """The connection that can take over at once from one that is lost. One that is still made is kept."""
        if lost.reason in _ALL_ARE_LOST:
            self.drop()
        renewal = self.renewal
        return renewal if renewal is not None and renewal.is_there else None

    def took_over(self, renewal: Renewal, now: float) -> None:
        """It is in use from now on."""
        self.renewal = None
        if renewal.reason == "silent":
            first, longest = self._policies.silence
            self._next_silence = now + min(longest, first * 2 ** min(self._silences, 32))
            self._silences += 1

    def ask_to_stop(self) -> None:
        """Have the thread of a renewal end soon, without waiting for it."""
        renewal = self.renewal
        if renewal is not None:
            renewal.ask_to_stop()

    def drop(self, seconds: float = _DROP) -> None:
        """Let go of a connection that was to follow, and of its thread within so many seconds."""
        renewal, self.renewal = self.renewal, None
        if renewal is not None:
            renewal.drop(seconds)

    def forget(self) -> None:
        """In a forked child: it is that of the parent."""
        self.renewal = None
