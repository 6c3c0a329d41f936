"""Finds plugins by their metadata and loads the ones that are named; what goes wrong in one stays its own.

This is the only module that touches pluggy's manager. pluggy loads the first of two distributions that claim one name
and says nothing about the second, nor about a name that nobody has; so the metadata is read first, here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import inspect
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pluggy

from wealthsources import hookspecs
from wealthsources.loading.discovery import PLUGINS, PluginInfo, installed, missing_extra
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import describe, one_line, suggest
from wealthsources.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pydantic import BaseModel

#: Of the environment: anything but nothing and 0 shows the calls of hooks on stderr.
DEBUG_HOOKS: Final = "WEALTHSOURCES_DEBUG_HOOKS"


class _Registered(NamedTuple):
    """What one call of `register` was given, as it was given: a stranger's values."""

    name: Any
    source_class: Any
    options_model: Any
    contract: Any


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
            self._loaded[name] = _checked(info, self._chosen(info, _registrations(info, module)))
        return self._loaded[name]

    def _chosen(self, info: PluginInfo, calls: list[_Registered]) -> _Registered:
        """What the hook registered under this name; others may be there that have entry points to the same place."""
        names = [call.name for call in calls]
        given = ", ".join(map(repr, names)) or "nothing"
        if names.count(info.name) != 1:
            raise ConfigError(
                f"{info}: its hook registers {given}; it must call `register` once with the name of its entry point, "
                f"{info.name!r}"
            )
        place = info.distribution, info.value
        known = [each.name for each in self._installed if (each.distribution, each.value) == place]
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"{info}: its hook registers {given}, but {info.distribution} has no entry point {name!r} that "
                    f"leads to {info.value}; add it, or take it out of the hook"
                )
            if names.count(name) > 1:
                raise ConfigError(f"{info}: its hook registers {name!r} twice; give each source a name of its own")
        return calls[names.index(info.name)]

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


def _registrations(info: PluginInfo, module: object) -> list[_Registered]:
    """What the module's hook registers. The manager serves this one call: nothing of a plugin that fails stays."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    tell = _trace(manager, info)
    calls: list[_Registered] = []

    def register(
        name: str,
        source_class: type[Source],
        options_model: type[BaseModel] | None = None,
        *,
        contract: int = hookspecs.CONTRACT,
    ) -> None:
        call = _Registered(name, source_class, options_model, contract)
        tell(f"register({', '.join(f'{key}={value!r}' for key, value in call._asdict().items())})")
        calls.append(call)

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


def _trace(manager: pluggy.PluginManager, info: PluginInfo) -> Callable[[str], object]:
    """Show the manager's calls on stderr if the environment asks for it; returns what shows a line more."""
    if os.environ.get(DEBUG_HOOKS, "0") in ("", "0"):
        return lambda _: None
    manager.trace.root.setwriter(lambda text: _write_lines(f"{info}: ", text))
    manager.enable_tracing()
    return manager.trace.root.get("register")


def _write_lines(prefix: str, text: str) -> None:
    sys.stderr.writelines(f"{prefix}{line}\n" for line in text.splitlines())


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


def _checked(info: PluginInfo, registered: _Registered) -> Plugin:
    if registered.contract != hookspecs.CONTRACT:
        raise ConfigError(_other_contract(info, registered.contract))
    return Plugin(
        info.name,
        _source_class(info, registered.source_class),
        _options_model(info, registered.options_model),
        info.distribution,
        info.version,
    )


def _other_contract(info: PluginInfo, theirs: object) -> str:
    """What to do about a plugin of another version of the contract."""
    ours = hookspecs.CONTRACT
    text = (
        f"{info} is written for version {theirs!r} of the contract of sources, and the wealthsources that is installed "
        f"has version {ours}"
    )
    if type(theirs) is not int:
        return f"{text}; its hook must give `contract` a whole number"
    return f"{text}; update {'wealthsources' if theirs > ours else info.distribution}"


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
