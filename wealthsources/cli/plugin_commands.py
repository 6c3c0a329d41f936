"""Commands of plugins: their names are known from metadata, their code is imported when they run.

A plugin offers one with an entry point of the group `wealthsources.commands` that leads to a typer.Typer or a
click.Command. One that cannot be imported is broken; the others work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import itertools
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperCommand

from wealthsources.cli.screen import one_line
from wealthsources.cli.shared import Shared, errors_as_codes
from wealthsources.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

GROUP: Final = "wealthsources.commands"

#: Names that are not to be had.
OWN: Final = ("sources", "get", "explain", "check")


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A command as the metadata of its distribution describes it; nothing of it has been imported.

    broken  why it cannot work, as far as that can be told without importing it
    """

    name: str
    value: str
    distribution: str
    version: str
    extras: tuple[str, ...] = ()
    broken: str = ""

    @property
    def origin(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}"


def offers() -> list[Offer]:
    """All commands that plugins offer, by name. Imports none of them."""
    found = sorted({_offer(entry) for entry in importlib.metadata.entry_points(group=GROUP)}, key=_by_name)
    return [_settled(list(claims)) for _, claims in itertools.groupby(found, key=lambda offer: offer.name)]


def load(offer: Offer) -> Any:
    """Import the command and return it: an object with click's `main`. Raises ConfigError that says what is broken."""
    if offer.broken:
        raise ConfigError(offer.broken)
    try:
        found = importlib.metadata.EntryPoint(offer.name, offer.value, GROUP).load()
        command = typer.main.get_command(found) if isinstance(found, typer.Typer) else found
    except (Exception, SystemExit) as error:
        raise ConfigError(_why_not_imported(offer, error)) from error
    if not (callable(getattr(command, "main", None)) and hasattr(command, "make_context")):
        raise ConfigError(
            f"{offer.value} of {offer.origin} is neither a typer.Typer nor a click.Command; "
            f"update {offer.distribution}, or tell its authors"
        )
    return command


def commands_of_plugins() -> Iterator[PluginCommand]:
    """A stand-in for each command of a plugin."""
    return (PluginCommand(offer) for offer in offers() if offer.name not in OWN)


class PluginCommand(TyperCommand):
    """Stands in for a command of a plugin until it runs, and then hands it all arguments, `--help` too."""

    def __init__(self, offer: Offer) -> None:
        what = f"broken: {offer.broken}" if offer.broken else f"command of {offer.origin}"
        super().__init__(offer.name, help=what.replace("[", r"\["), add_help_option=False)
        self._offer = offer

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave everything to the plugin."""
        ctx.args = args
        return args

    def invoke(self, ctx: Any) -> None:
        """Import the command and run it. Ends with SystemExit, whose code is the command's."""
        with errors_as_codes(isinstance(ctx.obj, Shared) and ctx.obj.debug):
            try:
                command = load(self._offer)
            except ConfigError as error:
                raise ConfigError(f"command {self.name!r} is broken: {error}") from error
            command.main(args=ctx.args, prog_name=ctx.command_path)


# the metadata ----------------------------------------------------------------------------------------------------


def _offer(entry: EntryPoint) -> Offer:
    # The value is taken apart here: `entry.extras` breaks "a-b" in two and fails where the value is malformed.
    value, _, brackets = entry.value.partition("[")
    extras = tuple(extra.strip() for extra in brackets.rstrip("] ").split(",") if extra.strip())
    name, version = "an unknown distribution", "(broken metadata)"
    with contextlib.suppress(Exception):  # one broken distribution must not hide all the others
        name, version = entry.dist.name, entry.dist.version  # type: ignore[union-attr]
    return Offer(entry.name, value.strip(), name, version, extras)


def _by_name(offer: Offer) -> tuple[str, str, str]:
    return offer.name, offer.distribution, offer.value


def _settled(claims: list[Offer]) -> Offer:
    """The one offer of a name, with what is wrong with it."""
    offer = claims[0]
    if offer.name in OWN:
        return dataclasses.replace(offer, broken=f"wealthsources has a command {offer.name!r} of its own")
    if len(claims) > 1:
        both = " and ".join(f"{claim.origin} ({claim.value})" for claim in claims)
        return dataclasses.replace(offer, broken=f"it is claimed by {both}; uninstall all of them but one")
    if missing := missing_module(offer.value):
        return dataclasses.replace(
            offer, broken=f"{offer.origin} has no module {missing!r}; reinstall {offer.distribution}, or uninstall it"
        )
    return offer


def missing_module(value: str) -> str:
    """The top-level module that an entry point names, if it cannot be found. Imports nothing."""
    module = value.partition(":")[0].strip().partition(".")[0]
    try:
        return "" if importlib.util.find_spec(module) else module
    except (ImportError, ValueError):
        return module


def _why_not_imported(offer: Offer, error: BaseException) -> str:
    missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
    own = {offer.value.partition(":")[0].partition(".")[0], "wealthsources"}
    if offer.extras and missing and missing.partition(".")[0] not in own:
        install = f"pip install '{offer.distribution}[{','.join(offer.extras)}]'"
        return f"it needs `{install}`: there is no module {missing!r}"
    said = one_line(str(error)) or "no message"
    return (
        f"importing {offer.value} of {offer.origin} raised {type(error).__name__}: {said}; "
        f"update {offer.distribution}, or uninstall it"
    )
