"""Commands of plugins: their names are known from metadata, their code is imported when they run.

A plugin offers one with an entry point of the group `wealthsources.commands` that leads to a typer.Typer or a
click.Command. One that cannot be imported is broken; the others work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import itertools
import os
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperCommand

from wealthsources.cli.options import VARIABLE, Shared, errors_as_codes
from wealthsources.cli.plugin_help import help_line
from wealthsources.loading.discovery import COMMANDS, PluginInfo, installed, missing_extra, missing_module
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Names that are not to be had.
OWN: Final = (
    "sources",
    "get",
    "explain",
    "plot",
    "audit",
    "watch",
    "record",
    "serve",
    "status",
    "check",
    "schema",
    "init",
    "check-source",
    "doctor",
    "new-source",
    "new-protocol",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A command as its metadata describes it, and why it cannot work as far as that can be told without importing."""

    info: PluginInfo
    broken: str = ""


def offers() -> list[Offer]:
    """All commands that plugins offer, by name. Imports none of them."""
    return [_settled(list(claims)) for _, claims in itertools.groupby(installed(COMMANDS), key=lambda info: info.name)]


def load(offer: Offer) -> Any:
    """Import the command and return it: an object with click's `main`. Raises ConfigError that says what is broken."""
    if offer.broken:
        raise ConfigError(offer.broken)
    try:
        target = importlib.metadata.EntryPoint(offer.info.name, offer.info.value, COMMANDS).load()
        command = typer.main.get_command(target) if isinstance(target, typer.Typer) else target
    except (Exception, SystemExit) as error:
        raise ConfigError(_why_not_imported(offer.info, error)) from error
    if not (callable(getattr(command, "main", None)) and hasattr(command, "make_context")):
        raise ConfigError(
            f"{offer.info.value} of {offer.info.origin} is neither a typer.Typer nor a click.Command; "
            f"update {offer.info.distribution}, or tell its authors"
        )
    return command


def commands_of_plugins() -> Iterator[PluginCommand]:
    """A stand-in for each command of a plugin."""
    return (PluginCommand(offer) for offer in offers() if offer.info.name not in OWN)


class PluginCommand(TyperCommand):
    """Stands in for a command of a plugin until it runs, and then hands it all arguments, `--help` too."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(offer.info.name, add_help_option=False)
        self._offer = offer

    def read_help(self) -> None:
        """Have a line for the help of all commands. Imports nothing."""
        offer, info = self._offer, self._offer.info
        line = f"broken: {offer.broken}" if offer.broken else help_line(info)
        if not line:
            line = f"command of {info.origin}"
        elif not offer.broken and info.distribution != "wealthsources":
            line += f" ({info.origin})"
        self.help = line.replace("[", r"\[")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave everything to the plugin."""
        ctx.args = args
        return args

    def shell_complete(self, ctx: Any, begun: str) -> list[Any]:
        """What a shell may complete this with, as the command itself says it; nothing if it is broken."""
        try:
            command = load(self._offer)
            own = command.make_context(self.name, list(ctx.args), parent=ctx.parent, resilient_parsing=True)
            completed: list[Any] = command.shell_complete(own, begun)
        except (Exception, SystemExit):  # noqa: BLE001 - a message would land in the middle of a line that is typed
            return []
        return completed

    def invoke(self, ctx: Any) -> None:
        """Import the command and run it. Ends with SystemExit, whose code is the command's."""
        with errors_as_codes(isinstance(ctx.obj, Shared) and ctx.obj.debug):
            try:
                command = load(self._offer)
            except ConfigError as error:
                raise ConfigError(f"command {self.name!r} is broken: {error}") from error
            with _named(ctx.obj.config if isinstance(ctx.obj, Shared) else None):
                command.main(args=ctx.args, prog_name=ctx.command_path)


@contextlib.contextmanager
def _named(config: Path | None) -> Iterator[None]:
    """A configuration that was named before the command is what the command finds by default."""
    if config is None:
        yield
        return
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(config)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


def _settled(claims: list[PluginInfo]) -> Offer:
    """The one offer of a name, with what is wrong with it."""
    info = claims[0]
    if info.name in OWN:
        return Offer(info, f"wealthsources has a command {info.name!r} of its own")
    if len(claims) > 1:
        both = " and ".join(f"{claim.origin} ({claim.value})" for claim in claims)
        return Offer(info, f"it is claimed by {both}; uninstall all of them but one")
    if missing := missing_module(info):
        return Offer(info, f"{info.origin} has no module {missing!r}; reinstall {info.distribution}, or uninstall it")
    return Offer(info)


def _why_not_imported(info: PluginInfo, error: BaseException) -> str:
    if remedy := missing_extra(info, error):
        return f"it {remedy}"
    return (
        f"importing {info.value} of {info.origin} raised {describe(error)}; update {info.distribution}, or uninstall it"
    )
