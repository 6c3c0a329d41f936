"""What was asked for on one connection, and what the server said to it. No input, no output, no clock of its own."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wealthsources_websocket.connection.pace import Pace
    from wealthsources_websocket.protocols.base import Acknowledged, Protocol, Refused, Series


class Subscription:
    """The texts that are still to go out, and each series' answer.

    `spell` gives a series in the server's spelling, `match` finds the one that such a spelling means.
    """

    def __init__(
        self,
        protocol: Protocol,
        credential: str,
        spell: Callable[[Series], Series],
        match: Callable[[str, str], Series | None],
        pace: Pace,
    ) -> None:
        self._protocol = protocol
        self._credential = credential
        self._spell = spell
        self._match = match
        self._pace = pace
        self._ids = itertools.count(1)
        self._texts: deque[str] = deque()
        self._requests: dict[str, tuple[Series, ...]] = {}
        self._sent_at = 0.0
        self._repeats = 0
        self.times_asked = 0
        self.pending: set[Series] = set()
        self._acknowledged: set[Series] = set()
        self._asked: dict[Series, Series] = {}  # ours → the server's
        self.has_left = False  # a text went out that ends a subscription

    def ask(self, series: Sequence[Series]) -> None:
        """Ask for these series, whatever was asked for before."""
        self.times_asked += 1
        self._repeats = 0
        self._texts.clear()
        self._texts.extend(self._protocol.opening() if self.times_asked == 1 else ())
        self._requests.clear()
        self.pending = set(series)
        self._acknowledged = set()
        self._asked.clear()
        self._request(series)

    def change(self, series: Sequence[Series]) -> None:
        """Ask for what is new of these series, and for no more of others. What is asked for already stays as it is."""
        gone = {ours: theirs for ours, theirs in self._asked.items() if ours not in series}
        for each in gone:
            del self._asked[each]
        self.pending.difference_update(gone)
        self._acknowledged.difference_update(gone)
        for batch in self._protocol.batches(tuple(gone.values())) if gone else ():
            text = self._protocol.unsubscription(batch, str(next(self._ids)))
            if text:
                self._texts.append(text)
                self.has_left = True
        new = [each for each in series if each not in self._asked]
        self.pending.update(new)
        if new:
            self._request(new)

    def _request(self, series: Sequence[Series], *, singly: bool = False) -> None:
        ours = {self._spell(each): each for each in series}
        self._asked.update((each, theirs) for theirs, each in ours.items())
        for batch in [(each,) for each in ours] if singly else self._protocol.batches(tuple(ours)):
            request_id = str(next(self._ids))
            self._requests[request_id] = tuple(ours[each] for each in batch)
            text = self._protocol.subscription(batch, request_id, self._credential)
            if text:
                self._texts.append(text)
            else:  # the address asked for it
                self._note(self._requests[request_id])

    def due(self, now: float) -> list[str]:
        """The texts that may go out now. They may hold the credential."""
        texts = []
        while self._texts and self._pace.allows(now):
            texts.append(self._texts.popleft())
            self._pace.spend()
        if texts:
            self._sent_at = now
        return texts

    def ask_again(self, now: float, patience: float) -> int:
        """Ask once more for what was not answered within so many seconds, each time twice as many. Returns how many."""
        if self._texts or not self.pending or now - self._sent_at <= patience * 2 ** min(self._repeats, 16):
            return 0
        self._repeats += 1
        asked = sorted(self.pending)
        self._request(asked)
        return len(asked)

    @property
    def is_acknowledged(self) -> bool:
        """Whether any series is."""
        return bool(self._acknowledged)

    def acknowledge(self, answer: Acknowledged) -> tuple[Series, ...]:
        """Note an acknowledgement. Returns what it means of that which was asked for."""
        meant = self._meant(answer)
        self._note(meant)
        return meant

    def _note(self, acknowledged: Iterable[Series]) -> None:
        acknowledged = tuple(acknowledged)
        self.pending.difference_update(acknowledged)
        self._acknowledged.update(acknowledged)

    def assume(self) -> None:
        """All that was asked for is acknowledged, though nobody heard it."""
        self._note(tuple(self.pending))

    def refuse(self, answer: Refused) -> tuple[Series, ...] | None:
        """Note a refusal. Returns the series that it means; None if it is about nothing that was asked for.

        If several may be meant, each is asked for by itself: one that the server does not like costs no other.
        """
        meant = self._meant(answer)
        if not answer.series:
            request_id = self._oldest() if answer.request_id is None else answer.request_id
            if request_id not in self._requests:
                return None
            meant = tuple(each for each in meant if each in self.pending)
            if len(meant) > 1:
                self._requests.pop(request_id)
                self._request(meant, singly=True)
                return ()
        elif not meant:
            return None
        self.pending.difference_update(meant)
        self._acknowledged.difference_update(meant)
        return meant

    @property
    def hopeless(self) -> bool:
        """Whether all that was asked for is refused."""
        return not self.pending and not self._acknowledged

    def _oldest(self) -> str:
        """The oldest text that is not answered yet; empty if all are."""
        left = (name for name, series in self._requests.items() if not self.pending.isdisjoint(series))
        return next(left, "")

    def _meant(self, answer: Acknowledged | Refused) -> tuple[Series, ...]:
        """An answer that names nothing is that of the oldest text without one."""
        nameless = answer.request_id is None and not answer.series
        of_request = self._requests.get(self._oldest() if nameless else answer.request_id or "", ())
        if not answer.series:
            return of_request
        meant: list[Series] = []
        for symbol, timeframe in answer.series:
            if timeframe:
                matched = self._match(symbol, timeframe)
                meant += [] if matched is None else [matched]
            else:  # the server named the symbol only
                meant += [each for each in of_request if self._match(symbol, each[1]) == each]
        return tuple(meant)
