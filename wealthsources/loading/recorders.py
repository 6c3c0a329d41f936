"""Finds recorders by their metadata and loads those that are named."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any, Final

from wealthsources.loading.discovery import installed, missing_extra
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import describe, suggest
from wealthsources.recorder import CONTRACT, Recorder

if TYPE_CHECKING:
    from collections.abc import Collection

RECORDERS: Final = "wealthsources.recorders"


def load_recorder(name: str, allow: Collection[str] | None) -> type[Recorder]:
    """The class of the recorder of that name; `allow` as of plugins.

    Raises ConfigError, whose message says what to do, for whatever is wrong with it.
    """
    claims = [info for info in installed(RECORDERS) if info.name == name]
    if not claims:
        known = sorted({info.name for info in installed(RECORDERS)})
        near = suggest(name, known)
        listed = f"installed: {', '.join(known) or 'none'}"
        raise ConfigError(f"no recorder {name!r} is installed; {near + ' ' if near.endswith('?') else ''}{listed}")
    if allow is not None and name not in allow:
        allowed = ", ".join(allow) or "nothing"
        raise ConfigError(f"recorder {name!r} is not in plugins.allow, which lists {allowed}; add it there to use it")
    if len(claims) > 1:
        both = " and ".join(info.origin for info in claims)
        raise ConfigError(f"recorder {name!r} is claimed by {both}; uninstall all of them but one")
    (info,) = claims
    try:
        made: Any = importlib.metadata.EntryPoint(info.name, info.value, RECORDERS).load()
    except (Exception, SystemExit) as error:
        why = missing_extra(info, error) or f"importing {info.value} failed: {describe(error)}"
        raise ConfigError(f"recorder {name!r} of {info.origin}: {why}") from error
    if not (isinstance(made, type) and issubclass(made, Recorder) and hasattr(made, "options_model")):
        raise ConfigError(f"recorder {name!r} of {info.origin}: {info.value} is no Recorder that has an options_model")
    if made.contract != CONTRACT:
        raise ConfigError(
            f"recorder {name!r} of {info.origin} is written for version {made.contract!r} of the contract of recorders"
            f", and the wealthsources that is installed has version {CONTRACT}; update the older one"
        )
    return made
