"""Deployment: the sources that a configuration lists, loaded, started and stopped."""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from wealthsources.live.pushed import PushedSource
from wealthsources.model.errors import ConfigError, RequestError
from wealthsources.model.markets import Listed
from wealthsources.model.status import SourceStatus
from wealthsources.model.text import describe
from wealthsources.resolve.chain import ChainLink
from wealthsources.runtime.foreign import ForeignSource
from wealthsources.runtime.keeping import KeptSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.config.settings import Config, SourceSettings
    from wealthsources.loading.loader import Loader
    from wealthsources.model.bars import Bars
    from wealthsources.runtime.keeping import Keeping
    from wealthsources.source import HistoryRequest, Host, Source

_log = logging.getLogger("wealthsources.session")

#: The states of a source that can answer: one without a connection, and one whose connection is up.
UP: Final = ("ready", "connected")


class Entry:
    """One source of the deployment: it, or why it could not be loaded."""

    def __init__(self, settings: SourceSettings, source: Source | None, broken: str = "") -> None:
        self.name = settings.name
        self.source = source
        self.broken = broken
        self.started = False
        self.inherited = False  # it was another process that started it, from which this one was forked
        self.keep: Callable[[Bars, HistoryRequest], None] | None = None  # hears of what it brings live

    def link(self, context: object) -> ChainLink:
        """The source as it takes part on behalf of this context."""
        if self.source is None:
            return ChainLink(self.name, None, f"left out: {self.broken}")
        try:
            view = self.source.for_context(context)
        except Exception as error:  # noqa: BLE001 - a stranger's code
            return ChainLink(self.name, None, describe(error))
        if view is None:
            return ChainLink(self.name, None, "no context is bound" if context is None else "the context has no bars")
        return ChainLink(self.name, view if self.keep is None else KeptSource(view, self.keep))

    def status(self, failing: str) -> SourceStatus:
        """How the source is; `failing` is why it is not asked at present."""
        if self.source is None:
            return SourceStatus("broken", self.broken)
        if not self.started:
            return SourceStatus("not started")
        try:
            status: object = self.source.status()
        except Exception as error:  # noqa: BLE001 - a stranger's code
            return SourceStatus("unknown", describe(error))
        if not isinstance(status, SourceStatus):
            return SourceStatus("unknown", f"status() returned {type(status).__name__}, not SourceStatus")
        return dataclasses.replace(status, state="failing", reason=failing) if failing else status

    def stop(self) -> None:
        """Stop the source; what it raises is logged."""
        if self.source is None:
            return
        try:
            self.source.stop()
        except Exception:  # noqa: BLE001 - a stranger's code
            _log.exception("a source failed to stop")


def _listed(source: Source) -> Listed:
    can = source.capabilities
    return Listed(lambda: source.capabilities.symbols, can.continuous, can.live)


class Deployment:
    """The sources of a configuration, in the order of the chain. None is loaded before `load`."""

    def __init__(self, config: Config, host_of: Callable[[str], Host], keeping: Keeping) -> None:
        self._config = config
        self._host_of = host_of
        self._keeping = keeping
        self._entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def use(self, config: Config) -> None:
        """This says from now on where mistakes are: it lists the same sources in the same order."""
        self._config = config

    def load(self) -> None:
        """Load the sources. Raises ConfigError if one cannot be, unless it is optional."""
        from wealthsources.loading.loader import Loader  # noqa: PLC0415 - pluggy and pydantic only when needed

        settings = self._config.settings
        loader = Loader(settings.plugins.allow)
        entries, mistakes = [], []
        for index, wanted in enumerate(settings.sources):
            try:
                entries.append(Entry(wanted, make_source(self._config, loader, index)))
            except ConfigError as error:
                entries.append(Entry(wanted, None, "; ".join(error.brief.splitlines())))
                if wanted.optional:
                    _log.warning("source %s is left out: %s", wanted.name, "; ".join(error.brief.splitlines()))
                else:
                    mistakes.append(str(error))
        if not mistakes:
            mistakes = [str(error) for error in self._set_keepers(entries)]
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        self._entries = entries

    def _set_keepers(self, entries: list[Entry]) -> Iterator[ConfigError]:
        """Have what `keep: true` says kept by the first source that keeps bars; gives what of it cannot be."""
        sources = [entry.source for entry in entries if entry.source is not None]
        keeper = next((source for source in sources if source.capabilities.keeps), None)
        for index, entry in enumerate(entries):
            if not self._config.settings.sources[index].keep or entry.source is None:
                continue
            if entry.source.capabilities.keeps:
                yield self._config.about(index, "keep: this source keeps bars itself; take that line out", "keep")
            elif entry.source.capabilities.live:
                yield self._config.about(index, "keep: a live source is recorded; say `recorder:` instead", "keep")
            elif keeper is not None:
                entry.keep = functools.partial(self._keeping.take, keeper, entry.name)
            elif len(sources) == len(entries):  # else it may be the one that is left out, and that has been said
                yield self._config.about(index, "keep: no source keeps bars; list one, such as {plugin: store}", "keep")

    def listed(self) -> dict[str, Listed]:
        """What each source says of its symbols."""
        return {entry.name: _listed(entry.source) for entry in self._entries if entry.source is not None}

    def start(self, entry: Entry) -> None:
        """Start a source, once. Raises ConfigError if it does not start, unless it is optional."""
        if entry.source is None or entry.started:
            return
        entry.started = True
        try:
            entry.source.start(self._host_of(entry.name))
        except Exception as error:
            entry.started = False
            index = self._entries.index(entry)
            failure = self._config.about(index, f"source {entry.name!r} did not start: {describe(error)}")
            if not self._config.settings.sources[index].optional:
                raise failure from error
            told = "; ".join(failure.brief.splitlines())
            _log.warning("%s", told)
            entry.source, entry.broken = None, told

    def stop(self, deadline: float) -> None:
        """Stop what this process started, each on a thread of its own; waits until `deadline`, monotonic, at most."""
        threads = [
            threading.Thread(target=entry.stop, daemon=True)
            for entry in self._entries
            if entry.source is not None and entry.started and not entry.inherited
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def be_inherited(self, why: str) -> dict[str, Source]:
        """In a forked child: what was started is the parent's to stop, and live sources hear of nothing here.

        Returns what takes the place of those that were started, by name; `why` is what it says.
        """
        live: dict[str, Source] = {}
        for entry in self._entries:
            if entry.started and entry.source is not None:
                entry.inherited = True
                if _is_live(entry.source):
                    if not isinstance(entry.source, PushedSource):
                        entry.source = ForeignSource(entry.source, why)
                    live[entry.name] = entry.source
        return live

    def live_states(self) -> str:
        """How each live source is, and those that are left out, for an error that they are the cause of."""
        told = [
            f"{entry.name}: {entry.status('').summary()}"
            for entry in self._entries
            if entry.source is None or _is_live(entry.source)
        ]
        return "; ".join(told) or "the chain has no live source"

    def source(self, name: str) -> Source:
        """The source of that name. Raises RequestError if there is none, ConfigError if it could not be loaded."""
        for entry in self._entries:
            if entry.name == name:
                if entry.source is None:
                    raise ConfigError(f"source {name!r} is left out: {entry.broken}")
                return entry.source
        known = ", ".join(entry.name for entry in self._entries)
        raise RequestError(f"there is no source {name!r}; the chain is: {known}")

    def links(self, context: object, after: str = "") -> list[ChainLink]:
        """The sources as they take part on behalf of a context; `after` leaves out those up to that name."""
        names = [entry.name for entry in self._entries]
        first = names.index(after) + 1 if after else 0
        return [entry.link(context) for entry in self._entries[first:]]


def _is_live(source: Source) -> bool:
    try:
        return source.capabilities.live
    except Exception:  # noqa: BLE001 - a stranger's code; what cannot say it is not relied on
        return True


def make_source(config: Config, loader: Loader, index: int) -> Source:
    """Source number `index` of the deployment, not started. Raises ConfigError, each line of which has its place."""
    wanted = config.settings.sources[index]
    try:
        plugin = loader.load(wanted.plugin)
    except ConfigError as error:
        raise config.about(index, str(error)) from error
    options = config.options(index, plugin.options_model)
    make: Callable[..., Source] = plugin.source_class
    try:
        return make(options) if type(options).model_fields else make()
    except Exception as error:
        raise config.about(index, f"source {wanted.name!r} cannot be made: {describe(error)}") from error
