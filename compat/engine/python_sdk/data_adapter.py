"""The legacy data adapter: one for each thread."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any


class DataAdapter(ABC):
    """What legacy code reads bars and orders from."""

    @abstractmethod
    def get_history(self, symbol: str, count: int, timeframe: str) -> list[Any]:
        """The newest `count` bars, oldest first."""

    @abstractmethod
    def get_all_symbols(self) -> list[str]:
        """The symbols there are bars of."""

    @abstractmethod
    def get_completed_orders(self) -> list[Any]:
        """The orders that are done."""

    @abstractmethod
    def get_market_data_context(self) -> list[Any]:
        """The series as the engine handed them over: {symbol, timeframe, bars, …}."""


_local = threading.local()


def register_data_adapter(adapter: DataAdapter) -> None:
    """Make it the adapter of this thread. `wealthdata` knows nothing of it: an engine binds its context there."""
    _local.adapter = adapter


def get_data_adapter() -> DataAdapter:
    """The adapter of this thread. Raises RuntimeError if there is none."""
    adapter: DataAdapter | None = getattr(_local, "adapter", None)
    if adapter is None:
        raise RuntimeError("Data adapter not registered; call register_data_adapter(adapter) on this thread first")
    return adapter


def clear_data_adapter() -> None:
    """Forget the adapter of this thread. Harmless if there is none."""
    _local.adapter = None
