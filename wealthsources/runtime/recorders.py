"""The recorders of a deployment: made with it, started before its live sources, stopped after them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from wealthsources.model.errors import ConfigError
from wealthsources.model.status import SourceStatus
from wealthsources.model.text import describe
from wealthsources.runtime.paced_log import PacedLogger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wealthsources.config.settings import Config
    from wealthsources.recorder import Recorder, Sink
    from wealthsources.runtime.deployment import Deployment
    from wealthsources.runtime.dispatcher import Dispatcher
    from wealthsources.source import Clock, Source


class _Host:
    """What a recorder is given."""

    def __init__(self, name: str, clock: Clock, deployment: Deployment, dispatcher: Dispatcher) -> None:
        self.clock = clock
        self.logger = PacedLogger(f"wealthsources.recorder.{name}")
        self._deployment = deployment
        self._dispatcher = dispatcher

    @property
    def sources(self) -> Mapping[str, Source | None]:
        return {entry.name: entry.source for entry in self._deployment}

    @property
    def events_lost(self) -> int:
        return self._dispatcher.lost

    def drain(self, timeout: float) -> bool:
        return self._dispatcher.drain(timeout)

    def subscribe(self, sink: Sink, *, forming: bool = True) -> Callable[[], None]:
        return self._dispatcher.subscribe(sink, forming=forming)


class Recorders:
    """What `recorder:` lists. None is made before `load`."""

    def __init__(self, config: Config, clock: Clock, deployment: Deployment, dispatcher: Dispatcher) -> None:
        self._config = config
        self._clock, self._deployment, self._dispatcher = clock, deployment, dispatcher
        self._made: dict[str, Recorder] = {}
        self._started: dict[str, Recorder] = {}

    def __bool__(self) -> bool:
        return bool(self._config.settings.recorder)

    def _host_of(self, name: str) -> _Host:
        return _Host(name, self._clock, self._deployment, self._dispatcher)

    def load(self) -> None:
        """Make them. Raises ConfigError that names all mistakes."""
        mistakes = []
        for name in self._config.settings.recorder:
            try:
                self._made[name] = make_recorder(self._config, name)
            except ConfigError as error:
                mistakes.append(str(error))
        if mistakes:
            raise ConfigError("\n".join(mistakes))

    def start(self) -> None:
        """Start each, once. Raises ConfigError if one does not start."""
        for name, recorder in self._made.items():
            if name in self._started:
                continue
            try:
                recorder.start(self._host_of(name))
            except Exception as error:
                raise self._config.about_recorder(name, f"did not start: {describe(error)}") from error
            self._started[name] = recorder

    def stop(self, deadline: float) -> None:
        """Have each write what it has, on a thread of its own; waits until `deadline`, monotonic, at most."""
        threads = [
            threading.Thread(target=self._stop, args=(name, recorder), daemon=True)
            for name, recorder in self._started.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _stop(self, name: str, recorder: Recorder) -> None:
        try:
            recorder.stop()
        except Exception:  # noqa: BLE001 - a stranger's code
            self._host_of(name).logger.exception("recorder %s failed to stop", name)

    def forget(self) -> None:
        """In a forked child: those that were started are the parent's."""
        for name in self._started:
            del self._made[name]
        self._started.clear()

    def statuses(self) -> dict[str, SourceStatus]:
        """How each is. Waits for nothing."""
        return {name: self._status(name, recorder) for name, recorder in self._made.items()}

    def _status(self, name: str, recorder: Recorder) -> SourceStatus:
        if name not in self._started:
            return SourceStatus("not started")
        try:
            return recorder.status()
        except Exception as error:  # noqa: BLE001 - a stranger's code
            return SourceStatus("unknown", describe(error))


def make_recorder(config: Config, name: str) -> Recorder:
    """The recorder of that name, not started. Raises ConfigError, each line of which has its place."""
    from wealthsources.loading.recorders import load_recorder  # noqa: PLC0415 - pydantic only where there is one

    try:
        kind = load_recorder(name, config.settings.plugins.allow)
    except ConfigError as error:
        raise config.about_recorder(name, str(error)) from error
    options = config.recorder_options(name, kind.options_model)
    make: Callable[..., Recorder] = kind
    try:
        return make(options)
    except Exception as error:
        raise config.about_recorder(name, f"cannot be made: {describe(error)}") from error
