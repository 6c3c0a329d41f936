"""`wealthsources sources`: what is installed, what the deployment uses of it, and what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from wealthsources.cli.screen import make_table, one_line, print_table, say_note
from wealthsources.cli.shared import WRONG, ConfigOption, DebugOption, Run, running
from wealthsources.errors import ConfigError

if TYPE_CHECKING:
    from wealthsources.cli.examine import Examined
    from wealthsources.cli.plugin_commands import Offer
    from wealthsources.config import Config

_STYLES = {"enabled": "green", "works": "green", "broken": "red", "left out": "yellow"}


def sources(ctx: typer.Context, config: ConfigOption = None, debug: DebugOption = False) -> None:
    """List what is installed, what of it is used, and what is broken.

    First the sources in the order of the chain, then the other plugins, then the commands of plugins. Loads the
    plugins that the configuration names, and starts nothing. Exits with 2 if one of them is broken.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.examine import examine  # noqa: PLC0415 - pydantic and more

        deployment = _read(run)
        examined = examine(deployment) if deployment else []
        if examined:
            _print_chain(examined)
        _print_others(deployment)
        _print_commands()
        if any(source.state == "broken" for source in examined):
            raise typer.Exit(WRONG)


def _read(run: Run) -> Config | None:
    """The configuration; None where there is none and nobody named one."""
    from wealthsources.config import read_config  # noqa: PLC0415 - pydantic and more

    try:
        return read_config(run.find_config())
    except ConfigError as error:
        if run.chosen or run.config.exists():
            raise
        say_note(f"{error}; this is what is installed")
        return None


def _print_chain(examined: list[Examined]) -> None:
    columns = ("#", "source", "plugin", "state", "live", "from", "what is wrong")
    print_table(make_table(columns, (_row(number, source) for number, source in enumerate(examined, start=1))))


def _row(number: int, source: Examined) -> tuple[str | Text, ...]:
    live = "" if source.live is None else "live" if source.live else "no"
    wrong = "\n".join(one_line(mistake) for mistake in source.mistakes)
    name, plugin = source.settings.name, source.settings.plugin
    return str(number), name, plugin, _colored(source.state), live, source.origin, wrong


def _print_others(deployment: Config | None) -> None:
    from wealthsources.cli.examine import unused  # noqa: PLC0415 - pluggy

    rows = [(found.name, f"{found.distribution} {found.version}", remark) for found, remark in unused(deployment)]
    if rows:
        typer.echo("\ninstalled, but not used:" if deployment else "installed:")
        print_table(make_table(("plugin", "from", "remark"), rows))


def _print_commands() -> None:
    from wealthsources.cli.plugin_commands import offers  # noqa: PLC0415 - read when it is needed

    rows = [_tried(offer) for offer in offers()]
    if rows:
        typer.echo("\ncommands of plugins:")
        print_table(make_table(("command", "state", "from", "what is wrong"), rows))


def _tried(offer: Offer) -> tuple[str | Text, ...]:
    from wealthsources.cli.plugin_commands import load  # noqa: PLC0415

    try:
        load(offer)
    except ConfigError as error:
        return offer.name, _colored("broken"), offer.origin, one_line(str(error))
    return offer.name, _colored("works"), offer.origin, ""


def _colored(state: str) -> Text:
    return Text(state, style=_STYLES[state])
