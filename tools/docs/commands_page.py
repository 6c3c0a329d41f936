"""Every command of `wealthsources`, our own and those of the plugins in this wheel, as `--help` says it."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from typing import Any

import typer

from tools.docs.docstrings import cell, markdown
from wealthsources.cli import app as cli
from wealthsources.cli.plugin_commands import load, offers

PIPE = "\\|"


def commands() -> dict[str, Any]:
    """All commands by what is typed for them, such as `get`, and `record list` for one with commands of its own."""
    group: Any = typer.main.get_command(cli.app)
    others = {offer.info.name: load(offer) for offer in offers() if offer.info.distribution == "wealthsources"}
    return dict(
        pair for name, command in sorted({**group.commands, **others}.items()) for pair in _unfolded(name, command)
    )


def _unfolded(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for inner, its_command in getattr(command, "commands", {}).items():
        yield from _unfolded(f"{name} {inner}", its_command)


def page() -> str:
    group: Any = typer.main.get_command(cli.app)
    parts = ["# Commands", group.help, options_table(group)]
    parts.append("`python -m wealthsources` is the same. A command ends with 0 if all is well.")
    for name, command in commands().items():
        parts += [
            f"## {name}",
            f"```text\n{usage(name, command)}\n```",
            markdown(help_of(command)),
            options_table(command),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def help_of(command: Any) -> str:
    """What `--help` says first, as it is written in the code."""
    return inspect.cleandoc((command.help or "").replace("\b\n", "").replace("\f", ""))


def usage(name: str, command: Any) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    return f"wealthsources {name} {' '.join(command.collect_usage_pieces(context))}"


def options_table(command: Any) -> str:
    """Its arguments and options, each with what its help says and its default."""
    lines = [_line(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    return "\n".join(["| Argument or option | Default | What it does |", "|---|---|---|", *lines]) if lines else ""


def _line(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    shown = (
        ", ".join((*parameter.opts, *parameter.secondary_opts)) if is_option else parameter.metavar or parameter.name
    )
    if is_option and not parameter.is_flag:
        shown += f" {parameter.metavar or value_of(parameter.type_descriptor.annotation)}"
    default = getattr(parameter.default, "value", parameter.default)
    told = not isinstance(default, bool) and isinstance(default, str | int | float) and default != ""
    needed = "needed" if parameter.required else f"`{default}`" if told else ""
    return f"| `{shown.replace('|', PIPE)}` | {needed} | {cell(parameter.help or '')} |"


def value_of(kind: Any) -> str:
    """What is to be typed for an option of that kind."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "|".join(str(member.value) for member in kind)
    return {int: "N", float: "NUMBER"}.get(kind, "TEXT")
