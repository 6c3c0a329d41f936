"""`wealthsources doctor`: whether all is well here, and what to do where it is not."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, Run, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wealthsources.cli.doctor.line import Line

_STYLES: Final = {"ok": "green", "warning": "yellow", "error": "bold red"}


class Format(StrEnum):
    """How it is printed."""

    TEXT = "text"
    JSON = "json"


def doctor(
    ctx: typer.Context,
    offline: Annotated[
        bool, typer.Option("--offline", show_default=False, help="Connect to nothing beyond this machine.")
    ] = False,
    self_test: Annotated[
        bool,
        typer.Option(
            "--self-test", show_default=False, help="Also run a market of our own, and see its bars come all the way."
        ),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=600, help="What each source may take.")
    ] = 15,
    output: Annotated[Format, typer.Option("--format", help="JSON is one list of objects.")] = Format.TEXT,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Look at the installation, the configuration, its sources and this machine.

    A line for each thing: ok, warning, or error with what to do about it. Each endpoint is connected to once, and
    nothing is subscribed to. Exits with 1 if there is an error.
    """
    with running(ctx, config, debug) as run:
        lines = _lines(run, offline=offline, self_test=self_test, timeout=timeout)
        levels = _print_json(lines) if output is Format.JSON else _print_text(lines)
        if "error" in levels:
            raise typer.Exit(FAILED)


def _lines(run: Run, *, offline: bool, self_test: bool, timeout: float) -> Iterator[Line]:
    from wealthsources.cli.doctor.deployment import deployment  # noqa: PLC0415 - pydantic, numpy and more
    from wealthsources.cli.doctor.machine import machine  # noqa: PLC0415

    yield from machine()
    yield from deployment(run.config, run.chosen, online=not offline, seconds=timeout)
    if self_test:
        from wealthsources.cli.doctor.self_test import try_it_all  # noqa: PLC0415 - only where it is wanted

        yield from try_it_all()


def _print_json(lines: Iterable[Line]) -> set[str]:
    told = list(lines)
    typer.echo(json.dumps([line.as_dict() for line in told], indent=2, ensure_ascii=False))
    return {line.level for line in told}


def _print_text(lines: Iterable[Line]) -> set[str]:
    """Each line as soon as it is known."""
    import sys  # noqa: PLC0415 - with what uses it

    from rich.text import Text  # noqa: PLC0415 - only where it is shown

    from wealthsources.cli.console import console  # noqa: PLC0415

    levels: dict[str, int] = dict.fromkeys(_STYLES, 0)
    screen = console(sys.stdout)
    for line in lines:
        levels[line.level] += 1
        screen.print(Text.assemble((f"{line.level:7}", _STYLES[line.level]), f"  {line.about}: {line.text}"))
    warnings, errors = levels["warning"], levels["error"]
    screen.print(f"{levels['ok']} ok, {warnings} warning{'s' * (warnings != 1)}, {errors} error{'s' * (errors != 1)}")
    return {level for level, number in levels.items() if number}
