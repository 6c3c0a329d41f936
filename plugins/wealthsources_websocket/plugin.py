"""The entry point of the websocket plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import hookimpl
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.source import WebSocketSource

if TYPE_CHECKING:
    from wealthsources import Register


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source."""
    register("websocket", WebSocketSource, WebSocketOptions)
