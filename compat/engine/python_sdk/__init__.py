"""The legacy SDK's market data, on wealthsources. What belongs to trading is the strategy engine's."""

from __future__ import annotations

from engine.python_sdk.exceptions import (
    NotFoundError,
    ParseError,
    WebSocketConnectionError,
    WebSocketSubscriptionError,
)
from engine.python_sdk.websocket_cache import get_websocket_cache
from engine.python_sdk.websocket_manager import get_websocket_manager

__all__ = [
    "NotFoundError",
    "ParseError",
    "WebSocketConnectionError",
    "WebSocketSubscriptionError",
    "get_commission_rates",
    "get_trading_rule",
    "get_websocket_cache",
    "get_websocket_manager",
]


def get_trading_rule(broker: str, symbol: str, config_path: str | None = None) -> object:  # noqa: ARG001
    """Always NotFoundError: trading rules are the strategy engine's."""
    raise NotFoundError(f"there are no trading rules of {broker} {symbol} here: they belong to the strategy engine")


def get_commission_rates(broker: str, symbol: str, config_path: str | None = None) -> object:  # noqa: ARG001
    """Always NotFoundError: commission rates are the strategy engine's."""
    raise NotFoundError(f"there are no commission rates of {broker} {symbol} here: they belong to the strategy engine")
