"""What is installed, as far as the metadata of distributions tells it: nothing of a plugin is imported here."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The entry-point groups of plugins, and of commands that plugins offer.
PLUGINS: Final = "wealthsources"
COMMANDS: Final = "wealthsources.commands"


@dataclasses.dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin, or a command of one, as its metadata describes it; nothing of it has been imported.

    name          the entry point's name
    value         the module that is imported, and after a colon what is taken of it
    distribution  the name of the distribution that brings it, `version` is that one's
    extras        the extras of the distribution that the plugin needs
    """

    name: str
    value: str
    distribution: str
    version: str
    extras: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}"

    @property
    def top_level(self) -> str:
        """The top-level module of `value`."""
        return self.value.partition(":")[0].strip().partition(".")[0]

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {self.origin}"


def installed(group: str = PLUGINS) -> tuple[PluginInfo, ...]:
    """All entries of a group, by name. Imports none of them.

    A distribution that is on the path twice counts once; a name that two distributions claim is in the answer twice.
    """
    return _installed(group, tuple(_states_of_path()))


@functools.lru_cache(maxsize=16)
def _installed(group: str, _states: tuple[object, ...]) -> tuple[PluginInfo, ...]:
    """Looking through all distributions takes 10 to 20 ms; a folder that one comes to or leaves has another state."""
    named = functools.cache(_name_and_version)  # reading the metadata of one takes a ms, and most have many entries
    plugins = {_info_of(entry, *named(entry.dist)) for entry in importlib.metadata.entry_points(group=group)}
    return tuple(sorted(plugins, key=lambda each: (each.name, each.distribution, each.value)))


def _states_of_path() -> Iterator[object]:
    """What importlib.metadata goes by itself: where it looks, and when what is there was changed."""
    yield from map(id, sys.meta_path)
    for path in sys.path:
        try:
            yield path, os.stat(path or ".").st_mtime_ns  # noqa: PTH116 - "" is the folder that one is in
        except OSError:
            yield path, None


def _info_of(entry: importlib.metadata.EntryPoint, name: str, version: str) -> PluginInfo:
    # The value is taken apart here: `entry.extras` breaks "a-b" in two and fails where the value is malformed.
    value, _, brackets = entry.value.partition("[")
    extras = tuple(extra.strip() for extra in brackets.rstrip("] ").split(",") if extra.strip())
    return PluginInfo(entry.name, value.strip(), name, version, extras)


def _name_and_version(distribution: importlib.metadata.Distribution | None) -> tuple[str, str]:
    name, version = "an unknown distribution", "(broken metadata)"
    # One distribution without metadata must not hide the others. Depending on Python, that is None or an exception.
    with contextlib.suppress(Exception):
        metadata = distribution.metadata  # type: ignore[union-attr]
        name = metadata["Name"] or name
        version = metadata["Version"] or version
    return name, version


def missing_module(plugin: PluginInfo) -> str:
    """The top-level module, if it cannot be found; else nothing. Imports nothing."""
    try:
        return "" if importlib.util.find_spec(plugin.top_level) else plugin.top_level
    except (ImportError, ValueError):
        return plugin.top_level


def missing_extra(plugin: PluginInfo, error: BaseException) -> str:
    """What to install, if `error` came because an extra is missing; else nothing."""
    missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
    if not plugin.extras or not missing or missing.partition(".")[0] in (plugin.top_level, "wealthsources"):
        return ""
    return f"needs `pip install '{plugin.distribution}[{','.join(plugin.extras)}]'`: there is no module {missing!r}"
