"""`wealthsources inspect`: what a file of bars is, and the options that say so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from wealthsources_file.inspecting import Seen

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_ASKED: Final = 1
_UNREADABLE: Final = 2


@app.command()
def inspect(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="A file of bars of one symbol; it may be packed."
        ),
    ],
    symbol: Annotated[str, typer.Option(help="Whose bars it has. Default: what the file says.")] = "",
) -> None:
    """Say what a file of bars is, and print the options of a file source that reads it.

    What cannot be told from a file is asked for: whose clocks its times are of, which column is which.

    Exit code: 0 if it can be read so, 1 if something must be said first, 2 if it is no such file.
    """
    from wealthsources import SourceError, one_line  # noqa: PLC0415 - not for --help
    from wealthsources_file.inspecting import look_at  # noqa: PLC0415

    try:
        seen = look_at(path, symbol)
    except SourceError as error:
        typer.echo(f"error: {one_line(str(error))}", err=True)
        raise typer.Exit(_UNREADABLE) from None
    typer.echo(path.name)
    for word, said in seen.facts.items():
        typer.echo(f"  {word:<10} {one_line(said)}")
    for line in _options(seen, path):
        typer.echo(line)
    if seen.fault:
        typer.echo(f"error: {one_line(seen.fault)}", err=True)
        raise typer.Exit(_UNREADABLE)
    if seen.questions or seen.timeframe is None:
        raise typer.Exit(_ASKED)


def _options(seen: Seen, path: Path) -> list[str]:
    """The lines to paste into config.yaml; what is asked for stands there as a comment."""
    from wealthsources import one_line  # noqa: PLC0415 - not for --help

    timeframe = seen.timeframe.name if seen.timeframe else "1h"
    lines = ["", "- plugin: file", "  options:"]
    lines.append(f"    files: [{{path: {_yaml(path.name)}, symbol: {_yaml(seen.symbol)}, timeframe: {timeframe}}}]")
    if seen.timeframe is None:
        lines[-1] += "  # which timeframe?"
    columns = [question for question in seen.questions if question[0].startswith("columns.")]
    for name, value in seen.options.items():
        if name != "columns":
            lines.append(f"    {name}: {_yaml(value)}")
    if columns or seen.options.get("columns"):
        lines.append("    columns:")
        lines += [f"      {name}: {_yaml(value)}" for name, value in seen.options.get("columns", {}).items()]
        lines += [f"      # {name.split('.')[1]}: {example}  # {one_line(why)}" for name, example, why in columns]
    for name, example, why in seen.questions:
        if not name.startswith("columns."):
            lines.append(f"    # {name}: {example}  # {one_line(why)}")
    return lines


def _yaml(value: Any) -> str:
    """A value as YAML writes it in one line."""
    import json  # noqa: PLC0415 - not for --help
    import re  # noqa: PLC0415

    if isinstance(value, str):
        return value if re.fullmatch(r"[A-Za-z][\w./-]*", value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
