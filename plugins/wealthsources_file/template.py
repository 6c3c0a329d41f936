"""Template: a path with {symbol} and {timeframe} in it, perhaps {date}, {year} or {month}, and the files that fit.

What a caller calls a symbol never becomes part of a path: the folders are listed, and the names found there are what
there is to choose from. A letter that a name may not have is written there as in an address: BTC%2FUSDT is BTC/USDT.
"""

from __future__ import annotations

import functools
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from wealthsources import Timeframe, match_timeframe
from wealthsources_file.arrow import SUFFIXES
from wealthsources_file.listing import Folder, Named, listing_of
from wealthsources_file.partitions import NAMES, span_of
from wealthsources_file.storage import TIMEOUT, base_of, changed_at, lister, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from wealthsources_file.listing import Listing
    from wealthsources_file.storage import Entry, Place

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_EXAMPLE: Final = "data/{symbol}/{timeframe}.csv"
#: What each placeholder may stand for. A name that begins with a dot is a hidden file.
_NAME: Final = r"[^.].*"
#: Of the second one what is nearest to a timeframe's name is tried first: a symbol beside it may hold whatever is
#: between the two.
_TIMEFRAMES: Final = ("|".join(Timeframe.known()), "[0-9A-Za-z]+", _NAME)
_SERIES: Final = ("symbol", "timeframe")
_PLACEHOLDERS: Final = (*_SERIES, *NAMES)
_KNOWN: Final = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
_ENDS: Final = (".csv", ".csv.gz", ".csv.zst", ".zip", *SUFFIXES)


class Template:
    """Raises ValueError if `text` is no such path; a relative one starts at `folder`.

    timeframes  what other names mean as the timeframe in it
    has_symbols  whether each file has a column that says of each row whose it is, rather than a {symbol} in its path
    storage     what a remote storage is to be told, and after how many seconds it is given up
    """

    def __init__(
        self,
        text: str,
        folder: Path,
        timeframes: Mapping[str, str] = MappingProxyType({}),
        storage: tuple[Mapping[str, Any], float] = (MappingProxyType({}), TIMEOUT),
        *,
        has_symbols: bool = False,
    ) -> None:
        _check(text, ("timeframe",) if has_symbols else _SERIES)
        self._timeframes = timeframes
        self._has_spans = any(f"{{{name}}}" in text for name in NAMES)
        self._whole = place_of(text, folder, *storage)
        depth = len(folder.absolute().parts) if text.count("://") == 0 and not text.startswith("/") else 0
        parts = self._whole.parts
        fixed = next(place for place, part in enumerate(parts) if "{" in part and place >= depth)
        if not fixed:
            raise ValueError("begins with a placeholder; name the bucket: s3://bucket/{symbol}/{timeframe}.parquet")
        self._base = base_of(self._whole, fixed)
        self._parts = parts[fixed:]

    def __str__(self) -> str:
        return str(self._whole)

    def __repr__(self) -> str:
        return f"Template({str(self)!r})"

    def scan(self) -> Listing:
        """List the files that are there now. A folder that cannot be listed hides no other.

        Raises SourceError if a remote storage cannot be asked.
        """
        scan = _Scan(lister(self._base))
        matches: list[tuple[Place, dict[str, str]]] = [(self._base, {})]
        for place, part in enumerate(self._parts, start=1):
            is_last = place == len(self._parts)
            matches = [fit for path, names in matches for fit in scan.fitting(path, part, names, file=is_last)]
        found = (self._named(path, names) for path, names in matches)
        return listing_of((one for one in found if one), scan.unreadable, scan.folders)

    def _named(self, path: Place, names: Mapping[str, str]) -> Named | None:
        """A file by what its path says; None if that is a day that is not."""
        span = span_of(names) if self._has_spans else None
        if self._has_spans and span is None:
            return None
        timeframe = names["timeframe"]
        return Named(unquote(names.get("symbol", "")), self._timeframes.get(timeframe, timeframe), path, span)


def _check(text: str, needed: Sequence[str]) -> None:
    names = _PLACEHOLDER.findall(text)
    for name in names:
        if name not in _PLACEHOLDERS:
            raise ValueError(f"has an unknown placeholder {{{name}}}; known: {_KNOWN}")
    if "month" in names and not {"year", "date"} & set(names):
        raise ValueError("has {month} without {year}: a month of which year?")
    if "symbol" in names and "symbol" not in needed:
        raise ValueError("has {symbol}, and columns: names the column that says it; one of them is enough")
    for name in needed:
        if name not in names:
            raise ValueError(f"lacks {{{name}}}: a file has the bars of one series, as in {_EXAMPLE}")
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError("has a brace that belongs to no placeholder")
    if "}{" in text:
        raise ValueError(f"needs something between its placeholders to tell them apart, as in {_EXAMPLE}")
    if not text.endswith(_ENDS):
        raise ValueError(f"must end in {', '.join(_ENDS)}; no other files are read")


class _Scan:
    """One look at the folders; `unreadable` and `folders` as in Listing."""

    def __init__(self, entries: Callable[[Place], Sequence[Entry]]) -> None:
        self._listed = entries
        self.unreadable: list[str] = []
        self.folders: list[Folder] = []

    def fitting(
        self, folder: Place, part: str, names: dict[str, str], *, file: bool
    ) -> Iterator[tuple[Place, dict[str, str]]]:
        """What in the folder fits a part of the path: files or folders, each with the names that are known by then."""
        patterns = _patterns(part, tuple((name, known) for name, known in names.items() if f"{{{name}}}" in part))
        symbol = names.get("symbol")
        for entry in self._entries(folder, None if symbol is None else unquote(symbol)):
            found = _match(patterns, entry.name)
            if found is not None and _is_wanted(entry, file):
                yield folder / entry.name, names | found

    def _entries(self, folder: Place, symbol: str | None) -> Sequence[Entry]:
        changed = None
        try:
            changed = changed_at(folder)
            return self._listed(folder)
        except (FileNotFoundError, NotADirectoryError):
            changed = None
        except OSError as error:
            changed = None
            self.unreadable.append(f"{folder}: {error.strerror}")
        finally:
            self.folders.append(Folder(folder, symbol, changed))
        return []


def _match(patterns: list[re.Pattern[str]], name: str) -> dict[str, str] | None:
    """What the placeholders stand for in a name: if possible, the name of a timeframe."""
    strange = None
    for pattern in patterns:
        match = pattern.fullmatch(name)
        if match is not None:
            names = match.groupdict()
            if "timeframe" not in names or match_timeframe(names["timeframe"]):
                return names
            strange = strange or names
    return strange


@functools.lru_cache(maxsize=64)
def _patterns(part: str, names: tuple[tuple[str, str], ...]) -> list[re.Pattern[str]]:
    """A part of the path as expressions, to be tried in turn; these names in it are known."""
    timeframes = _TIMEFRAMES if "{timeframe}" in part and "timeframe" not in dict(names) else _TIMEFRAMES[:1]
    return [_pattern(part, dict(names), {"symbol": _NAME, "timeframe": timeframe, **NAMES}) for timeframe in timeframes]


def _pattern(part: str, names: dict[str, str], kinds: dict[str, str]) -> re.Pattern[str]:
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
            pieces[place] = f"(?P={name})" if name in seen else f"(?P<{name}>{kinds[name]})"
            seen.add(name)
    return re.compile("".join(pieces))


def _is_wanted(entry: Entry, file: bool) -> bool:
    try:
        return entry.is_file() if file else entry.is_dir()
    except OSError:  # a link in a circle, or into a folder that is closed to us
        return False
