"""The configuration that `wealthsources replay` opens."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import wealthsources
from wealthsources import ConfigError

if TYPE_CHECKING:
    from wealthsources import Session
    from wealthsources_replay.options import ReplayOptions

_VARIABLE: Final = "WEALTHSOURCES_CONFIG"
_DEFAULT: Final = "config.yaml"


def open_replay(options: ReplayOptions, config: Path | None) -> Session:
    """A session that plays this by steps. With `bars`, the source that has them is that of the configuration.

    Raises ConfigError.
    """
    said = options.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"speed": "step"}
    replay = {"plugin": "replay", "options": said}
    if options.bars is None:
        return wealthsources.open({"clock": "feed", "sources": [replay]})
    path = config or Path(os.environ.get(_VARIABLE) or _DEFAULT)
    if not path.exists():
        raise ConfigError(
            f"there is no configuration {path}, which would say what {options.bars} is; name one with --config"
        )
    return _with_source(replay, options.bars, path)


def _with_source(replay: dict[str, Any], name: str, path: Path) -> Session:
    """The replay, then the source that it asks: older bars come from there too. Others take no part."""
    settings = wealthsources.open(path).config.settings
    wanted = [source for source in settings.sources if source.name == name]
    if not wanted:
        known = ", ".join(source.name for source in settings.sources)
        raise ConfigError(f"{path} has no source {name!r}; it has: {known}")
    sources = [replay, *(source.model_dump(exclude_unset=True, exclude={"keep"}) for source in wanted)]
    said = settings.model_dump(exclude_unset=True, exclude={"recorder", "sources", "plugins"})
    if settings.plugins.allow is not None:  # who types `replay` has allowed it
        said["plugins"] = {"allow": [*settings.plugins.allow, "replay"]}
    with contextlib.chdir(path.absolute().parent):  # where relative paths of it start
        return wealthsources.open(said | {"clock": "feed", "sources": sources})
