"""Copies of a bound context: they are contexts of their own, bound to nothing, and have a history of their own.

What stands in for `history` is an attribute of the context, and goes into a shallow copy like any other, where it would
answer on behalf of the context that was copied. There are many ways to copy, and none asks the attributes. So the class
is given a `history` that looks at whose the stand-in is, and else finds what would be found without it. It stays there:
a copy may outlive the binding.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

from wealthsources import HistoryStandIn

_NOTHING: Final = object()


class StandInOfOne(HistoryStandIn):
    """What stands in for the `history` of one context."""

    context: object

    def seen_by(self, context: object) -> object:
        """What this is for a context that holds it: itself, or in a copy the copy's own function."""
        return self if context is self.context else self.original_of(context)


class HistoryOfClass:
    """The `history` of a class of contexts. `original` is what the class had, if it had any."""

    def __init__(self, original: object) -> None:
        self._original = original

    def __get__(self, context: object, kind: type | None = None) -> Any:
        if context is not None and _in_class(type(context)) is self:  # else by `super`, which looks at classes alone
            held = vars(context).get("history", _NOTHING)
            if isinstance(held, StandInOfOne):
                held = held.seen_by(context)
                if held is None:
                    raise AttributeError(f"{type(context).__name__!r} object has no attribute 'history'")
            if held is not _NOTHING:
                return held
        if self._original is _NOTHING:
            raise AttributeError(f"{kind and kind.__name__!r} has no attribute 'history'")
        bind = getattr(type(self._original), "__get__", None)
        return self._original if bind is None else bind(self._original, context, kind)

    def __set__(self, context: object, value: object) -> None:
        vars(context)["history"] = value

    def __delete__(self, context: object) -> None:
        if vars(context).pop("history", _NOTHING) is _NOTHING:
            raise AttributeError("history")


def tell_copies_apart(kind: type) -> None:
    """Have contexts of that class find their own `history` in spite of a stand-in that they got by being copied.

    Without effect where the class cannot be changed, as SimpleNamespace, or has a say in `history`, as a property has.
    """
    home = next((each for each in kind.__mro__ if "history" in vars(each)), kind)
    original = vars(home).get("history", _NOTHING)
    if isinstance(original, HistoryOfClass) or hasattr(type(original), "__set__"):
        return
    with contextlib.suppress(TypeError, AttributeError):
        home.history = HistoryOfClass(original)  # type: ignore[attr-defined]


def _in_class(kind: type) -> object:
    return next((vars(each)["history"] for each in kind.__mro__ if "history" in vars(each)), None)
