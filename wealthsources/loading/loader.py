"""Finds plugins by their metadata and loads the ones that are named; what goes wrong in one stays its own.

This is the only module that touches pluggy's manager. pluggy loads the first of two distributions that claim one name
and says nothing about the second, nor about a name that nobody has; so the metadata is read first, here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import inspect
from typing import TYPE_CHECKING, Any

import pluggy

from wealthsources import hookspecs
from wealthsources.loading.discovery import PLUGINS, PluginInfo, installed, missing_extra
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import describe, one_line, suggest
from wealthsources.source import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic import BaseModel


@dataclasses.dataclass(frozen=True, slots=True)
class Plugin:
    """A loaded plugin. `options_model` has no fields if its `source_class` takes no options."""

    name: str
    source_class: type[Source]
    options_model: type[BaseModel]
    distribution: str
    version: str


class Loader:
    """Loads plugins by name, each once. `allow` are the names that may be loaded; None: every installed one."""

    def __init__(self, allow: Collection[str] | None = None) -> None:
        self._allow = None if allow is None else tuple(allow)
        self._installed = installed(PLUGINS)
        self._loaded: dict[str, Plugin] = {}

    def load(self, name: str) -> Plugin:
        """Import the plugin's module, call its hook, check what it registered.

        Raises ConfigError, whose message says what to do, for whatever is wrong with the plugin.
        """
        if name not in self._loaded:
            info = self._find(name)
            with _isolated(info, f"importing {info.value}"):
                module = importlib.metadata.EntryPoint(info.name, info.value, PLUGINS).load()
            self._loaded[name] = _checked(info, _registrations(info, module))
        return self._loaded[name]

    def _find(self, name: str) -> PluginInfo:
        claims = [info for info in self._installed if info.name == name]
        if not claims:
            raise ConfigError(_unknown(name, sorted({info.name for info in self._installed})))
        if self._allow is not None and name not in self._allow:
            allowed = ", ".join(self._allow) or "nothing"
            raise ConfigError(f"plugin {name!r} is not in plugins.allow, which lists {allowed}; add it there to use it")
        if len(claims) > 1:
            both = " and ".join(f"{info.distribution} {info.version} ({info.value})" for info in claims)
            raise ConfigError(f"plugin {name!r} is claimed by {both}; uninstall all of them but one")
        return claims[0]


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return f"no plugin {name!r} is installed, nor any other; install the package that brings it"
    listed = f"installed: {', '.join(known)}"
    near = suggest(name, known)
    remedy = f"{near} {listed}" if near.endswith("?") else f"install the package that brings it; {listed}"
    return f"no plugin {name!r} is installed; {remedy}"


def _registrations(info: PluginInfo, module: object) -> list[tuple[Any, Any, Any]]:
    """What the module's hook registers. The manager serves this one call: nothing of a plugin that fails stays."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    calls: list[tuple[Any, Any, Any]] = []

    def register(name: str, source_class: type[Source], options_model: type[BaseModel] | None = None) -> None:
        calls.append((name, source_class, options_model))

    try:
        manager.register(module, info.name)
        manager.check_pending()
    except pluggy.PluginValidationError as exc:
        raise ConfigError(
            f"{info}: its hook must be `def wealthsources_register(register)`, but {one_line(str(exc))}"
        ) from exc
    if not manager.hook.wealthsources_register.get_hookimpls():
        raise ConfigError(f"{info}: {info.value} has no hook; define `wealthsources_register(register)` with @hookimpl")
    with _isolated(info, f"wealthsources_register of {info.value}"):
        manager.hook.wealthsources_register(register=register)
    return calls


@contextlib.contextmanager
def _isolated(info: PluginInfo, doing: str) -> Iterator[None]:
    """Turn whatever a plugin's own code raises into a ConfigError that says what is to be done."""
    try:
        yield
    except (Exception, SystemExit) as exc:
        remedy = missing_extra(info, exc)
        if remedy:
            reason = f"plugin {info.name!r} {remedy}"
        else:
            reason = (
                f"{info}: {doing} raised {describe(exc)}; "
                f"repair or update {info.distribution}, or take the plugin out of the configuration"
            )
        raise ConfigError(reason) from exc


def _checked(info: PluginInfo, calls: list[tuple[Any, Any, Any]]) -> Plugin:
    if len(calls) != 1:
        names = ", ".join(repr(name) for name, _, _ in calls) or "nothing"
        raise ConfigError(f"{info}: its hook must call `register` once, but it registers {names}")
    name, source_class, options_model = calls[0]
    if name != info.name:
        raise ConfigError(f"{info} registers {name!r}; the name must be that of its entry point, {info.name!r}")
    return Plugin(
        info.name,
        _source_class(info, source_class),
        _options_model(info, options_model),
        info.distribution,
        info.version,
    )


def _source_class(info: PluginInfo, given: object) -> type[Source]:
    if not inspect.isclass(given) or not issubclass(given, Source):
        raise ConfigError(f"{info} registers {_named(given)}; register a subclass of wealthsources.Source")
    unwritten = ", ".join(sorted(given.__abstractmethods__))
    if unwritten:
        raise ConfigError(f"{info} registers {given.__name__}, which lacks {unwritten}; write what is missing there")
    return given


def _options_model(info: PluginInfo, given: object) -> type[BaseModel]:
    # Imported here: reading the metadata alone must not cost the time that pydantic takes.
    import pydantic  # noqa: PLC0415

    if given is None:
        closed = pydantic.ConfigDict(extra="forbid", frozen=True)
        return pydantic.create_model("NoOptions", __config__=closed)
    if not inspect.isclass(given) or not issubclass(given, pydantic.BaseModel):
        raise ConfigError(
            f"{info} registers {_named(given)} for its options; give a subclass of pydantic.BaseModel, or None"
        )
    if given.model_config.get("extra", "ignore") == "ignore":
        raise ConfigError(f"{info}: {given.__name__} ignores unknown keys; declare it with extra='forbid'")
    return given


def _named(given: object) -> str:
    return given.__name__ if inspect.isclass(given) else f"an object of type {type(given).__name__}"
