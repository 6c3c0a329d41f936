"""Template: a path with {symbol} and {timeframe} in it, and the files that fit.

What a caller calls a symbol never becomes part of a path: the folders are listed, and the names found there are what
there is to choose from.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wealthsources import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_EXAMPLE: Final = "data/{symbol}/{timeframe}.csv"
#: What each placeholder may stand for. A name that begins with a dot is a hidden file.
_PATTERNS: Final = {"symbol": r"[^.].*", "timeframe": "|".join(Timeframe.known())}

#: A symbol and the name of a timeframe.
Series = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files that fit, and the folders that could not be listed, with the reason."""

    files: Mapping[Series, Path]
    unreadable: tuple[str, ...] = ()

    @functools.cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols there are files of."""
        return frozenset(symbol for symbol, _ in self.files)

    def timeframes(self, symbol: str) -> list[str]:
        """The timeframes there are files of, the shortest first."""
        return [name for name in Timeframe.known() if (symbol, name) in self.files]


class Template:
    """Raises ValueError if `text` is no such path; a relative one starts at `folder`."""

    def __init__(self, text: str, folder: Path) -> None:
        _check(text)
        parts = Path(text).parts
        fixed = next(place for place, part in enumerate(parts) if "{" in part)
        self._base = folder.absolute().joinpath(*parts[:fixed])
        self._parts = parts[fixed:]

    def __str__(self) -> str:
        return str(self._base.joinpath(*self._parts))

    def __repr__(self) -> str:
        return f"Template({str(self)!r})"

    def scan(self) -> Listing:
        """List the files that are there now. A folder that cannot be listed hides no other."""
        unreadable: list[str] = []
        matches: list[tuple[Path, dict[str, str]]] = [(self._base, {})]
        for place, part in enumerate(self._parts, start=1):
            last = place == len(self._parts)
            matches = [fit for path, names in matches for fit in _fitting(path, part, names, last, unreadable)]
        files = {(names["symbol"], names["timeframe"]): path for path, names in matches}
        return Listing(files, tuple(unreadable))


def _check(text: str) -> None:
    names = _PLACEHOLDER.findall(text)
    for name in names:
        if name not in _PATTERNS:
            raise ValueError(f"has an unknown placeholder {{{name}}}; known: {{symbol}}, {{timeframe}}")
    for name in _PATTERNS:
        if name not in names:
            raise ValueError(f"lacks {{{name}}}: a file has the bars of one series, as in {_EXAMPLE}")
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError("has a brace that belongs to no placeholder")
    if "}{" in text:
        raise ValueError(f"needs something between its placeholders to tell them apart, as in {_EXAMPLE}")
    if not text.endswith((".csv", ".csv.gz")):
        raise ValueError("must end in .csv or .csv.gz; no other files are read")


def _fitting(
    folder: Path, part: str, names: dict[str, str], last: bool, unreadable: list[str]
) -> Iterator[tuple[Path, dict[str, str]]]:
    """What in the folder fits a part of the path: files for the last one, else folders."""
    pattern = _pattern(part, names)
    try:
        with os.scandir(folder) as scan:
            entries = list(scan)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        unreadable.append(f"{folder}: {error.strerror}")
        return
    for entry in entries:
        match = pattern.fullmatch(entry.name)
        if match and _is_wanted(entry, last):
            yield folder / entry.name, names | match.groupdict()


def _pattern(part: str, names: dict[str, str]) -> re.Pattern[str]:
    """A part of the path as an expression; a placeholder that occurred before stands for the same name again."""
    pieces = _PLACEHOLDER.split(part)  # text, placeholder, text, placeholder, text
    seen: set[str] = set()
    for place in range(0, len(pieces), 2):
        pieces[place] = re.escape(pieces[place])
    for place in range(1, len(pieces), 2):
        name = pieces[place]
        if name in names:
            pieces[place] = re.escape(names[name])
        else:
            pieces[place] = f"(?P={name})" if name in seen else f"(?P<{name}>{_PATTERNS[name]})"
            seen.add(name)
    return re.compile("".join(pieces))


def _is_wanted(entry: os.DirEntry[str], file: bool) -> bool:
    try:
        return entry.is_file() if file else entry.is_dir()
    except OSError:  # a link in a circle, or into a folder that is closed to us
        return False
