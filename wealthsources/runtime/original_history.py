"""A context's own `history(symbol, count, timeframe)`, past what stands in for it, and whether it is being asked.

While a context is bound, a function that reads the chain stands in for its own one. The chain goes on asking the own
one: asking the stand-in from within the chain would never end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import ContextVar
from typing import TYPE_CHECKING

from wealthsources.model.records import read_field

if TYPE_CHECKING:
    from collections.abc import Callable

#: The contexts whose own histories are being asked just now, here and further out.
_asked: ContextVar[tuple[object, ...]] = ContextVar("wealthsources_histories_asked", default=())


class HistoryStandIn(ABC):
    """What stands in for a context's own `history` and reads the chain."""

    @abstractmethod
    def original_of(self, context: object) -> Callable[..., object] | None:
        """The own function of a context, which may have come by this stand-in as a shallow copy of another one."""


class OriginalHistory:
    """A context's own function. While it runs, `is_asking_history` is true of the context."""

    __slots__ = ("_context", "_function")

    def __init__(self, context: object, function: Callable[..., object]) -> None:
        self._context = context
        self._function = function

    def __call__(self, symbol: str, count: int, timeframe: str) -> object:
        """What the context's own function returns, which may be anything; or raises."""
        token = _asked.set((*_asked.get(), self._context))
        try:
            return self._function(symbol, count, timeframe)
        finally:
            _asked.reset(token)


def original_history(context: object) -> OriginalHistory | None:
    """The context's own `history(symbol, count, timeframe)`, be it bound or not; None if it has none."""
    history = read_field(context, "history")
    original = history.original_of(context) if isinstance(history, HistoryStandIn) else history
    return OriginalHistory(context, original) if callable(original) else None


def is_asking_history(context: object) -> bool:
    """Whether the context's own history is being asked just now, on this thread: what it asks comes to it again."""
    return any(each is context for each in _asked.get())
