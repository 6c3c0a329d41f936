"""A market server on a real socket, for demos and tests: it plays bars, and misbehaves if it is told to.

    market = Market.made()
    with MarketServer(market, ["half-frame:5", None, "reset"]) as server:
        ...                       # a client connects to server.url
        market.play(10)           # ten bars of every series
        assert market.closed(("BTCUSDT", "1h")) == what the client made of it

The n-th entry of the script meets the n-th connection: the name of a fault, a function of a `Peer`, or None for a
server that behaves. From the bottom up:

    bars timeline csv_bars invented    what happens, and when
    exchanges                          in which words: one file for each exchange; `base` says what one is, and
                                       `Adding` what those share whose clients subscribe more than once
    market player                      the one truth, how much of it was played, and who plays it on
    connection framing websocket_end   bytes, frames, one end of a WebSocket
    conversing                         one client in the words of the exchange: greeting, answers, heartbeats
    peer                               what it subscribes to, and what of the market it is sent
    faults                             the ways to misbehave: one file for each layer
    script listener server             who meets which of them, on one port
    main                               `wealthsources simulate`

Beside them `history` has exchanges that are asked for bars over REST, on a port of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar, Series, forming_state
    from wealthsources_simulator.connection import Gone
    from wealthsources_simulator.errors import SimulatorError
    from wealthsources_simulator.exchanges.catalogue import EXCHANGES, make_exchange
    from wealthsources_simulator.exchanges.wealthai import WealthAI
    from wealthsources_simulator.faults.library import FAULTS, fault
    from wealthsources_simulator.faults.registry import Fault
    from wealthsources_simulator.framing import encode
    from wealthsources_simulator.market import Market, Played
    from wealthsources_simulator.peer import Peer
    from wealthsources_simulator.server import MarketServer

_HOME = {
    "EXCHANGES": "exchanges.catalogue",
    "FAULTS": "faults.library",
    "Fault": "faults.registry",
    "Gone": "connection",
    "Market": "market",
    "MarketServer": "server",
    "Peer": "peer",
    "Played": "market",
    "PlayedBar": "bars",
    "Series": "bars",
    "SimulatorError": "errors",
    "WealthAI": "exchanges.wealthai",
    "encode": "framing",
    "fault": "faults.library",
    "forming_state": "bars",
    "make_exchange": "exchanges.catalogue",
}

__all__ = [
    "EXCHANGES",
    "FAULTS",
    "Fault",
    "Gone",
    "Market",
    "MarketServer",
    "Peer",
    "Played",
    "PlayedBar",
    "Series",
    "SimulatorError",
    "WealthAI",
    "encode",
    "fault",
    "forming_state",
    "make_exchange",
]


def __getattr__(name: str) -> object:
    # Lazily, because `main` is imported for the list of commands, where no server is wanted.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
