"""`wealthsources check`: whether a configuration would work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wealthsources.cli.console import say_note
from wealthsources.cli.options import WRONG, ConfigOption, DebugOption, Run, running
from wealthsources.model.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from wealthsources.cli.inspection import Examined

CheckedPath = Annotated[
    Path | None,
    typer.Argument(metavar="[CONFIG]", help="The file to check; else that of --config.", show_default=False),
]


def check(
    ctx: typer.Context,
    path: CheckedPath = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Check a configuration, without starting anything.

    Loads its plugins and checks their options too. Prints every mistake on a line of its own, and below it the line of
    the file that it is in.
    """
    with running(ctx, path or config, debug) as run:
        if path is not None and config is not None:
            raise RequestError("give the configuration once: as argument or with --config")
        sources, mistakes = _examine(run)
        for mistake in mistakes:
            typer.echo(mistake, err=True)
        if mistakes:
            raise typer.Exit(WRONG)
        _approve(sources)


def _examine(run: Run) -> tuple[list[Examined], list[str]]:
    """The sources, and the mistakes that would keep the deployment from starting."""
    from wealthsources.cli.inspection import examine, recorder_mistakes  # noqa: PLC0415 - pydantic and more
    from wealthsources.config.settings import read_config  # noqa: PLC0415

    path = run.find_config()
    try:
        read = read_config(path)
        sources = examine(read)
    except ConfigError as error:
        return [], list(error.mistakes)
    broken = [mistake for source in sources if source.state == "broken" for mistake in source.mistakes]
    return sources, [*broken, *recorder_mistakes(read)]


def _approve(sources: list[Examined]) -> None:
    good = [source.title for source in sources if not source.mistakes]
    typer.echo(f"OK: {len(good)} source{'s' * (len(good) != 1)}: {', '.join(good)}")
    for source in sources:
        for mistake in source.mistakes:
            sentence, *quoted = mistake.splitlines()
            say_note(f"left out, being optional: {sentence}", *quoted)
