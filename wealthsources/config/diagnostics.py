"""What is wrong with a configuration, and where: all of it at once, a line each, and below it the line of the file."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from wealthsources.model.errors import ConfigError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The way to a value: ("sources", 0, "plugin").
Place = tuple[str | int, ...]

_MAX_MISTAKES: Final = 50
_MAX_LENGTH: Final = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong at one place.

    line, column  from 1; None for settings that stand in no file
    quote         the line of the file with carets under the place, as `quoting.quote` makes it; empty: there is none
    """

    place: Place
    line: int | None
    text: str
    column: int | None = None
    quote: str = ""

    def report(self, where: str) -> str:
        """As `config.yaml:9:13: sources[0].plugin: what is wrong`, on one line that a terminal can show."""
        known = [str(number) for number in (self.line, self.column) if number is not None]
        parts = [":".join([where, *known]), dotted(self.place), self.text]
        line = one_line(": ".join(part for part in parts if part))
        return line if len(line) <= _MAX_LENGTH else line[:_MAX_LENGTH] + "…"


def dotted(place: Place) -> str:
    """`sources[0].plugin`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def config_error(where: str, mistakes: Iterable[Diagnostic]) -> ConfigError:
    """All mistakes as one error, in the order of the file. Below the line of each comes what it quotes of the file."""
    in_order = sorted(mistakes, key=lambda mistake: (mistake.line or 0, mistake.column or 0))
    quotes = {mistake.report(where): mistake.quote for mistake in reversed(in_order)}
    told = dict.fromkeys(mistake.report(where) for mistake in in_order)
    lines = [f"{line}\n{quotes[line]}" if quotes[line] else line for line in told]
    more = len(lines) - _MAX_MISTAKES
    if more > 0:
        lines[_MAX_MISTAKES:] = [f"{where}: and {more} more"]
    return ConfigError("\n".join(lines))
