"""The sessions that calls are answered from: the process-wide one, one from a configuration, or a context alone."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import wealthsources
from wealthdata.errors import NoContextError, ParamsError
from wealthdata.settings import Options, read_options

if TYPE_CHECKING:
    import datetime as dt

    from wealthsources import ContextDataAdapter, Session

CONFIG_VARIABLE: Final = "WEALTHSOURCES_CONFIG"
CONFIG_FILE: Final = "config.yaml"


class _Unsaid(str):
    """A default that reads like any text, and is told from the same text given by a caller."""

    __slots__ = ()


_UTC_UNSAID: Final = _Unsaid("UTC")


class _Process:
    """What there is one of in a process. `lock` is held while a session is opened, so that two threads open one."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.options = Options()
        self.zone: dt.tzinfo | None = None
        self.opened: Session | None = None
        self.alone: Session | None = None


_process = _Process()


def configure(
    session: Session | str | os.PathLike[str] | None = None,
    *,
    tz: str | dt.tzinfo = _UTC_UNSAID,
    default_count: int = 20,
    positional: bool = True,
) -> None:
    """Say where bars come from and how they are handed out. What is not given is as by default again.

    session        a Session, which becomes the process-wide one and is started if it is not; or the path of a
                   config.yaml, whose session is stopped at exit; None: leave what there is
    tz             zone of all dates and labels; if it is given, also of a context's `current_dt` that has none itself.
                   In one with daylight saving time an hour occurs twice a year
    default_count  bars of a call that states neither count nor start
    positional     whether columns take integer positions, `df['close'][-1]`

    Raises ParamsError, and wealthsources.ConfigError for a configuration that cannot work.
    """
    options = read_options(tz, default_count, positional)
    with _process.lock:
        if session is not None:
            _use(session)
        _process.options, _process.zone = options, None if tz is _UTC_UNSAID else options.tz


def current_zone() -> dt.tzinfo | None:
    """The zone of a context's `current_dt` that has none: that of all dates, if `configure` was told it; else None.

    It is never a guess: with a machine's clock taken for UTC a backtest would see hours of the future.
    """
    return _process.zone


def current_options() -> Options:
    """What `configure` set."""
    return _process.options


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


def adapter_of_context(context: object, mode: str, zone: dt.tzinfo | None) -> ContextDataAdapter:
    """An adapter that reads this context alone: a backtest, unless `mode` says "live"."""
    with _process.lock:
        if _process.alone is None:
            # The adapter makes a session, which takes milliseconds and has nothing of this context in it.
            _process.alone = wealthsources.ContextDataAdapter(context).session
    return _process.alone.adapter(context, "live" if mode == "live" else "backtest", zone)


def _use(session: object) -> None:
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
