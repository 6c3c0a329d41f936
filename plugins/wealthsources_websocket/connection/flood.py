"""Too many messages in a row that cannot be used: then another connection is worth a try. No clock of its own."""

from __future__ import annotations

from wealthsources_websocket.errors import ConnectionLost


class FloodWatch:
    """Counts what cannot be used. `most` of them within `within` seconds, with no bar between, are a flood."""

    def __init__(self, most: int, within: float) -> None:
        self.in_a_row = 0  # a bar that is wanted sets it to nothing
        self._most = most
        self._within = within
        self._began = 0.0

    def malformed(self, now: float) -> None:
        """One more, at monotonic time `now`. Raises ConnectionLost if it is too many."""
        if not self.in_a_row:
            self._began = now
        self.in_a_row += 1
        if self.in_a_row >= self._most:
            self.in_a_row = 0
            if now - self._began < self._within:  # slower ones may be heartbeats of some kind
                raise ConnectionLost("bad_flood", f"{self._most} messages in a row could not be used (a fixed limit)")
