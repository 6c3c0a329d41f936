"""What the commands share: the store of a configuration, times as they are typed, and how a command ends.

Exit codes: 0, 1 for what failed, 2 for wrong use or configuration, 130 when interrupted.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources import Session, Timeframe
    from wealthsources_store.source import StoreSource

FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 130

_VARIABLE: Final = "WEALTHSOURCES_CONFIG"
_DEFAULT: Final = "config.yaml"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", show_default=False, help=f"The deployment. Default: ${_VARIABLE}, else {_DEFAULT}."
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="NAME", show_default=False, help="The source whose store it is. Default: the first that is."
    ),
]


@contextlib.contextmanager
def errors_as_codes() -> Iterator[None]:
    """Turn an error of ours into one line on stderr and typer.Exit with the code that it stands for."""
    from wealthsources import ConfigError, RequestError, WealthSourcesError  # noqa: PLC0415 - not for --help

    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except WealthSourcesError as error:
        fail(error.brief, WRONG if isinstance(error, ConfigError | RequestError) else FAILED)


def fail(message: str, status: int) -> NoReturn:
    """End the command with one line on stderr."""
    say(f"error: {message}")
    raise typer.Exit(status)


def say(message: str) -> None:
    """One line on stderr. Text from outside cannot steer a terminal."""
    from wealthsources import one_line  # noqa: PLC0415 - not for --help

    typer.echo(one_line(message), err=True)


@contextlib.contextmanager
def opened(config: Path | None, store: str | None) -> Iterator[tuple[Session, StoreSource]]:
    """The session of the configuration, without its live sources, and the store that is meant.

    Raises ConfigError, also if there is no such store.
    """
    import wealthsources  # noqa: PLC0415 - not for --help
    from wealthsources_store.source import find_store  # noqa: PLC0415

    path = config or Path(os.environ.get(_VARIABLE) or _DEFAULT)
    if not path.exists():
        raise wealthsources.ConfigError(
            f"there is no configuration {path}; name one with --config PATH or ${_VARIABLE}, as in docs/store.md"
        )
    with wealthsources.open(path) as session:
        yield session, find_store(session.sources, store)


# what is typed -------------------------------------------------------------------------------------------------


def split(words: str) -> tuple[str, ...]:
    """A comma list, each once."""
    return tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))


def read_timeframes(words: str) -> tuple[Timeframe, ...]:
    """A comma list of timeframes. Raises RequestError."""
    from wealthsources import Timeframe  # noqa: PLC0415 - not for --help

    return tuple(Timeframe(word) for word in split(words))


def read_moment(text: str, option: str) -> int:
    """A date, or a date and time, that stands after an option, as ms since 1970; UTC. Raises RequestError."""
    import wealthsources  # noqa: PLC0415 - not for --help

    try:
        return wealthsources.read_moment(text)
    except ValueError as error:
        raise wealthsources.RequestError(f"{option} {error}") from None
