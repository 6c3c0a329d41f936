"""Whether a context is bound live or in a backtest, where the caller leaves it open."""

from __future__ import annotations

import logging
import weakref
from collections import deque
from typing import TYPE_CHECKING, Literal

from wealthsources.forking import ForkLock
from wealthsources.model.errors import ClockError, RequestError
from wealthsources.model.timeframe import Timeframe
from wealthsources.runtime.context_time import context_time, current_timeframe

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

Binding = Literal["live", "backtest"]
Mode = Literal["auto", "live", "backtest"]

_log = logging.getLogger("wealthsources.session")


class BindingMode:
    """Decides the mode of bindings; "auto" is decided when the first context is bound, and stays.

    decided  what "auto" means here, None before the first context
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self.decided: Binding | None = None
        self._now = now
        self._lock = ForkLock()  # a context's attributes may be code that comes back here
        self._seen: weakref.WeakValueDictionary[int, object] = weakref.WeakValueDictionary()
        self._seen_last: deque[object] = deque(maxlen=16)  # of those that take no weak reference

    def decide(self, context: object, mode: Mode, zone: dt.tzinfo | None = None) -> Binding:
        """The mode of this binding. Raises RequestError for a context that looks unlike the first."""
        if mode not in ("auto", "live", "backtest"):
            raise RequestError(f"mode must be 'auto', 'live' or 'backtest', was {mode!r}")
        if context is None:
            if mode == "backtest":
                raise RequestError("a backtest needs a context: its clock says what may be seen")
            return "live"
        if mode != "auto":
            return mode
        with self._lock:
            if self.decided is None or not self._was_seen(context):
                self.decided = self._decide(context, zone)
                self._remember(context)
            return self.decided

    def _decide(self, context: object, zone: dt.tzinfo | None) -> Binding:
        binding, why = self._looks_like(context, zone)
        if self.decided is None:
            _log.info("bound as %s: %s", binding, why)
        elif binding != self.decided:
            # A backtest that was taken for live would see live bars, and a live strategy would miss them.
            raise RequestError(
                f"this context looks like a {binding} one ({why}), and the first that was bound was "
                f"{self.decided}: state mode='live' or mode='backtest'"
            )
        return binding

    def _was_seen(self, context: object) -> bool:
        return self._seen.get(id(context)) is context or any(context is each for each in self._seen_last)

    def _remember(self, context: object) -> None:
        try:
            self._seen[id(context)] = context
        except TypeError:  # it takes no weak reference, as a SimpleNamespace or a dict
            self._seen_last.append(context)

    def _looks_like(self, context: object, zone: dt.tzinfo | None) -> tuple[Binding, str]:
        then = context_time(context, zone)
        if then is None:
            return "backtest", "the context has no clock"
        timeframe = current_timeframe(context) or Timeframe("1m")
        try:
            now = self._now()
        except ClockError as error:
            raise ClockError(
                "whether this is a backtest cannot be told before the first live bar: "
                f"state mode='live' or mode='backtest'; {error}"
            ) from None
        behind = (now - then) / timeframe.milliseconds
        if behind > 2:
            return "backtest", f"the context's clock is {behind:.1f} bars of {timeframe} behind"
        return "live", "the context's clock keeps up with the session's"
