"""What a configuration amounts to: every source loaded and its options checked, and nothing started."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from wealthsources.loading.discovery import PluginInfo, installed, missing_module
from wealthsources.loading.loader import Loader
from wealthsources.model.errors import ConfigError
from wealthsources.runtime.deployment import make_source
from wealthsources.runtime.recorders import make_recorder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from wealthsources.config.settings import Config, SourceSettings


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """One source of the deployment.

    origin    the distribution of its plugin, with its version; empty if the plugin is unknown
    live      None if it could not be made
    mistakes  what is wrong with it, each with its place, and below that what it quotes of the file
    """

    settings: SourceSettings
    origin: str
    live: bool | None
    mistakes: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """Enabled; else broken, or left out if it is optional."""
        if not self.mistakes:
            return "enabled"
        return "left out" if self.settings.optional else "broken"

    @property
    def title(self) -> str:
        """`name (plugin)`, or the plugin alone if that is its name."""
        name, plugin = self.settings.name, self.settings.plugin
        return name if name == plugin else f"{name} ({plugin})"


def examine(config: Config) -> list[Examined]:
    """All sources in the order of the chain."""
    loader = Loader(config.settings.plugins.allow)
    origins = {plugin.name: plugin.origin for plugin in installed()}
    return [
        _examine(config, loader, index, origins.get(settings.plugin, ""))
        for index, settings in enumerate(config.settings.sources)
    ]


def _examine(config: Config, loader: Loader, index: int, origin: str) -> Examined:
    settings = config.settings.sources[index]
    try:
        source = make_source(config, loader, index)
    except ConfigError as error:
        return Examined(settings, origin, None, error.mistakes)
    return Examined(settings, origin, source.capabilities.live)


def recorder_mistakes(config: Config) -> Iterator[str]:
    """What is wrong with those who are to record, each with its place."""
    for name in config.settings.recorder:
        try:
            make_recorder(config, name)
        except ConfigError as error:
            yield from error.mistakes


def unused(config: Config | None) -> list[tuple[PluginInfo, str]]:
    """The installed plugins that the configuration does not use, each with what speaks against it. Imports none."""
    used = {source.plugin for source in config.settings.sources} if config else set()
    allow = config.settings.plugins.allow if config else None
    claims = Counter(plugin.name for plugin in installed())
    return [(plugin, _remark(plugin, claims, allow)) for plugin in installed() if plugin.name not in used]


def _remark(plugin: PluginInfo, claims: Counter[str], allow: Collection[str] | None) -> str:
    if claims[plugin.name] > 1:
        return "broken: the name is claimed more than once; uninstall all of these but one"
    if missing := missing_module(plugin):
        return f"broken: there is no module {missing!r}; reinstall {plugin.distribution}, or uninstall it"
    return "" if allow is None or plugin.name in allow else "not in plugins.allow"
