"""What an exchange does by the clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """In seconds; None where there is no such rule.

    beat_every        between two heartbeats of its own, from the greeting on
    idle_beats        whether they come only where nothing else was sent for so long
    ping_every        between two pings of WebSocket's
    pong_within       who has not answered such a ping by then, with what it held, is cut
    authenticate_within  who has not shown good credentials by then is cut
    subscribe_within  who has subscribed to nothing by then is cut
    speak_within      a client that sent no message for so long is cut
    move_within       a connection is cut on which neither side sent a message for so long
    """

    beat_every: float | None = None
    idle_beats: bool = False
    ping_every: float | None = None
    pong_within: float | None = None
    authenticate_within: float | None = None
    subscribe_within: float | None = None
    speak_within: float | None = None
    move_within: float | None = None
