"""set_context, get_context and clear_context: an engine says on whose behalf calls are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wealthdata.binding.context_history import replace_history, restore_history
from wealthdata.binding.stack import Binding, current_binding, pop, push
from wealthdata.errors import NoContextError, ParamsError

if TYPE_CHECKING:
    from wealthdata.binding.stack import Mode


def set_context(context: object, *, mode: Mode = "auto") -> None:
    """Bind a strategy's context: calls on this thread read on its behalf until `clear_context`. May be nested.

    The context needs a clock, which is `now_ms`, `current_bar` or `current_dt`, and may have bars: a
    `market_data_context` or a `history(symbol, count, timeframe)`. As long as it is bound, `context.history` reads what
    `get_price` reads, and gives a list of bars with numbers.

    mode  "live", "backtest", or "auto": settled once, when a context is first bound under a session; without a
          session the context alone is read, and that is a backtest. An engine that makes a context per bar states it.

    Raises ParamsError, ClockError, and wealthsources.ConfigError if $WEALTHSOURCES_CONFIG cannot work.
    """
    if context is None:
        raise ParamsError("context is None; call clear_context() to end a binding")
    if mode not in ("auto", "live", "backtest"):
        raise ParamsError(f"mode must be 'auto', 'live' or 'backtest', was {mode!r}")
    binding = Binding(context, mode)
    binding.track()
    replace_history(context, binding)
    push(binding)


def get_context() -> Any:
    """The context that is bound. Raises NoContextError."""
    binding = current_binding()
    if binding is None:
        raise NoContextError("no context is bound here; the engine binds one with wealthdata.set_context(context)")
    return binding.context


def clear_context() -> None:
    """End the newest binding, so that the one before it holds again. Harmless if there is none."""
    binding = pop()
    if binding is not None and binding.release():
        restore_history(binding.context, binding)
