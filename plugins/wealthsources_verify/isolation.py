"""What a strategy may change of the process it runs in, and how it is all put back."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING

import wealthdata
import wealthsources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def isolated(*, show: bool) -> Iterator[None]:
    """For one run: the options of wealthdata as by default, and what is printed goes to stderr, or nowhere.

    Options, streams, handlers of the log and filters of warnings are as before afterwards.
    """
    before = wealthdata.current_settings()
    with contextlib.ExitStack() as stack:
        if show:
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        else:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123 - no path as such
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        stack.enter_context(warnings.catch_warnings())
        stack.callback(_restore_log, _handlers())
        stack.callback(
            wealthdata.configure,
            tz=before.tz,
            default_count=before.default_count,
            positional=before.positional,
        )
        wealthdata.configure()
        yield


@contextlib.contextmanager
def bound(context: object, session: wealthsources.Session, names: dict[str, object]) -> Iterator[None]:
    """The context is bound to a backtest over `session`, and `names` are wealthdata's, whatever there was before."""
    before = wealthsources.current_session()
    session.start()
    session.make_current()
    take_away: Callable[[], None] = wealthdata.extend(**names)
    wealthdata.set_context(context, mode="backtest")
    try:
        yield
    finally:
        wealthdata.clear_context()
        take_away()
        theirs = wealthsources.current_session()
        session.stop()
        if theirs is not None and theirs is not before:
            theirs.stop()
        if before is not None:
            before.make_current()


@contextlib.contextmanager
def quiet_log() -> Iterator[None]:
    """The holes that our log warns of are findings here; a handler, if only this, keeps them from stderr."""
    logs, nothing = [logging.getLogger(name) for name in ("wealthsources", "wealthdata")], logging.NullHandler()
    for log in logs:
        log.addHandler(nothing)
    try:
        yield
    finally:
        for log in logs:
            log.removeHandler(nothing)


def _loggers() -> list[logging.Logger]:
    root = logging.getLogger()
    return [root, *(each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger))]


def _handlers() -> dict[logging.Logger, tuple[list[logging.Handler], int]]:
    return {log: (list(log.handlers), log.level) for log in _loggers()}


def _restore_log(before: dict[logging.Logger, tuple[list[logging.Handler], int]]) -> None:
    """A handler of one run would write in the next as well, and to a stream that is closed."""
    for log in _loggers():
        log.handlers[:], level = before.get(log, ([], logging.NOTSET))
        log.setLevel(level)
