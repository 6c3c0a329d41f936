"""`wealthsources new-protocol`: a project for the protocol of a server that the plugin websocket is to speak to."""

from __future__ import annotations

import contextlib
import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from wealthsources.cli.commands.new_source import IntoOption, NewName
from wealthsources.cli.options import DebugOption, Shared, errors_as_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROTOCOLS: Final = "wealthsources.protocols"
_MARKETS: Final = "wealthsources.markets"


def new_protocol(ctx: typer.Context, name: NewName, into: IntoOption = Path(), debug: DebugOption = False) -> None:
    """Make a project for the protocol of a server, which `protocol: NAME` finds once it is installed.

    It reads frames that were captured, and its tests pass at once. Nothing is overwritten.
    """
    with errors_as_codes(debug or (isinstance(ctx.obj, Shared) and ctx.obj.debug)):
        from wealthsources.cli.new_project import check_name, make_project, say_made  # noqa: PLC0415 - as the others
        from wealthsources.model.errors import RequestError  # noqa: PLC0415

        check_name(name)
        for owner in _owners(name):
            raise RequestError(f"protocol {name!r} of {owner} is installed; give yours another name")
        say_made(*make_project("protocol", name, into))


def _owners(name: str) -> Iterator[str]:
    """Distributions that bring a protocol of that name: by its entry point, or as one whose markets they can tell."""
    from wealthsources.loading.discovery import installed  # noqa: PLC0415 - as above

    yield from (info.origin for info in installed(_PROTOCOLS) if info.name == name)
    for info in installed(_MARKETS):
        with contextlib.suppress(Exception):  # it knows no such name, or cannot be asked
            importlib.metadata.EntryPoint(info.name, info.value, _MARKETS).load()(name)
            yield info.origin
