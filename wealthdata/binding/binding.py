"""Bindings: on whose behalf a call is answered.

They live in a ContextVar, so two strategies on two threads do not see each other. A new thread starts with none; while
a backtest is bound anywhere it must not fall back on a live session, so it is refused then.
"""

from __future__ import annotations

import contextvars
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import wealthsources
from wealthdata.binding.context_history import is_asking_itself, replace_history, restore_history
from wealthdata.binding.session_lookup import adapter_of_context, current_zone, find_session
from wealthdata.errors import NoContextError, ParamsError, WealthDataError, ours

if TYPE_CHECKING:
    import datetime as dt

    from wealthsources import ContextDataAdapter, Session

Mode = Literal["auto", "live", "backtest"]

#: An engine that binds for every bar and never clears must not make the stack grow without end.
_DEEPEST: Final = 100


class _Made(NamedTuple):
    """An adapter, and what it was made for."""

    session: Session | None
    zone: dt.tzinfo | None
    adapter: ContextDataAdapter


class Binding:
    """A context and the adapter that reads on its behalf; without one, what calls outside of any strategy read.

    The adapter is kept until the process-wide session, or the zone that `configure` states, changes.
    """

    def __init__(self, context: object = None, mode: Mode = "auto") -> None:
        self.context = context
        self._mode = mode
        self._token: contextvars.Token[None] = _here.set(None)
        self._lock = threading.RLock()  # a context's clock may ask its history, which comes here
        self._made: _Made | None = None
        if context is not None and find_session(anywhere=False) is not None:
            self.adapter()  # "auto" is judged by the time at which the context is bound, not by that of the first call

    def adapter(self) -> ContextDataAdapter:
        """The adapter, under the session there is now."""
        made = self._made
        if made is None or made.session is not wealthsources.current_session() or made.zone is not current_zone():
            made = self._make()
        return made.adapter

    def _make(self) -> _Made:
        with self._lock:
            session, zone = find_session(anywhere=self.context is None), current_zone()
            if self._made is None or self._made.session is not session or self._made.zone is not zone:
                if session is None and self._made is not None and self._made.session is not None:
                    # Its context alone would be another answer to the same question, and no longer a live one.
                    raise NoContextError(
                        "the session that this binding reads has been stopped; open one, or bind the context again"
                    )
                try:
                    if session is None:
                        adapter = adapter_of_context(self.context, self._mode, zone)
                    else:
                        adapter = session.adapter(self.context, self._mode, zone)
                except wealthsources.WealthSourcesError as error:
                    raise ours(error) from None
                self._made = _Made(session, zone, adapter)
                self.track()
            return self._made

    def track(self) -> None:
        """Remember it among the backtests, if it is one. A context alone is one unless it was bound as live."""
        if self.context is None:
            return
        mode = self._made.adapter.mode if self._made else self._mode
        if mode == "live":
            _backtests.discard(self)
        else:
            _backtests.add(self)

    def release(self) -> None:
        """It was cleared. In a copied context, on another thread, in a task or a callback, that ends the copy only."""
        try:
            _here.reset(self._token)
        except ValueError:  # the token is of another context
            return
        _backtests.discard(self)
        restore_history(self.context, self)


#: Tells the context in which a binding was made from its copies: its tokens are accepted in that one only.
_here: contextvars.ContextVar[None] = contextvars.ContextVar("wealthdata_here")
_stack: contextvars.ContextVar[tuple[Binding, ...]] = contextvars.ContextVar("wealthdata_bindings", default=())
#: Weak, because an engine's thread may end without clearing what it bound.
_backtests: weakref.WeakSet[Binding] = weakref.WeakSet()
_nobody: Final = Binding()


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
    _stack.set((*_stack.get()[1 - _DEEPEST :], binding))


def get_context() -> Any:
    """The context that is bound. Raises NoContextError."""
    stack = _stack.get()
    if not stack:
        raise NoContextError("no context is bound here; the engine binds one with wealthdata.set_context(context)")
    return stack[-1].context


def clear_context() -> None:
    """End the newest binding, so that the one before it holds again. Harmless if there is none."""
    stack = _stack.get()
    if stack:
        _stack.set(stack[:-1])
        stack[-1].release()


def current_binding() -> Binding | None:
    """The newest binding on this thread."""
    stack = _stack.get()
    return stack[-1] if stack else None


def current_adapter() -> ContextDataAdapter:
    """What a call on this thread reads. Raises NoContextError."""
    binding = current_binding()
    if binding is not None:
        if is_asking_itself(binding.context):
            raise WealthDataError(
                "the context's own history() asks wealthdata, which is asking it: let it read the engine's bars"
            )
        return binding.adapter()
    if _backtests:
        raise NoContextError(
            "a backtest is running in this process, and nothing is bound here: a new thread starts without its "
            "context. Start the thread with contextvars.copy_context().run, as in "
            "Thread(target=contextvars.copy_context().run, args=(work,))"
        )
    return _nobody.adapter()
