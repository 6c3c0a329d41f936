"""`context.history(symbol, count, timeframe)` of a bound context: it reads the chain, as every other call does.

An engine's own one would be a second way to the bars, past the live sources and the checks. It is not lost: the context
source of the chain asks it for what the sources before it could not give.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Mapping
from contextvars import ContextVar
from types import MethodType
from typing import TYPE_CHECKING, Any

from wealthdata.arguments.frequency import read_frequency
from wealthdata.binding.context_copies import StandInOfOne, tell_copies_apart
from wealthdata.binding.stack import current_binding
from wealthdata.errors import WealthDataError
from wealthsources import ForkLock, PacedLogger, is_asking_history

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthdata.binding.stack import Binding
    from wealthsources import Bar

_log = PacedLogger("wealthdata")  # an engine may make a context for every bar

#: The stand-ins that are asking the chain just now. What their contexts' clocks or lists ask meanwhile, they ask of
#: themselves.
_answering: ContextVar[tuple[ChainHistory, ...]] = ContextVar("wealthdata_answering", default=())
#: Two threads may bind the same context.
_lock = ForkLock()


class ChainHistory(StandInOfOne):
    """Stands in for a context's `history` while the context is bound."""

    def __init__(self, context: object, own: Callable[..., Any] | None) -> None:
        self.context = context
        self._own = own
        self._bindings: list[weakref.ref[Binding]] = []  # an engine's thread may end without clearing

    def __call__(self, symbol: str, count: int, timeframe: str) -> list[Bar]:
        """The newest `count` closed bars, oldest first. Raises WealthDataError."""
        binding = None if self in _answering.get() or is_asking_history(self.context) else self._binding()
        if binding is None:
            if self._own is None:
                raise WealthDataError("this context is not bound any more, and has no history of its own")
            bars: list[Bar] = self._own(symbol, count, timeframe)
            return bars
        token = _answering.set((*_answering.get(), self))
        try:
            return list(binding.reader().get_history(symbol, read_frequency(timeframe), count))
        finally:
            _answering.reset(token)

    def _binding(self) -> Binding | None:
        held = [binding for each in self._bindings if (binding := each()) is not None]
        current = current_binding()
        return current if current in held else held[-1] if held else None

    # A copy of the context is another context, which nobody has bound.
    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._own, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self._own,)

    def original_of(self, context: object) -> Callable[..., Any] | None:
        """The own function of a context, which may have come by this stand-in as a shallow copy of another one."""
        if context is not self.context and isinstance(self._own, MethodType) and self._own.__self__ is self.context:
            return MethodType(self._own.__func__, context)
        return self._own

    def bind(self, binding: Binding) -> None:
        held = [each for each in self._bindings if each() is not None]
        self._bindings = [*held, weakref.ref(binding)]

    def release(self, binding: Binding) -> bool:
        """Whether nobody has it bound any more."""
        self._bindings = [each for each in self._bindings if each() not in (None, binding)]
        return not self._bindings


def _itself(own: Any) -> Any:
    return own


def replace_history(context: object, binding: Binding) -> None:
    """Have `context.history` read the chain for this binding; a warning if it is one that cannot be replaced."""
    with _lock:
        _replace(context, binding)


def _replace(context: object, binding: Binding) -> None:
    there = context.get("history") if isinstance(context, Mapping) else getattr(context, "history", None)
    stand_in = there if isinstance(there, ChainHistory) and there.context is context else None
    if stand_in is None:
        own = there.original_of(context) if isinstance(there, ChainHistory) else there
        if own is not None and not callable(own):
            _log.warning("history of %s is no function, and left as it is", type(context).__name__)
            return
        stand_in = ChainHistory(context, own)
        try:
            # Not `setattr`: an engine's context may put aside what strategies set.
            object.__setattr__(context, "history", stand_in)
            tell_copies_apart(type(context))
        except (AttributeError, TypeError):
            if callable(own):
                kind = type(context).__name__
                _log.warning("history of %s cannot be replaced: its own does not read the chain", kind)
            return
    stand_in.bind(binding)


def restore_history(context: object, binding: Binding) -> None:
    """Undo that; the context's own function is back when nobody has it bound any more."""
    stand_in = None if isinstance(context, Mapping) else getattr(context, "history", None)
    with _lock:
        if isinstance(stand_in, ChainHistory) and stand_in.context is context and stand_in.release(binding):
            object.__delattr__(context, "history")
            own = stand_in._own
            if own is not None and getattr(context, "history", None) != own:
                object.__setattr__(context, "history", own)
