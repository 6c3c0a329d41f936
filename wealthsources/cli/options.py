"""What all commands share: `--config` and `--debug`, before or after the command, and how they end.

Exit codes: 0, 1 for a request that failed, 2 for wrong use or configuration, 130 when interrupted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wealthsources.cli.console import say_error
from wealthsources.cli.log_output import logs_on_stderr
from wealthsources.model.errors import ConfigError, RequestError, WealthSourcesError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 130

VARIABLE: Final = "WEALTHSOURCES_CONFIG"
DEFAULT: Final = "config.yaml"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", show_default=False, help=f"The deployment. Default: ${VARIABLE}, else {DEFAULT}."
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", show_default=False, help="Show tracebacks and the whole log on stderr.")
]


@dataclasses.dataclass(frozen=True, slots=True)
class Shared:
    """What was said before the command."""

    config: Path | None = None
    debug: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One command at work.

    chosen  whether somebody named the configuration · named: on the command line, and not in the environment
    """

    config: Path
    chosen: bool
    debug: bool
    named: bool = False

    def find_config(self) -> Path:
        """The configuration's path. Raises ConfigError if nothing is there and nobody named it."""
        if not self.chosen and not self.config.exists():
            raise ConfigError(
                f"there is no {DEFAULT} here; name one with --config PATH or ${VARIABLE}, "
                "or an exchange, as in `wealthsources get binance BTCUSDT 1m`"
            )
        return self.config


@contextlib.contextmanager
def running(ctx: typer.Context, config: Path | None, debug: bool) -> Iterator[Run]:
    """The frame around a command: its settings, its log on stderr, and its errors as one line and an exit code."""
    before = ctx.obj if isinstance(ctx.obj, Shared) else Shared()
    debug = debug or before.debug
    with logs_on_stderr(debug), errors_as_codes(debug):
        named = config or before.config
        chosen = named or _from_environment()
        yield Run(chosen or Path(DEFAULT), chosen is not None, debug, named is not None)


@contextlib.contextmanager
def errors_as_codes(debug: bool) -> Iterator[None]:
    """Turn an error into one line on stderr and typer.Exit with the code that it stands for."""
    try:
        yield
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise  # of a reader that went away typer makes a quiet exit
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if debug:
            traceback.print_exc()
        say_error(*_told(error))
        raise typer.Exit(WRONG if isinstance(error, ConfigError | RequestError) else FAILED) from error


def _told(error: Exception) -> list[str]:
    """A sentence, and what it quotes of a configuration."""
    if isinstance(error, ConfigError) and str(error):
        mistakes = error.mistakes
        first, *quoted = mistakes[0].splitlines()
        more = f"; and {len(mistakes) - 1} more: `wealthsources check` lists them all" if len(mistakes) > 1 else ""
        return [first + more, *quoted]
    return [_sentence(error)]


def _sentence(error: Exception) -> str:
    if not isinstance(error, WealthSourcesError):
        return f"internal error: {type(error).__name__}: {one_line(str(error))}; run with --debug"
    first, *rest = str(error).splitlines() or [type(error).__name__]
    if not rest:
        return first
    return f"{first}{' ' if first.endswith(':') else '; '}{'; '.join(line.strip() for line in rest)}"


def _from_environment() -> Path | None:
    path = os.environ.get(VARIABLE)
    return Path(path) if path else None
