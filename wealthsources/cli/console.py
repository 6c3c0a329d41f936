"""Writing to the terminal, or to whatever stands in for it: data to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wealthsources.model.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import TextIO

#: Into a file or a pipe nothing is wrapped or cut.
_BOUNDLESS: Final = 10_000


def console(stream: TextIO) -> Console:
    """A console that takes text as it is. Where nobody looks at it, it is plain and has room for everything."""
    plain = not stream.isatty()
    return Console(
        file=stream,
        width=_BOUNDLESS if plain else None,
        color_system=None if plain else "auto",
        force_terminal=not plain,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=plain,
    )


def say_error(text: str, *below: str) -> None:
    """One line on stderr that says what went wrong; and lines below it, as they are."""
    _say("error", "bold red", text, *below)


def say_note(text: str, *below: str) -> None:
    """One line on stderr that the reader of the data should know; and lines below it, as they are."""
    _say("note", "yellow", text, *below)


def _say(word: str, style: str, text: str, *below: str) -> None:
    out = console(sys.stderr)
    out.print(Text.assemble((f"{word}:", style), " ", one_line(text)), soft_wrap=True)
    for line in below:
        out.print(Text(printable(line)), soft_wrap=True)


# tables ----------------------------------------------------------------------------------------------------------


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Container[str] = ()) -> None:
    """Print a table to stdout, at its full width even where the terminal is narrower.

    The columns of `right` hold numbers. The last one is left out if there is nothing in it.
    """
    rows = list(rows)
    if not any(str(row[-1]) for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    screen = console(sys.stdout)
    width = screen.measure(table, options=screen.options.update(width=_BOUNDLESS)).maximum
    table.collapse_padding = width > screen.width
    screen.width = width
    with screen.capture() as printed:
        screen.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def print_texts(rows: Iterable[Sequence[str]]) -> None:
    """Print rows to stdout whose last cell may be long: on a terminal it runs over several lines of its column."""
    table = Table.grid(padding=(0, 2), pad_edge=False)
    rows = list(rows)
    for _ in rows[0][:-1] if rows else ():
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen = console(sys.stdout)
    with screen.capture() as printed:
        screen.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())
