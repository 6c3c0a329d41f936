"""A configuration for an exchange that is named on the command line: its live protocol, then its history.

It is the same as a config.yaml would be.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from typing import TYPE_CHECKING, Any, Final

from wealthsources.loading.discovery import installed, missing_module
from wealthsources.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.config.settings import Config

LIVE: Final = "live"
_LIVE_PLUGIN: Final = "websocket"
_HISTORY_PLUGIN: Final = "ccxt"
#: What an exchange may want that no option of the command line says.
_ELSEWHERE: Final = ("api_key", "api_secret", "csrf_token", "contract_sizes", "map it")
_PLACE: Final = re.compile(r"sources\[\d+\](?:\.options)?(?:\.(?:protocol|exchange))?[.:] ?")


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """Where bars are to come from. `market` is the exchange's own word, None its first; None: its own `endpoint`."""

    name: str
    market: str | None = None
    environment: str = LIVE
    endpoint: str | None = None

    @property
    def may_have_history(self) -> bool:
        """Whether what its REST history says is of the same bars: not of another server, nor of a place to try."""
        return self.endpoint is None and self.environment == LIVE


def history_is_installed() -> bool:
    """Whether there is a plugin for the history of exchanges, with what it needs. Imports nothing."""
    found = [plugin for plugin in installed() if plugin.name == _HISTORY_PLUGIN and not missing_module(plugin)]
    # An extra of ours has the name of the package that it brings.
    return bool(found) and all(importlib.util.find_spec(extra) for plugin in found for extra in plugin.extras)


def exchange_settings(
    exchange: Exchange, symbols: Sequence[str], timeframes: Sequence[str], *, history: bool
) -> dict[str, Any]:
    """What config.yaml would say: of plain lists, dicts and texts. `history`: behind the live source comes another."""
    said = {
        "market": exchange.market,
        "environment": None if exchange.environment == LIVE else exchange.environment,
        "endpoint": exchange.endpoint,
    }
    options: dict[str, Any] = {"protocol": exchange.name} | {
        name: value for name, value in said.items() if value is not None
    }
    options |= {"symbols": list(symbols), "resolutions": list(timeframes)}
    sources: list[dict[str, Any]] = [{"name": exchange.name, "plugin": _LIVE_PLUGIN, "options": options}]
    if history:
        asked = {"exchange": exchange.name} | ({} if exchange.market is None else {"market": exchange.market})
        name = f"{exchange.name}-history"
        sources.append({"name": name, "plugin": _HISTORY_PLUGIN, "optional": True, "options": asked})
    return {"sources": sources}


def exchange_config(
    exchange: Exchange, symbols: Sequence[str], timeframes: Sequence[str], *, history: bool = False
) -> Config:
    """The same as settings, with the options of the live source checked.

    Raises ConfigError that speaks of the exchange and not of places in a file.
    """
    from wealthsources.config.settings import Config  # noqa: PLC0415 - pydantic only when one is made
    from wealthsources.loading.loader import Loader  # noqa: PLC0415 - pluggy
    from wealthsources.runtime.deployment import make_source  # noqa: PLC0415 - numpy

    try:
        settings = exchange_settings(exchange, symbols, timeframes, history=history)
        config = Config.from_mapping(settings, where=exchange.name)
        make_source(config, Loader(config.settings.plugins.allow), 0).stop()
    except ConfigError as error:
        raise ConfigError("\n".join(map(of_the_command_line, error.brief.splitlines()))) from None
    return config


def why_no_history(config: Config) -> str | None:
    """Why the source of the history behind the live one cannot be made, in one line; None if it can."""
    from wealthsources.loading.loader import Loader  # noqa: PLC0415 - as above
    from wealthsources.runtime.deployment import make_source  # noqa: PLC0415

    try:
        make_source(config, Loader(config.settings.plugins.allow), 1).stop()
    except ConfigError as error:
        return _PLACE.sub("", error.brief.splitlines()[0], count=1)
    return None


def of_the_command_line(mistake: str) -> str:
    """A mistake in a configuration that was made of a command line, in words that speak of that."""
    text = _PLACE.sub("", mistake, count=1).replace("there is no protocol", "there is no exchange")
    if any(word in text for word in _ELSEWHERE):
        text += " (the command line cannot say that: write a configuration like those of examples/exchanges, --config)"
    return text
