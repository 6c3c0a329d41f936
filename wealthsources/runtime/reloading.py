"""A changed configuration for a session that runs: what differs, what of it may, and taking it over, all or nothing."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from wealthsources.forking import ForkLock
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import BaseModel

    from wealthsources.config.diagnostics import Diagnostic
    from wealthsources.config.settings import Config
    from wealthsources.loading.loader import Loader
    from wealthsources.source import Source

_log = logging.getLogger("wealthsources.session")

_RESTART: Final = "cannot be changed while the session runs; restart it, or take the change back"
#: Settings that are compared one by one, or not as a whole.
_BY_THEMSELVES: Final = ("sources", "plugins", "recorder")
_OF_SOURCES: Final = ("plugin", "optional", "keep")


class Change(NamedTuple):
    """Other options for a source. `number` is its place in the new list."""

    number: int
    source: Any
    before: BaseModel
    after: BaseModel


class Reloadable(Protocol):
    """What a hangup is for: a session."""

    def reload(self) -> None:
        """Read the file again, and take it over."""


def find_changes(old: Config, new: Config, sources: Mapping[str, Source | None]) -> list[Change]:
    """What the sources are to be told. Raises ConfigError for all that is wrong, or cannot be changed, at once."""
    from wealthsources.config.diagnostics import config_error  # noqa: PLC0415 - pydantic only when it is needed
    from wealthsources.loading.loader import Loader  # noqa: PLC0415

    refused = [new.mistake(place, _RESTART) for place in _changed_settings(old, new)]
    refused += [new.mistake(place, text) for place, text in _changed_chain(old, new)]
    loader = Loader(new.settings.plugins.allow)
    changes: list[Change] = []
    wrong: list[str] = []
    names = {source.name: index for index, source in enumerate(old.settings.sources)}
    for index, settings in enumerate(new.settings.sources):
        before = names.get(settings.name)
        if before is None or old.settings.sources[before].plugin != settings.plugin:
            continue
        try:
            change = _changed_options(old, before, new, index, loader, sources.get(settings.name), refused)
        except ConfigError as error:
            wrong.append(str(error))
        else:
            changes += [change] if change else []
    if refused:
        wrong.append(str(config_error(new.where, refused)))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return changes


def _changed_settings(old: Config, new: Config) -> Iterator[tuple[str, ...]]:
    """The places of what is no option of a source."""
    before, after = old.settings, new.settings
    for name in type(after).model_fields:
        if name not in _BY_THEMSELVES and getattr(before, name) != getattr(after, name):
            yield (name,)
    if before.plugins.allow != after.plugins.allow:
        yield ("plugins", "allow")
    names = dict.fromkeys([*before.recorder, *after.recorder])
    moved = old.folder != new.folder  # what their paths are relative to
    for name in names:
        if moved or before.recorder.get(name) != after.recorder.get(name):
            yield ("recorder", name)


def _changed_chain(old: Config, new: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(place, what is wrong with it) of sources that came, went, moved, or are of another kind."""
    before = {source.name: source for source in old.settings.sources}
    after = {source.name: source for source in new.settings.sources}
    for index, (name, source) in enumerate(after.items()):
        if name not in before:
            yield ("sources", index), f"{name!r} cannot be added while the session runs; restart it"
        else:
            for field in _OF_SOURCES:
                if getattr(before[name], field) != getattr(source, field):
                    yield ("sources", index, field), _RESTART
    gone = [name for name in before if name not in after]
    if gone:
        yield ("sources",), f"{', '.join(map(repr, gone))} cannot be taken out while the session runs; restart it"
    stayed = [name for name in after if name in before]
    if stayed != [name for name in before if name in after]:
        yield ("sources",), "their order cannot be changed while the session runs; restart it"


def _changed_options(
    old: Config,
    before: int,
    new: Config,
    index: int,
    loader: Loader,
    source: Source | None,
    refused: list[Diagnostic],
) -> Change | None:
    """What a source is to be told; what it cannot be told is added to `refused`. Raises ConfigError."""
    was, wanted = old.settings.sources[before].options, new.settings.sources[index].options
    if was == wanted and old.folder == new.folder:
        return None
    try:
        model = loader.load(new.settings.sources[index].plugin).options_model
    except ConfigError as error:
        raise new.about(index, str(error)) from error
    options, others = old.options(before, model), new.options(index, model)
    names = [name for name in model.model_fields if getattr(options, name) != getattr(others, name)]
    may: frozenset[str] = getattr(source, "reloadable", frozenset())
    refused += [new.mistake(("sources", index, "options", name), _RESTART) for name in names if name not in may]
    return Change(index, source, options, others) if names and source is not None else None


def apply(changes: list[Change], new: Config) -> None:
    """Tell the sources. Raises ConfigError if one refuses; then all that were told go back, and it too."""
    told: list[Change] = []
    for change in changes:
        told.append(change)  # before it is asked: one that fails may have begun
        try:
            change.source.reload(change.after)
        except Exception as error:
            for each in reversed(told):
                _go_back(each, new)
            raise new.about_options(change.number, describe(error)) from error


def _go_back(change: Change, new: Config) -> None:
    try:
        change.source.reload(change.before)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        name = new.settings.sources[change.number].name
        _log.error("source %s did not go back to the options that it had: %s; restart", name, describe(error))


def reload_on_hangup(session: Reloadable) -> Callable[[], None]:
    """Have SIGHUP reload the session's configuration, from the main thread. Returns what ends that.

    What became of it is told by the log, and nothing is raised. It is done on a thread of its own, one after another.
    """
    turn = ForkLock()

    def work() -> None:
        with turn:
            reload_and_tell(session)

    def hear(*_: object) -> None:
        threading.Thread(target=work, name="wealthsources-reload", daemon=True).start()

    before = signal.signal(signal.SIGHUP, hear)

    def end() -> None:
        signal.signal(signal.SIGHUP, before)

    return end


def reload_and_tell(session: Reloadable) -> bool:
    """Reload the session's configuration; the log is told what became of it. Returns whether that went well."""
    try:
        session.reload()
    except Exception as error:  # noqa: BLE001 - the session goes on as it was
        for line in error.brief.splitlines() if isinstance(error, ConfigError) else (describe(error),):
            _log.error("not reloaded: %s", line)
        return False
    return True
