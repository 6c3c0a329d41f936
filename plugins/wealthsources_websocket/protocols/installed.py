"""Protocols that other distributions bring: found by their metadata, imported by name, checked before they are used.

Whatever is wrong with one is a ValueError that names its distribution and the remedy, and is no matter of the others.
"""

from __future__ import annotations

import importlib.metadata
import inspect
from typing import TYPE_CHECKING, Any, Final

from wealthsources import one_line
from wealthsources_websocket.protocols.base import CONTRACT, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

#: The entry-point group: name = "module:Class".
GROUP: Final = "wealthsources.protocols"


def installed_names() -> set[str]:
    """The names of all of them. Imports none."""
    return {entry.name for entry in importlib.metadata.entry_points(group=GROUP)}


def load_installed(name: str) -> type[Protocol]:
    """The class of that name. Raises KeyError if no distribution brings it, ValueError for what is wrong with it."""
    entries = _entries(name)
    if not entries:
        raise KeyError(name)
    if len(entries) > 1:
        raise ValueError(f"protocol {name!r} is claimed by {_named(entries)}; uninstall all of them but one")
    (entry,) = entries
    return _checked(entry, _imported(entry))


def check_claim(name: str, ours: Collection[str], allow: Collection[str] | None) -> None:
    """Raises ValueError for a name of ours that another distribution claims too, and for one that is not allowed.

    `allow` are the names that a deployment's `plugins.allow` lists; None: it lists none, and all are allowed.
    """
    if name in ours:
        if entries := _entries(name):
            raise ValueError(
                f"protocol {name!r} is one of wealthsources and is claimed by {_named(entries)}; uninstall that"
            )
    elif allow is not None and name not in allow:
        listed = ", ".join(allow) or "nothing"
        raise ValueError(f"protocol {name!r} is not in plugins.allow, which lists {listed}; add it there to use it")


def _entries(name: str) -> list[importlib.metadata.EntryPoint]:
    """One for each distribution: it may be on the path twice."""
    found = {(_origin(entry), entry.value): entry for entry in importlib.metadata.entry_points(group=GROUP, name=name)}
    return [found[key] for key in sorted(found)]


def _origin(entry: importlib.metadata.EntryPoint) -> str:
    """The distribution and its version."""
    name, version = getattr(entry.dist, "name", None), getattr(entry.dist, "version", None)
    return f"{name or 'an unknown distribution'} {version or '(broken metadata)'}"


def _named(entries: Collection[importlib.metadata.EntryPoint]) -> str:
    return " and ".join(f"{_origin(entry)} ({entry.value})" for entry in entries)


def _imported(entry: importlib.metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        what = one_line(f"{type(error).__name__}: {error}")
        raise ValueError(
            f"protocol {entry.name!r} cannot be loaded: importing {entry.value} of {_origin(entry)} raised {what}; "
            "repair or update what brings it"
        ) from error


def _checked(entry: importlib.metadata.EntryPoint, kind: Any) -> type[Protocol]:
    """The class, if it is one that can be used as it is."""
    at = f"protocol {entry.name!r} of {_origin(entry)}"
    if not (inspect.isclass(kind) and issubclass(kind, Protocol)):
        raise ValueError(f"{at}: {entry.value} is no subclass of wealthsources_websocket.protocols.base.Protocol")
    if kind.contract != CONTRACT:
        raise ValueError(
            f"{at} is written for version {kind.contract!r} of the contract of protocols, and the wealthsources that "
            f"is installed has version {CONTRACT}; update the older one"
        )
    stated = ["name"] if kind.__init__ is not Protocol.__init__ else ["name", "timeframes", "closes_by"]
    lacking = [*sorted(kind.__abstractmethods__), *(name for name in stated if not hasattr(kind, name))]
    if lacking:
        raise ValueError(f"{at}: {entry.value} lacks {', '.join(lacking)}; write what is missing there")
    if kind.name != entry.name:
        raise ValueError(f"{at}: its `name` is {kind.name!r}; it must be that of its entry point, {entry.name!r}")
    return kind
