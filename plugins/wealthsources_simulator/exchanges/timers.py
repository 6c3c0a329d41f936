"""When what an exchange does by the clock is due on one connection. Pure: whoever asks says what time it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_simulator.exchanges.base import Conversation
    from wealthsources_simulator.exchanges.rules import Rules

#: Something to do: a heartbeat of the exchange's, a ping of WebSocket's, or the end of a silent client.
Due = Literal["beat", "ping", "cut"]


class Timers:
    """The rules applied to one connection. Times are monotonic; `pace` is how long a second of the rules takes."""

    def __init__(self, rules: Rules, conversation: Conversation, pace: float, now: float) -> None:
        self._rules = rules
        self._conversation = conversation
        self._pace = pace
        self._unanswered: float | None = None
        self._begun = self._beaten = self._pinged = self._heard = self._sent = now

    def heard(self, now: float) -> None:
        """The client sent a message."""
        self._heard = now

    def sent(self, now: float) -> None:
        """The client was sent a message."""
        self._sent = now

    def answered(self) -> None:
        """The client answered the newest ping."""
        self._unanswered = None

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
            self._unanswered = now if self._unanswered is None else self._unanswered
        return due

    def _all(self) -> Iterator[tuple[float, Due]]:
        rules, moved = self._rules, max(self._heard, self._sent)
        beaten = max(self._beaten, self._sent) if rules.idle_beats else self._beaten
        rows: list[tuple[float | None, float, Due]] = [
            (self._conversation.beat_every, beaten, "beat"),
            (rules.ping_every, self._pinged, "ping"),
            (None if self._unanswered is None else rules.pong_within, self._unanswered or 0.0, "cut"),
            (None if self._conversation.authenticated else rules.authenticate_within, self._begun, "cut"),
            (None if self._conversation.series else rules.subscribe_within, self._begun, "cut"),
            (rules.speak_within, self._heard, "cut"),
            (rules.move_within, moved, "cut"),
        ]
        for seconds, since, what in rows:
            if seconds is not None:
                yield since + seconds * self._pace, what
