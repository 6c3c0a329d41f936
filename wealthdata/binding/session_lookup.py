"""The sessions that calls are answered from: the process-wide one, one from a configuration, or a context alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import wealthsources
from wealthdata.errors import NoContextError, ParamsError

if TYPE_CHECKING:
    from wealthsources import Session

CONFIG_VARIABLE: Final = "WEALTHSOURCES_CONFIG"
CONFIG_FILE: Final = "config.yaml"


class _Process:
    """The sessions that this module has made. `lock` is held while one is opened, so that two threads open one."""

    def __init__(self) -> None:
        self.lock = wealthsources.ForkLock()
        self.opened: Session | None = None
        self.of_contexts: Session | None = None


_process: Final = _Process()


def find_session(*, anywhere: bool) -> Session | None:
    """The process-wide session; if there is none, one from $WEALTHSOURCES_CONFIG becomes it.

    With `anywhere` also one from ./config.yaml, and NoContextError is raised if there is no such file either.
    """
    session = wealthsources.current_session()
    if session is not None:
        return session
    with _process.lock:
        session = wealthsources.current_session()
        path = os.environ.get(CONFIG_VARIABLE)
        if session is None and not path and anywhere:
            if not Path(CONFIG_FILE).is_file():
                raise NoContextError(
                    "there is nothing to read bars from: call wealthdata.configure('config.yaml'), set "
                    f"${CONFIG_VARIABLE}, put a {CONFIG_FILE} into the working directory, "
                    "or bind a context with wealthdata.set_context(context)"
                )
            path = CONFIG_FILE
        if session is None and path:
            session = _open(path)
    return session


def context_session(context: object) -> Session:
    """A session that reads contexts alone, `context` and any other."""
    with _process.lock:
        if _process.of_contexts is None:
            # The adapter makes one, which takes milliseconds and has nothing of this context in it.
            _process.of_contexts = wealthsources.ContextDataAdapter(context).session
    return _process.of_contexts


def use_session(session: object) -> None:
    """Make a Session, or that of a config.yaml's path, the process-wide one; one that was opened here before is
    stopped.

    Raises ParamsError for anything else, and wealthsources.ConfigError.
    """
    with _process.lock:
        before = _process.opened
        if isinstance(session, wealthsources.Session):
            session.start()
            session.make_current()
            _process.opened = None
        elif isinstance(session, str | os.PathLike):
            _open(session)
        else:
            raise ParamsError(f"session must be a wealthsources.Session or the path of a config.yaml, was {session!r}")
        if before is not None and before is not session:
            before.stop()


def _open(path: str | os.PathLike[str]) -> Session:
    session = wealthsources.open(Path(path))
    session.start()
    session.make_current()  # which has it stopped at exit
    _process.opened = session
    return session
