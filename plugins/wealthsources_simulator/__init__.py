"""A market server on a real socket, for demos and tests: it speaks docs/WIRE.md and plays a file of bars.

`errors`, `rows`, `timeline` and `wire` are pure or read one file; `server` is asyncio; `thread` runs it beside tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wealthsources_simulator.errors import SimulatorError
    from wealthsources_simulator.thread import MarketServer

__all__ = ["MarketServer", "SimulatorError"]


def __getattr__(name: str) -> object:
    # Lazily, because `main` is imported for the list of commands, where neither asyncio nor websockets is wanted.
    if name == "MarketServer":
        from wealthsources_simulator.thread import MarketServer  # noqa: PLC0415 - see above

        return MarketServer
    if name == "SimulatorError":
        from wealthsources_simulator.errors import SimulatorError  # noqa: PLC0415 - see above

        return SimulatorError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
