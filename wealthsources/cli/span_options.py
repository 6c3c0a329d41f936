"""`--from` and `--to`: the span that is meant."""

from __future__ import annotations

from typing import Annotated

import typer

from wealthsources.model.errors import RequestError

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Bars that open then or later; UTC.", show_default=False)
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="Bars that end then or earlier; UTC.", show_default=False)
]


def read_span(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """The times of `--from` and `--to`, ms; None as they are. Raises RequestError, also if they are the wrong way."""
    start = None if since is None else _moment(since, "--from")
    end = None if until is None else _moment(until, "--to")
    if start is not None and end is not None and start >= end:
        raise RequestError(f"--from {since} is not before --to {until}")
    return start, end


def _moment(text: str, option: str) -> int:
    from wealthsources.model.times import read_moment  # noqa: PLC0415 - numpy, and not for --help

    try:
        return read_moment(text)
    except ValueError as error:
        raise RequestError(f"{option} {error}") from None
