"""Shards: as many clients as the protocol's limits ask for, behind one face."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from wealthsources_websocket.connection.client import Client
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES, Policies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping, Sequence

    from wealthsources import FrameTap, Shard
    from wealthsources_websocket.connection.handler import Handler
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import Protocol, Series


class Shards:
    """The connections of one subscription. `start` once; `stop` from any thread, any number of times."""

    client_class: ClassVar[type[Client]] = Client

    def __init__(
        self,
        options: WebSocketOptions,
        protocol: Protocol,
        series: Sequence[Series],
        handler: Handler,
        logger: logging.Logger,
        policies: Policies = DEFAULT_POLICIES,
        tap: FrameTap | None = None,
    ) -> None:
        """`tap` is told of the frames of each connection."""
        self._options = options
        self._protocol = protocol
        self._handler = handler
        self._log = logger
        self._policies = policies
        self._tap = tap
        self._next_number = 0
        self._owners: dict[Series, Client] = {}
        self._started = False
        self.clients: tuple[Client, ...] = ()
        self._distribute(series)

    # life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, without waiting for it. Raises ConfigError if certificates or token cannot be read."""
        self._started = True
        try:
            for client in self.clients:
                client.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all connections and threads, within 3 s in any state."""
        self._stop(self.clients)

    def update_series(self, series: Sequence[Series], options: WebSocketOptions | None = None) -> None:
        """Subscribe to something else. A series that is subscribed already stays on its shard.

        `options` are the present ones but for the series and how their symbols are spelled; None: as before.
        """
        self._options = self._options if options is None else options
        self._stop(self._distribute(series))
        if self._started:
            for client in self.clients:
                client.start()

    def _stop(self, clients: Iterable[Client]) -> None:
        deadline = self._policies.monotonic() + self._policies.stop_limit
        for client in clients:
            client.ask_to_stop()
        for client in clients:
            client.stop(deadline)

    # who has what ----------------------------------------------------------------------------------------------

    def shard_of(self, series: Series) -> Shard | None:
        """The shard that has this series; None if it is not subscribed."""
        return self._owners.get(series)

    def _distribute(self, series: Sequence[Series]) -> tuple[Client, ...]:
        """Give each series to a client. Returns the clients that are left without any."""
        present = self.clients
        size = self._protocol.limits.series_per_connection
        lots = distribute(series, [client.series for client in present], size, self._lane)
        kept = [client for client, lot in zip(present, lots, strict=False) if lot]
        for client, lot in zip(present, lots, strict=False):
            if lot and (len(present) == 1 or lot != client.series):
                client.update_series(lot, self._options)
        self.clients = (*kept, *(self._new_client(lot) for lot in lots[len(present) :]))
        self._owners = {each: client for client in self.clients for each in client.series}
        return tuple(client for client in present if client not in kept)

    def _lane(self, series: Series) -> str:
        return self._protocol.lane((self._options.spell(series[0], self._protocol), series[1]))

    def _new_client(self, series: Sequence[Series]) -> Client:
        number = self._next_number
        self._next_number += 1
        has_lanes = any(self._lane(each) for each in series)
        several = has_lanes or self._protocol.limits.series_per_connection is not None
        log = _ShardLog(self._log, {"shard": number}) if several else self._log
        make = self.client_class
        return make(self._options, self._protocol, series, self._handler, log, self._policies, number, self._tap)


def distribute(
    series: Sequence[Series],
    present: Sequence[Sequence[Series]],
    size: int | None,
    lane: Callable[[Series], str] = lambda _: "",
) -> list[tuple[Series, ...]]:
    """The series of each shard, those that are present first. What is on one stays; none gets more than `size`.

    Those of one shard are of one `lane`.
    """
    wanted = dict.fromkeys(series)
    most = len(wanted) if size is None else size
    lots = [{each for each in held if each in wanted} for held in present]
    lanes = [lane(held[0]) if held else None for held in present]  # also of one of which nothing is wanted any more
    held = {each for lot in lots for each in lot}
    for each in wanted:
        if each in held:
            continue
        mine = lane(each)
        fits = (at for at, lot in enumerate(lots) if len(lot) < most and lanes[at] == mine)
        place = next(fits, len(lots))
        if place == len(lots):
            lots.append(set())
            lanes.append(mine)
        lots[place].add(each)
    return [tuple(each for each in wanted if each in lot) for lot in lots]


class _ShardLog(logging.LoggerAdapter[logging.Logger]):
    """Says in each line which shard it is about: as a number, so that the same of many shards is one topic."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        msg = msg if args else str(msg).replace("%", "%%")
        super().log(level, f"shard %d: {msg}", (self.extra or {}).get("shard"), *args, **kwargs)

    def process(self, msg: str, kwargs: MutableMapping[str, Any]) -> tuple[str, MutableMapping[str, Any]]:
        return msg, kwargs  # with the `extra` of the line
