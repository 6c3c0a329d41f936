"""`wealthsources sources`: what is installed, what the deployment uses of it, and what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from wealthsources.cli.console import print_table, say_note
from wealthsources.cli.options import WRONG, ConfigOption, DebugOption, Run, running
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from wealthsources.cli.inspection import Examined
    from wealthsources.cli.plugin_commands import Offer
    from wealthsources.config.settings import Config

_STYLES = {"enabled": "green", "works": "green", "broken": "red", "left out": "yellow"}


def sources(ctx: typer.Context, config: ConfigOption = None, debug: DebugOption = False) -> None:
    """List what is installed, what of it is used, and what is broken.

    First the sources in the order of the chain, then the other plugins, then the commands of plugins. Loads the
    plugins that the configuration names, and starts nothing. Exits with 2 if one of them is broken.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.inspection import examine  # noqa: PLC0415 - pydantic and more

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
    from wealthsources.config.settings import read_config  # noqa: PLC0415 - pydantic and more

    try:
        return read_config(run.find_config())
    except ConfigError as error:
        if run.chosen or run.config.exists():
            raise
        say_note(f"{error.brief.splitlines()[0]}; this is what is installed")
        return None


def _print_chain(examined: list[Examined]) -> None:
    columns = ("#", "source", "plugin", "state", "live", "from")
    print_table(columns, (_row(number, source) for number, source in enumerate(examined, start=1)))
    for source in examined:
        for mistake in source.mistakes:
            _print_fault(f"{source.settings.name} is {source.state}", mistake.splitlines()[0])


def _row(number: int, source: Examined) -> tuple[str | Text, ...]:
    live = "" if source.live is None else "live" if source.live else "no"
    name, plugin = source.settings.name, source.settings.plugin
    return str(number), name, plugin, _colored(source.state), live, source.origin


def _print_others(deployment: Config | None) -> None:
    from wealthsources.cli.inspection import unused  # noqa: PLC0415 - pluggy

    rows = [(found.name, f"{found.distribution} {found.version}", remark) for found, remark in unused(deployment)]
    if rows:
        typer.echo("\ninstalled, but not used:" if deployment else "installed:")
        print_table(("plugin", "from", "remark"), rows)


def _print_commands() -> None:
    from wealthsources.cli.plugin_commands import offers  # noqa: PLC0415 - read when it is needed

    tried = [(offer, _fault(offer)) for offer in offers()]
    if not tried:
        return
    typer.echo("\ncommands of plugins:")
    rows = [(offer.info.name, _colored("broken" if fault else "works"), offer.info.origin) for offer, fault in tried]
    print_table(("command", "state", "from"), rows)
    for offer, fault in tried:
        if fault:
            _print_fault(f"{offer.info.name} is broken", fault)


def _fault(offer: Offer) -> str:
    """Why a command cannot be imported; nothing, if it can."""
    from wealthsources.cli.plugin_commands import load  # noqa: PLC0415 - read when it is needed

    try:
        load(offer)
    except ConfigError as error:
        return str(error)
    return ""


def _print_fault(what: str, why: str) -> None:
    typer.echo(f"{what}: {one_line(why)}")


def _colored(state: str) -> Text:
    return Text(state, style=_STYLES[state])
