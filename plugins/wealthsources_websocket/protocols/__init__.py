"""The protocols that are known, by name. Each is one file; none does any input or output, none reads a clock."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wealthsources_websocket.protocols.base import Protocol

DEFAULT: Final = "wealthai"

#: name → module and class; imported with the first use of that name. Protocols of other distributions will be found
#: here as well, by an entry-point group of their own.
BUILT_IN: Final[dict[str, str]] = {"wealthai": "wealthsources_websocket.protocols.wealthai:WealthAI"}


def known_protocols() -> tuple[str, ...]:
    """The names that `load_protocol` knows, in alphabetical order."""
    return tuple(sorted(BUILT_IN))


def load_protocol(name: str) -> type[Protocol]:
    """The protocol of that name. Raises KeyError for a name that is not known."""
    module, _, attribute = BUILT_IN[name].partition(":")
    protocol: type[Protocol] = getattr(importlib.import_module(module), attribute)
    return protocol
