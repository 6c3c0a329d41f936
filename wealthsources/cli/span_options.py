"""`--from` and `--to`: the span that is meant, and times as they are typed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

import typer

from wealthsources.model.errors import RequestError

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Bars that open then or later; UTC.", show_default=False)
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="Bars that end then or earlier; UTC.", show_default=False)
]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read_span(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """The times of `--from` and `--to`, ms; None as they are. Raises RequestError, also if they are the wrong way."""
    start = None if since is None else read_moment(since, "--from")
    end = None if until is None else read_moment(until, "--to")
    if start is not None and end is not None and start >= end:
        raise RequestError(f"--from {since} is not before --to {until}")
    return start, end


def read_moment(text: str, option: str) -> int:
    """A date, or a date and time, as ms since 1970; UTC unless it says otherwise. Raises RequestError.

    As in 2024-01-31, 2024-01-31T12:30 or 2024-01-31T12:30+08:00; ms since 1970 are taken too.
    """
    from wealthsources.model.times import check_time  # noqa: PLC0415 - numpy, and not for --help

    try:
        return check_time(int(text) if re.fullmatch(r"[0-9]{9,19}", text, re.ASCII) else _ms(text))
    except ValueError as error:
        raise RequestError(
            f"{option} {text!r} is no time of 1980 to 2200 ({error}); write it as 2024-01-31 or 2024-01-31T12:30, "
            "which is UTC"
        ) from None


def _ms(text: str) -> int:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)
