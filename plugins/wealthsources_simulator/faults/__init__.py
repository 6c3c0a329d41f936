"""A market server that misbehaves on purpose, on raw sockets and from layer to layer, for tests and by hand.

    market = Market.made()
    with FaultServer(market, ["half-frame:5", None, "reset"]) as server:
        ...                       # a client connects to server.url
        market.play(10)           # ten bars of every series
        assert market.closed(("BTCUSDT", "1h")) == what the client made of it

The n-th entry of the script meets the n-th connection: the name of a fault, a function of a `Peer`, or None for a
server that behaves. `registry` says what a fault is, `library` holds those with a name, `market` what is true.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wealthsources_simulator.faults.end import Gone
    from wealthsources_simulator.faults.framing import encode
    from wealthsources_simulator.faults.library import FAULTS, fault
    from wealthsources_simulator.faults.market import Market, Played
    from wealthsources_simulator.faults.peer import Peer
    from wealthsources_simulator.faults.registry import Fault
    from wealthsources_simulator.faults.server import FaultServer

__all__ = ["FAULTS", "Fault", "FaultServer", "Gone", "Market", "Peer", "Played", "encode", "fault"]

_MODULES = {
    "FAULTS": "library",
    "Fault": "registry",
    "FaultServer": "server",
    "Gone": "end",
    "Market": "market",
    "Peer": "peer",
    "Played": "market",
    "encode": "framing",
    "fault": "library",
}


def __getattr__(name: str) -> object:
    # Lazily, because the command line asks for the names of the faults without serving anything.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
