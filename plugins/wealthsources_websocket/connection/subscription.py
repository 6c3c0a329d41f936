"""What was asked for on one connection, and what the server said to it. No input, no output, no clock of its own."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wealthsources_websocket.protocols.base import Acknowledged, Protocol, Refused, Series

_CATCH_UP: Final = 0.2


class Subscription:
    """The texts that are still to go out, and each series' answer.

    `match` finds the series that the server's spelling means. Times are monotonic seconds.
    """

    def __init__(
        self, protocol: Protocol, credential: str, match: Callable[[str, str], Series | None], now: float
    ) -> None:
        self._protocol = protocol
        self._credential = credential
        self._match = match
        self._ids = itertools.count(1)
        self._texts: deque[str] = deque()
        self._requests: dict[str, tuple[Series, ...]] = {}
        self._next_at = now
        self.times_asked = 0
        self.pending: set[Series] = set()
        self._acknowledged: set[Series] = set()

    def ask(self, series: Sequence[Series]) -> None:
        """Ask for these series, whatever was asked for before."""
        self.times_asked += 1
        self._texts.clear()
        self._requests.clear()
        for batch in self._protocol.batches(series):
            request_id = str(next(self._ids))
            self._requests[request_id] = tuple(batch)
            self._texts.append(self._protocol.subscription(batch, request_id, self._credential))
        self.pending = set(series)
        self._acknowledged = set()

    def due(self, now: float) -> list[str]:
        """The texts that may go out now. They may hold the credential."""
        rate = self._protocol.limits.texts_per_second
        if rate is None:
            texts = list(self._texts)
            self._texts.clear()
            return texts
        texts = []
        self._next_at = max(self._next_at, now - _CATCH_UP)
        while self._texts and self._next_at <= now:
            texts.append(self._texts.popleft())
            self._next_at += 1 / rate
        return texts

    def acknowledge(self, answer: Acknowledged) -> tuple[Series, ...]:
        """Note an acknowledgement. Returns what it means of that which was asked for."""
        everything = answer.request_id is None and not answer.series
        meant = tuple(itertools.chain(*self._requests.values())) if everything else self._meant(answer)
        self.pending.difference_update(meant)
        self._acknowledged.update(meant)
        return meant

    def refuse(self, answer: Refused) -> tuple[Series, ...]:
        """Note a refusal. Returns the series that it means."""
        meant = self._meant(answer)
        self.pending.difference_update(meant)
        self._acknowledged.difference_update(meant)
        return meant

    @property
    def hopeless(self) -> bool:
        """Whether all that was asked for is refused."""
        return not self.pending and not self._acknowledged

    def _meant(self, answer: Acknowledged | Refused) -> tuple[Series, ...]:
        if answer.series:
            matched = (self._match(symbol, timeframe) for symbol, timeframe in answer.series)
            return tuple(series for series in matched if series is not None)
        return self._requests.get(answer.request_id or "", ())
