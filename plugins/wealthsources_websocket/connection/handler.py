"""Handler: who receives what comes in on a connection. A PushedSource is one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wealthsources import Shard, ShardState
    from wealthsources_websocket.protocols.base import BarMessage, Malformed, Series

Log = logging.Logger | logging.LoggerAdapter[logging.Logger]


class Handler(Protocol):
    """Who receives what comes in. Called on the shard's thread, so every method returns at once."""

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool | None:
        """A bar came on connection `shard.epoch`, at monotonic time `now`.

        Returns whether it was one we want; None if it was, and breaks a rule about bars, which has been told.
        """

    def on_malformed(self, shard: Shard, malformed: Malformed) -> None:
        """A message came that cannot be used: what it said of its series, or of any of the shard, is not known."""

    def on_turn(self, shard: Shard, now: float) -> None:
        """The connection is up, at monotonic time `now`; called several times a second."""

    def on_resubscribed(self, shard: Shard) -> None:
        """The subscription went out again on this connection: the server may begin all streams anew."""

    def forming_bars(self, shard: Shard, now: float) -> Mapping[Series, Sequence[tuple[int, float]]]:
        """The bars that form and that the connection vouches for at monotonic time `now`: open time (ms) and volume.

        Those of streams that are silent for too long are not among them; of a quiet market closed ones are too.
        """

    def is_silent(self, shard: Shard, now: float) -> bool:
        """Whether all streams of the shard are stale at monotonic time `now`, though the connection is up."""

    def on_state(self, shard: Shard, state: ShardState, reason: str) -> None:
        """The connection is in another state, or another one has taken its place: connected once more."""
