"""Bindings: on whose behalf a call is answered.

They live in a ContextVar, so two strategies on two threads do not see each other. A new thread starts with none; while
a backtest is bound anywhere it must not fall back on a live session, so it is refused then.
"""

from __future__ import annotations

import contextvars
import weakref
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import wealthsources
from wealthdata.binding.adapter_access import BarReader, our_words
from wealthdata.binding.session_lookup import context_session, find_session
from wealthdata.errors import NoContextError, WealthDataError
from wealthdata.settings import process

if TYPE_CHECKING:
    import datetime as dt

    from wealthsources import Session

Mode = Literal["auto", "live", "backtest"]

#: An engine that binds for every bar and never clears must not make the stack grow without end.
_DEEPEST: Final = 100


class _Made(NamedTuple):
    """A reader, and what it was made for."""

    session: Session | None
    zone: dt.tzinfo | None
    reader: BarReader


class Binding:
    """A context and the reader on its behalf; without one, what calls outside of any strategy read.

    The reader is kept until the process-wide session, or the zone that `configure` states, changes.
    """

    def __init__(self, context: object = None, mode: Mode = "auto") -> None:
        self.context = context
        self._mode = mode
        self._token: contextvars.Token[None] = _here.set(None)
        self._lock = wealthsources.ForkLock()  # a context's clock may ask its history, which comes here
        self._made: _Made | None = None
        if context is not None and find_session(anywhere=False) is not None:
            self.reader()  # "auto" is judged by the time at which the context is bound, not by that of the first call

    def reader(self) -> BarReader:
        """Under the session there is now. Raises NoContextError, ClockError."""
        made = self._made
        if (
            made is None
            or made.zone is not process.settings.context_zone
            or not (made.session is not None and made.session.is_current)
        ):
            made = self._make()
        return made.reader

    def _make(self) -> _Made:
        with self._lock:
            session, zone = find_session(anywhere=self.context is None), process.settings.context_zone
            if self._made is None or self._made.session is not session or self._made.zone is not zone:
                if session is None and self._made is not None and self._made.session is not None:
                    # Its context alone would be another answer to the same question, and no longer a live one.
                    raise NoContextError(
                        "the session that this binding reads has been stopped; open one, or bind the context again"
                    )
                self._made = _Made(session, zone, self._read_through(session, zone))
                self.track()
            return self._made

    def _read_through(self, session: Session | None, zone: dt.tzinfo | None) -> BarReader:
        with our_words:
            if session is not None:
                return BarReader(session.adapter(self.context, self._mode, zone))
            alone = context_session(self.context)
            return BarReader(alone.adapter(self.context, "live" if self._mode == "live" else "backtest", zone))

    def track(self) -> None:
        """Remember it among the backtests, if it is one. A context alone is one unless it was bound as live."""
        if self.context is None:
            return
        mode = self._made.reader.mode if self._made else self._mode
        if mode == "live":
            _backtests.discard(self)
        else:
            _backtests.add(self)

    def release(self) -> bool:
        """It was cleared. False in a copied context, on another thread, in a task or a callback: there it ends nothing
        but the copy.
        """
        try:
            _here.reset(self._token)
        except ValueError:  # the token is of another context
            return False
        _backtests.discard(self)
        return True


#: Tells the context in which a binding was made from its copies: its tokens are accepted in that one only.
_here: contextvars.ContextVar[None] = contextvars.ContextVar("wealthdata_here")
_stack: contextvars.ContextVar[tuple[Binding, ...]] = contextvars.ContextVar("wealthdata_bindings", default=())
#: Weak, because an engine's thread may end without clearing what it bound.
_backtests: weakref.WeakSet[Binding] = weakref.WeakSet()
_nobody: Final = Binding()


def push(binding: Binding) -> None:
    """It is the newest from now on; of very many the oldest is forgotten."""
    _stack.set((*_stack.get()[1 - _DEEPEST :], binding))


def pop() -> Binding | None:
    """Take the newest away. None if there is none."""
    stack = _stack.get()
    if not stack:
        return None
    _stack.set(stack[:-1])
    return stack[-1]


def current_binding() -> Binding | None:
    """The newest one here."""
    stack = _stack.get()
    return stack[-1] if stack else None


def current_reader() -> BarReader:
    """What a call made here reads. Raises NoContextError."""
    stack = _stack.get()
    if stack:
        if wealthsources.is_asking_history(stack[-1].context):
            raise WealthDataError(
                "the context's own history() asks wealthdata, which is asking it: let it read the engine's bars"
            )
        return stack[-1].reader()
    if _backtests:
        raise NoContextError(
            "a backtest is running in this process, and nothing is bound here: a new thread starts without its "
            "context. Start the thread with contextvars.copy_context().run, as in "
            "Thread(target=contextvars.copy_context().run, args=(work,))"
        )
    return _nobody.reader()
