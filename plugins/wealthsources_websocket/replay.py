"""Recorded frames of a websocket source, read again: by its protocol, its client and its cache, as when they came.

The entry-point group `wealthsources.replays` leads here, so that a plugin that keeps recordings can ask for it.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from wealthsources import ConfigError, one_line
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES
from wealthsources_websocket.connection.replayed import ReplayedClient
from wealthsources_websocket.connection.shards import Shards
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols import load_protocol
from wealthsources_websocket.source import OF_READING, WebSocketSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources import FrameFacts, FrameLog
    from wealthsources_websocket.protocols.base import Protocol

_NOWHERE: Final = "recorded.invalid/"
#: Where the protocol wants a credential: it is sent nowhere.
_NO_CREDENTIAL: Final = "not-a-credential"


class ReplayedShards(Shards):
    """Shards of recorded connections, as many as there were."""

    client_class = ReplayedClient

    def start(self) -> None:
        """Nothing is dialled."""


class ReplayedSource(WebSocketSource):
    """A websocket source that connects to nothing: see `WebSocketReplay`."""

    shards_class = ReplayedShards


class WebSocketReplay:
    """A FrameReplay."""

    def __init__(self, facts: FrameFacts, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        """As a ReplayFrames is to be called."""
        policies = dataclasses.replace(
            DEFAULT_POLICIES, monotonic=monotonic, wall=wall, asleep=lambda: 0.0, most_malformed=sys.maxsize
        )
        self.source = ReplayedSource(_options(facts), policies)
        self._monotonic = monotonic

    def begin(self, shard: int, *, joined: bool = False) -> FrameLog:
        """A connection of that shard is there."""
        client = next((each for each in self._clients if each.number == shard), None)
        return _Unheard() if client is None else client.begin(joined=joined)

    def turn(self) -> None:
        """Time has come on."""
        now = self._monotonic()
        for client in self._clients:
            client.turn(now)

    def finish(self, reason: str) -> None:
        """All connections are over, and none follows."""
        for client in self._clients:
            client.finish(reason)

    @property
    def _clients(self) -> tuple[ReplayedClient, ...]:
        connections = self.source.connections
        clients = () if connections is None else connections.clients
        return tuple(client for client in clients if isinstance(client, ReplayedClient))


class _Unheard:
    """A connection of series that were subscribed while it was recorded; the recording does not say which."""

    def frame(self, data: str | bytes, *, incoming: bool) -> None:
        """It is of no series that is known."""

    def ended(self, reason: str) -> None:
        """Nothing of it is held."""


def _options(facts: FrameFacts) -> WebSocketOptions:
    """The options of a source that reads frames as the one that is recorded did. Raises ConfigError."""
    try:
        kind = load_protocol(facts.protocol)
    except Exception as error:  # of another distribution, which may be gone
        raise ConfigError(f"the protocol {facts.protocol!r}, which was recorded, is not installed") from error
    spellings = facts.options.get("spellings", {})
    given: dict[str, Any] = {name: said for name, said in facts.options.items() if name in OF_READING}
    given |= {"protocol": facts.protocol, "market": facts.market, "environment": facts.environment}
    given |= {"symbols": {symbol: spellings.get(symbol) for symbol in facts.symbols}, "resolutions": facts.timeframes}
    given |= {"endpoint": f"{'https' if kind.asks_first else 'wss'}://{_NOWHERE}", "fallbacks": ()}
    try:
        return WebSocketOptions(**given | _credentials(kind))
    except ValidationError as error:
        told = "; ".join(one_line(str(each["msg"])) for each in error.errors(include_input=False))
        raise ConfigError(f"what was recorded of {facts.protocol} cannot be read by this version: {told}") from None


def _credentials(kind: type[Protocol]) -> dict[str, Any]:
    if not kind.needs_credential:
        return {}
    names = {"csrf_token": kind.credential_name, "api_secret": kind.secret_name}
    return {option: _NO_CREDENTIAL for option, name in names.items() if name}
