"""The commands, put together. Importing this stays quick: what is heavy is imported by the command that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from wealthsources.cli.commands import (
    audit,
    check,
    check_source,
    doctor,
    explain,
    get,
    init,
    new_protocol,
    new_source,
    plot,
    record,
    schema,
    serve,
    sources,
    status,
    watch,
)
from wealthsources.cli.options import ConfigOption, DebugOption, Shared
from wealthsources.cli.plugin_commands import PluginCommand, commands_of_plugins

if TYPE_CHECKING:
    from collections.abc import Sequence


class Group(TyperGroup):
    """Our own commands, then those of plugins. The metadata is read when a name is looked for that is none of ours."""

    _complete = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, for the help of them all."""
        self._complete_commands()
        for command in self.commands.values():
            if isinstance(command, PluginCommand):
                command.read_help()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name not in self.commands:
            self._complete_commands()
        return super().get_command(ctx, cmd_name)

    def _complete_commands(self) -> None:
        if not self._complete:
            self._complete = True
            for command in commands_of_plugins():
                self.add_command(command)


app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command()(sources.sources)
app.command()(get.get)
app.command()(explain.explain)
app.command()(plot.plot)
app.command()(audit.audit)
app.command()(watch.watch)
app.command()(record.record)
app.command()(serve.serve)
app.command()(status.status)
app.command()(check.check)
app.command()(schema.schema)
app.command()(init.init)
app.command("check-source")(check_source.check_source)
app.command()(doctor.doctor)
app.command("new-source")(new_source.new_source)
app.command("new-protocol")(new_protocol.new_protocol)


def _print_version(wanted: bool) -> None:
    if wanted:
        from wealthsources import __version__  # noqa: PLC0415 - next to its only use

        typer.echo(f"wealthsources {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    config: ConfigOption = None,
    debug: DebugOption = False,
    version: Annotated[  # noqa: ARG001 - it has done its work by then
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Market bars that a trading strategy can trust: which sources there are, and what they answer."""
    ctx.obj = Shared(config, debug)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    # Not `app()`: that would replace the process's excepthook.
    typer.main.get_command(app)(args=arguments, prog_name="wealthsources")
