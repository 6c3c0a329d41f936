"""A shard: one of the connections that share a subscription, as its client writes it and all others read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from wealthsources import match_symbol

if TYPE_CHECKING:
    import logging

    from wealthsources_websocket.protocols.base import BarMessage, Malformed, Series

    Log = logging.Logger | logging.LoggerAdapter[logging.Logger]

State = Literal["disconnected", "connecting", "connected", "reconnecting", "error", "auth_failed"]


class Shard:
    """What is known of one connection and of those before it. Written on its client's thread only.

    number                which of the subscription's connections it is, from 0 on
    series                what is asked for on it; a series is on one shard, and stays there
    state                 connected: subscribed and acknowledged · auth_failed: the credential was turned down twice
    since                 monotonic: when the connection came up or went down; at first: the start
    epoch                 how many connections were acknowledged; acknowledged_at: when the last one was, monotonic
    last_data             monotonic: when the last bar came that we want
    endpoint, last_error  for people: without what is secret
    refused               what the server refused on this connection, and why; the other series live on
    counters              what happened, by name; reconnects_by_reason: why connections were lost
    """

    def __init__(self, number: int, series: Sequence[Series], spell: Callable[[str], str], endpoint: str) -> None:
        self.number = number
        self.state: State = "disconnected"
        self.since = 0.0
        self.epoch = 0
        self.acknowledged_at = 0.0
        self.last_data: float | None = None
        self.endpoint = endpoint
        self.last_error = ""
        self.refused: dict[Series, str] = {}
        self.counters: Counter[str] = Counter()
        self.reconnects_by_reason: Counter[str] = Counter()
        self._spell = spell
        self.take_series(series)

    def take_series(self, series: Sequence[Series]) -> None:
        """These are its series from now on."""
        self._spellings = {(self._spell(symbol), timeframe): (symbol, timeframe) for symbol, timeframe in series}
        self._symbols = tuple(dict.fromkeys(symbol for symbol, _ in series))
        self._wanted = frozenset(series)
        self.series = tuple(series)

    @property
    def reconnects(self) -> int:
        """How many connections there were after the first."""
        return max(0, self.epoch - 1)

    def match(self, symbol: str, timeframe: str) -> Series | None:
        """The series of this shard that is meant by the server's spelling of a symbol, or by a similar one."""
        exact = self._spellings.get((symbol, timeframe))
        if exact is not None:
            return exact
        matched = match_symbol(symbol, self._symbols)
        series = None if matched is None else (matched, timeframe)
        return series if series in self._wanted else None


class Handler(Protocol):
    """Who receives what comes in. Called on the shard's thread, so every method returns at once."""

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool:
        """A bar came on connection `shard.epoch`, at monotonic time `now`. Returns whether it was one we want."""

    def on_malformed(self, shard: Shard, malformed: Malformed) -> None:
        """A message came that cannot be used: what it said of its series, or of any of the shard, is not known."""

    def on_turn(self, shard: Shard, now: float) -> None:
        """The connection is up, at monotonic time `now`; called several times a second."""

    def on_resubscribed(self, shard: Shard) -> None:
        """The subscription went out again on this connection: the server may begin all streams anew."""

    def on_state(self, shard: Shard, state: State, reason: str) -> None:
        """The connection is in another state."""
