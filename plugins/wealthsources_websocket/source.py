"""WebSocketSource: bars that a market server pushes over WebSockets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Final, cast

from wealthsources import FrameFacts, PushedSource, RequestError, SourceStatus, Timeframe, WealthSourcesError
from wealthsources_websocket.cache import WebSocketCache
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES, Policies
from wealthsources_websocket.connection.redact import redact_url
from wealthsources_websocket.connection.shards import Shards
from wealthsources_websocket.connection.trial import try_endpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wealthsources import Diagnosis, Host
    from wealthsources_websocket.options import WebSocketOptions

#: The options that say how frames are read.
OF_READING: Final = {"contract_sizes", "bar_push", "partial_first", "corrections", "capacity", "max_message"}
HINT = "this server seems to push closed bars only; set bar_push: closed"


class WebSocketSource(PushedSource):
    """Bars pushed by a market server. What a stale stream did not bring is missing, and looked for elsewhere."""

    store_class = WebSocketCache
    reloadable = frozenset({"symbols", "spellings", "resolutions"})
    shards_class: ClassVar[type[Shards]] = Shards

    def __init__(self, options: WebSocketOptions, policies: Policies = DEFAULT_POLICIES) -> None:
        self._protocol = options.make_protocol()
        super().__init__(
            capacity=options.capacity,
            corrections=options.corrections,
            closes_by=self._protocol.closes_by,
            continuous=self._protocol.pushes_quiet_minutes if self._protocol.pushes_forming is not None else None,
            partial_first=options.partial_first,
            snapshots=self._protocol.sends_snapshot,
            closed_only_hint=HINT if self._protocol.pushes_forming is None and options.bar_push == "forming" else "",
            snapshot=policies.snapshot,
            first_retry=policies.first_retry,
            monotonic=policies.monotonic,
            wall=policies.wall,
        )
        self.options = options
        self.connections: Shards | None = None
        self._policies = policies
        self.subscribe_to(options.symbols, options.resolutions)

    @property
    def cache(self) -> WebSocketCache:
        """The bars that came."""
        return cast("WebSocketCache", self.store)

    def start(self, host: Host) -> None:
        """Begin to connect. Raises ConfigError if the certificates or the token cannot be read."""
        self.begin(host)
        options = self.options
        series = _product(options.symbols, options.resolutions)
        make = self.shards_class
        self.connections = make(options, self._protocol, series, self, host.logger, self._policies, self.frame_tap)
        self.assign(self.connections.shard_of)  # before bars come
        try:
            self.connections.start()
        except BaseException:
            self.connections = None
            self.assign(lambda _: None)
            raise

    def stop(self) -> None:
        """Close the connections; what is in the cache stays."""
        if self.connections is not None:
            self.connections.stop()

    def reload(self, options: WebSocketOptions) -> None:
        """Other symbols and resolutions from now on. A series that stays keeps its bars and its connection."""
        if self.foreign:
            raise RequestError(self.foreign)
        for symbol in self.options.symbols:
            if symbol in options.symbols and self._spelled(symbol, self.options) != self._spelled(symbol, options):
                raise RequestError(f"symbols: how {symbol} is spelled cannot be changed while it is subscribed")
        before = self.options
        if {*_product(before.symbols, before.resolutions)} == {*_product(options.symbols, options.resolutions)}:
            self.options = options
            self.subscribe_to(options.symbols, options.resolutions)  # in another order
        else:
            self._subscribe(options)

    def update_subscription(self, symbols: Sequence[str], resolutions: Sequence[str]) -> None:
        """Subscribe to these symbols in these resolutions from now on; bars of others are kept but not updated.

        Raises RequestError for none, WealthSourcesError in a forked child if the parent has started it.
        """
        if self.foreign:
            raise WealthSourcesError(self.foreign)
        if not symbols or not resolutions:
            raise RequestError("a subscription needs at least one symbol and one resolution")
        symbols, resolutions = tuple(symbols), tuple(Timeframe(name).name for name in resolutions)
        try:
            options = self.options.with_series(symbols, resolutions)
        except ValueError as error:
            raise RequestError(str(error)) from None
        self._subscribe(options)

    def _spelled(self, symbol: str, options: WebSocketOptions) -> str:
        return options.spell(symbol, self._protocol)

    def _subscribe(self, options: WebSocketOptions) -> None:
        self.options = options
        self.subscribe_to(options.symbols, options.resolutions)
        if self.connections is not None:
            self.connections.update_series(_product(options.symbols, options.resolutions), options)
            self.assign(self.connections.shard_of)

    def frame_facts(self) -> FrameFacts:
        """What is needed to read the frames again."""
        options = self.options
        said = options.model_dump(mode="json", include=OF_READING)
        return FrameFacts(
            "websocket",
            options.protocol,
            self._protocol.market,
            options.environment,
            tuple(options.symbols),
            tuple(options.resolutions),
            said | {"spellings": dict(options.spellings)},
        )

    def status(self) -> SourceStatus:
        """State of the connections, the worst of them first, and of every stream."""
        status = super().status()
        return status if status.endpoint else dataclasses.replace(status, endpoint=redact_url(self.options.endpoint))

    def diagnose(self, online: bool) -> Iterable[Diagnosis]:
        """How the credential and each endpoint are; each is connected to once, and nothing is subscribed to."""
        return try_endpoints(self.options, self._protocol, self._policies, online)


def _product(symbols: Sequence[str], resolutions: Sequence[str]) -> list[tuple[str, str]]:
    return [(symbol, name) for symbol in symbols for name in resolutions]
