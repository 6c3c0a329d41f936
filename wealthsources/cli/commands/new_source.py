"""`wealthsources new-source`: a project for a source of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wealthsources.cli.options import DebugOption, Shared, errors_as_codes

NewName = Annotated[str, typer.Argument(metavar="NAME", help="What it is called, as in my-feed.", show_default=False)]
IntoOption = Annotated[
    Path, typer.Option("--into", metavar="FOLDER", help="Where the project's folder is made.", show_default="here")
]


def new_source(ctx: typer.Context, name: NewName, into: IntoOption = Path(), debug: DebugOption = False) -> None:
    """Make a project for a source of your own, which `plugin: NAME` finds once it is installed.

    It reads an HTTP API, and its tests pass at once. Nothing is overwritten.
    """
    with errors_as_codes(debug or (isinstance(ctx.obj, Shared) and ctx.obj.debug)):
        from wealthsources.cli.new_project import check_name, make_project, say_made  # noqa: PLC0415 - as the others
        from wealthsources.loading.discovery import installed  # noqa: PLC0415
        from wealthsources.model.errors import RequestError  # noqa: PLC0415

        check_name(name)
        for info in installed():
            if info.name == name:
                raise RequestError(f"{info} is installed; give yours another name")
        say_made(*make_project("source", name, into))
