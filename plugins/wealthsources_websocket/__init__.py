"""Live bars from a WebSocket server: client, cache and reconnecting, as a source of wealthsources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wealthsources_websocket.cache import WebSocketCache
    from wealthsources_websocket.manager import WebSocketManager, get_websocket_manager
    from wealthsources_websocket.source import WebSocketSource

__all__ = ["WebSocketCache", "WebSocketManager", "WebSocketSource", "get_websocket_manager"]

_HOME = {
    "WebSocketCache": "cache",
    "WebSocketManager": "manager",
    "WebSocketSource": "source",
    "get_websocket_manager": "manager",
}


def __getattr__(name: str) -> Any:
    import importlib  # noqa: PLC0415 - with the first name that is used

    if name not in _HOME:
        raise AttributeError(f"module 'wealthsources_websocket' has no attribute {name!r}")
    return getattr(importlib.import_module(f"wealthsources_websocket.{_HOME[name]}"), name)
