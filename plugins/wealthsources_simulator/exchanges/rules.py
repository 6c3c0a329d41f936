"""What an exchange does by the clock, and when it is due. Pure: whoever asks says what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_simulator.exchanges.base import Conversation

#: Something to do: a heartbeat of the exchange's, a ping of WebSocket's, or the end of a silent client.
Due = Literal["beat", "ping", "cut"]


@dataclass(frozen=True, slots=True)
class Rules:
    """In seconds; None where there is no such rule.

    beat_every        between two heartbeats of its own, from the greeting on
    idle_beats        whether they come only where nothing else was sent for so long
    ping_every        between two pings of WebSocket's
    authenticate_within  who has not shown good credentials by then is cut
    subscribe_within  who has subscribed to nothing by then is cut
    speak_within      a client that sent no message for so long is cut
    move_within       a connection is cut on which neither side sent a message for so long
    """

    beat_every: float | None = None
    idle_beats: bool = False
    ping_every: float | None = None
    authenticate_within: float | None = None
    subscribe_within: float | None = None
    speak_within: float | None = None
    move_within: float | None = None


class Timers:
    """The rules applied to one connection. Times are monotonic; `pace` is how long a second of the rules takes."""

    def __init__(self, rules: Rules, conversation: Conversation, pace: float, now: float) -> None:
        self._rules = rules
        self._conversation = conversation
        self._pace = pace
        self._begun = self._beaten = self._pinged = self._heard = self._sent = now

    def heard(self, now: float) -> None:
        """The client sent a message."""
        self._heard = now

    def sent(self, now: float) -> None:
        """The client was sent a message."""
        self._sent = now

    def next(self) -> float | None:
        """When something is due next; None for never."""
        return min((time for time, _ in self._all()), default=None)

    def due(self, now: float) -> list[Due]:
        """What is due, in the order of its times; a heartbeat or ping counts as sent by that."""
        due = [what for time, what in sorted(self._all()) if time <= now]
        if "beat" in due:
            self._beaten = now
        if "ping" in due:
            self._pinged = now
        return due

    def _all(self) -> Iterator[tuple[float, Due]]:
        rules, moved = self._rules, max(self._heard, self._sent)
        beaten = max(self._beaten, self._sent) if rules.idle_beats else self._beaten
        rows: list[tuple[float | None, float, Due]] = [
            (self._conversation.beat_every, beaten, "beat"),
            (rules.ping_every, self._pinged, "ping"),
            (None if self._conversation.authenticated else rules.authenticate_within, self._begun, "cut"),
            (None if self._conversation.series else rules.subscribe_within, self._begun, "cut"),
            (rules.speak_within, self._heard, "cut"),
            (rules.move_within, moved, "cut"),
        ]
        for seconds, since, what in rows:
            if seconds is not None:
                yield since + seconds * self._pace, what
