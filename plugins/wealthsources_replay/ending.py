"""How the commands end: what goes wrong as a line on stderr and an exit code.

Exit codes: 0, 1 for what failed, 2 for a recording, a configuration or arguments that cannot be used, 130 when
interrupted.
"""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130


@contextlib.contextmanager
def errors_as_codes() -> Iterator[None]:
    """Turn an error of ours, or of the options, into one line on stderr and the code that it stands for."""
    import pydantic  # noqa: PLC0415 - heavy, and `--help` needs none of it

    from wealthsources import WealthSourcesError, one_line  # noqa: PLC0415

    try:
        yield
    except pydantic.ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise typer.BadParameter(wrong["msg"], param_hint=f"--{wrong['loc'][0]}" if wrong["loc"] else None) from None
    except WealthSourcesError as error:
        typer.echo(f"error: {one_line(error.brief)}", err=True)
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def run_strategy(call: Callable[[], Any]) -> Any:
    """Call what is the strategy's. What it raises is shown, and ends the command."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - a stranger's code
        traceback.print_exception(error)
        raise typer.Exit(FAILED) from None
