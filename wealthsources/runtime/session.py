"""Session: a deployment at work, as its user sees it; and the one of the process.

A session owns everything that runs: the sources, the workers that ask those which may block, and the thread that
hands events to subscribers. Live sources start with the first live adapter, or with `subscribe`.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wealthsources.forking import ForkLock
from wealthsources.model.errors import RequestError
from wealthsources.model.text import short_repr
from wealthsources.runtime.adapter import ContextDataAdapter
from wealthsources.runtime.engine import Engine

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from types import TracebackType

    from wealthsources.config.settings import Config
    from wealthsources.recorder import Sink
    from wealthsources.resolve.query import Knowledge
    from wealthsources.runtime.binding_mode import Mode


class Session(Engine):
    """A deployment at work. Use it as a context manager, or call `start` and `stop`.

    On entry it becomes the process-wide session if this process has opened none; see `current_session`.
    `is_current`: it is that one. A forked child inherits the session of its parent: `foreign` says what is lost there.
    """

    is_current = False

    def __repr__(self) -> str:
        states = {"new": "not open yet", "started": "open", "stopped": "stopped"}
        return short_repr(
            self,
            lambda: "of another process" if self._foreign else states[self._state],
            lambda: f"clock {self.clock.name}",
            lambda: " > ".join(source.name for source in self.config.settings.sources),
        )

    def __enter__(self) -> Session:
        self.start()
        _become_current(self, replace=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything, within 3 s, from any thread, any number of times."""
        _forget_current(self)
        super().stop()

    def adapter(
        self,
        context: object = None,
        mode: Mode = "auto",
        zone: dt.tzinfo | None = None,
        known: Knowledge | None = None,
    ) -> ContextDataAdapter:
        """A view of the chain for one strategy: live without a context; with one as `mode` says.

        "auto" is settled when a context is first bound, and stays: a backtest if its clock is more than two bars of
        its current_bar behind the session's, or if it has no clock; else live. Raises RequestError for a context that
        looks like the other kind, ClockError before a feed's first bar. `zone` is that of a `context.current_dt`
        that has none; without it such a time is not used.

        known  of a backtest: "then", it sees only what was known at its clock's time, later corrections and bars that
               came late excluded, and asks no source that cannot tell (not `point_in_time`); "now", what is known
               today; None: as `knowledge` of the configuration says. Live it counts under a feed's clock only, whose
               time may be long ago
        """
        self._require_started()
        return ContextDataAdapter(context, session=self, mode=mode, zone=zone, known=known)

    def subscribe(
        self, callback: Sink, *, forming: bool = True, at_end: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Call `callback(event)` for bars and state changes, on a thread of its own. Returns what ends that.

        forming  whether updates of forming bars are wanted too; those are nearly all of the events of a feed
        at_end   is called once the session has stopped, when there will be no more

        Raises WealthSourcesError in a forked child if the parent has started the live sources.
        """
        self._require_own()
        end = self.dispatcher.subscribe(callback, forming=forming, at_end=at_end)
        try:
            self.start_live()
        except BaseException:
            end()
            raise
        return end

    def reload(self, config: str | Path | Mapping[str, Any] | None = None) -> None:
        """Take over a configuration in which the lists of symbols and timeframes of live sources were changed.

        None: the file that this session was opened with, as it is now. Series that stay keep their bars and their
        connection; new ones are subscribed, others no more. Raises ConfigError, with file, line and key, for whatever
        is wrong in it and for every other change, and then nothing has changed; RequestError if there is no file to
        read; WealthSourcesError in a forked child if the parent has started the live sources.
        """
        self._require_own()
        path = self.config.path if config is None else config
        if path is None:
            raise RequestError("this session was not opened with a file; give reload() the changed configuration")
        self.take_over(lambda: _read(path, self.config))

    def make_current(self) -> None:
        """Become the process-wide session, in place of any other."""
        _become_current(self, replace=True)


def open(config: str | Path | Mapping[str, Any] = "config.yaml") -> Session:  # noqa: A001 - `wealthsources.open`
    """Read a configuration and return its Session, to be used in a with statement.

    `config` is the path of a YAML file, or the same as a mapping. Raises ConfigError that names the mistakes.
    """
    return Session(_read(config))


def _read(config: str | Path | Mapping[str, Any], before: Config | None = None) -> Config:
    """What it says. `before` is another that it takes the place of: a mapping stands in the same folder, then."""
    from wealthsources.config.settings import Config, read_config  # noqa: PLC0415 - pydantic only when one is read

    if isinstance(config, Mapping):
        return Config.from_mapping(config, None if before is None else before.folder)
    return read_config(config, before.where if before and config == before.path else "")


# the process-wide session --------------------------------------------------------------------------------------

_current: Session | None = None
_current_lock = ForkLock()


def current_session() -> Session | None:
    """The process-wide session, None if none is open."""
    return _current


def _become_current(session: Session, *, replace: bool) -> None:
    global _current  # noqa: PLW0603 - one per process is what it is
    with _current_lock:
        if _current is None or _current._inherited or replace:
            if _current is not None:
                _current.is_current = False
            _current = session
            session.is_current = True
            atexit.register(session.stop)


def _forget_current(session: Session) -> None:
    global _current  # noqa: PLW0603
    atexit.unregister(session.stop)
    with _current_lock:
        if _current is session:
            _current = None
            session.is_current = False
